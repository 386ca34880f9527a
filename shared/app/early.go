package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"shopkeeper/shared/archive"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/trainer"
)

const (
	// fewestNew is below how many new events a training is never worth its time.
	fewestNew = 1000
	// BetweenEarly is the least time between a training and one that comes early.
	BetweenEarly = time.Hour
)

// Early says whether so much happened since the model in use was trained that the next training should not wait for the night: the shop's share, by default a quarter, of the events
// that the model has seen. Events are counted by when they happened: an import of last year's orders waits. It reads the archive of the days since that training, and stops when there are enough.
func (t *Trainer) Early(ctx context.Context, id event.ShopID) (bool, error) {
	settings, err := t.shops.Settings(ctx, id)
	if err != nil {
		return false, err
	}
	share := settings.TrainingOf(shop.Early)
	p, _, err := recommend.ReadPointer(ctx, t.files, id)
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Invalid) || err == nil && (share == 0 || t.now().Sub(p.Published) < BetweenEarly) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	text, err := recommend.Notes(ctx, t.files, id, p.History[0].Version())
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var r trainer.Report
	if err := json.Unmarshal(text, &r); err != nil {
		return false, fault.Wrap(fault.Internal, err, "the notes of the newest model are not readable")
	}
	enough := max(fewestNew, int(share*float64(r.Interactions+r.Lines)))
	return t.happened(ctx, id, p.Published, enough)
}

// errEnough ends a count.
var errEnough = errors.New("enough")

// happened says whether that many things happened to items since a moment.
func (t *Trainer) happened(ctx context.Context, id event.ShopID, since time.Time, enough int) (bool, error) {
	n := 0
	err := archive.Read(ctx, t.files, id, since, time.Time{}, func(r archive.Row) error {
		if r.Item != "" && r.Verdict == "" && !r.At.After(t.now()) {
			n++
		}
		if n >= enough {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("count what happened in %s: %w", id, err)
	}
	return false, nil
}
