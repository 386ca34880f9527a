package admin

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"time"

	"shopkeeper/shared/ledger"
	"shopkeeper/shared/segment"
	"shopkeeper/shared/staff"
)

// ExportSegment writes a segment's members as CSV: ids alone, no names.
func (s *Service) ExportSegment(ctx context.Context, a staff.Actor, id string, w io.Writer) error {
	if err := a.Check(staff.ExportsRead); err != nil {
		return err
	}
	if _, err := s.Deps.Segments.Get(ctx, a.Shop, segment.ID(id)); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	_ = out.Write([]string{"customer", "since"}) // told by Flush
	for cursor := ""; ; {
		members, next, err := s.Deps.Segments.Members(ctx, a.Shop, segment.ID(id), cursor, 1000)
		if err != nil {
			return err
		}
		for _, m := range members {
			_ = out.Write([]string{m.Subject, stamp(m.Since)})
		}
		if cursor = next; cursor == "" {
			return flush(out)
		}
	}
}

// ExportLedger writes what became of a campaign's messages as CSV: ids alone, no names.
func (s *Service) ExportLedger(ctx context.Context, a staff.Actor, id string, w io.Writer) error {
	if err := a.Check(staff.ExportsRead); err != nil {
		return err
	}
	if _, err := s.Deps.Campaigns.Get(ctx, a.Shop, ledger.CampaignID(id)); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	_ = out.Write([]string{"customer", "step", "state", "why", "variant", "control", "handed", "delivered", "opened", "clicked", "bounced", "complained", "unsubscribed"})
	for r, err := range s.Rows.All(ctx, a.Shop, ledger.CampaignID(id)) {
		if err != nil {
			return err
		}
		_ = out.Write([]string{string(r.Person), fmt.Sprint(r.Step), string(r.State), string(r.Why), r.Variant, fmt.Sprint(r.Control), stamp(r.HandedAt), stamp(r.DeliveredAt), stamp(r.OpenedAt),
			stamp(r.ClickedAt), stamp(r.BouncedAt), stamp(r.ComplainedAt), stamp(r.UnsubscribeAt)})
	}
	return flush(out)
}

func flush(out *csv.Writer) error {
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write a file: %w", err)
	}
	return nil
}

// stamp is a time in RFC 3339, empty for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
