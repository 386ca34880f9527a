package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shopkeeper/shared/archive"
	"shopkeeper/shared/athena/athenatest"
	"shopkeeper/shared/blob"
	"shopkeeper/shared/event"
	"shopkeeper/shared/order"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/model"
	"shopkeeper/shared/recommend/slim"
	"shopkeeper/shared/trainer"
	"shopkeeper/shared/warehouse"
)

const oddShop = "tea"

// oddHistory is what a shop may have in its archive.
type oddHistory struct {
	random *rand.Rand
	start  time.Time
	items  []model.Item
	events []event.Event
}

func (h *oddHistory) add(e event.Event) {
	e.Shop, e.Type, e.ReceivedAt = oddShop, event.Track, e.At
	if e.ID == "" {
		e.ID = event.ID(fmt.Sprintf("m-%d", len(h.events)))
	}
	h.events = append(h.events, e)
}

// line is of any item, but more often of the first; one in fifty is not in the catalog.
func (h *oddHistory) line() event.Line {
	if h.random.IntN(50) == 0 {
		return event.Line{Item: "gone"}
	}
	n := min(h.random.IntN(len(h.items)), h.random.IntN(len(h.items)))
	return event.Line{Item: event.ItemID(h.items[n].ID)}
}

var oddNames = []event.Name{event.ProductViewed, event.ProductViewed, event.ProductClicked, event.RecommendationClick, event.AddedToWishlist, event.ProductAdded, event.ItemDismissed,
	event.OrderRefunded, event.ProductListViewed}

// visit is one visitor's for some minutes: with a session's name or without, by a known person or not, with an order at the end or without.
func (h *oddHistory) visit(visitor string, at time.Time) {
	e := event.Event{Visitor: event.VisitorID(visitor)}
	if h.random.IntN(3) == 0 {
		e.Session = fmt.Sprint(h.random.IntN(4))
	}
	if h.random.IntN(3) == 0 {
		e.Person = event.PersonID(fmt.Sprint("pérson ", h.random.IntN(30)))
	}
	if h.random.IntN(40) == 0 {
		e.Verdict = event.Bot
	}
	for range 1 + h.random.IntN(6) {
		at = at.Add(time.Duration(h.random.IntN(5)) * 999 * time.Millisecond * time.Duration(1+h.random.IntN(400)))
		e.At, e.Name, e.Lines = at, oddNames[h.random.IntN(len(oddNames))], []event.Line{h.line()}
		h.add(e)
	}
	if h.random.IntN(2) == 0 {
		h.order(e, fmt.Sprint("order-", len(h.events)), at)
	}
}

// order is bought by the one whose event e is; some orders grow later, some have no number.
func (h *oddHistory) order(e event.Event, number string, at time.Time) {
	e.Name, e.At, e.Order, e.Lines = event.OrderCompleted, at, &event.Order{ID: number}, nil
	for range 1 + h.random.IntN(5) {
		e.Lines = append(e.Lines, h.line())
	}
	if h.random.IntN(20) == 0 {
		e.Order = nil
	}
	h.add(e)
	if h.random.IntN(10) == 0 {
		e.Name, e.At, e.Lines = event.OrderUpdated, at.Add(time.Duration(h.random.IntN(3))*20*time.Hour), []event.Line{h.line(), h.line()}
		h.add(e)
	}
}

// oddItems have ids that differ late, are not ASCII or hold what SQL and our own keys are made of.
func oddItems(n int) []model.Item {
	items := []model.Item{{ID: "it's"}, {ID: `"quoted" ; DROP TABLE x`}, {ID: "{{raw}}"}, {ID: "茶碗"}, {ID: "Tee, grün", Hidden: true}, {ID: "a#b"}, {ID: " "}, {ID: strings.Repeat("long", 500) + "1"},
		{ID: strings.Repeat("long", 500) + "2"}, {ID: "🫖"}, {ID: "￿"}, {ID: "line\nbreak"}}
	for len(items) < n {
		items = append(items, model.Item{ID: fmt.Sprintf("item-%03d", len(items)), Category: fmt.Sprintf("Shop > %d > %d > deep > deeper", len(items)%3, len(items)%7), SoldOut: len(items)%17 == 0})
	}
	return items
}

var oddStart = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// withFuture adds an event that happens in a year.
func (h *oddHistory) withFuture() *oddHistory {
	h.add(event.Event{Visitor: "visitor-1", At: oddStart.AddDate(1, 0, 0), Name: event.ProductViewed, Lines: []event.Line{{Item: "茶碗"}}})
	return h
}

// cut lets every limit cut something.
func cut(s *trainer.Settings) {
	s.Memory = -1 // weights are walks
	s.Limits = trainer.Limits{Held: 9, Crowd: 10, Believed: 4}
	s.KNN.Newest, s.KNN.Longest, s.KNN.HalfLife = 7, 0.7, 40*time.Hour
	s.Together.Least, s.Together.Longest, s.Together.Top = 1, 4, 3
	s.RP3beta.Top, s.RP3beta.Beta, s.Similar.Cosine.Top = 5, 0.3, 2
	s.Trend.Popular, s.Trend.Near, s.Trend.Top = 3, 0.4, 10
	s.Weights.View, s.Weights.Cart, s.Weights.Return, s.Weights.Dismissal = 0.17, 0.33, -0.4, -0.05
}

func newOddHistory(seed uint64, items, visits int) *oddHistory {
	h := &oddHistory{random: rand.New(rand.NewPCG(seed, 7)), start: oddStart, items: oddItems(items)}
	for n := range visits {
		h.visit(fmt.Sprint("visitor-", h.random.IntN(80)), h.start.Add(time.Duration(n)*40*time.Minute))
	}
	for n := range visits / 8 { // imported baskets without a customer, some at one moment
		h.order(event.Event{Visitor: order.Anonymous(fmt.Sprint("b", n))}, fmt.Sprint("b", n), h.start.Add(time.Duration(n/3)*5*time.Hour))
	}
	for n := range visits { // somebody who never sleeps
		h.add(event.Event{Visitor: "machine", At: h.start.Add(time.Duration(n) * 11 * time.Minute), Name: event.ProductViewed, Lines: []event.Line{h.line()}})
	}
	return h
}

// deliver writes the history's files: in parts that arrive in any order, one in ten events twice.
func (h *oddHistory) deliver(t *testing.T, files blob.Store) {
	t.Helper()
	for n := range 4 {
		var some []event.Event
		for at, e := range h.events {
			if at%4 == n || at%40 == n {
				some = append(some, e)
			}
		}
		if err := archive.Append(t.Context(), files, fmt.Sprint("part", (n*3)%4), some...); err != nil {
			t.Fatal(err)
		}
	}
}

// merge is what the night does with small files, here with every second day.
func (h *oddHistory) merge(t *testing.T, files blob.Store) {
	t.Helper()
	for day := 0; day < 60; day += 2 {
		if _, _, err := archive.Compact(t.Context(), files, oddShop, h.start.AddDate(0, 0, day).Format(time.DateOnly)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestWarehouseEqualsMemory trains on one archive in this process and in the warehouse: the files must be equal to the byte. It holds package warehouse's promise on a real engine.
func TestWarehouseEqualsMemory(t *testing.T) {
	for name, tt := range map[string]struct {
		history *oddHistory
		change  func(*trainer.Settings)
		merged  bool // by the night's tidying
	}{
		"an odd shop":         {history: newOddHistory(1, 90, 900)},
		"everything is cut":   {history: newOddHistory(2, 60, 400).withFuture(), change: cut, merged: true},
		"nobody did anything": {history: &oddHistory{start: oddStart, items: oddItems(13)}},
	} {
		t.Run(name, func(t *testing.T) {
			w := athenatest.Open(t)
			tt.history.deliver(t, w.Files)
			if tt.merged {
				tt.history.merge(t, w.Files)
			}
			end := tt.history.start.AddDate(0, 2, 0)
			newest, err := archive.Newest(t.Context(), w.Files, oddShop)
			if err != nil {
				t.Fatal(err)
			}
			here := &Trainer{log: slog.New(slog.DiscardHandler), now: func() time.Time { return end }, files: w.Files}
			there := &Trainer{log: here.log, now: here.now, files: w.Files, Warehouse: w.Engine}
			window := warehouse.Window{From: newest.Add(-History), To: newest}
			settings := trainer.DefaultSettings(here.now)
			if tt.change != nil {
				tt.change(&settings)
			}
			inMemory, inWarehouse := trainer.Input{Items: tt.history.items}, trainer.Input{Items: tt.history.items}
			if err := here.history(t.Context(), oddShop, window, &inMemory); err != nil {
				t.Fatal(err)
			}
			if err := there.sample(t.Context(), oddShop, window, &inWarehouse); err != nil {
				t.Fatal(err)
			}
			want, err := trainer.Train(t.Context(), inMemory, settings, nil)
			if err != nil {
				t.Fatal(err)
			}
			got, err := trainer.Train(t.Context(), inWarehouse, settings, nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.Report, got.Report, cmpopts.IgnoreFields(trainer.Report{}, "Seconds"), cmpopts.IgnoreFields(trainer.ModelReport{}, "Seconds")); diff != "" {
				t.Errorf("report (-memory +warehouse):\n%s", diff)
			}
			if !bytes.Equal(want.File, got.File) {
				compareModels(t, want.File, got.File)
			}
			if err := inWarehouse.Warehouse.Close(t.Context()); err != nil {
				t.Error(err)
			}
			left, err := w.Files.List(t.Context(), "warehouse/", "", 10)
			if err != nil || len(left) > 0 {
				t.Errorf("files left behind: %v, %v", left, err)
			}
		})
	}
}

// compareModels says in which lists two files differ.
func compareModels(t *testing.T, want, got []byte) {
	t.Helper()
	a, err := model.Open(want)
	if err != nil {
		t.Fatal(err)
	}
	b, err := model.Open(got)
	if err != nil {
		t.Fatal(err)
	}
	lists := func(m *model.Model) map[string]any {
		all := map[string]any{"sessions": m.Sessions(), "weights": m.Weights(), "together": m.Pairs(), "repeats": m.Repeats(), "ranker": m.Ranker()}
		var similar []any
		for i := range m.Len() {
			items, values := m.Similar(item.Ordinal(i))
			similar = append(similar, slices.Clone(items), slices.Clone(values), m.Popularity(item.Ordinal(i)))
		}
		all["similar, popularity"] = similar
		for c := range m.Categories() + 1 {
			category := model.Category(c) - 1
			all[fmt.Sprint("lists ", c)] = []any{m.Popular(category), m.Trending(category), m.Newest(category)}
		}
		return all
	}
	for name, value := range lists(a) {
		if diff := cmp.Diff(value, lists(b)[name]); diff != "" {
			t.Errorf("%s (-memory +warehouse):\n%.3000s", name, diff)
		}
	}
	if !t.Failed() {
		t.Error("the files differ, though no list does")
	}
}

// crashing is an engine whose process ends before a table is made.
type crashing struct {
	warehouse.Engine
	before string // a part of the table's name; "" never
}

var errCrash = errors.New("the process ends")

func (c *crashing) Materialize(ctx context.Context, table, query, folder string) (string, error) {
	if c.before != "" && strings.Contains(table, c.before) {
		return "", errCrash
	}
	return c.Engine.Materialize(ctx, table, query, folder)
}

// lives are trainings of one shop in one warehouse, each of a process of its own.
type lives struct {
	w        athenatest.Warehouse
	history  *oddHistory
	window   warehouse.Window
	clock    time.Time
	settings trainer.Settings
}

func newLives(t *testing.T) *lives {
	l := &lives{w: athenatest.Open(t), history: newOddHistory(3, 40, 250), window: warehouse.Window{From: oddStart.AddDate(-1, 0, 0), To: oddStart.AddDate(0, 1, 0)}}
	l.history.deliver(t, l.w.Files)
	l.clock = l.window.To
	l.settings = trainer.DefaultSettings(l.now)
	l.settings.SLIM, l.settings.Memory = slim.Settings{Lambda: 3, Neighbours: 8, Gram: 12, Top: 6}, 100_000 // weights are regressions by blocks
	return l
}

func (l *lives) now() time.Time { return l.clock }

// begin reads a sample of so many doings at most.
func (l *lives) begin(t *testing.T, engine warehouse.Engine, most int) trainer.Input {
	t.Helper()
	l.clock = l.clock.Add(time.Minute)
	in := trainer.Input{Items: l.history.items}
	catalog, err := model.NewCatalog(in.Items)
	if err != nil {
		t.Fatal(err)
	}
	if in.Warehouse, err = warehouse.Begin(t.Context(), engine, l.w.Files, l.now, oddShop, catalog, l.window); err != nil {
		t.Fatal(err)
	}
	if err := readSample(t.Context(), in.Warehouse, most, &in); err != nil {
		t.Fatal(err)
	}
	return in
}

// train trains, and closes the warehouse if it was used.
func (l *lives) train(t *testing.T, in trainer.Input) (trainer.Report, *model.Model) {
	t.Helper()
	result, err := trainer.Train(t.Context(), in, l.settings, nil)
	if err != nil {
		t.Fatal(err)
	}
	if in.Warehouse != nil {
		if err := in.Warehouse.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	m, err := model.Open(result.File)
	if err != nil {
		t.Fatal(err)
	}
	return result.Report, m
}

// TestWarehouseGoesOnAfterACrash: what the first life paid for is not paid again, and the lists are those made in memory. Of a history that is larger than the sample, people are whole.
func TestWarehouseGoesOnAfterACrash(t *testing.T) {
	l := newLives(t)
	in := l.begin(t, &crashing{l.w.Engine, "_pairs_"}, 1<<20)
	if _, err := trainer.Train(t.Context(), in, l.settings, nil); !errors.Is(err, errCrash) {
		t.Fatalf("training: %v, want the crash", err)
	}
	paid := l.w.Facade.Tables()
	all := l.begin(t, l.w.Engine, 1<<20)
	got, _ := l.train(t, all)
	if twice := l.w.Facade.Repeated(); len(twice) > 0 || len(paid) < 10 {
		t.Errorf("%d tables before the crash; made again: %q", len(paid), twice)
	}

	some := l.begin(t, l.w.Engine, 400)
	if n := len(some.Interactions); n == 0 || n > len(all.Interactions)*2/3 {
		t.Errorf("%d of %d interactions are in the sample", n, len(all.Interactions))
	}
	checkWhole(t, all, some)
	sampled, m := l.train(t, some)
	if got.People != sampled.People || got.Interactions != sampled.Interactions || got.Lines != sampled.Lines || got.Unknown != sampled.Unknown {
		t.Errorf("the whole has %+v, with a sample %+v", got, sampled)
	}

	inMemory := trainer.Input{Items: l.history.items}
	if err := (&Trainer{files: l.w.Files}).history(t.Context(), oddShop, l.window, &inMemory); err != nil {
		t.Fatal(err)
	}
	here, want := l.train(t, inMemory)
	if here.Models[3].Method != "slim" || got.Models[3].Method != "slim" {
		t.Errorf("weights are made by %q and %q", here.Models[3].Method, got.Models[3].Method)
	}
	if diff := cmp.Diff(want.Sessions(), m.Sessions()) + cmp.Diff(want.Weights(), m.Weights()) + cmp.Diff(want.Pairs(), m.Pairs()); diff != "" {
		t.Errorf("lists of the whole (-in memory +in the warehouse, with a sample):\n%.3000s", diff)
	}
}

// checkWhole: whoever is in a sample is there with everything.
func checkWhole(t *testing.T, all, some trainer.Input) {
	t.Helper()
	people := map[string]int{}
	for _, i := range some.Interactions {
		people[i.Person]++
	}
	for _, i := range all.Interactions {
		if _, drawn := people[i.Person]; drawn {
			people[i.Person]--
		}
	}
	for person, n := range people {
		if n != 0 {
			t.Errorf("%d interactions of %q are not in the sample", -n, person)
		}
	}
}
