package web

import (
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzCookieValues holds our reading of cookies to net/http's.
func FuzzCookieValues(f *testing.F) {
	for _, seed := range []string{
		"sk=k1.abc", "a=b; sk=1; sk=2", `sk="quoted"; sk="`, "sk", "sk=", " sk = x ;;", "sk=a b,c", "sk=é; sk=\\; sk=a\"b", "SK=1;sk\t=\t2\t", "", ";", "=sk", "sk=a=b", "\x00sk=1",
	} {
		f.Add(seed, "sk=other")
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		r := &http.Request{Header: http.Header{"Cookie": {first, second}}}
		var want []string
		for _, c := range r.CookiesNamed("sk") {
			want = append(want, c.Value)
		}
		if diff := cmp.Diff(want, slices.Collect(cookieValues(r, "sk"))); diff != "" {
			t.Errorf("values of sk in %q, %q (-net/http +ours):\n%s", first, second, diff)
		}
	})
}
