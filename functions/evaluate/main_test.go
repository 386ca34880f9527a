package main

import (
	"context"
	"fmt"
	"testing"
	"time"

	"shopkeeper/shared/app/trigger"
	"shopkeeper/shared/archive"
	"shopkeeper/shared/campaign"
	"shopkeeper/shared/evaluate"
	"shopkeeper/shared/event"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/replay"
)

// sent is a shop whose campaign went out ten days ago: forty persons, every fourth in the control group; every second who got it ordered for 12.50.
func sent(ctx context.Context, w *replay.World) error {
	began := replay.Clock.AddDate(0, 0, -10)
	_, err := campaign.NewStore(replay.Now, w.DB).Record(ctx, campaign.Definition{
		Shop: "tea", ID: "spring", Name: "Spring", Control: .25, Variants: []campaign.Variant{{Name: "a", Share: 1}}, Started: began, Created: began,
	})
	if err != nil {
		return err
	}
	var rows []ledger.Row
	var orders []event.Event
	for i := range 40 {
		person := event.PersonID(fmt.Sprintf("p_%02d", i))
		r := ledger.Row{Shop: "tea", Campaign: "spring", Person: person, Variant: "a", State: ledger.Delivered, At: began, HandedAt: began, DeliveredAt: began}
		if i%4 == 0 {
			r = ledger.Row{Shop: "tea", Campaign: "spring", Person: person, Variant: "a", State: ledger.Suppressed, Why: ledger.ControlGroup, Control: true, At: began}
		}
		rows = append(rows, r)
		if i%4 == 1 || i%4 == 3 {
			id := fmt.Sprintf("o%02d", i)
			orders = append(orders, event.Event{
				Shop: "tea", Visitor: event.VisitorID(person), Person: person, ID: event.ID(id), Type: event.Track, Name: event.OrderCompleted, At: began.Add(time.Duration(i) * time.Hour),
				Order: &event.Order{ID: id, Total: 1250, Currency: "GBP"},
			})
		}
	}
	if _, err := ledger.New(replay.Now, w.DB).Record(ctx, rows...); err != nil {
		return err
	}
	return archive.Append(ctx, w.Files, "spring", orders...)
}

func TestReplay(t *testing.T) {
	replay.Cases(t, "evaluate", func(t *testing.T) replay.Started {
		w := replay.NewWorld(t)
		if err := w.Bucket(t.Context(), replay.Folder+"/evaluate/bucket"); err != nil {
			t.Fatal(err)
		}
		if err := sent(t.Context(), w); err != nil {
			t.Fatal(err)
		}
		handler, err := trigger.EvaluateFunction(w.Log, replay.Now, w.DB, w.Files, w.Keys)
		if err != nil {
			t.Fatal(err)
		}
		state := func(ctx context.Context) (any, error) {
			reports := evaluate.NewReports(w.Files)
			list, _, err := reports.List(ctx, "tea", "", 10)
			if err != nil || len(list) == 0 {
				return nil, err
			}
			r, err := reports.Campaign(ctx, "tea", "spring")
			if err != nil {
				return nil, err
			}
			m, err := reports.Months(ctx, "tea")
			return map[string]any{"campaign": r, "months": m.Only("").Months[11:]}, err
		}
		return replay.Started{Handler: handler, State: state, Keeps: state}
	})
}
