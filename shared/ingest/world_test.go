package ingest

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/people"
	"shopkeeper/shared/sqlite"
	"shopkeeper/shared/sqlite/sqlitetest"
	"shopkeeper/shared/table"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// world is an empty deployment on a file.
type world struct {
	db     *sqlite.DB
	tables table.Store
	cat    *catalog.Store
	im     *Importer
	hasher *identity.Hasher
	erased *consent.Erased
}

// newWorld makes one whose clock stands still. wrap comes between the importer and the database.
func newWorld(t testing.TB, wrap func(table.Store) table.Store) world {
	t.Helper()
	now := func() time.Time { return noon }
	db := sqlitetest.Open(t, &sqlite.Options{Feeds: []table.Name{event.Table}, Now: now})
	w := world{db: db, tables: db}
	if wrap != nil {
		w.tables = wrap(db)
	}
	w.cat = catalog.NewStore(now, w.tables)
	ring, err := identity.ParseKeyring(identity.NewKeyring())
	if err != nil {
		t.Fatal(err)
	}
	if w.hasher, err = identity.NewHasher(ring); err != nil {
		t.Fatal(err)
	}
	w.erased = consent.NewErased(w.tables, w.hasher, nil)
	w.im = New(slog.New(slog.DiscardHandler), now, w.tables, identity.NewAddressedAliases(w.tables, w.hasher), w.cat).Refusing(w.erased)
	return w
}

// who is whom a user stands for; "mailto:" and an address for who is known by that.
func (w world) who(t testing.TB, user string) event.PersonID {
	t.Helper()
	aliases := identity.NewAddressedAliases(w.db, w.hasher)
	find := aliases.Person
	address, ok := strings.CutPrefix(user, mailUser)
	if ok {
		find, user = aliases.ByEmail, address
	}
	p, err := find(t.Context(), "a", user)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// job imports a text.
func job(as Kind, text string) Job {
	return Job{Shop: "a", Name: "file.csv", As: as, Currency: "GBP", Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader([]byte(text))), nil }}
}

func (w world) load(t testing.TB, j Job) Result {
	t.Helper()
	r, err := w.im.File(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	r.Seconds = 0
	return r
}

// stored is what the feed brought, latest per key, with persons and offline visitors written as the user id they stand for, in order of user and message.
func (w world) stored(t testing.TB, users ...string) []event.Event {
	t.Helper()
	names := map[string]string{}
	for _, u := range users {
		names[string(w.who(t, u))] = u
	}
	changes, err := w.db.Feed(event.Table).Read(t.Context(), "test", 100_000)
	if err != nil {
		t.Fatal(err)
	}
	var all []event.Event
	for _, c := range changes {
		if c.Old != nil {
			t.Errorf("event %s was stored twice", c.Key.Sort)
		}
		e, err := event.FromItem(*c.New)
		if err != nil {
			t.Fatal(err)
		}
		if name, known := names[string(e.Visitor)]; known {
			e.Visitor, e.Person = event.VisitorID(name), event.PersonID(name)
		}
		e.ReceivedAt = time.Time{}
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b event.Event) int {
		return slices.Compare([]string{string(a.Visitor), string(a.ID)}, []string{string(b.Visitor), string(b.ID)})
	})
	return all
}

// traits are those that wait for a user.
func (w world) traits(t testing.TB, user string) []map[string]string {
	t.Helper()
	p := w.who(t, user)
	page, err := w.db.Query(t.Context(), table.Query{Table: people.Table, Partition: table.Partition("a", string(p)), Prefix: "in#"})
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]string
	for _, it := range page.Items {
		var pending people.Pending
		if err := json.Unmarshal(it.Body, &pending); err != nil {
			t.Fatal(err)
		}
		one := map[string]string{"userId": pending.UserID}
		for name, raw := range pending.Traits {
			one[name] = strings.Trim(string(raw), `"`)
		}
		all = append(all, one)
	}
	return all
}
