package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/app"
	"shopkeeper/shared/replay"
	"shopkeeper/shared/segment"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/staff"
	"shopkeeper/shared/table"
)

// What the payloads log in with, and the session that they have.
const (
	login    = "ann@tea.example"
	password = "a pot of darjeeling"
	session  = "a session of the payloads"
)

// open gives tea an account with a session and a segment, and mugs a key and a segment of its own.
func open(t *testing.T, w *replay.World) *staff.Store {
	t.Helper()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	earlier := func() time.Time { return replay.Clock.Add(-time.Hour) }
	accounts, err := staff.New(earlier, w.DB, w.Keys)
	must(err)
	_, err = accounts.Add(ctx, staff.User{Shop: "tea", ID: "u_ann", Login: login, Name: "Ann", Role: staff.Marketer}, password)
	must(err)
	body, err := json.Marshal(map[string]any{"login": login, "seen": replay.Clock, "ends": replay.Clock.Add(time.Hour)})
	must(err)
	sum := sha256.Sum256([]byte(session))
	must(w.DB.PutAll(ctx, table.Item{Key: table.Key{Table: staff.Table, Partition: table.Partition("tea", "s", hex.EncodeToString(sum[:])), Sort: "session"}, Body: body}))

	must(replay.Found(ctx, replay.Now, w.DB, w.Keys, shop.Settings{ID: "mugs", Name: "The mugs shop", Currency: "GBP", Consent: "implied"}, map[shop.KeyKind]string{shop.SecretKey: "sk_mugs-0123456789abcdef"}))
	segments := segment.NewStore(earlier, w.DB)
	for _, d := range []segment.Definition{
		{Shop: "tea", ID: "often", Name: "Come often", Condition: "visits >= 3"},
		{Shop: "mugs", ID: "french", Name: "From France", Condition: `country == "FR"`},
	} {
		_, err := segments.Put(ctx, d)
		must(err)
	}
	return accounts
}

// act is an entry of the log of what staff did, without what is drawn.
type act struct {
	Actor, Action, Target, Outcome, Why string
}

func TestReplay(t *testing.T) {
	replay.Cases(t, "console", func(t *testing.T) replay.Started {
		w := replay.NewWorld(t)
		accounts := open(t, w)
		handler, err := app.Desk(w.Log, replay.Now, replay.Busy{Store: w.DB}, w.Files, w.Keys, &app.OfficeOptions{Base: "https://t.tea.example"})
		if err != nil {
			t.Fatal(err)
		}
		definitions := func(ctx context.Context) (any, error) {
			segments := segment.NewStore(replay.Now, w.DB)
			tea, err := segments.List(ctx, "tea")
			if err != nil {
				return nil, err
			}
			mugs, err := segments.List(ctx, "mugs")
			return map[string]any{"tea": tea, "mugs": mugs}, err
		}
		state := func(ctx context.Context) (any, error) {
			segments, err := definitions(ctx)
			if err != nil {
				return nil, err
			}
			acts, err := audit(ctx, accounts)
			return map[string]any{"segments": segments, "audit": acts}, err
		}
		return replay.Started{Handler: start(handler), State: state, Keeps: definitions}
	})
}

// TestAKeyOfARequestIsUsedOnce delivers a request with an idempotency key twice: the second answer is the first one again.
func TestAKeyOfARequestIsUsedOnce(t *testing.T) {
	w := replay.NewWorld(t)
	open(t, w)
	handler, err := app.Desk(w.Log, replay.Now, w.DB, w.Files, w.Keys, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(replay.Folder, "console", "a-new-segment-once.json"))
	if err != nil {
		t.Fatal(err)
	}
	var request events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(text, &request); err != nil {
		t.Fatal(err)
	}
	var answers [2]events.APIGatewayV2HTTPResponse
	for i := range answers {
		if answers[i], err = start(handler)(t.Context(), request); err != nil {
			t.Fatal(err)
		}
	}
	if answers[0].StatusCode != http.StatusCreated || answers[1].StatusCode != http.StatusCreated {
		t.Errorf("answered %d, then %d", answers[0].StatusCode, answers[1].StatusCode)
	}
	if diff := cmp.Diff(answers[0].Body, answers[1].Body); diff != "" {
		t.Errorf("the second answer is another (-first +second):\n%s", diff)
	}
	for i, want := range []string{"", "true"} {
		if got := answers[i].Headers["Idempotency-Replayed"]; got != want {
			t.Errorf("answer %d: replayed %q, want %q", i, got, want)
		}
	}
}

// audit is what is in tea's log, as far as no two runs differ.
func audit(ctx context.Context, accounts *staff.Store) ([]act, error) {
	entries, _, err := accounts.Audit(ctx, "tea", "", 10)
	acts := make([]act, len(entries))
	for i, e := range entries {
		acts[i] = act{e.Actor, string(e.Action), e.Target, string(e.Outcome), e.Why}
	}
	return acts, err
}
