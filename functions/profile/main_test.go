package main

import (
	"context"
	"encoding/json"
	"testing"

	"shopkeeper/shared/app/trigger"
	"shopkeeper/shared/people"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/replay"
	"shopkeeper/shared/table"
)

func TestReplay(t *testing.T) {
	replay.Cases(t, "profile", func(t *testing.T) replay.Started {
		w := replay.NewWorld(t)
		anna := people.Pending{Visitor: "v_anna", UserID: "u-1", At: replay.Clock, Traits: map[string]json.RawMessage{"firstName": json.RawMessage(`"Anna"`)}}
		body, err := json.Marshal(anna)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.DB.PutAll(t.Context(), table.Item{Key: people.PendingKey("tea", "p_anna", "m-2"), Body: body}); err != nil { // what collect leaves beside an identify
			t.Fatal(err)
		}
		handler, err := trigger.ProfileFunction(w.Log, replay.Now, replay.Busy{Store: w.DB}, w.Failures, w.Keys)
		if err != nil {
			t.Fatal(err)
		}
		state := func(ctx context.Context) (any, error) {
			memories, err := w.Changed(ctx, profile.Table)
			if err != nil {
				return nil, err
			}
			poison, err := w.Poison(ctx)
			return map[string]any{"profiles": memories, "failures": poison}, err
		}
		return replay.Started{Handler: handler, State: state, Keeps: state}
	})
}
