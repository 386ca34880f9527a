package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"shopkeeper/shared/app"
	"shopkeeper/shared/app/trigger"
	"shopkeeper/shared/bus"
	"shopkeeper/shared/campaign"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/mail"
	"shopkeeper/shared/mail/mailtest"
	"shopkeeper/shared/people"
	"shopkeeper/shared/replay"
	"shopkeeper/shared/segment"
	"shopkeeper/shared/ses"
	"shopkeeper/shared/ses/sestest"
	"shopkeeper/shared/table"
)

// silent is a bus that nobody listens to.
type silent struct{}

func (silent) Publish(context.Context, ...bus.Notice) error { return nil }

// The campaigns of the tea shop, named after what SES does with their messages. They are written to anna, bert and dora; bert has withdrawn his permission since, dora's address is
// none any more.
var campaigns = []ledger.CampaignID{"spring", "busy", "unanswered", "refused", "paused"}

func agreed(ctx context.Context, w *replay.World, id event.PersonID, email string, choice consent.Choice) error {
	body, err := json.Marshal(people.Person{
		FirstName: strings.ToUpper(string(id[2:3])) + string(id[3:]), Email: email, Created: replay.Clock, Updated: replay.Clock,
		Permissions: map[people.Channel]people.Permission{people.Email: {Channel: people.Email, Choice: choice, At: replay.Clock}},
	})
	if err != nil {
		return err
	}
	return w.DB.PutAll(ctx, table.Item{Key: people.PersonKey("tea", id), Body: body})
}

// plan brings the campaigns to where they are sent.
func plan(ctx context.Context, w *replay.World) error {
	if _, err := segment.NewStore(replay.Now, w.DB).Put(ctx, segment.Definition{Shop: "tea", ID: "all", Name: "Everybody", Condition: "true"}); err != nil {
		return err
	}
	keeper := segment.NewKeeper(w.Log, replay.Now, w.DB, silent{}, func(context.Context, event.ShopID) (string, error) { return "GBP", nil })
	for _, id := range []event.PersonID{"p_anna", "p_bert", "p_dora"} {
		if err := agreed(ctx, w, id, string(id[2:])+"@example.org", consent.Granted); err != nil {
			return err
		}
		if err := keeper.Follow(ctx, "tea", string(id)); err != nil {
			return err
		}
	}
	runner, err := app.Campaign(slog.New(slog.DiscardHandler), replay.Now, w.DB, w.DB.Queue("send", nil), w.Keys, nil)
	if err != nil {
		return err
	}
	for _, id := range campaigns {
		if _, err := runner.Put(ctx, campaign.Definition{
			Shop: "tea", ID: id, Name: "Spring", Segment: "all", From: mail.Address{Name: "Tea", Email: "hello@tea.example"},
			Variants: []campaign.Variant{{Name: "a", Share: 1, Subject: "Spring, {{ customer.first_name }}", Text: "{{ unsubscribe_url }}"}},
		}); err != nil {
			return err
		}
		if _, err := runner.Start(ctx, "tea", id, 0); err != nil {
			return err
		}
	}
	for range 3 {
		if err := runner.Tick(ctx, "tea"); err != nil {
			return err
		}
	}
	if _, err := campaign.NewStore(replay.Now, w.DB).Pause(ctx, "tea", "paused", "a test"); err != nil {
		return err
	}
	if err := agreed(ctx, w, "p_bert", "bert@example.org", consent.Denied); err != nil {
		return err
	}
	return agreed(ctx, w, "p_dora", "dora@example", consent.Granted)
}

// row is a row of the ledger in short.
type row struct {
	Person event.PersonID
	State  ledger.State
	Why    ledger.Why `json:",omitempty"`
	Code   string     `json:",omitempty"`
}

func TestReplay(t *testing.T) {
	replay.Cases(t, "send", func(t *testing.T) replay.Started {
		w := replay.NewWorld(t)
		if err := plan(t.Context(), w); err != nil {
			t.Fatal(err)
		}
		provider := sestest.Start(t, sestest.Options{Entry: func(m mailtest.Received) sestest.Answer {
			return map[string]sestest.Answer{"busy": sestest.Throttled, "unanswered": "", "refused": sestest.Rejected, "spring": sestest.Success}[m.Tags.Campaign]
		}})
		handler, err := trigger.SendFunction(w.Log, replay.Now, w.DB, w.Files, w.Keys, ses.Open(replay.Now, provider.Config, &ses.Options{Log: w.Log}), "https://shop.example")
		if err != nil {
			t.Fatal(err)
		}
		state := func(ctx context.Context) (any, error) {
			all := map[ledger.CampaignID][]row{}
			for _, id := range campaigns {
				for r, err := range ledger.New(replay.Now, w.DB).All(ctx, "tea", id) {
					if err != nil {
						return nil, err
					}
					all[id] = append(all[id], row{r.Person, r.State, r.Why, r.Code})
				}
				slices.SortFunc(all[id], func(a, b row) int { return strings.Compare(string(a.Person), string(b.Person)) })
			}
			var mails []string
			for _, m := range provider.Received() {
				mails = append(mails, m.To.Email+": "+m.Subject)
			}
			slices.Sort(mails)
			return map[string]any{"ledger": all, "mails": mails}, nil
		}
		return replay.Started{Handler: handler, State: state, Keeps: state}
	})
}
