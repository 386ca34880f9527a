package fastlane

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"
	"sync"
	"time"
)

// conn is a connection that the Lane serves: one goroutine's.
type conn struct {
	lane *Lane
	raw  net.Conn

	buf        []byte // what was read
	from       int    // of it, what was answered
	head       head
	template   *http.Request
	request    http.Request
	answer     answer
	deadlineAt time.Time // when the deadlines were set
}

// deadlineStep is how much later than its limit a time-out may come: setting one for each request would cost more than reading it.
const deadlineStep = time.Second

func newConn(l *Lane, raw net.Conn) *conn { return &conn{lane: l, raw: raw} }

// bufs are the read buffers of connections.
var bufs = sync.Pool{New: func() any { b := make([]byte, 0, maxHead); return &b }}

// serve answers until the connection ends or is handed over.
func (c *conn) serve() {
	defer c.lane.end(c)
	buf := bufs.Get().(*[]byte)
	defer func() { *buf = c.buf[:0]; bufs.Put(buf) }()
	c.buf = (*buf)[:0]
	ctx, cancel := context.WithCancel(context.WithValue(c.lane.ctx, http.LocalAddrContextKey, c.raw.LocalAddr()))
	defer cancel()
	c.template = (&http.Request{
		Method: http.MethodGet, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: http.NoBody, RemoteAddr: c.raw.RemoteAddr().String(),
	}).WithContext(ctx)
	c.raw.SetReadDeadline(time.Now().Add(c.lane.HeaderTimeout)) //nolint:errcheck // a connection that is gone fails at the next read
	for {
		if c.lane.closing.Load() || !c.fill() {
			c.close()
			return
		}
		for c.from < len(c.buf) {
			n := c.head.read(c.buf[c.from:], c.known)
			if n == 0 {
				c.handOver()
				return
			}
			c.from += n
			if !c.respond() {
				c.close()
				return
			}
		}
		runtime.Gosched() // the others' turn: by the next one the request has often arrived, and reading it does not wait
	}
}

func (c *conn) known(path string) bool { _, ok := c.lane.Paths[path]; return ok }

// setDeadlines is for the answer at hand and for the wait after it. A look at lane.closing follows before that wait, as Close sets a deadline of its own.
func (c *conn) setDeadlines(now time.Time) {
	if now.Sub(c.deadlineAt) < deadlineStep {
		return
	}
	c.deadlineAt = now
	c.raw.SetReadDeadline(now.Add(c.lane.IdleTimeout + deadlineStep))   //nolint:errcheck // a connection that is gone fails at the next read
	c.raw.SetWriteDeadline(now.Add(c.lane.WriteTimeout + deadlineStep)) //nolint:errcheck // as above
}

// fill reads what has arrived, all before being answered.
func (c *conn) fill() bool {
	c.buf, c.from = c.buf[:0], 0
	n, err := c.raw.Read(c.buf[:cap(c.buf)])
	c.buf = c.buf[:n]
	return n > 0 && (err == nil || errors.Is(err, io.EOF))
}

// respond lets the path's handler answer, and says whether the connection goes on.
func (c *conn) respond() bool {
	now := time.Now()
	c.setDeadlines(now)
	a := &c.answer
	a.begin()
	defer a.release()
	c.head.fill(&c.request, c.template)
	if !c.call(a) {
		return false
	}
	last := a.closes || c.lane.closing.Load()
	_, err := c.raw.Write(a.finish(c.lane.dateAt(now), last))
	return err == nil && !last
}

// call runs the handler. A panic ends the connection, as it does in net/http.
func (c *conn) call(a *answer) (ok bool) {
	defer func() {
		if v := recover(); v != nil && v != http.ErrAbortHandler { //nolint:errorlint // as net/http compares it
			c.lane.Log.Error("panic in a handler", "err", fmt.Sprint(v), "stack", string(debug.Stack()))
		}
	}()
	c.lane.Paths[c.request.URL.Path].ServeHTTP(a, &c.request)
	return true
}

func (c *conn) close() {
	c.raw.Close() //nolint:errcheck // nobody is left to tell
}

// handOver gives the connection to net/http, with what was read and not answered.
func (c *conn) handOver() {
	c.raw.SetDeadline(time.Time{}) //nolint:errcheck // net/http sets its own
	h := &handed{Conn: c.raw, unread: append([]byte(nil), c.buf[c.from:]...)}
	select {
	case c.lane.rest <- h:
	case <-c.lane.closed:
		c.close()
	}
}

// handed is a connection of which something was read before.
type handed struct {
	net.Conn
	unread []byte
}

// Read hands out what was read before, then the rest.
func (h *handed) Read(b []byte) (int, error) {
	if len(h.unread) == 0 {
		return h.Conn.Read(b)
	}
	n := copy(b, h.unread)
	if h.unread = h.unread[n:]; len(h.unread) == 0 {
		h.unread = nil
	}
	return n, nil
}

// CloseWrite is what net/http ends a connection with that may still send: a TCP connection's, if it is one.
func (h *handed) CloseWrite() error {
	if c, ok := h.Conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return nil
}

// ReadFrom lets net/http send files without copying them, where the connection can.
func (h *handed) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(h.Conn, r)
}
