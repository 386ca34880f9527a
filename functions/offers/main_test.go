package main

import (
	"context"
	"testing"
	"time"

	"shopkeeper/shared/app/trigger"
	"shopkeeper/shared/offer"
	"shopkeeper/shared/replay"
)

func TestReplay(t *testing.T) {
	replay.Cases(t, "offers", func(t *testing.T) replay.Started {
		w := replay.NewWorld(t)
		spring := offer.Definition{Shop: "tea", ID: "spring", Status: offer.Active, Title: "Spring teas", Code: "SPRING10", Created: replay.Clock.Add(-time.Hour)}
		early := func() time.Time { return replay.Clock.Add(-time.Hour) }
		if _, err := offer.NewStore(early, w.DB).Put(t.Context(), spring); err != nil {
			t.Fatal(err)
		}
		handler, err := trigger.OffersFunction(w.Log, replay.Now, replay.Busy{Store: w.DB}, w.Failures, w.Keys)
		if err != nil {
			t.Fatal(err)
		}
		state := func(ctx context.Context) (any, error) {
			result, err := offer.NewResults(w.DB).Of(ctx, "tea", spring.ID, time.Time{})
			if err != nil {
				return nil, err
			}
			poison, err := w.Poison(ctx)
			return map[string]any{"spring": result.Total, "failures": poison}, err
		}
		return replay.Started{Handler: handler, State: state, Keeps: state}
	})
}
