package main

import (
	"context"
	"testing"
	"time"

	"shopkeeper/shared/app/trigger"
	"shopkeeper/shared/archive"
	"shopkeeper/shared/event"
	"shopkeeper/shared/replay"
)

func TestReplay(t *testing.T) {
	replay.Cases(t, "archive", func(t *testing.T) replay.Started {
		w := replay.NewWorld(t)
		state := func(ctx context.Context) (any, error) {
			files, err := w.Files.List(ctx, "archive/", "", 100)
			if err != nil {
				return nil, err
			}
			var names []string
			for _, f := range files {
				names = append(names, f.Name)
			}
			rows := map[event.ShopID][]archive.Row{}
			for _, shop := range []event.ShopID{"tea", "mugs"} {
				if err := archive.Read(ctx, w.Files, shop, time.Time{}, time.Time{}, func(r archive.Row) error {
					rows[shop] = append(rows[shop], r)
					return nil
				}); err != nil {
					return nil, err
				}
			}
			poison, err := w.Poison(ctx)
			return map[string]any{"files": names, "rows": rows, "failures": poison}, err
		}
		return replay.Started{Handler: trigger.ArchiveFunction(w.Log, w.Files, w.Failures), State: state, Keeps: state}
	})
}
