package fastlane_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/fastlane"
)

// patience bounds what happens by itself.
const patience = 20 * time.Second

// echo answers with everything that a handler may see of a request, and says by a header which way it came.
func echo(way string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		w.Header().Set("X-Way", way)
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprintf(w, "%s %q %q %s %d.%d host %q close %t length %d te %q body %q %v\n", r.Method, r.URL, r.RequestURI, r.Proto, r.ProtoMajor, r.ProtoMinor, r.Host, r.Close, r.ContentLength, r.TransferEncoding, body, err)
		for _, name := range slices.Sorted(keys(r.Header)) {
			fmt.Fprintf(w, "%s: %q\n", name, r.Header[name])
		}
	})
}

func keys(h http.Header) func(func(string) bool) {
	return func(yield func(string) bool) {
		for name := range h {
			if !yield(name) {
				return
			}
		}
	}
}

// served is a server with a lane before it, or without.
type served struct {
	addr   string
	lane   *fastlane.Lane
	server *http.Server
	done   chan error
}

func serve(t *testing.T, rest http.Handler, opts *fastlane.Options) *served {
	t.Helper()
	var config net.ListenConfig
	ln, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	quiet := slog.New(slog.DiscardHandler)
	s := &served{addr: ln.Addr().String(), done: make(chan error, 1), server: &http.Server{
		Handler: rest, ReadHeaderTimeout: patience, MaxHeaderBytes: 8 << 10, ErrorLog: slog.NewLogLogger(quiet.Handler(), slog.LevelInfo),
	}}
	if opts != nil {
		if opts.Log == nil {
			opts.Log = quiet
		}
		s.lane = fastlane.New(ln, opts)
		ln = s.lane
	}
	go func() { s.done <- s.server.Serve(ln) }()
	t.Cleanup(func() {
		s.server.Close()
		if err := <-s.done; !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			t.Errorf("serve: %v", err)
		}
		if s.lane == nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.lane.Drain(ctx); err != nil {
			t.Errorf("drain: %v", err)
		}
	})
	return s
}

func (s *served) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return conn
}

// answers sends the parts, one write each, and reads until the server ends the connection; the answers without what differs by nature.
func (s *served) answers(t *testing.T, parts ...string) (all []string, ways string) {
	t.Helper()
	conn := s.dial(t)
	go func() {
		for _, part := range parts {
			if _, err := io.WriteString(conn, part); err != nil {
				return
			}
		}
		conn.(*net.TCPConn).CloseWrite()
	}()
	in := bufio.NewReader(conn)
	for {
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			return all, ways
		}
		body, err := io.ReadAll(res.Body)
		way := res.Header.Get("X-Way")
		ways += way[:min(len(way), 1)]
		for _, name := range []string{"X-Way", "Date", "Content-Length"} {
			res.Header.Del(name)
		}
		all = append(all, fmt.Sprint(res.Proto, " ", res.Status, " ", res.Header, " ", res.Close, "\n", string(body), err))
	}
}

const plain = "GET /hot?a=1&b=%20x HTTP/1.1\r\nHost: shop.example:8080\r\nUser-Agent: curl/8\r\nCookie: sk=k1.abc; sk_consent=a.1.1.2\r\nAccept: */*\r\n\r\n"

func with(header string) string {
	return strings.Replace(plain, "\r\n\r\n", "\r\n"+header+"\r\n\r\n", 1)
}

func as(line string) string { return line + plain[strings.Index(plain, "\r\n"):] }

// TestLikeNetHTTP holds every answer to that of a server without a lane. ways says who answered: h the lane, c net/http.
func TestLikeNetHTTP(t *testing.T) {
	post := "POST /hot HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
	for name, tt := range map[string]struct {
		ways  string
		parts []string
	}{
		"a plain one":                      {"h", []string{plain}},
		"no query":                         {"h", []string{as("GET /hot HTTP/1.1")}},
		"an odd query":                     {"h", []string{as("GET /hot?a=b?c&;=%zz'\"<>| HTTP/1.1")}},
		"names in lower case":              {"h", []string{"GET /hot HTTP/1.1\r\nhost: a\r\ncookie: a=b\r\nx-own-thing: 1\r\n\r\n"}},
		"a header twice":                   {"h", []string{with("Cookie: c=d\r\nX-A: 1\r\nX-A: 2\r\nX-A:3 \t")}},
		"an empty header":                  {"h", []string{with("X-A:")}},
		"keep-alive said":                  {"h", []string{with("Connection: Keep-Alive")}},
		"an address of six parts":          {"h", []string{"GET /hot HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"}},
		"two at once":                      {"hh", []string{plain + plain}},
		"two, one after the other":         {"hh", []string{plain, plain}},
		"another path between":             {"hcc", []string{plain + as("GET /cold HTTP/1.1") + plain}},
		"byte by byte":                     {"c", strings.Split(plain, "")},
		"half a head":                      {"", []string{plain[:40]}},
		"a head and a half":                {"h", []string{plain + plain[:40]}},
		"HEAD":                             {"c", []string{as("HEAD /hot HTTP/1.1")}},
		"OPTIONS":                          {"c", []string{as("OPTIONS /hot HTTP/1.1")}},
		"POST":                             {"c", []string{post}},
		"POST and then GET":                {"cc", []string{post + plain}},
		"GET and then POST":                {"hcc", []string{plain + post + plain}},
		"GET with a body":                  {"c", []string{with("Content-Length: 3") + "abc"}},
		"GET with a body of nothing":       {"c", []string{with("Content-Length: 0")}},
		"GET with chunks":                  {"cc", []string{with("Transfer-Encoding: chunked") + "3\r\nabc\r\n0\r\n\r\n" + plain}},
		"both lengths":                     {"c", []string{with("Transfer-Encoding: chunked\r\nContent-Length: 3") + "0\r\n\r\n"}},
		"HTTP/1.0":                         {"c", []string{as("GET /hot HTTP/1.0")}},
		"HTTP/1.0 kept alive":              {"cc", []string{strings.Replace(with("Connection: keep-alive"), "1.1", "1.0", 1) + as("GET /hot HTTP/1.0")}},
		"HTTP/2 without asking":            {"c", []string{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"}},
		"HTTP/1.2":                         {"c", []string{as("GET /hot HTTP/1.2")}},
		"Connection: close":                {"c", []string{with("Connection: close") + plain}},
		"an upgrade":                       {"c", []string{with("Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA")}},
		"Expect":                           {"c", []string{with("Expect: 100-continue")}},
		"Pragma":                           {"c", []string{with("Pragma: no-cache")}},
		"no host":                          {"", []string{"GET /hot HTTP/1.1\r\nCookie: a=b\r\n\r\n"}},
		"an empty host":                    {"c", []string{"GET /hot HTTP/1.1\r\nHost:\r\n\r\n"}},
		"two hosts":                        {"", []string{with("Host: b")}},
		"a bad host":                       {"", []string{"GET /hot HTTP/1.1\r\nHost: a b\r\n\r\n"}},
		"a folded header":                  {"c", []string{with("X-A: 1\r\n 2")}},
		"a space before the colon":         {"", []string{with("X-A : 1")}},
		"a header without colon":           {"", []string{with("X-A")}},
		"a header without name":            {"", []string{with(": 1")}},
		"a control character":              {"", []string{with("X-A: a\x00b")}},
		"a line feed alone":                {"c", []string{strings.ReplaceAll(plain, "\r\n", "\n")}},
		"a carriage return in a header":    {"", []string{with("X-A: a\rb")}},
		"letters beyond ASCII":             {"c", []string{with("X-A: é")}},
		"letters beyond ASCII in the path": {"c", []string{as("GET /hot?é HTTP/1.1")}},
		"an empty query":                   {"c", []string{as("GET /hot? HTTP/1.1")}},
		"a fragment":                       {"c", []string{as("GET /hot?a#b HTTP/1.1")}},
		"a whole address":                  {"c", []string{as("GET http://other.example/hot HTTP/1.1")}},
		"an escaped path":                  {"c", []string{as("GET /h%6ft HTTP/1.1")}},
		"two slashes":                      {"c", []string{as("GET //hot HTTP/1.1")}},
		"a star":                           {"c", []string{as("GET * HTTP/1.1")}},
		"no target":                        {"", []string{as("GET  HTTP/1.1")}},
		"a space in the target":            {"", []string{as("GET /hot?a b HTTP/1.1")}},
		"a method in lower case":           {"c", []string{as("get /hot HTTP/1.1")}},
		"no request":                       {"", []string{"what is this?\r\n\r\n"}},
		"nothing":                          {"", []string{""}},
		"empty lines before":               {"", []string{"\r\n\r\n" + plain}},
		"many headers":                     {"c", []string{with(strings.TrimSuffix(strings.Repeat("X-A: 1\r\n", 60), "\r\n"))}},
		"a long head":                      {"c", []string{with("X-A: " + strings.Repeat("a", 5<<10))}},
		"too long a head":                  {"", []string{with("X-A: " + strings.Repeat("a", 20<<10))}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			alone := serve(t, echo("cold"), nil)
			laned := serve(t, echo("cold"), &fastlane.Options{Paths: map[string]http.Handler{"/hot": echo("hot")}})
			want, _ := alone.answers(t, tt.parts...)
			got, ways := laned.answers(t, tt.parts...)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("answers (-without the lane +with it):\n%s", diff)
			}
			if ways != tt.ways {
				t.Errorf("answered by %q, want %q", ways, tt.ways)
			}
		})
	}
}

func TestAnswers(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"nothing at all":      func(http.ResponseWriter, *http.Request) {},
		"no content":          func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		"not modified":        func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) },
		"a type by its bytes": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html><p>hello") },
		"no type wanted": func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = nil
			io.WriteString(w, "hello")
		},
		"encoded bytes": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			io.WriteString(w, "hello")
		},
		"written in parts": func(w http.ResponseWriter, _ *http.Request) {
			for n := range 5 {
				fmt.Fprint(w, n)
				w.Write([]byte{'x'})
			}
		},
		"cookies": func(w http.ResponseWriter, _ *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "a", Value: "1"})
			http.SetCookie(w, &http.Cookie{Name: "b", Value: "2"})
			w.WriteHeader(http.StatusNotFound)
		},
		"headers after the status": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusTeapot)
			w.Header().Set("X-Late", "1")
			w.WriteHeader(http.StatusOK)
		},
		"lines in a header": func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["X-A"] = []string{"1\r\nX-B: 2", " 3 "}
			w.Header()["X C"] = []string{"not a name"}
		},
		"a head larger than the gap": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-A", strings.Repeat("a", 4<<10))
			io.WriteString(w, "hello")
		},
		"a large body": func(w http.ResponseWriter, _ *http.Request) {
			w.Write([]byte(strings.Repeat("hello ", 50_000)))
		},
		"a context that lives": func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, r.Context().Err(), r.Context().Value(http.LocalAddrContextKey) != nil, r.RemoteAddr != "")
		},
		"the end of the connection": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Connection", "close")
			io.WriteString(w, "bye")
		},
		"a panic":       func(http.ResponseWriter, *http.Request) { panic("oh") },
		"a quiet panic": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			alone := serve(t, h, nil)
			laned := serve(t, http.NotFoundHandler(), &fastlane.Options{Paths: map[string]http.Handler{"/hot": h}})
			want, _ := alone.answers(t, plain+plain)
			got, _ := laned.answers(t, plain+plain)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("answers (-net/http +lane):\n%s", diff)
			}
		})
	}
}

// TestTimeouts demands that the server ends what does not go on.
func TestTimeouts(t *testing.T) {
	const short = 20 * time.Millisecond
	large := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, 32<<20)) })
	for name, tt := range map[string]struct {
		opts fastlane.Options
		sent string
		read bool // the client reads what it is sent
	}{
		"a silent client":                    {fastlane.Options{HeaderTimeout: short}, "", true},
		"one that asks no second time":       {fastlane.Options{IdleTimeout: short}, plain, true},
		"one that does not read":             {fastlane.Options{WriteTimeout: short, Paths: map[string]http.Handler{"/hot": large}}, plain, false},
		"half a head, which is the server's": {fastlane.Options{}, plain[:30], true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tt.opts.Paths == nil {
				tt.opts.Paths = map[string]http.Handler{"/hot": echo("hot")}
			}
			s := serve(t, echo("cold"), &tt.opts)
			s.server.ReadHeaderTimeout = short
			conn := s.dial(t)
			if _, err := io.WriteString(conn, tt.sent); err != nil {
				t.Fatal(err)
			}
			if tt.read {
				if _, err := io.Copy(io.Discard, conn); err != nil {
					t.Errorf("the connection did not end: %v", err)
				}
				return
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			for s.lane.Serving() > 0 {
				select {
				case <-ctx.Done():
					t.Fatal("the connection did not end")
				case <-time.After(time.Millisecond):
				}
			}
		})
	}
}

func TestDrain(t *testing.T) {
	started, proceed := make(chan struct{}), make(chan struct{})
	slow := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(started)
		<-proceed
		io.WriteString(w, "done")
	})
	s := serve(t, echo("cold"), &fastlane.Options{Paths: map[string]http.Handler{"/hot": echo("hot"), "/slow": slow}})
	idle, busy := s.dial(t), s.dial(t)
	if _, err := io.WriteString(idle, plain); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(idle)
	res, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(busy, as("GET /slow HTTP/1.1")); err != nil {
		t.Fatal(err)
	}
	<-started
	drained := make(chan error, 1)
	go func() { drained <- s.lane.Drain(context.WithoutCancel(t.Context())) }()
	if _, err := in.ReadByte(); err != io.EOF {
		t.Errorf("an idle connection ends with %v, want EOF", err)
	}
	select {
	case err := <-drained:
		t.Fatalf("it did not wait for an answer in progress: %v", err)
	default:
	}
	close(proceed)
	text, err := io.ReadAll(busy)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(text); !strings.HasSuffix(got, "done") || !strings.Contains(got, "Connection: close") {
		t.Errorf("the answer in progress is %q", got)
	}
	if err := <-drained; err != nil {
		t.Errorf("drain: %v", err)
	}
	if _, err := s.lane.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a closed lane accepts: %v", err)
	}
}

func TestDrainGivesUp(t *testing.T) {
	started, proceed := make(chan struct{}), make(chan struct{})
	stuck := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { close(started); <-proceed })
	s := serve(t, echo("cold"), &fastlane.Options{Paths: map[string]http.Handler{"/hot": stuck}})
	t.Cleanup(func() { close(proceed) })
	if _, err := io.WriteString(s.dial(t), plain); err != nil {
		t.Fatal(err)
	}
	<-started
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.lane.Drain(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("drain: %v, want %v", err, context.Canceled)
	}
}

// failing is a listener that cannot accept for a while, as when there are too many open files.
type failing struct {
	net.Listener
	errs chan error
}

func (f failing) Accept() (net.Conn, error) {
	select {
	case err := <-f.errs:
		return nil, err
	default:
		return f.Listener.Accept()
	}
}

func TestAcceptFails(t *testing.T) {
	var config net.ListenConfig
	ln, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	want := errors.New("too many open files")
	errs := make(chan error, 1)
	errs <- want
	lane := fastlane.New(failing{ln, errs}, nil)
	defer lane.Close()
	if _, err := lane.Accept(); !errors.Is(err, want) {
		t.Errorf("accept: %v, want %v", err, want)
	}
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, plain); err != nil {
		t.Fatal(err)
	}
	got, err := lane.Accept()
	if err != nil {
		t.Fatalf("accept after a failure: %v", err)
	}
	defer got.Close()
	text := make([]byte, len(plain))
	if _, err := io.ReadFull(got, text); err != nil || string(text) != plain {
		t.Errorf("handed over with %q, %v", text, err)
	}
}
