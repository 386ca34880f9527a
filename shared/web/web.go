// Package web is the HTTP edge: routes, credentials, cookies, limits, and the one place where a fault becomes an answer.
//
// Handlers return an error and write only when they succeed. Whatever arrives, the answer has a status, a request id that the log has too, and is a problem document
// (RFC 9457) when it is no success. The access log says what was asked and how long it took, never who asked.
package web

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"shopkeeper/shared/fault"
)

// HandlerFunc answers a request or returns why not. It must not write before it returns an error.
type HandlerFunc func(w http.ResponseWriter, r *http.Request) error

// Route is one row of the table of what a gateway answers.
type Route struct {
	Method string // GET serves HEAD too
	Path   string // as net/http's mux takes it, without method: "/v1/items/{id}/similar"
	Serve  HandlerFunc
	CORS   bool // pages of other origins may call it, with cookies
}

// NewHandler answers the routes and nothing else: an unknown path is 404, a known path with another method 405 with Allow, a preflight 204.
func NewHandler(log *slog.Logger, now func() time.Time, routes ...Route) http.Handler {
	mux := http.NewServeMux()
	paths := map[string]methods{}
	for _, route := range routes {
		if paths[route.Path] == nil {
			paths[route.Path] = methods{}
		}
		paths[route.Path][route.Method] = route
	}
	edge, exact := edge{log: log, now: now}, map[string]http.Handler{}
	for path, m := range paths {
		h := edge.handle(path, m.serve)
		mux.Handle(path, h)
		if !strings.Contains(path, "{") && !strings.HasSuffix(path, "/") {
			exact[path] = h
		}
	}
	if _, taken := paths["/"]; !taken {
		mux.Handle("/", edge.handle("unknown", func(http.ResponseWriter, *http.Request) error {
			return fault.New(fault.NotFound, "there is nothing at this address")
		}))
	}
	return exactly{exact, mux}
}

// exactly finds a path that is written as its route is without walking the mux, which would find the same.
type exactly struct {
	exact map[string]http.Handler
	mux   *http.ServeMux
}

// ServeHTTP is http.Handler's.
func (s exactly) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h, ok := s.exact[r.URL.Path]; ok && r.URL.RawPath == "" {
		h.ServeHTTP(w, r)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// methods are the routes of one path.
type methods map[string]Route

func (m methods) serve(w http.ResponseWriter, r *http.Request) error {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	route, ok := m[method]
	switch {
	case ok:
		if route.CORS {
			allowOrigin(w, r)
		}
		return route.Serve(w, r)
	case r.Method == http.MethodOptions:
		m.preflight(w, r)
		return nil
	default:
		w.Header().Set("Allow", m.allow())
		return errMethod
	}
}

// allow lists the methods of the path, sorted.
func (m methods) allow() string {
	names := []string{http.MethodOptions}
	for name := range m {
		if names = append(names, name); name == http.MethodGet {
			names = append(names, http.MethodHead)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// edge is what every route has around it.
type edge struct {
	log *slog.Logger
	now func() time.Time
}

func (e edge) handle(pattern string, serve HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := e.now()
		id := newRequestID()
		out := &answer{ResponseWriter: w}
		head := w.Header()
		head["X-Request-Id"] = []string{id}
		head["X-Content-Type-Options"] = nosniff
		err := protect(serve, out, r)
		if err != nil && out.status == 0 {
			writeProblem(out, err, id)
		}
		if out.status == 0 {
			out.WriteHeader(http.StatusNoContent)
		}
		e.report(r, pattern, id, out.status, start, err)
	})
}

var nosniff = []string{"nosniff"}

// report writes the access log line: no address, no query, no path values. What went well is said at level debug: on AWS a log line costs as much as the read, and the gateway
// keeps an access log of its own.
func (e edge) report(r *http.Request, pattern, id string, status int, start time.Time, err error) {
	level := slog.LevelDebug
	if status >= http.StatusBadRequest {
		level = slog.LevelInfo
	}
	if !e.log.Enabled(r.Context(), level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("requestId", id), slog.String("method", r.Method), slog.String("route", pattern),
		slog.Int("status", status), slog.Duration("took", e.now().Sub(start)),
	}
	if err != nil {
		attrs = append(attrs, slog.String("kind", fault.KindOf(err).String()))
	}
	if err != nil && status >= http.StatusInternalServerError {
		level = slog.LevelError
		attrs = append(attrs, slog.String("err", err.Error()))
	}
	e.log.LogAttrs(r.Context(), level, "request", attrs...)
}

// protect turns a panic into an Internal fault.
func protect(serve HandlerFunc, w http.ResponseWriter, r *http.Request) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fault.Wrap(fault.Internal, fmt.Errorf("panic: %v", v), "")
		}
	}()
	return serve(w, r)
}

// answer remembers whether a status was written.
type answer struct {
	http.ResponseWriter
	status int
}

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	return a.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController find what the server's writer can do.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// newRequestID is unguessable only by chance: it names a request, it opens nothing.
func newRequestID() string {
	var raw [10]byte
	binary.BigEndian.PutUint64(raw[:], rand.Uint64())
	binary.BigEndian.PutUint16(raw[8:], uint16(rand.Uint32()))
	return hex.EncodeToString(raw[:])
}
