package filter

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/expr-lang/expr"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/segment"
)

var now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

var pot = Fact{ID: "TEA001", Title: "Green Teapot", Category: "Kitchen > Tea", Brand: "Acme", Price: 1250, Created: now.AddDate(0, 0, -10), Now: now}

func TestMatch(t *testing.T) {
	tests := map[string]bool{
		`within("Kitchen")`: true, `within("Kit")`: false, `within("Kitchen > Tea")`: true, `category == "Kitchen"`: false,
		`price >= 500 and price <= 2000`: true, `price / 100 > 12.5`: false, `price % 100 == 50`: true, `price / 0 > 1`: false, `not (price / 0 > 1)`: true,
		`brand in ["Brown", "Acme"]`: true, `price in [1, -2, 1250]`: true, `brand != ""`: true, `!(brand == "Acme") or true`: true,
		`lower(title) contains "green"`: true, `title contains "green"`: false, `id startsWith "TEA" && title endsWith "pot"`: true, `title matches "^Green T.*t$"`: true,
		`days_since_created == 10`: true, `created < date("2026-01-01")`: false, `created >= date("2026-04-21")`: true, `len(title) == 12`: true, `abs(-price + 1000) == 250`: true,
		`(price > 5) == true`: true, `price > 5 != (price > 6)`: false,
	}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			e, err := Compile("filter", text)
			if err != nil {
				t.Fatal(err)
			}
			if got := e.Match(&pot); got != want {
				t.Errorf("%v, want %v", got, want)
			}
			if n := testing.AllocsPerRun(10, func() { e.Match(&pot) }); n > 0 && !strings.Contains(text, "lower") {
				t.Errorf("%v allocations a look", n)
			}
		})
	}
	e, err := Compile("filter", `days_since_created == 99999`)
	if err != nil || !e.Match(&Fact{Now: now}) {
		t.Errorf("an item of unknown age: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	tests := map[string]struct {
		text, where, reason string
	}{
		"nothing":                    {"  ", "line 1, column 1", "is empty"},
		"an unknown name":            {`price > 1 and brnd == "x"`, "line 1, column 15", "did you mean brand?"},
		"a customer's name":          {`revenue > 5`, "line 1, column 1", "unknown name"},
		"text where a number stands": {`price > "5"`, "line 1, column 7", "cannot be compared"},
		"no truth at all":            {`price + 1`, "line 1, column 7", "must be true or false"},
		"a loop":                     {`all([1], # > 0)`, "line 1", ""},
		"the second line":            {"price > 1 and\n brand", "line 2, column 2", "must be true or false"},
		"a broken end":               {`price >`, "line 1", "ends too early"},
		"a pattern that is none":     {`title matches "("`, "line 1", ""},
		"no day":                     {`created > date("soon")`, "line 1, column 16", "must be a day"},
		"far too long":               {strings.Repeat("price > 1 and ", 100) + "true", "line 1, column 1", "longer"},
		"a variable":                 {`let x = 1; x > 0`, "line 1", ""},
		"texts joined":               {`title + "x" == "y"`, "line 1", "joined"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Compile("filter", tt.text)
			f, ok := errors.AsType[*fault.Error](err)
			if !ok || f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Path != "filter" {
				t.Fatalf("%v, want Invalid of the field", err)
			}
			if got := f.Fields[0].Reason; !strings.HasPrefix(got, tt.where) || !strings.Contains(got, tt.reason) {
				t.Errorf("%q, want %q and %q", got, tt.where, tt.reason)
			}
			if _, ok := errors.AsType[*segment.SyntaxError](err); !ok {
				t.Error("no place inside")
			}
		})
	}
}

// FuzzAgreesWithTheLibrary holds the functions to the library that segments are evaluated by.
func FuzzAgreesWithTheLibrary(f *testing.F) {
	for _, text := range []string{`price >= 500 and price <= 2000`, `brand in ["Acme"] or not (title contains "x")`, `lower(title) startsWith "green"`, `price * 2 - 5 > days_since_created`, `id matches "^T"`,
		`len(title) > 3 != (price < 7)`, `price in [1, 1250]`, `-price < 3 and upper(brand) == "ACME"`, `round(price / 100) == 13`} {
		f.Add(text, "Green Teapot", "Acme", int64(1250))
	}
	f.Fuzz(func(t *testing.T, text, title, brand string, price int64) {
		e, err := Compile("filter", text)
		if err != nil || strings.Contains(text, "within") || strings.Contains(text, "date") || strings.Contains(text, "created") || strings.Contains(text, "%") {
			return // the library has no such names here, and knows remainders of whole numbers alone
		}
		price %= 1 << 40
		env := map[string]any{"id": "TEA001", "title": title, "category": "Kitchen", "brand": brand, "price": float64(price)}
		program, err := expr.Compile(text, expr.Env(env), expr.AsBool())
		if err != nil {
			return // it is stricter than we are
		}
		out, err := expr.Run(program, env)
		if err != nil {
			return
		}
		got := e.Match(&Fact{ID: "TEA001", Title: title, Category: "Kitchen", Brand: brand, Price: price})
		if strings.Contains(text, "/") { // what cannot be reckoned does not hold here, and is infinite there
			return
		}
		if got != out {
			t.Errorf("%s of %q %q %d: %v, the library says %v", text, title, brand, price, got, out)
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	e, err := Compile("filter", `within("Kitchen") and price >= 500 and brand in ["Brown", "Acme"] and not (title contains "spare")`)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		e.Match(&pot)
	}
}
