package profile

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/table"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// did is a track event a number of seconds after noon; the id is made from both.
func did(name event.Name, second int, lines ...event.Line) event.Event {
	at := noon.Add(time.Duration(second) * time.Second)
	return event.Event{
		Shop: "demo", Visitor: "v1", ID: event.ID(fmt.Sprintf("%s %d", name, second)), Type: event.Track, Name: name, At: at, ReceivedAt: at.Add(time.Second), Lines: lines,
	}
}

func ordered(name event.Name, second int, order string, amount int64, lines ...event.Line) event.Event {
	e := did(name, second, lines...)
	e.Order = &event.Order{ID: order, Total: amount, Currency: "GBP"}
	return e
}

func line(item event.ItemID) event.Line {
	return event.Line{Item: item, Quantity: 1, Price: 250, Category: "Home > Kitchen", Brand: "Regency"}
}

func folded(events ...event.Event) Profile {
	p := Profile{Shop: "demo", ID: "v1"}
	for _, e := range events {
		Fold(&p, e, DefaultWeights)
	}
	return p
}

func second(n int) time.Time { return noon.Add(time.Duration(n) * time.Second) }

func TestFold(t *testing.T) {
	bot, ancient, future := did(event.ProductViewed, 5, line("A")), did(event.ProductViewed, 9, line("A")), did(event.ProductViewed, 9, line("A"))
	bot.Verdict = event.Bot
	ancient.At = noon.AddDate(-1, 0, 0)
	future.At = noon.AddDate(1, 0, 0)
	page := did("Basket page", 3)
	page.Type, page.Category = event.Page, "Garden"
	today := day(noon)
	tests := map[string]struct {
		events []event.Event
		look   func(Profile) any
		want   any
	}{
		"an item stays once, with the strongest deed and the latest time": {
			[]event.Event{did(event.ProductViewed, 1, line("A")), did(event.ProductAdded, 2, line("A")), did(event.ProductViewed, 3, line("B")), did(event.ProductViewed, 4, line("A"))},
			func(p Profile) any { return p.Recent },
			[]Recent{{Item: "A", Kind: Carted, At: second(4)}, {Item: "B", Kind: Viewed, At: second(3)}},
		},
		"interest adds up by item": {
			[]event.Event{did(event.ProductViewed, 0, line("A")), did(event.ProductClicked, 0, line("B"))},
			func(p Profile) any { return p.Items },
			[]Interest{{"B", 2, second(0)}, {"A", 1, second(0)}},
		},
		"a category counts once an event": {
			[]event.Event{did(event.AddedToWishlist, 0, line("A"), line("B"), line("C"))},
			func(p Profile) any { return p.Categories },
			[]Interest{{"Home > Kitchen", 4, second(0)}},
		},
		"a page shows interest in its category": {
			[]event.Event{page}, func(p Profile) any { return p.Categories }, []Interest{{"Garden", 1, second(3)}},
		},
		"a dismissal counts against the item and is remembered": {
			[]event.Event{did(event.ProductViewed, 0, line("A")), did(event.ItemDismissed, 0, event.Line{Item: "A"})},
			func(p Profile) any { return []any{p.Items, p.Dismissed} },
			[]any{[]Interest{{"A", -9, second(0)}}, []event.ItemID{"A"}},
		},
		"looking does not lift a dismissal": {
			[]event.Event{did(event.ItemDismissed, 0, line("A")), did(event.ProductViewed, 1, line("A"))},
			func(p Profile) any { return p.Dismissed }, []event.ItemID{"A"},
		},
		"the basket lifts a dismissal": {
			[]event.Event{did(event.ItemDismissed, 0, line("A")), did(event.ProductAdded, 1, line("A"))},
			func(p Profile) any { return p.Dismissed }, []event.ItemID{},
		},
		"the basket adds and removes": {
			[]event.Event{
				did(event.ProductAdded, 1, event.Line{Item: "A", Quantity: 3}), did(event.ProductAdded, 2, event.Line{Item: "B"}),
				did(event.ProductRemoved, 3, event.Line{Item: "A", Quantity: 1}), did(event.ProductRemoved, 4, event.Line{Item: "B"}),
			},
			func(p Profile) any { return p.Cart }, []CartLine{{"A", 2}},
		},
		"an event that lists the basket says what is in it": {
			[]event.Event{did(event.ProductAdded, 1, line("A")), did(event.CheckoutStarted, 2, event.Line{Item: "B", Quantity: 4})},
			func(p Profile) any { return p.Cart }, []CartLine{{"B", 4}},
		},
		"an order empties the basket and is a purchase": {
			[]event.Event{did(event.ProductAdded, 1, line("A")), ordered(event.OrderCompleted, 2, "o1", 990, line("A"), line("B"))},
			func(p Profile) any { return []any{p.Cart, p.Purchases} },
			[]any{[]CartLine{}, []Purchase{{Item: "A", Times: 1, Last: second(2)}, {Item: "B", Times: 1, Last: second(2)}}},
		},
		"the same order told again counts once": {
			[]event.Event{ordered(event.OrderCompleted, 1, "o1", 990, line("A")), ordered(event.OrderCompleted, 2, "o1", 990, line("A")), ordered(event.OrderCompleted, 3, "o2", 10, line("A"))},
			func(p Profile) any { return []any{p.Orders, p.Purchases} },
			[]any{
				Orders{Count: 2, Sum: 1000, Currency: "GBP", First: second(1), Last: second(3), Latest: []OrderRef{{hash36("o1"), 990}, {hash36("o2"), 10}}},
				[]Purchase{{Item: "A", Times: 2, Last: second(3)}},
			},
		},
		"an order without a total is worth its lines": {
			[]event.Event{ordered(event.OrderCompleted, 1, "o1", 0, event.Line{Item: "A", Quantity: 3, Price: 250}, event.Line{Item: "B", Price: 100})},
			func(p Profile) any { return p.Orders.Sum }, int64(850),
		},
		"a refund takes at most what is left": {
			[]event.Event{ordered(event.OrderCompleted, 1, "o1", 900, line("A")), ordered(event.OrderRefunded, 2, "o1", 500), ordered(event.OrderRefunded, 3, "o1", 500)},
			func(p Profile) any { return []any{p.Orders.Count, p.Orders.Sum} }, []any{int64(1), int64(0)},
		},
		"a refund of an unknown order lowers the sum": {
			[]event.Event{ordered(event.OrderCompleted, 1, "o1", 900, line("A")), ordered(event.OrderRefunded, 2, "old", 300, line("A"))},
			func(p Profile) any { return []any{p.Orders.Count, p.Orders.Sum, p.Purchases} }, []any{int64(1), int64(600), []Purchase{}},
		},
		"a cancelled order counts no more, however often it is cancelled or told": {
			[]event.Event{
				ordered(event.OrderCompleted, 1, "o1", 900), ordered(event.OrderCompleted, 2, "o2", 50), ordered(event.OrderCancelled, 3, "o1", 0),
				ordered(event.OrderCancelled, 4, "o1", 0), ordered(event.OrderUpdated, 5, "o1", 700), ordered(event.OrderCompleted, 6, "o1", 900),
			},
			func(p Profile) any { return []any{p.Orders.Count, p.Orders.Sum} }, []any{int64(1), int64(50)},
		},
		"an update says what the order is worth": {
			[]event.Event{ordered(event.OrderCompleted, 1, "o1", 900), ordered(event.OrderUpdated, 2, "o1", 1200)},
			func(p Profile) any { return p.Orders.Sum }, int64(1200),
		},
		"an update without a total has further lines": {
			[]event.Event{ordered(event.OrderCompleted, 1, "o1", 900, line("A")), ordered(event.OrderUpdated, 1, "o1", 0, line("B"))},
			func(p Profile) any { return []any{p.Orders.Sum, p.Purchases} },
			[]any{int64(900), []Purchase{{Item: "A", Times: 1, Last: second(1)}, {Item: "B", Times: 1, Last: second(1)}}},
		},
		"visits are half an hour apart": {
			[]event.Event{did(event.ProductViewed, 0), did(event.ProductViewed, 1800), did(event.ProductViewed, 3601), did(event.ProductViewed, 60), ancient},
			func(p Profile) any { return []any{p.Visits, p.FirstSeen, p.LastSeen} }, []any{int64(3), noon.AddDate(-1, 0, 0), second(3601)},
		},
		"nothing happens after it was received": {
			[]event.Event{future}, func(p Profile) any { return p.LastSeen }, second(10),
		},
		"counters by name and day, pages as pages": {
			[]event.Event{did("Quiz finished", 1), did("Quiz finished", 2), page, did("Quiz finished", 86_400)},
			func(p Profile) any { return p.Counters },
			[]Counter{{"Quiz finished", today + 1, 1}, {"Quiz finished", today, 2}, {"page", today, 1}},
		},
		"bots leave no trace": {
			[]event.Event{bot}, func(p Profile) any { return p }, Profile{Shop: "demo", ID: "v1"},
		},
		"an event told twice counts once": {
			[]event.Event{did(event.ProductAdded, 1, line("A")), did(event.ProductAdded, 1, line("A"))},
			func(p Profile) any { return []any{p.Cart, p.Applied.Count} }, []any{[]CartLine{{"A", 1}}, int64(1)},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tt.look(folded(tt.events...)), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("profile (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFoldAfterForgetting(t *testing.T) {
	p := Profile{Shop: "demo", ID: "v1", Forgotten: second(11)}
	for at, want := range map[int]Outcome{9: Refused, 10: Refused, 11: Folded} {
		if got := Fold(&p, did(event.ProductViewed, at, line("A")), DefaultWeights); got != want {
			t.Errorf("an event received at %d was %v, want %v", at+1, got, want)
		}
	}
	denied := Profile{Shop: "demo", ID: "v1", Consent: consent.State{Personalization: consent.Denied, At: noon}}
	if got := Fold(&denied, did(event.ProductViewed, 1, line("A")), DefaultWeights); got != Refused {
		t.Errorf("an event after a no was %v", got)
	}
}

func TestInterestHalves(t *testing.T) {
	p := folded(did(event.ProductViewed, 0, line("A")), did(event.ProductViewed, int(HalfLife/time.Second), line("A")))
	if diff := cmp.Diff([]Interest{{"A", 1.5, noon.Add(HalfLife)}}, p.Items); diff != "" {
		t.Errorf("interest (-want +got):\n%s", diff)
	}
	if got := p.Items[0].Now(noon.Add(2 * HalfLife)); got != 0.75 {
		t.Errorf("a half-life later: %v", got)
	}
	late := folded(did(event.ProductViewed, int(HalfLife/time.Second), line("A")), did(event.ProductViewed, 0, line("A")))
	if diff := cmp.Diff(p.Items, late.Items); diff != "" {
		t.Errorf("the older view came later (-want +got):\n%s", diff)
	}
}

func TestWeightsOf(t *testing.T) {
	want := DefaultWeights
	want.View, want.Dismiss = 0.5, -20
	if diff := cmp.Diff(want, WeightsOf(map[string]float64{"view": 0.5, "dismiss": -20, "other": 1})); diff != "" {
		t.Errorf("weights (-want +got):\n%s", diff)
	}
}

var names = []event.Name{
	event.ProductListViewed, event.ProductViewed, event.ProductClicked, event.ProductAdded, event.ProductRemoved, event.CartViewed, event.OrderCompleted, event.OrderUpdated,
	event.OrderRefunded, event.OrderCancelled, event.AddedToWishlist, event.RemovedFromWishlist, event.ItemDismissed, event.ProductsSearched, "Quiz finished",
}

// drawEvents is what one visitor did: in the order of commit, receipts up to a minute out of order, deeds up to a year late; item ids of all lengths.
func drawEvents(t *rapid.T, most int) []event.Event {
	items := rapid.SliceOfN(rapid.OneOf(rapid.StringMatching(`[A-Z0-9]{1,8}`), rapid.Map(anyText(), func(s string) string {
		return (s + strings.Repeat(`"`, 100))[:100]
	})), 1, 60).Draw(t, "items")
	word := func(label string, many int) string {
		if n := rapid.IntRange(0, many).Draw(t, label); n > 0 {
			return strings.Repeat(fmt.Sprintf("%s %d;", label, n), n%7+1)
		}
		return ""
	}
	now := noon
	var list []event.Event
	for i := range rapid.IntRange(1, most).Draw(t, "events") {
		now = now.Add(time.Duration(rapid.Int64Range(0, int64(40*time.Minute)).Draw(t, "pause")))
		e := event.Event{
			Shop: "demo", Visitor: "v1", ID: event.ID(fmt.Sprintf("m%d", i)), Type: rapid.SampledFrom([]event.Type{event.Track, event.Track, event.Track, event.Page, event.Identify}).Draw(t, "type"),
			Name: rapid.SampledFrom(names).Draw(t, "name"), ReceivedAt: now.Add(-time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(t, "late"))).Truncate(time.Millisecond), Category: word("list", 30),
		}
		e.At = e.ReceivedAt.Add(-time.Duration(rapid.Int64Range(-int64(time.Hour), int64(time.Hour)*24).Draw(t, "ago")))
		if rapid.IntRange(0, 30).Draw(t, "archived") == 0 {
			e.At = e.At.AddDate(-1, 0, 0)
		}
		for range rapid.IntRange(0, 5).Draw(t, "lines") {
			e.Lines = append(e.Lines, event.Line{
				Item: event.ItemID(rapid.SampledFrom(items).Draw(t, "item")), Quantity: rapid.Int64Range(-1, 20_000).Draw(t, "quantity"), Price: rapid.Int64Range(-5, math.MaxInt64).Draw(t, "price"),
				Category: word("category", 40), Brand: word("brand", 20),
			})
		}
		if strings.HasPrefix(string(e.Name), "Order") && rapid.Bool().Draw(t, "has order") {
			e.Order = &event.Order{
				ID: fmt.Sprint(rapid.IntRange(0, 9).Draw(t, "order")), Total: rapid.Int64Range(-5, math.MaxInt64).Draw(t, "total"), Currency: rapid.SampledFrom([]string{"", "GBP", "EUR"}).Draw(t, "currency"),
			}
		}
		if rapid.IntRange(0, 5).Draw(t, "of an offer") == 0 {
			e.Name = rapid.SampledFrom([]event.Name{event.PromotionViewed, event.PromotionClicked, event.ItemDismissed, event.OrderCompleted}).Draw(t, "promotion")
			e.Recommendation = impressionID(rapid.StringMatching("[a-c]{1,2}(-[a-z]{60})?").Draw(t, "offer"), rapid.SampledFrom([]string{"v1", "v2"}).Draw(t, "whose"), rapid.IntRange(1, 5).Draw(t, "ordinal"))
		}
		list = append(list, e)
	}
	return list
}

// stored is the profile after it went through a table.
func stored(t *rapid.T, p Profile) Profile {
	it, err := p.Item()
	if err != nil {
		t.Fatalf("store %+v: %v", p, err)
	}
	if n := table.Size(it); n > MaxBytes-roomForName-roomForPerson {
		t.Fatalf("%d bytes leave no room for name and person", n)
	}
	got, err := Decode(it)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestFoldOnceWhateverComesAgain delivers the same events in batches that fail anywhere and come again from a checkpoint, or from the beginning of the
// batch after the profile was written: the profile equals that of a clean run in memory.
func TestFoldOnceWhateverComesAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := drawEvents(t, 300)
		clean := Profile{Shop: "demo", ID: "v1"}
		for _, e := range events {
			Fold(&clean, e, DefaultWeights)
		}
		p := Profile{Shop: "demo", ID: "v1"}
		for at, failures := 0, 0; at < len(events); {
			batch := events[at:min(len(events), at+rapid.IntRange(1, MaxApplied).Draw(t, "batch"))]
			next := stored(t, p)
			for _, e := range batch {
				Fold(&next, e, DefaultWeights)
				if rapid.IntRange(0, 9).Draw(t, "twice") == 0 {
					Fold(&next, e, DefaultWeights)
				}
			}
			if failures++; failures < 200 && rapid.IntRange(0, 3).Draw(t, "lost") == 0 {
				continue // the process died before it wrote
			}
			p = stored(t, next)
			if failures < 200 {
				at += rapid.IntRange(0, len(batch)).Draw(t, "checkpoint")
			} else {
				at += len(batch)
			}
		}
		if diff := cmp.Diff(clean, p, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("profile (-clean +repeated):\n%s", diff)
		}
	})
}

// TestFoldKeepsOrders holds the invariants of every list after every event.
func TestFoldKeepsOrders(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Profile{Shop: "demo", ID: "v1"}
		for _, e := range drawEvents(t, 60) {
			Fold(&p, e, DefaultWeights)
			sortedBy(t, "recent", p.Recent, compareRecent)
			sortedBy(t, "purchases", p.Purchases, comparePurchase)
			sortedBy(t, "counters", p.Counters, compareCounter)
			sortedBy(t, "offers", p.Offers, compareOffer)
			for _, n := range []struct{ got, limit int }{
				{len(p.Recent), maxRecent}, {len(p.Items), maxItems}, {len(p.Categories), maxCategories}, {len(p.Brands), maxBrands}, {len(p.Counters), maxCounters}, {len(p.Cart), maxCart},
				{len(p.Purchases), maxPurchases}, {len(p.Dismissed), maxDismissed}, {len(p.Orders.Latest), maxLatest}, {len(p.Applied.IDs), MaxApplied}, {len(p.Offers), MaxOffers},
			} {
				if n.got > n.limit {
					t.Fatalf("a list of %d, at most %d", n.got, n.limit)
				}
			}
		}
	})
}

func sortedBy[T any](t *rapid.T, name string, list []T, compare func(a, b T) int) {
	for i := 1; i < len(list); i++ {
		if compare(list[i-1], list[i]) >= 0 {
			t.Fatalf("%s: %v does not come before %v", name, list[i-1], list[i])
		}
	}
}

func BenchmarkFold(b *testing.B) {
	p := fullProfile()
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		e := did(event.ProductViewed, i, event.Line{Item: event.ItemID(fmt.Sprint(85_000 + i%40)), Category: "Home > Kitchen > Cake stands 1"})
		Fold(&p, e, DefaultWeights)
		i++
	}
}

func TestPurchasesKnowTheirSpan(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 3, n, 9, 0, 0, 0, time.UTC) }
	var p, q Profile
	for _, n := range []int{1, 8, 4} {
		p.Ordered(day(n), "tea")
	}
	if diff := cmp.Diff([]Purchase{{Item: "tea", Times: 3, Last: day(8), Over: 7}}, p.Purchases); diff != "" {
		t.Errorf("purchases (-want +got):\n%s", diff)
	}
	if p.Orders.Count != 3 || !p.Orders.First.Equal(day(1)) || !p.Orders.Last.Equal(day(8)) {
		t.Errorf("orders: %+v", p.Orders)
	}
	q.Ordered(day(2), "tea")
	q.Ordered(day(20), "tea")
	if both := p.Purchases[0].with(q.Purchases[0]); both != (Purchase{Item: "tea", Times: 5, Last: day(20), Over: 19}) || both != q.Purchases[0].with(p.Purchases[0]) {
		t.Errorf("of two devices: %+v", both)
	}
	refunded := addPurchase(p.Purchases, Purchase{Item: "tea", Times: -1})
	if diff := cmp.Diff([]Purchase{{Item: "tea", Times: 2, Last: day(8), Over: 7}}, refunded); diff != "" {
		t.Errorf("after a refund (-want +got):\n%s", diff)
	}
}

// A list full of what was bought twice long ago must not keep a new habit from beginning.
func TestANewPurchaseFindsPlace(t *testing.T) {
	long := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	var p Profile
	for n := range 2 * maxPurchases {
		p.Ordered(long.AddDate(0, 0, n), event.ItemID(fmt.Sprint("old-", n%maxPurchases)))
	}
	p.Ordered(long.AddDate(1, 0, 0), "tea")
	if len(p.Purchases) != maxPurchases || p.Purchases[0].Item != "tea" {
		t.Errorf("%d purchases, first %+v", len(p.Purchases), p.Purchases[0])
	}
	p.Ordered(long.AddDate(1, 0, 1), "cup")
	if !slices.ContainsFunc(p.Purchases, func(x Purchase) bool { return x.Item == "tea" }) {
		t.Error("what was bought yesterday is forgotten before what was bought twice a year ago")
	}
}
