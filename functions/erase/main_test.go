package main

import (
	"context"
	"encoding/json"
	"testing"

	"shopkeeper/shared/app"
	"shopkeeper/shared/app/trigger"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/mail"
	"shopkeeper/shared/people"
	"shopkeeper/shared/privacy"
	"shopkeeper/shared/replay"
	"shopkeeper/shared/table"
	"shopkeeper/shared/tracking"
)

// asked is two persons, of whom the first has confirmed by mail to be forgotten.
func asked(ctx context.Context, w *replay.World) error {
	for _, id := range []string{"p_ann", "p_bob"} {
		told := people.Pending{Shop: "tea", Person: event.PersonID(id), Event: "e1", Visitor: event.VisitorID(id), UserID: id[2:], Trusted: true, At: replay.Clock, Traits: map[string]json.RawMessage{
			"email": json.RawMessage(`"` + id[2:] + `@example.org"`),
		}}
		it, err := told.Item()
		if err != nil {
			return err
		}
		if err := w.DB.PutAll(ctx, it); err != nil {
			return err
		}
		if _, err := people.New(w.DB).Apply(ctx, "tea", told.Person); err != nil {
			return err
		}
	}
	requests, err := app.Requests(w.Log, replay.Now, w.DB, w.Keys, nobody{}, "https://t.shop.example")
	if err != nil {
		return err
	}
	return requests.Confirmed(ctx, tracking.Token{Kind: tracking.Erase, Mark: tracking.Mark{Shop: "tea", Person: "p_ann"}})
}

// nobody takes no mail.
type nobody struct{ mail.Sender }

// left says who is known, and what the certificates say without what differs from run to run.
func left(ctx context.Context, w *replay.World) (any, error) {
	known := map[string]bool{}
	for _, id := range []event.PersonID{"p_ann", "p_bob"} {
		_, err := people.New(w.DB).Read(ctx, "tea", id, table.Strong)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
		known[string(id)] = err == nil
	}
	service, err := app.Privacy(w.Log, replay.Now, w.DB, w.Files, w.Keys, nil)
	if err != nil {
		return nil, err
	}
	certificates, err := service.Certificates(ctx, "tea")
	removed := [][]privacy.Removed{}
	for _, c := range certificates {
		removed = append(removed, c.Removed)
	}
	return map[string]any{"known": known, "removed": removed}, err
}

func TestReplay(t *testing.T) {
	replay.Cases(t, "erase", func(t *testing.T) replay.Started {
		w := replay.NewWorld(t)
		if err := w.Bucket(t.Context(), replay.Folder+"/erase/bucket"); err != nil {
			t.Fatal(err)
		}
		if err := asked(t.Context(), w); err != nil {
			t.Fatal(err)
		}
		handler, err := trigger.EraseFunction(w.Log, replay.Now, w.DB, w.Files, w.Keys)
		if err != nil {
			t.Fatal(err)
		}
		state := func(ctx context.Context) (any, error) { return left(ctx, w) }
		return replay.Started{Handler: handler, State: state, Keeps: state}
	})
}
