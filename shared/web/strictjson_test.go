package web

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPlainIntegers(t *testing.T) {
	for in, want := range map[string]string{
		`{"a":3.0}`:               `{"a":3}`,
		`[1e3,-2.50,-4.0E0,.5]`:   `[1000,-2.50,-4,.5]`,
		`{"a":"1.0","b":"\"2.0"}`: `{"a":"1.0","b":"\"2.0"}`,
		`1e400`:                   `1e400`,
		`9007199254740993.0`:      `9007199254740992`,
		`"unfinished 1.0`:         `"unfinished 1.0`,
		`"\`:                      `"\`,
		`12`:                      `12`,
	} {
		if diff := cmp.Diff(want, string(plainIntegers([]byte(in)))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", in, diff)
		}
	}
}

// FuzzPlainIntegers holds the rewriting to this: what was JSON means the same after it, and what was none is none.
func FuzzPlainIntegers(f *testing.F) {
	for _, seed := range []string{`{"a":3.0}`, `[1e3,"1.0"]`, `"\"`, `1.0.0`, `-0.0`, `00e0`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		out := plainIntegers(data)
		if json.Valid(data) != json.Valid(out) {
			t.Fatalf("%q became %q", data, out)
		}
		if !json.Valid(data) {
			return
		}
		var before, after any
		if err := json.Unmarshal(data, &before); err != nil {
			return // a number beyond every float
		}
		if err := json.Unmarshal(out, &after); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("%q became %q:\n%s", data, out, diff)
		}
	})
}
