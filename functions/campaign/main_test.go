package main

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"testing"
	"time"

	"shopkeeper/shared/app"
	"shopkeeper/shared/app/trigger"
	"shopkeeper/shared/bus"
	"shopkeeper/shared/campaign"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/mail"
	"shopkeeper/shared/people"
	"shopkeeper/shared/replay"
	"shopkeeper/shared/segment"
	"shopkeeper/shared/sqlite"
	"shopkeeper/shared/table"
)

// silent is a bus that nobody listens to.
type silent struct{}

func (silent) Publish(context.Context, ...bus.Notice) error { return nil }

// shops in which something is due: tea begins a campaign to three persons, of whom one has agreed to nothing; mugs missed its time.
func due(ctx context.Context, w *replay.World, jobs *sqlite.Queue) error {
	keeper := segment.NewKeeper(w.Log, replay.Now, w.DB, silent{}, func(context.Context, event.ShopID) (string, error) { return "GBP", nil })
	runner, err := app.Campaign(slog.New(slog.DiscardHandler), func() time.Time { return replay.Clock.Add(-24 * time.Hour) }, w.DB, jobs, w.Keys, nil)
	if err != nil {
		return err
	}
	for shop, at := range map[event.ShopID]time.Time{"tea": replay.Clock.Add(-time.Minute), "mugs": replay.Clock.Add(-6 * time.Hour)} {
		if _, err := segment.NewStore(replay.Now, w.DB).Put(ctx, segment.Definition{Shop: shop, ID: "all", Name: "Everybody", Condition: "true"}); err != nil {
			return err
		}
		for _, id := range []event.PersonID{"p_anna", "p_bert", "p_cleo"} {
			p := people.Person{Email: string(id[2:]) + "@example.org", Created: replay.Clock, Updated: replay.Clock}
			if id != "p_cleo" {
				p.Permissions = map[people.Channel]people.Permission{people.Email: {Channel: people.Email, Choice: consent.Granted, At: replay.Clock}}
			}
			body, err := json.Marshal(p)
			if err != nil {
				return err
			}
			if err := w.DB.PutAll(ctx, table.Item{Key: people.PersonKey(shop, id), Body: body}); err != nil {
				return err
			}
			if err := keeper.Follow(ctx, shop, string(id)); err != nil {
				return err
			}
		}
		_, err := runner.Put(ctx, campaign.Definition{
			Shop: shop, ID: "spring", Name: "Spring", Segment: "all", From: mail.Address{Email: "hello@shop.example"}, At: at,
			Variants: []campaign.Variant{{Name: "a", Share: 1, Subject: "Spring", Text: "{{ unsubscribe_url }}"}},
		})
		if err != nil {
			return err
		}
		if _, err := runner.Start(ctx, shop, "spring", 0); err != nil {
			return err
		}
	}
	return nil
}

func TestReplay(t *testing.T) {
	replay.Cases(t, "campaign", func(t *testing.T) replay.Started {
		w := replay.NewWorld(t)
		jobs := w.DB.Queue("send", nil)
		if err := w.Bucket(t.Context(), replay.Folder+"/campaign/bucket"); err != nil {
			t.Fatal(err)
		}
		if err := due(t.Context(), w, jobs); err != nil {
			t.Fatal(err)
		}
		handler, err := trigger.CampaignFunction(w.Log, replay.Now, w.DB, w.Files, jobs, w.Keys)
		if err != nil {
			t.Fatal(err)
		}
		state := func(ctx context.Context) (any, error) {
			shops := map[event.ShopID]any{}
			for _, shop := range []event.ShopID{"mugs", "tea"} {
				d, err := campaign.NewStore(replay.Now, w.DB).Get(ctx, shop, "spring")
				if err != nil {
					return nil, err
				}
				sums, err := ledger.New(replay.Now, w.DB).Sums(ctx, shop, "spring")
				if err != nil {
					return nil, err
				}
				shops[shop] = map[string]any{"status": d.Status, "why": d.Why, "audience": d.Audience, "ledger": sums}
			}
			return shops, nil
		}
		return replay.Started{Handler: handler, Keeps: state, State: func(ctx context.Context) (any, error) {
			shops, err := state(ctx)
			if err != nil {
				return nil, err
			}
			var sent []json.RawMessage
			for {
				messages, err := jobs.Receive(ctx, 10, 0)
				if err != nil || len(messages) == 0 {
					slices.SortFunc(sent, func(a, b json.RawMessage) int { return bytes.Compare(a, b) })
					return map[string]any{"shops": shops, "jobs": sent}, err
				}
				for _, m := range messages {
					sent = append(sent, m.Body)
				}
			}
		}}
	})
}
