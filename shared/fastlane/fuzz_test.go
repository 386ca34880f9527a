package fastlane

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzHead holds whatever is recognised to what net/http reads of it.
func FuzzHead(f *testing.F) {
	for _, seed := range []string{
		"GET /hot HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /hot?a=b HTTP/1.1\r\nHost: a:80\r\nCookie: a=b; c=d\r\nx-own: 1\r\nX-Own: 2\r\n\r\nGET /",
		"GET /hot HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nPragma: no-cache\r\n\r\n",
		"GET /hot?%zz HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n",
		"GET /hot HTTP/1.1\r\nhost:a\r\nA: \t \r\nB:\x80\r\nTe: trailers\r\n\r\n",
		"GET /hot HTTP/1.0\r\n\r\n", "", "\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	var h head
	f.Fuzz(func(t *testing.T, data []byte) {
		n := h.read(data, func(path string) bool { return path == "/hot" })
		if n == 0 {
			return
		}
		in := bytes.NewReader(data)
		buffered := bufio.NewReaderSize(in, 16)
		want, err := http.ReadRequest(buffered)
		if err != nil {
			t.Fatalf("net/http refuses what was recognised: %v", err)
		}
		if rest := in.Len() + buffered.Buffered(); len(data)-rest != n {
			t.Errorf("recognised %d bytes, net/http read %d", n, len(data)-rest)
		}
		body, err := io.ReadAll(want.Body)
		if err != nil || len(body) > 0 || want.Close || want.ContentLength != 0 || want.Proto != "HTTP/1.1" || want.Method != http.MethodGet {
			t.Errorf("recognised a request of another kind: %+v", want)
		}
		var got http.Request
		h.fill(&got, &http.Request{})
		if diff := cmp.Diff([]any{want.Host, want.RequestURI, want.URL, want.Header}, []any{got.Host, got.RequestURI, got.URL, got.Header}); diff != "" {
			t.Errorf("request (-net/http +recognised):\n%s", diff)
		}
	})
}

func BenchmarkHead(b *testing.B) {
	data := []byte("GET /hot?placement=for-you&limit=21&writeKey=wk_0123456789abcdefghijklmn HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nCookie: sk=k1." + strings.Repeat("a", 90) + "\r\n\r\n")
	var h head
	b.ReportAllocs()
	for b.Loop() {
		if h.read(data, func(path string) bool { return path == "/hot" }) == 0 {
			b.Fatal("not recognised")
		}
	}
}
