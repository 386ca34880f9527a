package recommend

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"shopkeeper/shared/event"
	"shopkeeper/shared/recommend/arrival"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/model"
	"shopkeeper/shared/recommend/trend"
	"shopkeeper/shared/simulate"
)

// simulated is a made-up shop's model of a stranger's lists alone, and its customers with their tastes.
func simulated(t *testing.T) (*Model, []simulate.Customer) {
	t.Helper()
	made := simulate.Shop(5, simulate.Options{Items: 200, Customers: 300, Days: 90, End: testNow})
	var items []model.Item
	for _, it := range made.Items {
		items = append(items, model.Item{ID: string(it.ID), Title: it.Title, URL: it.URL, Price: it.Price, Currency: it.Currency, Category: it.Category, Brand: it.Brand, Created: it.Created})
	}
	c, err := model.NewCatalog(items)
	if err != nil {
		t.Fatal(err)
	}
	var events []trend.Event
	for _, e := range made.Events {
		for _, l := range e.Lines {
			if i, ok := c.Ordinal(string(l.Item)); ok {
				events = append(events, trend.Event{Item: i, Time: e.At.Unix(), Weight: 1})
			}
		}
	}
	heat := trend.Measure(events, len(c.Items), testNow.Unix(), trend.DefaultSettings)
	contents := model.Contents{Trained: testNow, Catalog: c}
	for _, members := range c.Members() {
		contents.Popular = append(contents.Popular, trend.Rank(members, func(i item.Ordinal) float32 { return heat.Popular[i] }, 100))
		contents.Trending = append(contents.Trending, trend.Rank(members, func(i item.Ordinal) float32 { return heat.Trending[i] }, 100))
		slices.SortStableFunc(members, func(a, b item.Ordinal) int { return c.Items[b].Created.Compare(c.Items[a].Created) })
		contents.Newest = append(contents.Newest, members)
	}
	file, err := model.Encode(contents)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Open(file)
	if err != nil {
		t.Fatal(err)
	}
	return m, made.Customers
}

// wants draws the department that a customer comes for this time, by their tastes.
func wants(random *rand.Rand, tastes map[string]float64) (department string) {
	u := random.Float64()
	for _, d := range slices.Sorted(maps.Keys(tastes)) {
		if department = d; u < tastes[d] {
			break
		}
		u -= tastes[d]
	}
	return department
}

// TestArrivalsFindTastes shows first pages to customers whose tastes are known and of whom the shop knows nothing: with the department that they came for in the address, a page
// has more of what they like; with words that name nothing it has the same.
func TestArrivalsFindTastes(t *testing.T) {
	m, customers := simulated(t)
	var w Worker
	relevant := func(from func(department string) arrival.Arrival) (share float64) {
		random := rand.New(rand.NewPCG(1, 1))
		for n, who := range customers {
			q := Query{Slots: DefaultSlots, Seed: uint32(n), Now: testNow, Arrival: from(wants(random, who.Tastes))}
			liked, all := 0.0, 0.0
			for _, s := range w.Answer(m, &q) {
				for _, p := range s.Picks {
					department, _, _ := strings.Cut(m.CategoryPath(p.Item), model.Separator)
					if who.Tastes[department] >= 0.2 {
						liked++
					}
					all++
				}
			}
			share += liked / all / float64(len(customers))
		}
		return share
	}
	without := relevant(func(string) arrival.Arrival { return arrival.Arrival{} })
	nothing := relevant(func(string) arrival.Arrival { return arrival.Arrival{URL: "/about?utm_campaign=summer"} })
	t.Logf("of a stranger's first page %.3f is of liked departments without a hint", without)
	if nothing != without {
		t.Errorf("words that name nothing make it %.3f", nothing)
	}
	for name, from := range map[string]func(string) arrival.Arrival{
		"landing path": func(d string) arrival.Arrival { return arrival.Arrival{URL: "https://shop.example/c/" + d} },
		"campaign":     func(d string) arrival.Arrival { return arrival.Arrival{Campaign: "autumn-" + d + "-2026"} },
		"search": func(d string) arrival.Arrival {
			return arrival.Arrival{Referrer: "https://search.example/?q=cheap+" + d}
		},
	} {
		with := relevant(from)
		t.Logf("%s: %.3f", name, with)
		if with < 1.5*without {
			t.Errorf("%s: %.3f of the page is liked, without it %.3f: want half as much again", name, with, without)
		}
	}
	t.Run("an item's page", func(t *testing.T) {
		first := map[string]event.ItemID{}
		for i := range item.Ordinal(m.Len()) {
			department, _, _ := strings.Cut(m.CategoryPath(i), model.Separator)
			if _, ok := first[department]; !ok {
				first[department] = event.ItemID(m.ID(i))
			}
		}
		with := relevant(func(d string) arrival.Arrival { return arrival.Arrival{URL: "/product/" + string(first[d])} })
		if t.Logf("item: %.3f", with); with <= without {
			t.Errorf("%.3f of the page is liked, without it %.3f", with, without)
		}
	})
}
