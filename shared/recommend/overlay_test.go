package recommend

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/event"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/model"
)

// BenchmarkWith lays ten changed prices over a catalog of half a million items.
func BenchmarkWith(b *testing.B) {
	const items = 500_000
	all := make([]model.Item, items)
	for n := range all {
		all[n] = model.Item{ID: fmt.Sprintf("%06d", n), Title: "A thing", Price: 100, Currency: "GBP"}
	}
	c, err := model.NewCatalog(all)
	if err != nil {
		b.Fatal(err)
	}
	file, err := model.Encode(model.Contents{Trained: testNow, Catalog: c})
	if err != nil {
		b.Fatal(err)
	}
	m, err := Open(file)
	if err != nil {
		b.Fatal(err)
	}
	delta := catalog.Delta{Changes: map[event.ItemID]catalog.Change{}}
	for n := range 10 {
		delta.Changes[event.ItemID(all[n*1000].ID)] = catalog.Change{Price: 99, SoldOut: n%2 == 0, At: testNow.Add(time.Minute)}
	}
	b.ReportAllocs()
	for b.Loop() {
		if m.With(delta).Sellable(item.Ordinal(0)) {
			b.Fatal("sold out, and for sale")
		}
	}
}

func TestOverlaysShareWhatDidNotChange(t *testing.T) {
	m := testModel(t)
	price := func(m *Model, id string) string {
		i, _ := m.Lookup(id)
		return string(m.Fragment(i))
	}
	before := price(m, "i01")
	i, _ := m.Lookup("i02")
	same := &m.Fragment(i)[0]
	at := testNow.Add(time.Minute)
	over := m.With(catalog.Delta{Changes: map[event.ItemID]catalog.Change{"i01": {Price: 7, At: at}, "i04": {Price: 9, SoldOut: true, At: at}, "new": {New: true, Price: 5, At: at}}}, lamp("new", at))
	if &over.Fragment(i)[0] != same {
		t.Error("the JSON of an item that did not change is made again")
	}
	for id, want := range map[string]string{"i01": `"amount":7,`, "i04": `"amount":9,`, "new": `"amount":5,`} {
		if got := price(over, id); !strings.Contains(got, want) {
			t.Errorf("%s is %s, want %s", id, got, want)
		}
	}
	if got := price(m, "i01"); got != before {
		t.Errorf("the model below shows %s, before %s", got, before)
	}
	back := over.With(catalog.Delta{Changes: map[event.ItemID]catalog.Change{"i04": {Price: 104, At: at.Add(time.Minute)}}})
	if got := price(back, "i01"); got != before {
		t.Errorf("a price that is the file's again: %s, want %s", got, before)
	}
	if j, _ := back.Lookup("i04"); !back.Sellable(j) || back.Price(j) != 104 {
		t.Errorf("an item for sale again: %v at %d", back.Sellable(j), back.Price(j))
	}
}
