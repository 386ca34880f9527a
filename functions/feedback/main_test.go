package main

import (
	"context"
	"testing"
	"time"

	"shopkeeper/shared/app/trigger"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/replay"
	"shopkeeper/shared/suppression"
)

func TestReplay(t *testing.T) {
	replay.Cases(t, "feedback", func(t *testing.T) replay.Started {
		w := replay.NewWorld(t)
		rows := ledger.New(replay.Now, w.DB)
		handed := ledger.Row{Shop: "tea", Campaign: "spring", Person: "p_anna", State: ledger.Planned, Variant: "a"}
		if _, err := rows.Plan(t.Context(), handed); err != nil {
			t.Fatal(err)
		}
		due, _, err := rows.Due(t.Context(), "tea", "spring", ledger.ShardOf("p_anna"), replay.Clock, "", 1)
		if err != nil || len(due) != 1 {
			t.Fatal(due, err)
		}
		claimed, err := rows.Exchange(t.Context(), nil, []ledger.Claim{{Row: due[0], By: "test", Lease: replay.Clock.Add(time.Hour)}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := rows.Exchange(t.Context(), []ledger.Settlement{{Row: claimed.Claimed[0], To: ledger.Handed, Provider: "m-1"}}, nil); err != nil {
			t.Fatal(err)
		}
		handler, err := trigger.FeedbackFunction(w.Log, replay.Now, w.DB, w.Keys)
		if err != nil {
			t.Fatal(err)
		}
		hasher, err := identity.NewHasher(w.Keys)
		if err != nil {
			t.Fatal(err)
		}
		state := func(ctx context.Context) (any, error) {
			row, err := rows.Get(ctx, "tea", "spring", "p_anna", 0)
			if err != nil {
				return nil, err
			}
			row.Claim = "" // drawn
			suppressed, err := suppression.New(w.DB, hasher).Check(ctx, "tea", "anna@example.org", "bert@example.org")
			return map[string]any{"row": row, "suppressed": suppressed}, err
		}
		return replay.Started{Handler: handler, State: state, Keeps: state}
	})
}
