package app

import (
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/recommend/interaction"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/sqlite/sqlitetest"
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
			got, err := Train(slog.New(slog.DiscardHandler), time.Now, db, nil, nil).weights(t.Context(), "tea")
			if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
				t.Errorf("weights (-want +got), %v:\n%s", err, diff)
			}
		})
	}
}
