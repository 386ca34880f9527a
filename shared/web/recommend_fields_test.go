package web

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/locale"
	"shopkeeper/shared/recommend"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/model"
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

// What a shelf says of a pick does not depend on the picks before it, however many have the same reason.
func TestReasonsOfAShelf(t *testing.T) {
	var items []model.Item
	for n := range 12 {
		items = append(items, model.Item{ID: string(rune('a' + n)), Title: "<" + strings.Repeat(string(rune('A'+n)), 1+n) + ">", Category: []string{"Lamps", "Desks > Oak", ""}[n%3]})
	}
	c, err := model.NewCatalog(items)
	if err != nil {
		t.Fatal(err)
	}
	file, err := model.Encode(model.Contents{Catalog: c})
	if err != nil {
		t.Fatal(err)
	}
	m, err := recommend.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	words := locale.New(nil).Choose("de")
	keys := []locale.Key{locale.BecauseViewed, locale.BecauseBought, locale.BecauseCat, locale.BecauseCame, locale.IsPopular, locale.BecauseSession, "unknown"}
	sources := []recommend.Source{recommend.FromSession, recommend.FromCategory, recommend.FromExploring}
	random := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		var picks []recommend.Pick
		for n := range len(items) {
			p := recommend.Pick{Item: item.Ordinal(n), Score: random.Float32(), Propensity: 1, Source: sources[random.IntN(len(sources))], Reason: recommend.Reason{Key: keys[random.IntN(len(keys))]}}
			switch p.Reason.Key {
			case locale.BecauseViewed, locale.BecauseBought:
				p.Reason.Named, p.Reason.About = true, item.Ordinal(random.IntN(2))
			case locale.BecauseCame:
				p.Reason.Category = m.CategoryOf(item.Ordinal(random.IntN(2)))
			}
			picks = append(picks, p)
		}
		for _, f := range []fields{allFields, fieldSource, fieldReason, 0, fieldScore | fieldReason} {
			write := func(l *listing, at int, picks ...recommend.Pick) string {
				text := strings.Builder{}
				dst := []byte("before")
				for n := range picks {
					from := len(dst)
					dst = l.appendRank(dst, &picks[n], at+n)
					text.Write(dst[from:])
					text.WriteByte('\n')
				}
				return text.String()
			}
			alone := ""
			for n, p := range picks {
				alone += write(&listing{model: m, words: words, fields: f}, n, p)
			}
			if diff := cmp.Diff(alone, write(&listing{model: m, words: words, fields: f}, 0, picks...)); diff != "" {
				t.Fatalf("fields %b (-each alone +as a shelf):\n%s", f, diff)
			}
		}
	}
}
