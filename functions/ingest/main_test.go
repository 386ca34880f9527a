package main

import (
	"context"
	"testing"

	"shopkeeper/shared/app/trigger"
	"shopkeeper/shared/catalog"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/replay"
	"shopkeeper/shared/shop"
)

func TestReplay(t *testing.T) {
	replay.Cases(t, "ingest", func(t *testing.T) replay.Started {
		w := replay.NewWorld(t)
		if err := w.Bucket(t.Context(), replay.Folder+"/ingest/bucket"); err != nil {
			t.Fatal(err)
		}
		if err := w.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		handler, err := trigger.IngestFunction(w.Log, replay.Now, w.DB, w.Files, w.Keys, consent.Implied)
		if err != nil {
			t.Fatal(err)
		}
		stored := func(ctx context.Context) (any, error) { return w.Changed(ctx, catalog.Table, event.Table, shop.Table) }
		state := func(ctx context.Context) (any, error) {
			changed, err := stored(ctx)
			if err != nil {
				return nil, err
			}
			results, err := w.Texts(ctx, "imports/_done/")
			return map[string]any{"stored": changed, "results": results}, err
		}
		return replay.Started{Handler: handler, State: state, Keeps: stored} // the result of a second import counts duplicates
	})
}
