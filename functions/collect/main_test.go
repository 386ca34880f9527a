package main

import (
	"context"
	"testing"

	"shopkeeper/shared/app"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/people"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/replay"
)

func TestReplay(t *testing.T) {
	replay.Cases(t, "collect", func(t *testing.T) replay.Started {
		w := replay.NewWorld(t)
		handler, err := app.Collect(w.Log, replay.Now, replay.Busy{Store: w.DB}, w.Keys, nil)
		if err != nil {
			t.Fatal(err)
		}
		return replay.Started{Handler: start(handler), State: func(ctx context.Context) (any, error) {
			return w.Changed(ctx, event.Table, people.Table, consent.Table, profile.Table)
		}}
	})
}
