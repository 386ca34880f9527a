package backtest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/content"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/purchase"
)

func first(t *testing.T, name string, settings map[string]string, log Training, h History) []item.Ordinal {
	t.Helper()
	specs, err := Parse([]string{name}, settings)
	if err != nil {
		t.Fatal(err)
	}
	m, err := specs[0].fit(t.Context(), log, specs[0].Params)
	if err != nil {
		t.Fatal(err)
	}
	var got []item.Ordinal
	for _, s := range m.Answer(nil, h, 2) {
		got = append(got, s.Item)
	}
	return got
}

// Each source alone: items 0 and 1 go together, 2 is what everybody buys now, 3 is bought every ten days.
func TestSourcesAlone(t *testing.T) {
	var customers []purchase.Customer
	for range 20 {
		var c purchase.Customer
		for week := range int64(10) {
			b := purchase.Basket{Time: week * 10 * secondsADay, Items: ordinals(3)}
			if week < 5 {
				b.Items = ordinals(0, 1, 3)
			}
			if week == 9 {
				b.Items = ordinals(2, 3)
			}
			c = append(c, b)
		}
		customers = append(customers, c)
	}
	log := newTraining(5, nil, nil, customers)
	log.Described = []content.Item{{Title: "blue cup"}, {Title: "spade"}, {Title: "red cup"}, {}, {Title: "pot"}}
	asked := History{Items: ordinals(0), Baskets: customers[0], Now: 100 * secondsADay}
	again := asked
	again.Repeats = true
	for name, tt := range map[string]struct {
		model   string
		history History
		want    []item.Ordinal
	}{
		"bought together":                  {"together", asked, ordinals(1)},
		"alike by words":                   {"content", asked, ordinals(2)},
		"what moves, known items left out": {"trending", asked, ordinals(3, 2)},
		"bought again and due":             {"buyagain", again, ordinals(3, 0)},
		"nothing is bought again":          {"buyagain", asked, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, first(t, tt.model, nil, log, tt.history)); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
	specs, err := Parse([]string{"content"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	log.Described = nil
	if _, err := specs[0].fit(t.Context(), log, specs[0].Params); !fault.Is(err, fault.Invalid) {
		t.Errorf("content of items that nobody described: %v", err)
	}
}

func TestReadItems(t *testing.T) {
	text := "item,name,category,brand\n1,cup,Home,Falcon\n,pot,Home,\n2\n"
	items, rejects, err := ReadItems(strings.NewReader(text), FormatOf("a.csv"), map[string]string{"title": "name"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]content.Item{"1": {Title: "cup", Category: "Home", Brand: "Falcon"}, "2": {}}, items); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	if len(rejects) != 1 || rejects[0].Line != 3 {
		t.Errorf("rejects %+v, want line 3", rejects)
	}
	if diff := cmp.Diff([]content.Item{{}, {Title: "cup", Category: "Home", Brand: "Falcon"}}, Log{Items: []string{"0", "1"}}.WithItems(items).described); diff != "" {
		t.Errorf("described (-want +got):\n%s", diff)
	}
	for _, text := range []string{"", "name\n", "item\n"} {
		if _, _, err := ReadItems(strings.NewReader(text), FormatOf("a.csv"), map[string]string{"title": "name"}); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: got %v, want an invalid fault", text, err)
		}
	}
}
