package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"shopkeeper/shared/app/trigger"
	"shopkeeper/shared/event"
	"shopkeeper/shared/exposure"
	"shopkeeper/shared/offpolicy"
	"shopkeeper/shared/replay"
)

// TestReplay leaves files behind, and what a comparison of models reads of them.
func TestReplay(t *testing.T) {
	replay.Cases(t, "exposures", func(t *testing.T) replay.Started {
		w := replay.NewWorld(t)
		state := func(ctx context.Context) (any, error) {
			stored, err := w.Texts(ctx, exposure.Folder)
			if err != nil {
				return nil, err
			}
			lines := map[string][]string{}
			for name, packed := range stored {
				if lines[name], err = unpack(packed); err != nil {
					return nil, err
				}
			}
			shown, unread := map[event.ShopID]int{}, 0
			for _, shop := range []event.ShopID{"tea", "mugs"} {
				broken, err := exposure.New(w.Files).Exposures(ctx, shop, time.Time{}, func(offpolicy.Exposure) { shown[shop]++ })
				if unread += broken; err != nil {
					return nil, err
				}
			}
			poison, err := w.Poison(ctx)
			return map[string]any{"files": lines, "answers": shown, "unread": unread, "failures": poison}, err
		}
		return replay.Started{Handler: trigger.ExposuresFunction(w.Log, w.Files, w.Failures), State: state, Keeps: state}
	})
}

func unpack(packed string) ([]string, error) {
	z, err := gzip.NewReader(bytes.NewReader([]byte(packed)))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(z)
	return strings.Split(strings.TrimSpace(string(text)), "\n"), errors.Join(err, z.Close())
}
