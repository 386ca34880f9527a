package table

import (
	"bytes"
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/fault"
)

func TestCanonical(t *testing.T) {
	tests := map[string]struct{ in, want string }{
		"space goes":                         {" {\n\"a\" : [ 1 , 2 ] } ", `{"a":[1,2]}`},
		"members are sorted at every level":  {`{"b":{"y":1,"x":2},"a":0}`, `{"a":0,"b":{"x":2,"y":1}}`},
		"a longer name comes after its stem": {`{"ab":1,"a":2}`, `{"a":2,"ab":1}`},
		"needless escapes go":                {`{"a":"\u003cb\/\u00e9\ud83d\ude00"}`, `{"a":"<b/é😀"}`},
		"needed escapes are short":           {`{"a":"\u000a\u0001\"\\"}`, `{"a":"\n\u0001\"\\"}`},
		"large whole numbers keep digits":    {`{"a":12345678901234567890123}`, `{"a":12345678901234567890123}`},
		"decimals keep digits":               {`{"a":0.1000000000000000000000000000001}`, `{"a":0.1000000000000000000000000000001}`},
		"trailing zeros go":                  {`{"a":1.500,"b":10.0,"c":1e3}`, `{"a":1.5,"b":10,"c":1000}`},
		"zero has no sign":                   {`{"a":-0.0,"b":0e99}`, `{"a":0,"b":0}`},
		"small numbers":                      {`{"a":1e-7,"b":-2.5E-20}`, `{"a":0.0000001,"b":-2.5e-20}`},
		"great numbers":                      {`{"a":1.5e+100}`, `{"a":1.5e100}`},
		"words and empties":                  {`{"a":true,"b":false,"c":null,"d":"","e":[],"f":{}}`, `{"a":true,"b":false,"c":null,"d":"","e":[],"f":{}}`},
		"reserved names deeper down":         {`{"a":{"pk":1}}`, `{"a":{"pk":1}}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Canonical([]byte(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Errorf("canonical form (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCanonicalRefuses(t *testing.T) {
	deep := strings.Repeat("[", MaxDepth+1) + strings.Repeat("]", MaxDepth+1)
	tests := map[string]string{
		"nothing":             ``,
		"a list":              `[]`,
		"two objects":         `{}{}`,
		"an open object":      `{"a":1`,
		"a trailing comma":    `{"a":1,}`,
		"an open string":      `{"a":"b`,
		"a leading zero":      `{"a":01}`,
		"a bare point":        `{"a":1.}`,
		"a bare exponent":     `{"a":1e}`,
		"a raw line break":    "{\"a\":\"\n\"}",
		"a lone surrogate":    `{"a":"\ud800"}`,
		"a reversed pair":     `{"a":"\ude00\ud83d"}`,
		"broken UTF-8":        "{\"a\":\"\xff\"}",
		"a member twice":      `{"a":1,"\u0061":2}`,
		"an empty name":       `{"":1}`,
		"39 digits":           `{"a":123456789012345678901234567890123456789}`,
		"a power beyond":      `{"a":1e126}`,
		"an absurd power":     `{"a":1e99999999999999999999}`,
		"a depth beyond":      `{"a":` + deep + `}`,
		"a reserved member":   `{"ver":1}`,
		"a reserved, escaped": `{"\u0070k":1}`,
	}
	for name, in := range tests {
		t.Run(name, func(t *testing.T) {
			if out, err := Canonical([]byte(in)); !fault.Is(err, fault.Invalid) {
				t.Errorf("Canonical(%q) = %s, %v; want Invalid", in, out, err)
			}
		})
	}
}

func TestSize(t *testing.T) {
	key := Key{Table: "alpha", Partition: "p", Sort: "s"}
	const bare = fixedBytes + 2
	tests := map[string]struct {
		body string
		want int
	}{
		"nothing":           {`{}`, bare},
		"a string":          {`{"ab":"é"}`, bare + 2 + 2},
		"a number":          {`{"a":-12300}`, bare + 1 + 4},
		"a word":            {`{"a":null}`, bare + 1 + 1},
		"a list of two":     {`{"a":["x","y"]}`, bare + 1 + 3 + 2 + 2},
		"an object of one":  {`{"a":{"b":true}}`, bare + 1 + 3 + 1 + 1 + 1},
		"an escape is text": {`{"a":"\u0041"}`, bare + 1 + 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Size(Item{Key: key, Body: json.RawMessage(tt.body)}); got != tt.want {
				t.Errorf("Size = %d, want %d", got, tt.want)
			}
		})
	}
}

// FuzzCanonical holds Canonical against encoding/json: what it takes means the same before and after, and canonical text stays as it is.
func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{`{}`, `{"b":[1.50,{"y":null,"x":"\u00e9\n"}],"a":-0}`, `{"a":1e-130,"c":123e3}`, `{"a":"\ud83d\ude00"}`, `{"a"`, `{"ver":1}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		out, err := Canonical(in)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("fault of another kind: %v", err)
			}
			return
		}
		if diff := cmp.Diff(decode(t, in), decode(t, out), cmp.Comparer(sameNumber)); diff != "" {
			t.Errorf("meaning changed (-in +out):\n%s", diff)
		}
		again, err := Canonical(out)
		if err != nil || !bytes.Equal(out, again) {
			t.Errorf("canonical twice: %s, %v; once: %s", again, err, out)
		}
	})
}

func decode(t *testing.T, text []byte) (v any) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("encoding/json refuses %q: %v", text, err)
	}
	return v
}

func sameNumber(a, b json.Number) bool {
	x, okX := new(big.Rat).SetString(string(a))
	y, okY := new(big.Rat).SetString(string(b))
	return okX && okY && x.Cmp(y) == 0
}

func FuzzPartition(f *testing.F) {
	f.Add("shop", "a#b%23")
	f.Add("", "%")
	f.Fuzz(func(t *testing.T, a, b string) {
		if diff := cmp.Diff([]string{a, b}, Split(Partition(a, b))); diff != "" {
			t.Errorf("parts (-in +out):\n%s", diff)
		}
	})
}
