package app

import (
	"context"
	"fmt"
	"time"

	"shopkeeper/shared/archive"
	"shopkeeper/shared/event"
	"shopkeeper/shared/exposure"
)

const (
	settled     = time.Hour // within which an event that was stored is surely in the archive
	compactDays = 31        // days before are as they are
	day         = 24 * time.Hour
)

// Tidy keeps a shop's archive and its log of exposures: what visitors left who were forgotten goes, exposures end after their time, and the small files of days that ended become few. The night calls it before it trains. It may
// be repeated, and goes on after a crash where it stopped. Only one may run for a shop.
func (t *Trainer) Tidy(ctx context.Context, shop event.ShopID) error {
	if err := t.forget(ctx, shop); err != nil {
		return err
	}
	today := t.now().UTC()
	shown := exposure.New(t.files)
	if _, err := shown.Prune(ctx, shop, today); err != nil {
		return err
	}
	for d := compactDays; d > 0; d-- {
		date := today.AddDate(0, 0, -d).Format(time.DateOnly)
		if _, _, err := archive.Compact(ctx, t.files, shop, date); err != nil {
			return fmt.Errorf("compact the archive of %s: %w", shop, err)
		}
		if _, _, err := shown.Compact(ctx, shop, date); err != nil {
			return fmt.Errorf("compact the exposures of %s: %w", shop, err)
		}
	}
	return nil
}

// forget removes forgotten visitors from the archive and from what was shown. Who was forgotten just now stays on the list until the next night: an event of theirs may still be on its way.
func (t *Trainer) forget(ctx context.Context, shop event.ShopID) error {
	list, err := t.consents.ListForgotten(ctx, shop)
	if err != nil || len(list) == 0 {
		return err
	}
	ids := make([]string, len(list))
	for i, f := range list {
		ids[i] = string(f.Visitor)
	}
	rows, err := archive.Forget(ctx, t.files, shop, ids...)
	if err != nil {
		return fmt.Errorf("forget visitors in the archive of %s: %w", shop, err)
	}
	lines, err := exposure.New(t.files).Forget(ctx, shop, ids...)
	if err != nil {
		return fmt.Errorf("forget visitors in the exposures of %s: %w", shop, err)
	}
	t.log.Info("archive forgot visitors", "shop", shop, "visitors", len(list), "rows", rows, "exposures", lines)
	for _, f := range list {
		if t.now().Sub(f.At) < settled {
			continue
		}
		if err := t.consents.DropForgotten(ctx, shop, f.Visitor); err != nil {
			return err
		}
	}
	return nil
}
