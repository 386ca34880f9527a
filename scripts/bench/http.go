package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"shopkeeper/shared/fastlane"
)

const trivialArg = "serve-trivial"

// The ways of a trivial handler.
const (
	byNetHTTP = "net/http"
	byLane    = "fast lane"
)

// serveTrivial answers every request with the same bytes: what HTTP itself costs, behind net/http or by the fast lane.
func serveTrivial(ctx context.Context, way, size string) error {
	n, err := strconv.Atoi(size)
	if err != nil {
		return err
	}
	body := []byte(strings.Repeat("x", n))
	var config net.ListenConfig
	ln, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(ln.Addr())
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Content-Type"] = []string{"application/json"}
		w.Write(body)
	})
	if way == byLane {
		ln = fastlane.New(ln, &fastlane.Options{Paths: map[string]http.Handler{"/v1/recommendations": h, "/v1/front-page": h}})
	}
	return http.Serve(ln, h)
}

func startTrivial(ctx context.Context, way string, size int) (addr string, pid int, stop func(), err error) {
	c, out, err := start(ctx, os.Stderr, os.Args[0], trivialArg, way, strconv.Itoa(size))
	if err != nil {
		return "", 0, nil, err
	}
	if _, err := fmt.Fscan(out, &addr); err != nil {
		c.stop()
		return "", 0, nil, err
	}
	return addr, c.cmd.Process.Pid, c.stop, nil
}

// prepare makes visitors with history and returns their cookies.
func prepare(ctx context.Context, s *server, visitors int) ([]string, error) {
	stranger, err := s.newVisitor().frontPage(ctx)
	if err != nil {
		return nil, err
	}
	catalog := stranger.items()
	if len(catalog) < 8 {
		return nil, fmt.Errorf("the front page has only %d items", len(catalog))
	}
	var cookies []string
	for n := range visitors {
		v := s.newVisitor()
		for k := range 6 {
			if err := v.view(ctx, catalog[(n*5+k)%len(catalog)]); err != nil {
				return nil, err
			}
		}
		if err := v.await(ctx, "viewed-before", catalog[(n*5+5)%len(catalog)], 5*time.Second); err != nil {
			return nil, err
		}
		cookies = append(cookies, v.cookie())
	}
	return cookies, nil
}

// await polls the front page until a shelf has the item.
func (v *visitor) await(ctx context.Context, placement, item string, within time.Duration) error {
	for end := time.Now().Add(within); ; {
		p, err := v.frontPage(ctx)
		if err != nil {
			return err
		}
		if p.shows(placement, item) {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s is not in %s after %s", item, placement, within)
		}
	}
}

func benchFrontPage(ctx context.Context, s *server, length time.Duration) error {
	cookies, err := prepare(ctx, s, 64)
	if err != nil {
		return err
	}
	s.settle(ctx)
	var requests [][]byte
	for _, cookie := range cookies {
		requests = append(requests, get(s.host(), "/v1/front-page?writeKey="+s.WriteKey, cookie))
	}
	targets, stop, err := beside(ctx, s, "front page of 5 shelves", requests)
	if err != nil {
		return err
	}
	defer stop()
	title("front page over HTTP, server on one core, generator on the other, closed loop, keep-alive, medians of %d turns of %s, %d visitors with 6 views each", turns, length/5, len(cookies))
	fmt.Println(columns)
	for _, c := range connections {
		if err := measureInTurns(ctx, targets, c, length); err != nil {
			return err
		}
	}
	return benchLists(ctx, s, cookies, fmt.Sprintf("the demonstration shop, %d visitors with 6 views each", len(cookies)), length)
}

func benchCollect(ctx context.Context, s *server, length time.Duration) error {
	title("events collected: each answered after it is on the disk (SQLite, synchronous=FULL, group commit), %s a figure, folded into profiles beside it", length)
	fmt.Println("connections  events a call |   events/s   p50 ms   p99 ms | RudderStack gateway, own figure, 2 cores")
	for _, shape := range []struct{ connections, batch int }{{1, 1}, {16, 1}, {64, 1}, {16, 20}} {
		m, err := load{s.host(), eventsOf(s, shape.batch), shape.connections, length}.run(ctx)
		if err != nil {
			return err
		}
		if m.failed > 0 {
			return fmt.Errorf("%d answers were no success", m.failed)
		}
		fmt.Printf("%11d %14d | %10.0f %8s %8s | 1.7k requests/s\n", shape.connections, shape.batch, m.perSecond*float64(shape.batch), ms(m.p50), ms(m.p99))
	}
	return nil
}

func eventsOf(s *server, batch int) func(int) func() []byte {
	run := time.Now().UnixNano()
	return func(c int) func() []byte {
		n := 0
		return func() []byte {
			var b strings.Builder
			fmt.Fprintf(&b, `{"writeKey":%q,"batch":[`, s.WriteKey)
			for k := range batch {
				if k > 0 {
					b.WriteByte(',')
				}
				n++
				fmt.Fprintf(&b, `{"type":"track","event":"Product Viewed","anonymousId":"load-%d-%d-%d","messageId":"m-%d-%d-%d","properties":{"product_id":"i%d"}}`, run, c, n%50, run, c, n, n%400)
			}
			b.WriteString(`]}`)
			return post(s.host(), "/v1/batch", "Content-Type: text/plain\r\n", []byte(b.String()))
		}
	}
}

func benchFresh(ctx context.Context, s *server, _ time.Duration) error {
	const rounds = 200
	p, err := s.newVisitor().frontPage(ctx)
	if err != nil {
		return err
	}
	catalog := p.items()
	var took []time.Duration
	for n := range rounds {
		v := s.newVisitor()
		if err := v.view(ctx, catalog[n%len(catalog)]); err != nil {
			return err
		}
		item := catalog[(n+1)%len(catalog)]
		from := time.Now()
		if err := v.view(ctx, item); err != nil {
			return err
		}
		if err := v.await(ctx, "viewed-before", item, 5*time.Second); err != nil {
			return err
		}
		took = append(took, time.Since(from))
	}
	slices.Sort(took)
	title("from sending an event to a front page that shows it, %d rounds, polling", rounds)
	fmt.Printf("p50 %s ms, p99 %s ms (promise: under 1,000 ms)\n", ms(took[rounds/2]), ms(took[rounds*99/100]))
	return nil
}
