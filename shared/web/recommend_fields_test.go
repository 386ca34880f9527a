package web

import (
	"strings"
	"testing"

	"shopkeeper/shared/fault"
)

func TestParseFields(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		want fields
	}{
		"nothing is all":             {"", allFields},
		"the id alone":               {"id", 0},
		"two":                        {"id,score", fieldScore},
		"without the id":             {"title", fieldTitle},
		"one twice, with spaces":     {" score, score ", fieldScore},
		"the last":                   {"reason", fieldReason},
		"all, one by one":            {strings.Join(fieldNames[:], ","), allFields},
		"the catalog's, in disorder": {"price,image,url,title", fieldTitle | fieldURL | fieldImage | fieldPrice},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := parseFields(tt.text); err != nil || got != tt.want {
				t.Errorf("parseFields(%q) = %b, %v, want %b", tt.text, got, err, tt.want)
			}
		})
	}
	for name, text := range map[string]string{"an unknown one": "id,colour", "an empty one": "id,", "another case": "ID", "only a comma": ",", "a long one": strings.Repeat("id", 10_000)} {
		t.Run(name, func(t *testing.T) {
			if got, err := parseFields(text); !fault.Is(err, fault.Invalid) {
				t.Errorf("parseFields(%.20q) = %b, %v, want a fault of the client", text, got, err)
			}
		})
	}
}
