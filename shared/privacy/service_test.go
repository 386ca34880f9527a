package privacy_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/disk"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/locale"
	"shopkeeper/shared/mail"
	"shopkeeper/shared/people"
	"shopkeeper/shared/privacy"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/sqlite"
	"shopkeeper/shared/sqlite/sqlitetest"
	"shopkeeper/shared/suppression"
	"shopkeeper/shared/tracking"
)

// world is a shop with one person.
type world struct {
	*privacy.Service
	db     *sqlite.DB
	shops  *shop.Store
	tokens *tracking.Tokens
	clock  time.Time
	failed int // how often the last eraser fails still
}

// flaky is an eraser that fails a few times.
type flaky struct{ *world }

func (flaky) Name() string { return "flaky" }

func (f flaky) Erase(context.Context, event.ShopID, privacy.Subject) (int, error) {
	if f.failed > 0 {
		f.failed--
		return 0, fault.New(fault.Unavailable, "not now")
	}
	return 1, nil
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{clock: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	now := func() time.Time { return w.clock }
	w.db = sqlitetest.Open(t, &sqlite.Options{Now: now})
	ring, err := identity.ParseKeyring(identity.NewKeyring())
	if err != nil {
		t.Fatal(err)
	}
	hasher, err := identity.NewHasher(ring)
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := identity.NewSealer(ring)
	if err != nil {
		t.Fatal(err)
	}
	if w.tokens, err = tracking.NewTokens(ring); err != nil {
		t.Fatal(err)
	}
	files, err := disk.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w.shops = shop.NewStore(now, w.db, sealer)
	if err := w.shops.Put(t.Context(), shop.Settings{ID: "shop", Name: "Shop", Currency: "GBP", Locale: "en", Consent: consent.Implied, From: mail.Address{Email: "hello@shop.example"}, Address: "1 High Street"}); err != nil {
		t.Fatal(err)
	}
	log, persons := slog.New(slog.DiscardHandler), people.New(w.db)
	weights := func(context.Context, event.ShopID) (profile.Weights, error) { return profile.DefaultWeights, nil }
	w.Service = privacy.New(privacy.Deps{
		Log: log, Now: now, Tables: w.db, Files: files, Aliases: identity.NewAddressedAliases(w.db, hasher), Hasher: hasher, Sealer: sealer, People: persons,
		Folder: profile.New(log, now, w.db, persons, sealer, weights), Suppression: suppression.New(w.db, hasher), Erased: consent.NewErased(w.db, hasher, nil), Erasers: []privacy.Eraser{flaky{w}},
	})
	return w
}

// add makes a person known by an address and a user id.
func (w *world) add(t *testing.T, user, email string) event.PersonID {
	t.Helper()
	p, err := w.Aliases.EnsurePerson(t.Context(), "shop", user, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Aliases.EnsureByEmail(t.Context(), "shop", email, p); err != nil {
		t.Fatal(err)
	}
	address, err := json.Marshal(email)
	if err != nil {
		t.Fatal(err)
	}
	it, err := people.Pending{Shop: "shop", Person: p, Event: event.ID(user), Visitor: event.VisitorID(p), UserID: user, Trusted: true, At: w.clock, Traits: map[string]json.RawMessage{"email": address}}.Item()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.db.PutAll(t.Context(), it); err != nil {
		t.Fatal(err)
	}
	if _, err := w.People.Apply(t.Context(), "shop", p); err != nil {
		t.Fatal(err)
	}
	return p
}

func (w *world) gone(t *testing.T, who string) {
	t.Helper()
	if found, err := w.Find(t.Context(), "shop", who); !fault.Is(err, fault.NotFound) {
		t.Errorf("%s is still found: %v, %v", who, found, err)
	}
}

func TestFind(t *testing.T) {
	w := newWorld(t)
	ann, twin := w.add(t, "customer-1", "Ann@example.org"), w.add(t, "customer-2", "ann@example.org")
	for name, tt := range map[string]struct {
		who  string
		want int
	}{
		"by the id": {string(ann), 1}, "by the user id": {"customer-2", 1}, "by the address, which two have": {" ANN@example.org", 2}, "nobody": {"customer-3", 0}, "no id": {"p_none", 0}, "no visitor": {"v_none", 0},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := w.Find(t.Context(), "shop", tt.who)
			if len(found) != tt.want || (err == nil) != (tt.want > 0) || err != nil && !fault.Is(err, fault.NotFound) {
				t.Errorf("found %v, %v", found, err)
			}
		})
	}
	if _, err := w.Find(t.Context(), "shop", " "); !fault.Is(err, fault.Invalid) {
		t.Errorf("nothing: %v, want invalid", err)
	}
	if found, err := w.Find(t.Context(), "other", "customer-1"); !fault.Is(err, fault.NotFound) {
		t.Errorf("another shop finds %v, %v", found, err)
	}
	if _, err := w.Erase(t.Context(), "shop", "ann@example.org"); err != nil {
		t.Fatal(err)
	}
	w.gone(t, string(ann))
	w.gone(t, string(twin))
}

func TestAnErasureThatIsCutShortGoesOn(t *testing.T) {
	ctx, w := t.Context(), newWorld(t)
	ann, bob := w.add(t, "customer-1", "ann@example.org"), w.add(t, "customer-2", "bob@example.org")
	w.failed = 1
	if c, err := w.Erase(ctx, "shop", "ann@example.org"); !fault.Is(err, fault.Unavailable) || !c.Finished.IsZero() {
		t.Fatalf("erased %+v, %v; want the eraser's fault", c, err)
	}
	stones, err := w.Erased.Look(ctx, "shop")
	if err != nil {
		t.Fatal(err)
	}
	if old, err := stones.Refuse(ctx, w.clock, "any", consent.Name{Kind: identity.KindUser, Text: "customer-1"}); err != nil || !old {
		t.Errorf("there is no tombstone although something was removed: %v, %v", old, err)
	}
	if done, err := w.Resume(ctx, "shop", privacy.Patience); err != nil || len(done) != 0 {
		t.Errorf("what somebody may be at is taken from them: %v, %v", done, err)
	}
	w.failed = 1
	w.clock = w.clock.Add(privacy.Patience)
	if _, err := w.Resume(ctx, "shop", privacy.Patience); !fault.Is(err, fault.Unavailable) {
		t.Errorf("cut short again: %v", err)
	}
	done, err := w.Resume(ctx, "shop", privacy.Patience)
	if err != nil || len(done) != 1 || done[0].Subjects != 1 || done[0].Finished.IsZero() {
		t.Fatalf("resumed: %+v, %v", done, err)
	}
	w.gone(t, string(ann))
	if _, err := w.Find(ctx, "shop", string(bob)); err != nil {
		t.Errorf("somebody else went too: %v", err)
	}
	if again, err := w.Resume(ctx, "shop", 0); err != nil || len(again) != 0 {
		t.Errorf("resumed twice: %v, %v", again, err)
	}
	kept, err := w.Certificates(ctx, "shop")
	if err != nil || len(kept) != 1 || kept[0].Erasure != done[0].Erasure {
		t.Errorf("certificates: %+v, %v", kept, err)
	}
	entry, err := w.Suppression.Check(ctx, "shop", "ann@example.org")
	if err != nil || entry["ann@example.org"].Reason != suppression.Erased {
		t.Errorf("the address is not suppressed: %v, %v", entry, err)
	}
}

func TestNothingPersonalIsOnRecord(t *testing.T) {
	ctx, w := t.Context(), newWorld(t)
	ann := w.add(t, "customer-1", "ann@example.org")
	w.failed = 1
	check := func(when string) {
		t.Helper()
		if err := w.db.Dump(ctx, func(where string, values []byte) error {
			for _, word := range []string{"ann@example.org", "customer-1"} {
				if strings.Contains(strings.ToLower(string(values)), word) && where == string(consent.Table) {
					t.Errorf("%s, %s has %q", when, where, word)
				}
			}
			if where == string(consent.Table) && strings.Contains(string(values), string(ann)) {
				t.Errorf("%s, %s names the person", when, where)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Erase(ctx, "shop", "ann@example.org"); err == nil {
		t.Fatal("it was not cut short")
	}
	check("in the middle")
	if _, err := w.Resume(ctx, "shop", 0); err != nil {
		t.Fatal(err)
	}
}

// post is a sender that keeps what it is given.
type post struct {
	sent    []mail.Message
	outcome mail.Outcome
}

func (*post) Batch() int { return 1 }

func (p *post) Send(_ context.Context, messages ...mail.Message) []mail.Result {
	p.sent = append(p.sent, messages...)
	return []mail.Result{{Outcome: p.outcome}}
}

func TestAPersonConfirmsByMail(t *testing.T) {
	ctx, w := t.Context(), newWorld(t)
	ann := w.add(t, "customer-1", "ann@example.org")
	bad := w.add(t, "customer-2", "no-address")
	box := &post{outcome: mail.Accepted}
	r := privacy.Requests{Service: w.Service, Shops: w.shops, Tokens: w.tokens, Words: locale.New(nil), Sender: box, Base: "https://t.shop.example"}
	for who, want := range map[event.PersonID]bool{ann: true, bad: false, "p_none": false} {
		for range 2 {
			if sent, err := r.Ask(ctx, "shop", who, "fr"); err != nil || sent != want {
				t.Errorf("asked %s: %v, %v; want %v", who, sent, err, want)
			}
		}
	}
	if len(box.sent) != 1 || box.sent[0].To.Email != "ann@example.org" || box.sent[0].Unsubscribe != "" {
		t.Fatalf("sent %+v, want one mail to ann", box.sent)
	}
	_, link, ok := strings.Cut(box.sent[0].Text, "https://t.shop.example/p/erase/")
	link, _, _ = strings.Cut(link, "\n")
	token, err := w.tokens.Parse(tracking.Erase, link, w.clock)
	if !ok || err != nil || token.Person != ann {
		t.Fatalf("the link %q is of %+v, %v", link, token, err)
	}
	if _, err := w.tokens.Parse(tracking.Preferences, link, w.clock); err == nil {
		t.Error("the link opens something else, too")
	}
	if _, err := w.tokens.Parse(tracking.Erase, link, w.clock.Add(tracking.EraseLife+time.Second)); err == nil {
		t.Error("the link never ends")
	}
	for range 2 {
		if err := r.Confirmed(ctx, token); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Resume(ctx, "shop", privacy.Patience); err != nil {
		t.Fatal(err)
	}
	w.gone(t, "ann@example.org")
	if err := r.Confirmed(ctx, token); err != nil {
		t.Errorf("confirmed again: %v", err)
	}
	box.outcome = mail.Deferred
	cat := w.add(t, "customer-3", "cat@example.org")
	if _, err := r.Ask(ctx, "shop", cat, ""); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a mail that was not sent: %v, want unavailable", err)
	}
}
