// Package fastlane answers the few requests that a page waits for ahead of net/http, on the same listener.
//
// net/http spends more on reading a request and framing its answer than a recommendation costs: goroutines that watch the connection, a parsed header, a URL, a
// context and a buffered writer for each request, all made anew. A Lane does without them where it can be sure of what it reads: when a connection's unread bytes
// begin with the whole head of a plain GET for one of its paths, it calls that path's handler with a request made in reused memory and sends the answer with one
// write. Everything else (another method or path, a body, half a head, an old version, any header that changes what the connection does, any byte out of the
// ordinary) it does not judge: the connection goes to the http.Server behind it for good, the unread bytes first. So there is one implementation of all that is
// hard about HTTP, net/http's, and the Lane only has to be right about the requests that it knows; a fuzz test holds its reading to http.ReadRequest's.
//
// A Lane is the net.Listener of the http.Server that stands behind it:
//
//	lane := fastlane.New(listener, &fastlane.Options{Paths: ...})
//	go server.Serve(lane)
//	...
//	server.Shutdown(ctx) // closes the lane, too
//	lane.Drain(ctx)
//
// What a handler on the Lane meets: everything of a request that net/http gives a plain GET. Request and writer are used again, so neither may be kept after the
// handler has returned. The answer is held until the handler returns (so it always has a Content-Length), Flush and Hijack are not there, and a client that goes away
// does not end the context: handlers here are short.
package fastlane

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Options of a Lane. The time-outs should be those of the http.Server behind it; 0 means the default.
type Options struct {
	Paths         map[string]http.Handler // what GET of exactly this path answers
	Log           *slog.Logger            // nil: slog.Default
	HeaderTimeout time.Duration           // how long a new connection may stay silent
	WriteTimeout  time.Duration           // how long a client may take to read an answer
	IdleTimeout   time.Duration           // how long a connection may wait for its next request
}

// The default time-outs.
const (
	DefaultHeaderTimeout = 5 * time.Second
	DefaultWriteTimeout  = time.Minute
	DefaultIdleTimeout   = 2 * time.Minute
)

// Lane is a net.Listener whose Accept returns the connections that are net/http's business. It is safe for concurrent use.
type Lane struct {
	Options
	inner  net.Listener
	ctx    context.Context
	cancel context.CancelFunc

	rest   chan net.Conn
	failed chan error // of the inner Accept; a failure waits until it is told
	closed chan struct{}
	once   sync.Once

	closing atomic.Bool
	date    atomic.Pointer[date]

	mu    sync.Mutex
	conns map[*conn]struct{}
	ended sync.WaitGroup // of conns
}

// New begins to accept.
func New(inner net.Listener, opts *Options) *Lane {
	l := &Lane{inner: inner, rest: make(chan net.Conn), failed: make(chan error), closed: make(chan struct{}), conns: map[*conn]struct{}{}}
	if opts != nil {
		l.Options = *opts
	}
	if l.Log == nil {
		l.Log = slog.Default()
	}
	for _, t := range []struct {
		value *time.Duration
		def   time.Duration
	}{{&l.HeaderTimeout, DefaultHeaderTimeout}, {&l.WriteTimeout, DefaultWriteTimeout}, {&l.IdleTimeout, DefaultIdleTimeout}} {
		if *t.value <= 0 {
			*t.value = t.def
		}
	}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	go l.accept()
	return l
}

// accept begins a goroutine for each connection. What fails is told by Accept, whose caller knows how long to wait before the next try.
func (l *Lane) accept() {
	for {
		raw, err := l.inner.Accept()
		if err != nil {
			select {
			case l.failed <- err:
				continue
			case <-l.closed:
				return
			}
		}
		l.begin(raw)
	}
}

func (l *Lane) begin(raw net.Conn) {
	c := newConn(l, raw)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closing.Load() {
		raw.Close() //nolint:errcheck // it came too late
		return
	}
	l.conns[c] = struct{}{}
	l.ended.Go(c.serve)
}

// end forgets a connection that was closed or handed over.
func (l *Lane) end(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, c)
}

// Accept waits for a connection that the Lane does not serve.
func (l *Lane) Accept() (net.Conn, error) {
	select {
	case c := <-l.rest:
		return c, nil
	case err := <-l.failed:
		return nil, err
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Addr is the inner listener's.
func (l *Lane) Addr() net.Addr { return l.inner.Addr() }

// Close stops accepting and ends connections that wait for a request; answers in progress go on, see Drain.
func (l *Lane) Close() error {
	var err error
	l.once.Do(func() {
		l.mu.Lock()
		l.closing.Store(true)
		l.mu.Unlock()
		close(l.closed)
		err = l.inner.Close()
		l.each(func(c *conn) { c.raw.SetReadDeadline(longAgo) }) //nolint:errcheck // a connection that is gone needs no waking
	})
	return err
}

// longAgo ends a wait.
var longAgo = time.Unix(1, 0)

func (l *Lane) each(do func(*conn)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		do(c)
	}
}

// Drain closes the Lane and waits for the answers in progress; when ctx ends before, it breaks them off and returns why.
func (l *Lane) Drain(ctx context.Context) error {
	err := l.Close()
	done := make(chan struct{})
	go func() { l.ended.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
		err = errors.Join(err, context.Cause(ctx))
		l.each(func(c *conn) { c.raw.Close() }) //nolint:errcheck // it is broken off
	}
	l.cancel()
	return err
}

// date is the Date header of a second.
type date struct {
	second int64
	text   string
}

func (l *Lane) dateAt(now time.Time) string {
	second := now.Unix()
	if d := l.date.Load(); d != nil && d.second == second {
		return d.text
	}
	d := &date{second, now.UTC().Format(http.TimeFormat)}
	l.date.Store(d)
	return d.text
}

// Serving is how many connections are the Lane's at the moment.
func (l *Lane) Serving() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.conns)
}
