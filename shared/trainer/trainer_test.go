package trainer

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/backtest"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/interaction"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/itemitem"
	"shopkeeper/shared/recommend/model"
)

var start = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// clock stands still at the end of the second year.
func clock() time.Time { return start.AddDate(2, 0, 0) }

// shop is a made-up history of some days: people have a taste for one of four departments, and what they look at in one visit is next to each other.
func shop(seed uint64, days int) Input {
	const items, departments, people = 80, 4, 60
	random := rand.New(rand.NewPCG(seed, 1))
	var in Input
	for n := range items {
		in.Items = append(in.Items, model.Item{ID: fmt.Sprintf("item-%02d", n), Category: fmt.Sprintf("Shop > Department %d", n*departments/items)})
	}
	for day := range days {
		for range 12 {
			person := random.IntN(people)
			at := start.AddDate(0, 0, day).Add(time.Duration(random.IntN(80000)) * time.Second)
			first := items/departments*(person%departments) + random.IntN(items/departments-3)
			basket := interaction.Basket{ID: fmt.Sprint(day, person), Person: fmt.Sprint("person-", person), Time: at.Add(10 * time.Minute)}
			for step := range 3 {
				id := in.Items[first+step].ID
				in.Interactions = append(in.Interactions, interaction.Interaction{Person: basket.Person, Item: id, Time: at.Add(time.Duration(step) * time.Minute)})
				basket.Items = append(basket.Items, id)
			}
			if random.IntN(3) == 0 {
				in.Baskets = append(in.Baskets, basket)
			}
		}
	}
	return in
}

func train(t *testing.T, in Input, change func(*Settings)) Result {
	t.Helper()
	s := DefaultSettings(clock)
	s.EASE.Lambda = 5
	if change != nil {
		change(&s)
	}
	r, err := Train(t.Context(), in, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func open(t *testing.T, r Result) *model.Model {
	t.Helper()
	m, err := model.Open(r.File)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestTheModelKnowsTheShop(t *testing.T) {
	r := train(t, shop(1, 60), nil)
	m := open(t, r)
	if m.Version() != r.Report.Version || m.Len() != 80 || m.Categories() != 5 {
		t.Errorf("version %d of %d, %d items, %d categories", m.Version(), r.Report.Version, m.Len(), m.Categories())
	}
	for _, c := range r.Report.Checks {
		if c.After < 2*c.Popularity {
			t.Errorf("%s finds %.3f, popularity %.3f: want twice as much", c.Model, c.After, c.Popularity)
		}
	}
	if len(r.Report.Checks) != 3 || !r.Report.Publish {
		t.Errorf("%d checks, published %v: want 3, true", len(r.Report.Checks), r.Report.Publish)
	}
	tea, _ := m.Lookup("item-21")
	for _, s := range itemitem.Score(nil, &itemitem.Scratch{}, m.Weights(), []item.Ordinal{tea}, nil, 3) {
		if m.CategoryOf(s.Item) != m.CategoryOf(tea) {
			t.Errorf("%s is recommended with %s", m.Detail(s.Item).ID, m.ID(tea))
		}
	}
	if together, _ := m.Together(tea); len(together) == 0 {
		t.Error("nothing is bought together")
	}
	if len(m.Popular(model.None)) != 76 || len(m.Trending(0)) == 0 || len(m.Newest(1)) != 19 { // each department has one item that nobody sees
		t.Errorf("lists of %d, %d, %d", len(m.Popular(model.None)), len(m.Trending(0)), len(m.Newest(1)))
	}
	if m.Repeats().Rate[tea] == 0 {
		t.Error("people come back for everything here, yet the rate is 0")
	}
}

func TestEqualInputGivesAnEqualFile(t *testing.T) {
	a, b := train(t, shop(1, 30), nil), train(t, shop(1, 30), nil)
	if !bytes.Equal(a.File, b.File) {
		t.Error("two files of one history differ")
	}
	if diff := cmp.Diff(a.Report, b.Report); diff != "" {
		t.Errorf("reports (-first +second):\n%s", diff)
	}
}

func TestAWorseModelIsRefused(t *testing.T) {
	good := train(t, shop(1, 60), func(s *Settings) { s.Now = func() time.Time { return start.AddDate(0, 0, 60) } })
	in := shop(1, 75)
	in.Previous, in.Baskets = good.File, nil
	random := rand.New(rand.NewPCG(9, 9)) // an import went wrong: nearly every line names any item
	for n := range in.Interactions[:len(in.Interactions)*9/10] {
		in.Interactions[n].Item = in.Items[random.IntN(len(in.Items))].ID
	}
	r := train(t, in, nil)
	if r.Report.Publish || !strings.Contains(r.Report.Reason, "worse than the model in use: session neighbours") {
		t.Errorf("published %v: %s", r.Report.Publish, r.Report.Reason)
	}
}

func TestWhatTheModelInUseHasSeen(t *testing.T) {
	early := train(t, shop(1, 40), func(s *Settings) { s.Now = func() time.Time { return start.AddDate(0, 0, 40) } })
	late := train(t, shop(1, 60), nil)
	tests := map[string]struct {
		previous []byte
		unseen   bool
		compared bool
		note     string
	}{
		"no model in use":                         {nil, true, false, ""},
		"a model in use of before the last tenth": {early.File, true, true, ""},
		"a model in use of the same history":      {late.File, false, true, ""},
		"a model in use that cannot be opened":    {late.File[:100], true, false, "the model in use cannot be opened"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := shop(1, 60)
			in.Previous = tt.previous
			r := train(t, in, nil).Report
			if r.Holdout.Unseen != tt.unseen || !r.Publish || !strings.HasPrefix(r.Note, tt.note) {
				t.Errorf("unseen %v, published %v (%s), note %q", r.Holdout.Unseen, r.Publish, r.Reason, r.Note)
			}
			for _, c := range r.Checks {
				if (c.Before != nil) != tt.compared {
					t.Errorf("%s is compared: %v, want %v", c.Model, c.Before != nil, tt.compared)
				}
			}
		})
	}
}

func TestTooManyItemsForTheBudget(t *testing.T) {
	for want, memory := range map[string]int64{"rp3beta": 1 << 10, "slim": 64 << 10, "ease": 1 << 30} {
		r := train(t, shop(1, 30), func(s *Settings) {
			s.Memory = memory
			s.SLIM.Neighbours, s.SLIM.Gram, s.SLIM.Top = 5, 10, 5
		})
		if got := weightsOf(r.Report); got != want {
			t.Errorf("weights are made by %s within %d bytes, want %s", got, memory, want)
		}
		if items, _ := open(t, r).Related(0); len(items) == 0 {
			t.Errorf("%s: the first item has no weights", want)
		}
	}
}

func weightsOf(r Report) string {
	for _, m := range r.Models {
		if m.Name == "item-item weights" {
			return m.Method
		}
	}
	return ""
}

func TestEmptyAndStrangeHistories(t *testing.T) {
	hidden := shop(1, 5)
	for n := range hidden.Items {
		hidden.Items[n].Hidden = true
	}
	tests := map[string]Input{
		"an empty shop":             {},
		"items and no history":      {Items: shop(1, 1).Items},
		"history without items":     {Interactions: shop(1, 3).Interactions, Baskets: shop(1, 3).Baskets},
		"everything is hidden":      hidden,
		"nothing but returns":       {Items: shop(1, 1).Items, Interactions: []interaction.Interaction{{Person: "p", Item: "item-01", Time: start, Kind: interaction.Return}}},
		"one anonymous order":       {Items: shop(1, 1).Items, Baskets: []interaction.Basket{{ID: "1", Time: start, Items: []string{"item-01", "item-01", "item-02"}}}},
		"an order of unknown items": {Items: shop(1, 1).Items, Baskets: []interaction.Basket{{ID: "1", Time: start, Items: []string{"x"}}}},
	}
	for name, in := range tests {
		t.Run(name, func(t *testing.T) {
			if r := train(t, in, nil); !r.Report.Publish || open(t, r).Len() != len(in.Items) {
				t.Errorf("published %v: %s", r.Report.Publish, r.Report.Reason)
			}
		})
	}
}

func TestUnknownItemsAreCounted(t *testing.T) {
	in := shop(1, 3)
	in.Interactions[0].Item, in.Baskets[0].Items[0] = "gone", "gone"
	if got := train(t, in, nil).Report.Unknown; got != 2 {
		t.Errorf("%d are unknown, want 2", got)
	}
}

func TestSettingsThatMeanNothing(t *testing.T) {
	tests := map[string]struct {
		change func(*Settings)
		kind   fault.Kind
	}{
		"no clock":            {func(s *Settings) { s.Now = nil }, fault.Internal},
		"weights upside down": {func(s *Settings) { s.Weights.View = 5 }, fault.Invalid},
		"no neighbours":       {func(s *Settings) { s.KNN.Neighbours = 0 }, fault.Invalid},
		"no half-life":        {func(s *Settings) { s.Trend.Near = 0 }, fault.Invalid},
		"no lambda":           {func(s *Settings) { s.EASE.Lambda = 0 }, fault.Invalid},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := DefaultSettings(clock)
			tt.change(&s)
			if _, err := Train(t.Context(), shop(1, 3), s, nil); !fault.Is(err, tt.kind) {
				t.Errorf("got %v, want %v", err, tt.kind)
			}
		})
	}
}

func TestProgress(t *testing.T) {
	last, calls, whole := -1, 0, 0
	_, err := Train(t.Context(), shop(1, 5), DefaultSettings(clock), func(stage string, done, total int) {
		if stage == "" || done < last || done > total {
			t.Errorf("%q %d of %d after %d", stage, done, total, last)
		}
		last, whole = done, total
		calls++
	})
	if err != nil || calls < 7 || last != whole {
		t.Errorf("%d calls, ended at %d of %d, %v", calls, last, whole, err)
	}
}

func TestTrainingStopsWhenAsked(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Train(ctx, shop(1, 5), DefaultSettings(clock), func(stage string, _, _ int) {
		if stage == "similar items" {
			cancel()
		}
	})
	if err == nil {
		t.Error("no error")
	}
}

func TestVisits(t *testing.T) {
	at := func(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }
	in := Input{Items: []model.Item{{ID: "a"}, {ID: "b"}, {ID: "c"}}, Interactions: []interaction.Interaction{
		{Person: "p", Item: "a", Time: at(0)},
		{Person: "q", Item: "c", Time: at(1)},
		{Person: "p", Item: "b", Time: at(29)},
		{Person: "p", Item: "c", Time: at(70)}, // after a pause
		{Person: "p", Session: "s", Item: "a", Time: at(5)},
		{Person: "r", Session: "s", Item: "b", Time: at(300)}, // signed in on the way: still one visit
		{Person: "p", Item: "b", Time: at(71), Kind: interaction.Dismissal},
	}}
	c, err := model.NewCatalog(in.Items)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, v := range newHistory(in, c).visits() {
		got = append(got, fmt.Sprint(v.Items))
	}
	if diff := cmp.Diff([]string{"[2]", "[0 1]", "[2]", "[0 1]"}, got); diff != "" {
		t.Errorf("visits (-want +got):\n%s", diff)
	}
}

func TestStrengthsAreHeldBetweenZeroAndOne(t *testing.T) {
	in := Input{Items: []model.Item{{ID: "a"}, {ID: "b"}, {ID: "c"}}}
	add := func(id string, kinds ...interaction.Kind) {
		for _, k := range kinds {
			in.Interactions = append(in.Interactions, interaction.Interaction{Person: "p", Item: id, Time: start, Kind: k})
		}
	}
	add("a", interaction.View, interaction.View, interaction.Cart)
	add("b", interaction.Order, interaction.Order, interaction.View)
	add("c", interaction.View, interaction.Dismissal)
	c, err := model.NewCatalog(in.Items)
	if err != nil {
		t.Fatal(err)
	}
	items, values := newHistory(in, c).strengths(interaction.DefaultWeights).Row(0)
	if len(items) != 2 || items[0] != 0 || items[1] != 1 || values[0] < .49 || values[0] > .51 || values[1] != 1 {
		t.Errorf("strengths are %v of %v, want 0.5 and 1 of the first two", values, items)
	}
}

// Somebody went back to an older model: the night must not bring back what they took away.
func TestHeldModel(t *testing.T) {
	check := func(low, high float64) Check {
		return Check{Before: new(0.1), Difference: &backtest.Difference{Interval: backtest.Interval{Low: low, High: high}}}
	}
	for name, c := range map[string]struct {
		checks []Check
		unseen bool
		want   bool
	}{
		"nothing to compare":            {nil, true, false},
		"the same":                      {[]Check{check(-0.01, 0.01)}, true, false},
		"better":                        {[]Check{check(-0.01, 0.01), check(0.01, 0.02)}, true, true},
		"better on what it had seen":    {[]Check{check(0.01, 0.02)}, false, false},
		"better in one, worse in other": {[]Check{check(0.01, 0.02), check(-0.02, -0.01)}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := Report{Checks: c.checks, Holdout: Holdout{Unseen: c.unseen}}
			if r.decide(true); r.Publish != c.want || r.Reason == "" {
				t.Errorf("published %v: %s", r.Publish, r.Reason)
			}
		})
	}
}
