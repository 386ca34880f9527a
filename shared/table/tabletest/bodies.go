package tabletest

import (
	"strings"
	"testing"

	"shopkeeper/shared/table"
)

// bodies that must come back as they went in; equal means equal in meaning.
var bodies = map[string]string{
	"empty object":               `{}`,
	"words":                      `{"t":true,"f":false,"n":null}`,
	"empty values":               `{"s":"","l":[],"o":{},"z":0}`,
	"whole numbers":              `{"a":-1,"b":9223372036854775807,"c":18446744073709551616,"d":99999999999999999999999999999999999999}`,
	"decimals":                   `{"a":0.1,"b":-19.99,"c":1234567890.12345678901234567890123456,"d":1.5}`,
	"great and small":            `{"a":1e125,"b":-1e-130,"c":1.7976931348623157e100,"d":5e-100,"e":1e21}`,
	"zero with sign":             `{"a":-0,"b":0.000,"c":0e10}`,
	"needless digits":            `{"a":1.00,"b":100e-2,"c":0.10}`,
	"nested":                     `{"a":[1,[2,[3,{"b":[{"c":[]},null,"x"]}]]],"o":{"p":{"q":{"r":1}}}}`,
	"mixed list":                 `{"l":[1,"1",true,null,{},[],1]}`,
	"repeated in list":           `{"l":["a","a","a"],"n":[1,1,1]}`,
	"unicode":                    `{"ключ":"значение","日本":"語","e":"😀\u0000\u0001\u007f","z":"\u2028"}`,
	"composed and not":           `{"a":"é","b":"e\u0301"}`,
	"escapes":                    `{"a":"\"\\\/\b\f\n\r\t","b":"<&>'"}`,
	"names with punctuation":     `{"a.b":1,"a-b":2,"a b":3,"#a":4,":a":5,"a[0]":6,"$":7}`,
	"reserved words of engines":  `{"name":1,"size":2,"data":3,"order":4,"key":5,"value":6,"select":7,"rowid":8,"S":"9","N":{"N":"10"},"M":[{"M":{}}]}`,
	"reserved names in nested":   `{"o":{"pk":1,"sk":2,"ver":3,"ttl":4}}`,
	"reserved names in capitals": `{"PK":1,"Sk":2}`,
	"deepest":                    `{"a":` + strings.Repeat("[", table.MaxDepth) + strings.Repeat("]", table.MaxDepth) + `}`,
}

// refused bodies are Invalid in every way of writing.
var refused = map[string]string{
	"no body":            ``,
	"no JSON":            `{"a":`,
	"a list":             `[1]`,
	"a string":           `"a"`,
	"null":               `null`,
	"two objects":        `{}{}`,
	"a member twice":     `{"a":1,"a":2}`,
	"reserved pk":        `{"pk":"x"}`,
	"reserved sk":        `{"sk":"x"}`,
	"reserved ver":       `{"ver":1}`,
	"reserved ttl":       `{"ttl":1}`,
	"a name of nothing":  `{"":1}`,
	"39 digits":          `{"a":123456789012345678901234567890123456789}`,
	"a number too great": `{"a":1e126}`,
	"a number too small": `{"a":1e-131}`,
	"a lone surrogate":   `{"a":"\ud800"}`,
	"broken UTF-8":       "{\"a\":\"\xc3\"}",
	"too deep":           `{"a":` + strings.Repeat("[", table.MaxDepth+1) + strings.Repeat("]", table.MaxDepth+1) + `}`,
}

var bodyCases = []storeCase{
	{"kept as they are", func(t *testing.T, h *harness) {
		for name, body := range bodies {
			t.Run(name, func(t *testing.T) {
				h.put(t, key(name), body)
				h.want(t, versioned(1, item(key(name), body)))
				if err := h.PutAll(t.Context(), item(key(name), body)); err != nil {
					t.Fatal(err)
				}
				h.want(t, versioned(2, item(key(name), body)))
			})
		}
	}},
	{"refused", func(t *testing.T, h *harness) {
		for name, body := range refused {
			t.Run(name, func(t *testing.T) {
				wantInvalid(t, h.Write(t.Context(), table.Put(item(key(name), body), table.Always())))
				wantInvalid(t, h.PutAll(t.Context(), item(key(name), body)))
				h.wantAbsent(t, key(name))
			})
		}
	}},
	{"returned in canonical form", func(t *testing.T, h *harness) {
		h.put(t, key("a"), `{ "b": [1.50, {"y": "\u003c", "x": 1e2}], "a": 12345678901234567890 }`)
		got, err := h.Get(t.Context(), key("a"), table.Strong)
		if want := `{"a":12345678901234567890,"b":[1.5,{"x":100,"y":"<"}]}`; err != nil || string(got.Body) != want {
			t.Errorf("body %s, %v; want %s", got.Body, err, want)
		}
	}},
}
