package main

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"shopkeeper/shared/app"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/mail"
	"shopkeeper/shared/people"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/replay"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/suppression"
)

// letters is a mail.Sender that keeps to whom it wrote.
type letters struct{ To []string }

func (l *letters) Batch() int { return 1 }

func (l *letters) Send(_ context.Context, messages ...mail.Message) []mail.Result {
	results := make([]mail.Result, len(messages))
	for i, m := range messages {
		l.To = append(l.To, m.To.Email)
		results[i].Outcome = mail.Accepted
	}
	return results
}

// write is what Anna was sent an hour ago: she allowed it, and the mail was handed over.
func write(ctx context.Context, w *replay.World) error {
	s := shop.Settings{ID: "tea", Name: "The tea shop", Currency: "GBP", Consent: consent.Implied, URL: "https://tea.example", From: mail.Address{Email: "shop@tea.example"}}
	if err := replay.Found(ctx, replay.Now, w.DB, w.Keys, s, nil); err != nil {
		return err
	}
	persons, sent := people.New(w.DB), replay.Clock.Add(-time.Hour)
	p := people.Pending{Shop: "tea", Person: "p_anna", Event: "m-1", Visitor: identity.Offline("p_anna"), Trusted: true, At: sent, Traits: map[string]json.RawMessage{"email": json.RawMessage(`"anna@example.org"`)}}
	told, err := p.Item()
	if err != nil {
		return err
	}
	if err := w.DB.PutAll(ctx, told); err != nil {
		return err
	}
	if _, err := persons.Apply(ctx, "tea", "p_anna"); err != nil {
		return err
	}
	if err := persons.Permit(ctx, "tea", "p_anna", people.Permission{Channel: people.Email, Choice: consent.Granted, Source: "checkout", At: sent}); err != nil {
		return err
	}
	rows := ledger.New(func() time.Time { return sent }, w.DB)
	row := ledger.Row{Shop: "tea", Campaign: "spring", Person: "p_anna", State: ledger.Planned, Variant: "a", PlannedAt: sent}
	if _, err := rows.Plan(ctx, row); err != nil {
		return err
	}
	if row, err = rows.Get(ctx, "tea", "spring", "p_anna", 0); err != nil {
		return err
	}
	claimed, err := rows.Exchange(ctx, nil, []ledger.Claim{{Row: row, By: "s", Lease: replay.Clock}})
	if err != nil {
		return err
	}
	if _, err = rows.Exchange(ctx, []ledger.Settlement{{Row: claimed.Claimed[0], To: ledger.Handed, At: sent}}, nil); err != nil {
		return err
	}
	return w.Settle(ctx)
}

func TestReplay(t *testing.T) {
	replay.Cases(t, "preferences", func(t *testing.T) replay.Started {
		w := replay.NewWorld(t)
		if err := write(t.Context(), w); err != nil {
			t.Fatal(err)
		}
		hasher, err := identity.NewHasher(w.Keys)
		if err != nil {
			t.Fatal(err)
		}
		var sent letters
		handler, err := app.Preferences(w.Log, replay.Now, w.DB, w.Keys, &sent, "https://t.tea.example")
		if err != nil {
			t.Fatal(err)
		}
		state := func(ctx context.Context) (any, error) {
			changed, err := w.Changed(ctx, event.Table, people.Table, consent.Table, profile.Table)
			if err != nil {
				return nil, err
			}
			row, err := ledger.New(replay.Now, w.DB).Get(ctx, "tea", "spring", "p_anna", 0)
			if err != nil {
				return nil, err
			}
			row.Claim = "" // drawn by lot
			suppressed, err := suppression.New(w.DB, hasher).Check(ctx, "tea", "anna@example.org")
			return map[string]any{"changed": changed, "row": row, "suppressed": suppressed, "wrote": sent.To}, err
		}
		return replay.Started{Handler: start(handler), State: state, Keeps: state}
	})
}
