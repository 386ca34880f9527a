package local

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/simulate"
)

// patience bounds what happens by itself: a fold, a start.
const patience = 30 * time.Second

// small is a shop that is made up in a moment.
var small = simulate.Options{Items: 120, Customers: 60, Days: 60}

// served is a running Serve.
type served struct {
	t    *testing.T
	stop context.CancelFunc
	done chan error
	Ready
}

// lines hands over what is written, line by line.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
	said chan struct{}
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.text.Len() == 0 {
		close(l.said)
	}
	return l.text.Write(b)
}

func serve(t *testing.T, o ServeOptions) *served {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	out := &lines{said: make(chan struct{})}
	o.JSON, o.Out, o.Log, o.size = true, out, slog.New(slog.DiscardHandler), small
	s := &served{t: t, stop: stop, done: make(chan error, 1)}
	go func() { s.done <- Serve(ctx, o) }()
	t.Cleanup(stop)
	select {
	case <-out.said:
	case err := <-s.done:
		t.Fatalf("it did not get ready: %v", err)
	case <-time.After(2 * time.Minute):
		t.Fatal("it did not get ready in time")
	}
	out.mu.Lock()
	defer out.mu.Unlock()
	if err := json.Unmarshal(out.text.Bytes(), &s.Ready); err != nil {
		t.Fatalf("it said %q: %v", out.text.String(), err)
	}
	return s
}

// end stops it as SIGTERM does, and demands that it ends well.
func (s *served) end() {
	s.t.Helper()
	s.stop()
	select {
	case err := <-s.done:
		if err != nil {
			s.t.Errorf("it ended with %v", err)
		}
	case <-time.After(patience):
		s.t.Fatal("it did not end")
	}
}

// visitor is a client with cookies.
type visitor struct {
	*served
	http *http.Client
}

func (s *served) visitor() *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &visitor{s, &http.Client{Jar: jar}}
}

func (v *visitor) do(method, path, body string) string {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), method, v.URL+path, strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	if strings.HasPrefix(path, "/v1/") {
		req.SetBasicAuth(v.WriteKey, "")
	}
	res, err := v.http.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	if res.StatusCode >= 400 {
		v.t.Fatalf("%s %s answered %d: %s", method, path, res.StatusCode, text)
	}
	return string(text)
}

// view tells that an item was looked at some seconds ago.
func (v *visitor) view(item string, ago int) {
	v.t.Helper()
	at := time.Now().Add(-time.Duration(ago) * time.Second).UTC().Format(time.RFC3339)
	v.do(http.MethodPost, "/v1/track", `{"type":"track","event":"Product Viewed","anonymousId":"test","timestamp":"`+at+`","properties":{"product_id":"`+item+`"}}`)
}

// viewed are the items that the front page says were looked at before.
func (v *visitor) viewed() []string {
	v.t.Helper()
	var page struct {
		Shelves []struct {
			Placement string
			Items     []struct{ ID string }
		}
	}
	if err := json.Unmarshal([]byte(v.do(http.MethodGet, "/v1/front-page", "")), &page); err != nil {
		v.t.Fatal(err)
	}
	var ids []string
	for _, s := range page.Shelves {
		if s.Placement != "viewed-before" {
			continue
		}
		for _, it := range s.Items {
			ids = append(ids, it.ID)
		}
	}
	return ids
}

// eventually asks until the answer is as wanted.
func eventually(t *testing.T, want []string, ask func() []string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		got := ask()
		if cmp.Equal(want, got) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("never as wanted (-want +got):\n%s", cmp.Diff(want, got))
		}
	}
}

// TestServe lives through a shop's first day: made up, visited, stopped, started again.
func TestServe(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "shop")
	var stages []string
	first := serve(t, ServeOptions{Dir: dir, Progress: func(what string, _, _ int) {
		if len(stages) == 0 || stages[len(stages)-1] != what {
			stages = append(stages, what)
		}
	}})
	if len(stages) < 3 {
		t.Errorf("the first start told of %q alone", stages)
	}
	v := first.visitor()
	page := v.do(http.MethodGet, "/", "")
	if !strings.Contains(page, "Look at three things") || !strings.Contains(page, `data-placement="trending"`) {
		t.Errorf("the front page for a stranger:\n%s", page)
	}
	if picture := v.do(http.MethodGet, "/demo/img/TEA001.svg", ""); !strings.HasPrefix(picture, "<svg") {
		t.Errorf("the picture begins %.40q", picture)
	}
	v.view("TEA001", 20)
	v.view("TEA002", 10)
	eventually(t, []string{"TEA002", "TEA001"}, v.viewed)
	t.Run("a second process is refused", func(t *testing.T) {
		err := Serve(t.Context(), ServeOptions{Dir: dir, Log: slog.New(slog.DiscardHandler)})
		if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "already served") {
			t.Errorf("error %v, want Conflict", err)
		}
	})
	t.Run("an import may run beside it", func(t *testing.T) {
		l, err := Open(t.Context(), dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Items.Put(t.Context(), ShopID, catalog.Item{ID: "NEW1", Title: "New", Price: 100, Currency: "GBP", Category: "Tea"}); err != nil {
			t.Error(err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	first.end()

	stages = nil
	second := serve(t, ServeOptions{Dir: dir})
	if diff := cmp.Diff(first.WriteKey, second.WriteKey); diff != "" {
		t.Errorf("the keys changed:\n%s", diff)
	}
	again := &visitor{second, v.http} // cookies know no ports
	eventually(t, []string{"TEA002", "TEA001"}, again.viewed)
	const asked = 5
	list := "/v1/recommendations?placement=trending&limit=3&writeKey=" + second.WriteKey
	for range asked {
		fast, slow := second.answer(list, false), second.answer(list, true)
		if diff := cmp.Diff(slow, fast); diff != "" {
			t.Errorf("one list by net/http and by the fast lane (-net/http +lane):\n%s", diff)
		}
	}
	second.end()
	noted := 0
	for _, lines := range files(t, filepath.Join(dir, "exposures")) {
		noted += strings.Count(lines, `"shelves":[["trending",`)
	}
	if noted != 2*asked {
		t.Errorf("%d of %d lists that were shown are noted", noted, 2*asked)
	}
}

// answer is a list for a stranger without what differs by nature. Who closes the connection afterwards is answered by net/http.
func (s *served) answer(path string, closes bool) (shown struct {
	Status int
	Header http.Header
	Body   map[string]any
}) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.URL+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Close = closes
	req.Header.Set("Sec-GPC", "1") // no visitor is made
	req.Header.Set("Origin", "https://shop.example")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&shown.Body); err != nil {
		s.t.Fatal(err)
	}
	for _, name := range []string{"Date", "X-Request-Id", "Content-Length", "Connection"} {
		res.Header.Del(name)
	}
	delete(shown.Body, "recommendationId")
	shown.Status, shown.Header = res.StatusCode, res.Header
	return shown
}

func TestServeWithoutDemo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "shop")
	s := serve(t, ServeOptions{Dir: dir, NoDemo: true})
	v := s.visitor()
	if page := v.do(http.MethodGet, "/", ""); !strings.Contains(page, "curl -b jar") || strings.Contains(page, s.SecretKey) {
		t.Errorf("the status page:\n%s", page)
	}
	v.view("A1", 0)
	if diff := cmp.Diff("", s.Shop); diff != "" {
		t.Errorf("address of a shop (-want +got):\n%s", diff)
	}
	s.end()
	info, err := os.Stat(filepath.Join(dir, "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("keys.json has mode %o, want 600", got)
	}
}

func TestServeThatIsStoppedBeforeItIsReady(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "shop")
	ctx, stop := context.WithCancel(t.Context())
	err := Serve(ctx, ServeOptions{Dir: dir, size: small, Log: slog.New(slog.DiscardHandler), Progress: func(what string, done, _ int) {
		if what == "remembering customers" && done > 0 {
			stop()
		}
	}})
	if err != nil {
		t.Errorf("stopped, it returned %v", err)
	}
	s := serve(t, ServeOptions{Dir: dir})
	if page := s.visitor().do(http.MethodGet, "/", ""); !strings.Contains(page, `data-placement="trending"`) {
		t.Errorf("the second start did not finish the first:\n%s", page)
	}
	s.end()
}

func TestServeOnATakenPort(t *testing.T) {
	s := serve(t, ServeOptions{Dir: filepath.Join(t.TempDir(), "one"), NoDemo: true})
	_, port, _ := strings.Cut(strings.TrimPrefix(s.URL, "http://"), ":")
	var taken int
	if err := json.Unmarshal([]byte(port), &taken); err != nil {
		t.Fatal(err)
	}
	err := Serve(t.Context(), ServeOptions{Dir: filepath.Join(t.TempDir(), "two"), Port: taken})
	if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "--port") {
		t.Errorf("error %v, want Invalid that says what to do", err)
	}
	s.end()
}
