package offer

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shopkeeper/shared/event"
	"shopkeeper/shared/offer/impression"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/table"
)

func delays(counts map[int]int64) (d [DelayBuckets]int64) {
	for i, n := range counts {
		d[i] = n
	}
	return d
}

func TestResults(t *testing.T) {
	const day = 24 * time.Hour
	tests := map[string]struct {
		events func(w *world) []event.Event // each step is folded when its time has come
		want   Cohort                       // total of the offer "tea"
		mugs   Cohort
	}{
		"seen, clicked, ordered within the hour": {
			events: func(w *world) (list []event.Event) {
				im := w.impression("tea", "v1", 1)
				list = append(list, w.told("v1", "1", event.PromotionViewed, im), w.told("v1", "2", event.PromotionClicked, im))
				w.clock.advance(10 * time.Minute)
				return append(list, w.order("v1", "3", event.OrderCompleted, "o1", 2500, ""))
			},
			want: Cohort{Subjects: 1, Impressions: 1, Clicked: 1, Orders: 1, Value: 2500, Currency: "GBP", Delays: delays(map[int]int64{0: 1})},
		},
		"the same impression on two pages": {
			events: func(w *world) []event.Event {
				im := w.impression("tea", "v1", 1)
				return []event.Event{w.told("v1", "1", event.PromotionViewed, im), w.told("v1", "2", event.PromotionViewed, im)}
			},
			want: Cohort{Subjects: 1, Impressions: 1},
		},
		"two impressions are one subject": {
			events: func(w *world) []event.Event {
				return []event.Event{w.told("v1", "1", event.PromotionViewed, w.impression("tea", "v1", 1)), w.told("v1", "2", event.PromotionViewed, w.impression("tea", "v1", 2))}
			},
			want: Cohort{Subjects: 1, Impressions: 2},
		},
		"ordered after three days": {
			events: func(w *world) []event.Event {
				seen := w.told("v1", "1", event.PromotionViewed, w.impression("tea", "v1", 1))
				w.clock.advance(3*day + time.Hour)
				return []event.Event{seen, w.order("v1", "2", event.OrderCompleted, "o1", 100, "")}
			},
			want: Cohort{Subjects: 1, Impressions: 1, Orders: 1, Value: 100, Currency: "GBP", Delays: delays(map[int]int64{5: 1})},
		},
		"ordered too late": {
			events: func(w *world) []event.Event {
				seen := w.told("v1", "1", event.PromotionViewed, w.impression("tea", "v1", 1))
				w.clock.advance(8 * day)
				return []event.Event{seen, w.order("v1", "2", event.OrderCompleted, "o1", 100, "")}
			},
			want: Cohort{Subjects: 1, Impressions: 1},
		},
		"too late, but with the code": {
			events: func(w *world) []event.Event {
				seen := w.told("v1", "1", event.PromotionViewed, w.impression("tea", "v1", 1))
				w.clock.advance(8 * day)
				return []event.Event{seen, w.order("v1", "2", event.OrderCompleted, "o1", 100, " tea10 ")}
			},
			want: Cohort{Subjects: 1, Impressions: 1, Orders: 1, Value: 100, Currency: "GBP"},
		},
		"the code by somebody who never saw it": {
			events: func(w *world) []event.Event {
				return []event.Event{w.order("v1", "2", event.OrderCompleted, "o1", 100, "TEA10")}
			},
			want: Cohort{Orders: 1, Coded: 1, Value: 100, Currency: "GBP"},
		},
		"clicked counts more than seen later": {
			events: func(w *world) []event.Event {
				clicked := w.told("v1", "1", event.PromotionClicked, w.impression("tea", "v1", 1))
				w.clock.advance(time.Hour)
				seen := w.told("v1", "2", event.PromotionViewed, w.impression("mugs", "v1", 1))
				w.clock.advance(10 * time.Minute)
				return []event.Event{clicked, seen, w.order("v1", "3", event.OrderCompleted, "o1", 100, "")}
			},
			want: Cohort{Subjects: 1, Impressions: 1, Clicked: 1, Orders: 1, Value: 100, Currency: "GBP", Delays: delays(map[int]int64{1: 1})},
			mugs: Cohort{Subjects: 1, Impressions: 1},
		},
		"the code counts more than the click": {
			events: func(w *world) []event.Event {
				return []event.Event{
					w.told("v1", "1", event.PromotionClicked, w.impression("mugs", "v1", 1)), w.told("v1", "2", event.PromotionViewed, w.impression("tea", "v1", 1)),
					w.order("v1", "3", event.OrderCompleted, "o1", 100, "TEA10"),
				}
			},
			want: Cohort{Subjects: 1, Impressions: 1, Orders: 1, Value: 100, Currency: "GBP", Delays: delays(map[int]int64{0: 1})},
			mugs: Cohort{Subjects: 1, Impressions: 1, Clicked: 1},
		},
		"one order told by browser and server": {
			events: func(w *world) []event.Event {
				browser, server := w.order("v1", "2", event.OrderCompleted, "o1", 100, ""), w.order("p_ann", "3", event.OrderCompleted, "o1", 100, "")
				browser.Person, server.Person = "p_ann", "p_ann"
				return []event.Event{w.told("v1", "1", event.PromotionViewed, w.impression("tea", "v1", 1)), browser, server}
			},
			want: Cohort{Subjects: 1, Impressions: 1, Orders: 1, Value: 100, Currency: "GBP", Delays: delays(map[int]int64{0: 1})},
		},
		"a second order brings value, no second reward": {
			events: func(w *world) []event.Event {
				return []event.Event{
					w.told("v1", "1", event.PromotionViewed, w.impression("tea", "v1", 1)), w.order("v1", "2", event.OrderCompleted, "o1", 100, ""), w.order("v1", "3", event.OrderCompleted, "o2", 50, ""),
				}
			},
			want: Cohort{Subjects: 1, Impressions: 1, Orders: 2, Value: 150, Currency: "GBP", Delays: delays(map[int]int64{0: 1})},
		},
		"a refund takes the reward back, the next order earns it": {
			events: func(w *world) []event.Event {
				return []event.Event{
					w.told("v1", "1", event.PromotionViewed, w.impression("tea", "v1", 1)), w.order("v1", "2", event.OrderCompleted, "o1", 100, ""), w.order("v1", "3", event.OrderRefunded, "o1", 0, ""),
					w.order("v1", "4", event.OrderCancelled, "o1", 0, ""), w.order("v1", "5", event.OrderCompleted, "o2", 70, ""),
				}
			},
			want: Cohort{Subjects: 1, Impressions: 1, Orders: 1, Value: 70, Currency: "GBP", Delays: delays(map[int]int64{0: 1})},
		},
		"refunded in parts": {
			events: func(w *world) []event.Event {
				return []event.Event{
					w.told("v1", "1", event.PromotionViewed, w.impression("tea", "v1", 1)), w.order("v1", "2", event.OrderCompleted, "o1", 100, ""),
					w.order("v1", "3", event.OrderRefunded, "o1", 30, ""), w.order("v1", "4", event.OrderUpdated, "o1", 90, ""),
				}
			},
			want: Cohort{Subjects: 1, Impressions: 1, Orders: 1, Value: 90, Currency: "GBP", Delays: delays(map[int]int64{0: 1})},
		},
		"another currency counts, but adds nothing up": {
			events: func(w *world) []event.Event {
				foreign := w.order("v1", "3", event.OrderCompleted, "o2", 9000, "")
				foreign.Order.Currency = "JPY"
				return []event.Event{w.told("v1", "1", event.PromotionViewed, w.impression("tea", "v1", 1)), w.order("v1", "2", event.OrderCompleted, "o1", 100, ""), foreign}
			},
			want: Cohort{Subjects: 1, Impressions: 1, Orders: 2, Value: 100, Currency: "GBP", Delays: delays(map[int]int64{0: 1})},
		},
		"somebody else's impression": {events: func(w *world) []event.Event {
			return []event.Event{w.told("v1", "1", event.PromotionViewed, w.impression("tea", "v2", 1))}
		}},
		"an impression that is not signed": {events: func(w *world) []event.Event {
			return []event.Event{w.told("v1", "1", event.PromotionViewed, "k1.AQID")}
		}},
		"an order by nobody who saw it": {events: func(w *world) []event.Event {
			return []event.Event{w.order("v1", "1", event.OrderCompleted, "o1", 100, "")}
		}},
		"a refund of an order of long past": {events: func(w *world) []event.Event {
			return []event.Event{w.order("v1", "1", event.OrderRefunded, "o9", 100, "")}
		}},
		"a bot": {events: func(w *world) []event.Event {
			e := w.told("v1", "1", event.PromotionViewed, w.impression("tea", "v1", 1))
			e.Verdict = event.Bot
			return []event.Event{e}
		}},
		"a mail that was handed": {
			events: func(w *world) []event.Event {
				return []event.Event{MailSeen(tea, "p_ann", w.impression("tea", "p_ann", 1), w.clock.now()), MailSeen(tea, "p_ann", w.impression("tea", "p_ann", 1), w.clock.now())}
			},
			want: Cohort{Subjects: 1, Impressions: 1},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.put("tea", func(d *Definition) { d.Code = "TEA10" })
			w.put("mugs", nil)
			for _, e := range tt.events(w) {
				w.fold(e)
				w.fold(e)
			}
			for id, want := range map[ID]Cohort{"tea": tt.want, "mugs": tt.mugs} {
				if diff := cmp.Diff(want, w.result(id).Total, cmpopts.IgnoreFields(Cohort{}, "In")); diff != "" {
					t.Errorf("result of %s (-want +got):\n%s", id, diff)
				}
			}
		})
	}
}

// TestForgottenVisitorsDoNotCount holds that events from before a visitor was forgotten bring nothing back.
func TestForgottenVisitorsDoNotCount(t *testing.T) {
	w := newWorld(t)
	before := w.told("v1", "1", event.PromotionViewed, w.impression("tea", "v1", 1))
	w.clock.advance(time.Hour)
	gone := profile.Profile{Shop: tea, ID: "v1", Forgotten: w.clock.now()}
	it, err := gone.Item()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.tables.PutAll(t.Context(), it); err != nil {
		t.Fatal(err)
	}
	w.fold(before)
	if diff := cmp.Diff(Result{}, w.result("tea")); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
}

// TestExactlyOnce delivers a month of many visitors in batches, each of them twice and by several functions at once, the second time in another order: the sums are those of one clean delivery.
func TestExactlyOnce(t *testing.T) {
	w := newWorld(t)
	w.put("tea", func(d *Definition) { d.Code = "TEA10" })
	clean := newWorld(t)
	clean.signer, clean.folder.signer = w.signer, w.signer
	clean.put("tea", func(d *Definition) { d.Code = "TEA10" })

	var lives [][]event.Event
	for v := range 24 {
		visitor := fmt.Sprintf("v%02d", v)
		var life []event.Event
		for n := range 1 + v%4 {
			im := w.impression("tea", visitor, n+1)
			life = append(life, w.told(visitor, fmt.Sprint("view ", n), event.PromotionViewed, im))
			if (v+n)%3 == 0 {
				life = append(life, w.told(visitor, fmt.Sprint("click ", n), event.PromotionClicked, im))
			}
			w.clock.advance(7 * time.Hour)
			if (v+n)%4 == 0 {
				life = append(life, w.order(visitor, fmt.Sprint("order ", n), event.OrderCompleted, fmt.Sprint(visitor, n), 1000+int64(v), ""))
			}
			if (v+n)%8 == 0 {
				life = append(life, w.order(visitor, fmt.Sprint("refund ", n), event.OrderRefunded, fmt.Sprint(visitor, n), 300, ""))
			}
		}
		lives = append(lives, life)
	}
	clean.clock.at.Store(w.clock.at.Load())
	for _, life := range lives {
		for _, e := range life {
			clean.fold(e)
		}
	}
	handlers := []*Folder{w.folder, NewFolder(quiet, w.clock.now, w.tables, w.signer), NewFolder(quiet, w.clock.now, w.tables, w.signer)}
	for _, n := range []int{1, 3, 7} { // deliveries in batches of so many visitors, side by side
		var all sync.WaitGroup
		for i, batch := range slices.Collect(slices.Chunk(lives, n)) {
			all.Go(func() {
				var events []event.Event
				for _, life := range batch {
					events = append(events, life...)
				}
				for range 20 { // what met too many writers comes again, as a stream does
					again, err := handlers[i%len(handlers)].Handler(nil)(t.Context(), changesOf(t, events...))
					if err == nil && again == "" {
						return
					}
				}
				t.Error("a batch was never done")
			})
		}
		all.Wait()
	}
	want, got := clean.result("tea"), w.result("tea")
	if want.Total.Orders == 0 || want.Total.Rewarded() == 0 || want.Total.Clicked == 0 {
		t.Fatalf("the month has too little in it: %+v", want.Total)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("results (-once +repeated):\n%s", diff)
	}
}

func TestErase(t *testing.T) {
	w := newWorld(t)
	w.put("tea", nil)
	w.fold(w.told("v1", "1", event.PromotionViewed, w.impression("tea", "v1", 1)), w.order("v1", "2", event.OrderCompleted, "o1", 100, ""))
	w.fold(w.told("v2", "1", event.PromotionViewed, w.impression("tea", "v2", 1)))
	before := w.result("tea")
	found, err := w.results.Erase(t.Context(), tea, "v1", "p_nobody")
	if err != nil || found != 2 {
		t.Fatalf("erased %d, %v", found, err)
	}
	if again, err := w.results.Erase(t.Context(), tea, "v1"); err != nil || again != 0 {
		t.Errorf("again %d, %v", again, err)
	}
	if diff := cmp.Diff(before, w.result("tea")); diff != "" {
		t.Errorf("the sums changed:\n%s", diff)
	}
	left, err := w.folder.histories(t.Context(), tea, []string{"v1", "v2"})
	if err != nil || len(left) != 1 || left[0].subject != "v2" {
		t.Errorf("left %+v, %v", left, err)
	}
	if _, err := w.tables.Get(t.Context(), countedKey(tea, hashOf("order o1")), table.Strong); err == nil {
		t.Error("the order's record is still there")
	}
}

// TestSituationsOfResults holds what is kept by situation: that of the first impression, whatever the later ones were, and nothing where a history is older than situations.
func TestSituationsOfResults(t *testing.T) {
	w := newWorld(t)
	w.put("tea", nil)
	im := func(ordinal int, s Situation) string {
		return string(w.signer.Append(nil, tea, &impression.Impression{Offer: "tea", Subject: "v1", Ordinal: ordinal, Situation: byte(s), At: w.clock.now()}))
	}
	w.fold(w.told("v1", "1", event.PromotionViewed, im(1, buyer+interested)))
	w.fold(w.told("v1", "2", event.PromotionClicked, im(2, stranger)))
	w.clock.advance(2 * time.Hour)
	w.fold(w.order("v1", "3", event.OrderCompleted, "o1", 100, ""))
	want := [Situations]Part{buyer + interested: {Subjects: 1, Clicked: 1, Delays: delays(map[int]int64{1: 1})}}
	if diff := cmp.Diff(want, w.result("tea").Total.In); diff != "" {
		t.Errorf("ordered (-want +got):\n%s", diff)
	}
	w.fold(w.order("v1", "4", event.OrderRefunded, "o1", 100, ""))
	want[buyer+interested].Delays[1] = 0
	if diff := cmp.Diff(want, w.result("tea").Total.In); diff != "" {
		t.Errorf("refunded (-want +got):\n%s", diff)
	}
}
