package recommend

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/fault"
)

func TestParseSlots(t *testing.T) {
	tests := map[string]struct {
		text string
		want []Slot
		bad  bool
	}{
		"nothing is the whole front page": {"", DefaultSlots, false},
		"a length and a default length":   {"for-you:3,trending", []Slot{{ForYou, 3}, {Trending, DefaultLimit}}, false},
		"an unknown placement":            {"for-me", nil, true},
		"no length after the colon":       {"for-you:", nil, true},
		"a length beyond the limit":       {"for-you:101", nil, true},
		"a placement twice":               {"new,new", nil, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ParseSlots(tt.text)
			if tt.bad != fault.Is(err, fault.Invalid) {
				t.Fatalf("error %v", err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("slots (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseFilter(t *testing.T) {
	tests := map[string]struct {
		text string
		want Filter
		bad  bool
	}{
		"nothing":                 {"", Filter{}, false},
		"all conditions":          {"category=Kitchen > Tea; brand=Acme; price>=500; price<=2000", Filter{Category: "Kitchen > Tea", Brand: "Acme", MinPrice: 500, MaxPrice: 2000}, false},
		"a price with a point":    {"price<=19.99", Filter{}, true},
		"a negative price":        {"price>=-1", Filter{}, true},
		"an unknown condition":    {"colour=red", Filter{}, true},
		"an empty category":       {"category=", Filter{}, true},
		"a trailing semicolon":    {"brand=Acme;", Filter{}, true},
		"a brand with an = in it": {"brand=A=B", Filter{Brand: "A=B"}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ParseFilter(tt.text)
			if tt.bad != fault.Is(err, fault.Invalid) {
				t.Fatalf("error %v", err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("filter (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseFilterExpression(t *testing.T) {
	f, err := ParseFilter(`price >= 500 and brand == "Acme"`)
	if err != nil || f.Expression == nil || !f.Any() {
		t.Fatalf("%+v, %v", f, err)
	}
	if again, err := ParseFilter(`price >= 500 and brand == "Acme"`); err != nil || again != f {
		t.Errorf("the same text is compiled again: %v", err)
	}
	for n := range maxCompiled + 5 {
		if _, err := ParseFilter(fmt.Sprintf(`price > %d and true`, n)); err != nil {
			t.Fatal(err)
		}
	}
	if len(expressions.held) > maxCompiled {
		t.Errorf("%d expressions are kept", len(expressions.held))
	}
	_, err = ParseFilter(`price >= 500 and brnd == "Acme"`)
	if f, ok := errors.AsType[*fault.Error](err); !ok || f.Kind != fault.Invalid || !strings.Contains(fmt.Sprint(f.Fields), "line 1, column 18") {
		t.Errorf("%v, want Invalid with the place", err)
	}
}

func TestParseShare(t *testing.T) {
	for text, want := range map[string]Share{"": {}, "0": {Set: true}, "0.25": {true, 0.25}, "1": {true, 1}} {
		if got, err := ParseShare("diversity", text); err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"-0.1", "1.01", "NaN", "Inf", "much"} {
		if _, err := ParseShare("diversity", text); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v, want Invalid", text, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("for-you:8,trending", "category=Kitchen;price<=2000")
	f.Fuzz(func(t *testing.T, slots, filter string) {
		if got, err := ParseSlots(slots); err == nil && (len(got) == 0 || len(got) > MaxSlots) {
			t.Errorf("%q gave %d slots", slots, len(got))
		}
		if got, err := ParseFilter(filter); err == nil && (got.MinPrice < 0 || got.MaxPrice < 0) {
			t.Errorf("%q gave %+v", filter, got)
		}
	})
}
