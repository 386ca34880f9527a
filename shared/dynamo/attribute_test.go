package dynamo

import (
	"strings"
	"testing"
	"time"

	"shopkeeper/shared/table"
)

func FuzzEncode(f *testing.F) {
	f.Add(`{"s":"é\"\\\u0001","n":-1.5e-100,"b":[true,false,null],"m":{"":1}}`, int64(0), int64(1))
	f.Add(`{"big":12345678901234567890123456789012345678,"deep":[[[{"x":{}}]]]}`, int64(1767323045), int64(1767323045000000))
	f.Fuzz(func(t *testing.T, text string, expires, version int64) {
		body, err := table.Canonical([]byte(text))
		if err != nil || version < 1 {
			return
		}
		want := table.Item{Key: table.Key{Table: "t", Partition: "p", Sort: "s"}, Version: version, Body: body}
		if expires > 0 && expires < 1<<40 {
			want.Expires = time.Unix(expires, 0).UTC()
		}
		attrs, err := encode(want, stamp(version))
		if err != nil {
			t.Fatal(err)
		}
		got, err := decode("t", attrs)
		if err != nil || got.Key != want.Key || got.Version != version || string(got.Body) != string(body) || !got.Expires.Equal(want.Expires) {
			t.Errorf("decoded %+v, %v; want %+v", got, err, want)
		}
	})
}

func TestStamp(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		s := stamp(7)
		if whole, frac, ok := strings.Cut(s, "."); !ok || whole != "7" || len(frac) != 12 || frac[11] == '0' || seen[s] {
			t.Fatalf("stamp %q: want 7, a point, twelve digits of its own, the last no zero", s)
		}
		seen[s] = true
	}
}
