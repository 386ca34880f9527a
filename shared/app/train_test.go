package app

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shopkeeper/shared/archive"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/disk"
	"shopkeeper/shared/event"
	"shopkeeper/shared/recommend"
	"shopkeeper/shared/recommend/interaction"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/sqlite/sqlitetest"
	"shopkeeper/shared/trainer"
)

func TestWeightsOfTheShop(t *testing.T) {
	standard := interaction.DefaultWeights
	cart := standard
	cart.Cart = 0.8
	for name, c := range map[string]struct {
		set  map[string]float64
		want interaction.Weights
	}{
		"none set":              {nil, standard},
		"one of them":           {map[string]float64{"cart": 8}, cart},
		"a look above an order": {map[string]float64{"view": 90}, standard},
	} {
		t.Run(name, func(t *testing.T) {
			db := sqlitetest.Open(t, nil)
			shops := shop.NewStore(time.Now, db, nil)
			if err := shops.Put(t.Context(), shop.Settings{ID: "tea", Name: "Tea", Currency: "GBP", Consent: consent.Implied, Weights: c.set}); err != nil {
				t.Fatal(err)
			}
			got, err := Train(slog.New(slog.DiscardHandler), time.Now, db, nil, nil).settings(t.Context(), "tea")
			if diff := cmp.Diff(c.want, got.Weights); diff != "" || err != nil {
				t.Errorf("weights (-want +got), %v:\n%s", err, diff)
			}
		})
	}
}

func TestTrainingAsTheShopSetIt(t *testing.T) {
	now := func() time.Time { return time.Unix(1_800_000_000, 0) }
	standard := trainer.DefaultSettings(now)
	for name, c := range map[string]struct {
		set  map[string]float64
		want func(*trainer.Settings)
	}{
		"nothing: the defaults":            {nil, func(*trainer.Settings) {}},
		"an interest that fades in days":   {map[string]float64{shop.InterestDays: 3, shop.TasteLift: 1}, func(s *trainer.Settings) { s.Blend.InterestDays, s.Blend.Taste = 3, 1 }},
		"how long something is popular":    {map[string]float64{shop.PopularDays: 20, shop.TrendingDays: 2}, func(s *trainer.Settings) { s.Trend.Popular, s.Trend.Near = 20, 2 }},
		"shares":                           {map[string]float64{shop.LiveShare: 1, shop.ReturnShare: 0}, func(s *trainer.Settings) { s.Blend.Live, s.Blend.Return = 1, 0 }},
		"models that are no longer sought": {map[string]float64{shop.Neighbours: 50, shop.Lambda: 500}, func(s *trainer.Settings) { s.KNN.Neighbours, s.EASE.Lambda, s.Fixed = 50, 500, true }},
		"sessions and items of them":       {map[string]float64{shop.Sessions: 500, shop.LastItems: 2}, func(s *trainer.Settings) { s.KNN.Newest, s.KNN.Last, s.Fixed = 500, 2, true }},
	} {
		t.Run(name, func(t *testing.T) {
			db := sqlitetest.Open(t, nil)
			if err := shop.NewStore(now, db, nil).Put(t.Context(), shop.Settings{ID: "tea", Name: "Tea", Currency: "GBP", Consent: consent.Implied, Training: c.set}); err != nil {
				t.Fatal(err)
			}
			want := standard
			c.want(&want)
			got, err := Train(slog.New(slog.DiscardHandler), now, db, nil, nil).settings(t.Context(), "tea")
			if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(trainer.Settings{}, "Now")); diff != "" || err != nil {
				t.Errorf("settings (-want +got), %v:\n%s", err, diff)
			}
		})
	}
}

func TestEarly(t *testing.T) {
	trained := time.Date(2026, 5, 1, 3, 0, 0, 0, time.UTC)
	looks := func(n int, at time.Time) (out []event.Event) {
		for i := range n {
			out = append(out, event.Event{Shop: "tea", ID: event.ID(fmt.Sprint("e", i)), Visitor: "v", Name: event.ProductViewed, At: at.Add(time.Duration(i) * time.Millisecond), Lines: []event.Line{{Item: "pot"}}})
		}
		return out
	}
	for name, c := range map[string]struct {
		set   map[string]float64
		after time.Duration // that it is asked
		new   []event.Event
		notes string
		want  bool
	}{
		"a quarter more":                    {nil, 9 * time.Hour, looks(2000, trained.Add(time.Hour)), `{"interactions":6000,"lines":2000}`, true},
		"not a quarter more":                {nil, 9 * time.Hour, looks(1999, trained.Add(time.Hour)), `{"interactions":6000,"lines":2000}`, false},
		"a small shop":                      {nil, 9 * time.Hour, looks(999, trained.Add(time.Hour)), `{"interactions":10}`, false},
		"less than an hour ago":             {nil, 30 * time.Minute, looks(5000, trained.Add(time.Minute)), `{"interactions":10}`, false},
		"the shop wants nights alone":       {map[string]float64{shop.Early: 0}, 9 * time.Hour, looks(5000, trained.Add(time.Hour)), `{"interactions":10}`, false},
		"the shop wants it twice as seldom": {map[string]float64{shop.Early: 0.5}, 9 * time.Hour, looks(2000, trained.Add(time.Hour)), `{"interactions":8000}`, false},
		"what the model has seen":           {nil, 9 * time.Hour, looks(5000, trained.Add(-time.Hour)), `{"interactions":10}`, false},
		"nothing was noted of the model":    {nil, 9 * time.Hour, looks(5000, trained.Add(time.Hour)), "", false},
		"clocks that run ahead":             {nil, 2 * time.Hour, looks(5000, trained.Add(9*time.Hour)), `{"interactions":10}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, db := t.Context(), sqlitetest.Open(t, nil)
			files, err := disk.Open(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			now := func() time.Time { return trained.Add(c.after) }
			must := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			must(shop.NewStore(now, db, nil).Put(ctx, shop.Settings{ID: "tea", Name: "Tea", Currency: "GBP", Consent: consent.Implied, Training: c.set}))
			if c.notes != "" {
				must(recommend.Note(ctx, files, "tea", 7, []byte(c.notes)))
			}
			early := Train(slog.New(slog.DiscardHandler), now, db, files, nil)
			if due, err := early.Early(ctx, "tea"); due || err != nil {
				t.Errorf("before there is a model: %v, %v", due, err)
			}
			_, err = recommend.Publish(ctx, files, "tea", 7, []byte("model"), trained)
			must(err)
			must(archive.Append(ctx, files, "new", c.new...))
			if due, err := early.Early(ctx, "tea"); due != c.want || err != nil {
				t.Errorf("due is %v, %v; want %v", due, err, c.want)
			}
		})
	}
}
