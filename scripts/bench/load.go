package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// load is a closed loop: each connection sends a request when the answer before has arrived, for a bounded time.
type load struct {
	addr        string
	requests    func(connection int) func() []byte // each call of the inner function is the next request, whole
	connections int
	length      time.Duration
}

// measured is what came of it. Latencies are of successful answers.
type measured struct {
	perSecond float64
	p50, p99  time.Duration
	failed    int64
	bytes     int

	answers int
	took    []time.Duration // sorted
}

// summarize computes the figures from took, which it sorts.
func (m *measured) summarize(seconds float64) {
	slices.Sort(m.took)
	m.answers = len(m.took)
	m.perSecond = float64(m.answers) / seconds
	m.p50, m.p99 = m.took[m.answers/2], m.took[m.answers*99/100]
}

func (l load) run(ctx context.Context) (measured, error) {
	var wg sync.WaitGroup
	var failed, size atomic.Int64
	took := make([][]time.Duration, l.connections)
	errs := make([]error, l.connections)
	start := time.Now()
	end := start.Add(l.length)
	for c := range l.connections {
		wg.Go(func() {
			took[c], errs[c] = l.loop(ctx, c, end, &failed, &size)
		})
	}
	wg.Wait()
	elapsed := time.Since(start)
	for _, err := range errs {
		if err != nil {
			return measured{}, err
		}
	}
	m := measured{took: slices.Concat(took...), failed: failed.Load(), bytes: int(size.Load())}
	if len(m.took) == 0 {
		return m, fmt.Errorf("no answer within %s", l.length)
	}
	m.summarize(elapsed.Seconds())
	return m, nil
}

func (l load) loop(ctx context.Context, connection int, end time.Time, failed, size *atomic.Int64) ([]time.Duration, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", l.addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close() //nolint:errcheck // all answers are there
	in := bufio.NewReaderSize(conn, 64<<10)
	next := l.requests(connection)
	var took []time.Duration
	for time.Now().Before(end) {
		request := next()
		from := time.Now()
		if _, err := conn.Write(request); err != nil {
			return nil, err
		}
		status, n, err := readAnswer(in)
		if err != nil {
			return nil, err
		}
		if status != http.StatusOK {
			failed.Add(1)
			continue
		}
		size.Store(int64(n))
		took = append(took, time.Since(from))
	}
	return took, nil
}

var lengthHeader = []byte("Content-Length: ")

// readAnswer reads one answer and its length; chunked answers are read by net/http, the others by hand: the generator must not be what is measured.
func readAnswer(in *bufio.Reader) (status, length int, err error) {
	line, err := in.ReadSlice('\n')
	if err != nil || len(line) < 12 {
		return 0, 0, fmt.Errorf("answer broke off: %w", err)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, 0, fmt.Errorf("answer begins with %q", line)
	}
	length = -1
	for {
		line, err = in.ReadSlice('\n')
		if err != nil {
			return 0, 0, fmt.Errorf("answer broke off: %w", err)
		}
		if len(line) <= 2 {
			break
		}
		if v, ok := bytes.CutPrefix(line, lengthHeader); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(v))); err != nil {
				return 0, 0, err
			}
		}
	}
	if length < 0 {
		if length, err = readChunks(in); err != nil {
			return 0, 0, err
		}
		return status, length, nil
	}
	_, err = in.Discard(length)
	return status, length, err
}

func readChunks(in *bufio.Reader) (total int, err error) {
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return 0, err
		}
		n, err := strconv.ParseInt(line[:len(line)-2], 16, 32)
		if err != nil {
			return 0, err
		}
		if _, err := io.CopyN(io.Discard, in, n+2); err != nil {
			return 0, err
		}
		if n == 0 {
			return total, nil
		}
		total += int(n)
	}
}

// get is a whole GET request with a visitor's cookie.
func get(host, path, cookie string) []byte {
	return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nCookie: %s\r\n\r\n", path, host, cookie)
}

// post is a whole POST request.
func post(host, path, headers string, body []byte) []byte {
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\n%sContent-Length: %d\r\n\r\n%s", path, host, headers, len(body), body)
}
