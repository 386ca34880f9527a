package main

import (
	"context"
	"testing"

	"shopkeeper/shared/app/trigger"
	"shopkeeper/shared/bus"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend"
	"shopkeeper/shared/replay"
)

// heard is a bus that keeps what is published.
type heard struct{ notices []bus.Notice }

func (h *heard) Publish(_ context.Context, notices ...bus.Notice) error {
	h.notices = append(h.notices, notices...)
	return nil
}

func TestReplay(t *testing.T) {
	replay.Cases(t, "train", func(t *testing.T) replay.Started {
		w := replay.NewWorld(t)
		if err := w.Bucket(t.Context(), replay.Folder+"/train/bucket"); err != nil {
			t.Fatal(err)
		}
		if err := replay.History(t.Context(), replay.Clock, w.DB, w.Files, "tea", 12, 60); err != nil {
			t.Fatal(err)
		}
		news := &heard{}
		return replay.Started{Handler: trigger.TrainFunction(w.Log, replay.Now, w.DB, w.Files, news, nil), State: func(ctx context.Context) (any, error) {
			pointer, _, err := recommend.ReadPointer(ctx, w.Files, "tea")
			if fault.Is(err, fault.NotFound) {
				err = nil
			}
			return map[string]any{"model": pointer, "news": news.notices}, err
		}}
	})
}
