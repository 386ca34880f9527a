package replay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/disk"
	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/people"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/segment"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/sqlite"
	"shopkeeper/shared/table"
)

// Clock is when every case happens.
var Clock = time.Date(2026, time.May, 1, 12, 0, 0, 0, time.UTC)

// Now is Clock, for whoever wants a function.
func Now() time.Time { return Clock }

// Keyring is the deployment's secrets: no secrets at all, they are in the repository, so that payloads can carry cookies that are good.
const Keyring = `{"current":"k1","keys":{"k1":"cmVwbGF5IGtleXMgc2lnbiBub3RoaW5nIG9mIHZhbHVl"}}`

// The keys of the shops: tea and mugs follow who does not object, silk only who agreed.
const (
	TeaKey    = "wk_tea-0123456789abcdef"
	TeaSecret = "sk_tea-0123456789abcdef"
	MugsKey   = "wk_mugs-0123456789abcdef"
	SilkKey   = "wk_silk-0123456789abcdef"
)

// recorded are the tables whose changes a case may show.
var recorded = []table.Name{event.Table, profile.Table, people.Table, consent.Table, identity.Table, catalog.Table, shop.Table, segment.Table}

// World is a deployment of three shops on embedded engines.
type World struct {
	DB       *sqlite.DB
	Files    *disk.Store
	Keys     *identity.Keyring
	Failures *sqlite.Queue
	Log      *slog.Logger

	poison []json.RawMessage
}

// NewWorld makes one that ends with the test.
func NewWorld(t testing.TB) *World {
	t.Helper()
	w := &World{Log: slog.New(slog.DiscardHandler)}
	if err := w.open(t); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.DB.Close(); err != nil {
			t.Error(err)
		}
	})
	for id, of := range map[event.ShopID]struct {
		mode consent.Mode
		keys map[shop.KeyKind]string
	}{
		"tea":  {consent.Implied, map[shop.KeyKind]string{shop.WriteKey: TeaKey, shop.SecretKey: TeaSecret}},
		"mugs": {consent.Implied, map[shop.KeyKind]string{shop.WriteKey: MugsKey}},
		"silk": {consent.Required, map[shop.KeyKind]string{shop.WriteKey: SilkKey}},
	} {
		s := shop.Settings{ID: id, Name: "The " + string(id) + " shop", Currency: "GBP", Consent: of.mode}
		if err := Found(t.Context(), Now, w.DB, w.Keys, s, of.keys); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func (w *World) open(t testing.TB) (err error) {
	if w.DB, err = sqlite.Open(filepath.Join(t.TempDir(), "shop.db"), &sqlite.Options{Logger: w.Log, Now: Now, Feeds: recorded}); err != nil {
		return err
	}
	w.Failures = w.DB.Queue("failures", nil)
	if w.Files, err = disk.Open(t.TempDir()); err != nil {
		return err
	}
	w.Keys, err = identity.ParseKeyring([]byte(Keyring))
	return err
}

// Bucket puts the files of a folder into the world's bucket.
func (w *World) Bucket(ctx context.Context, folder string) error {
	return filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		_, err = w.Files.Put(ctx, filepath.ToSlash(name), bytes.NewReader(body))
		return err
	})
}

// Entry is an item of a table, or one that was removed.
type Entry struct {
	Table   table.Name      `json:"table"`
	Key     string          `json:"key"`
	Body    json.RawMessage `json:"body,omitempty"`
	Profile *Memory         `json:"profile,omitempty"` // what the body of a profile says
	Removed bool            `json:"removed,omitempty"`
}

// Memory is a profile in words. Of the first name it says only whether it is there: no two runs seal it alike.
type Memory struct {
	profile.Profile
	Name bool
}

// Changed is what the tables hold of all that was written since the World was made, or since Settle, in the order of table and masked key.
func (w *World) Changed(ctx context.Context, tables ...table.Name) ([]Entry, error) {
	var all []Entry
	for _, name := range tables {
		latest := map[table.Key]*table.Item{}
		changes, err := w.DB.Feed(name).Read(ctx, consumer, 1<<20)
		if err != nil {
			return nil, err
		}
		for _, c := range changes {
			latest[c.Key] = c.New
		}
		for k, it := range latest {
			e, err := entry(k, it)
			if err != nil {
				return nil, err
			}
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b Entry) int {
		return strings.Compare(string(a.Table)+maskText(a.Key)+string(a.Body), string(b.Table)+maskText(b.Key)+string(b.Body))
	})
	return all, nil
}

func entry(k table.Key, it *table.Item) (Entry, error) {
	e := Entry{Table: k.Table, Key: k.Partition + " / " + k.Sort, Removed: it == nil}
	switch {
	case it == nil:
	case k.Table == profile.Table:
		p, err := profile.Decode(*it)
		if err != nil {
			return e, fmt.Errorf("decode profile %s: %w", e.Key, err)
		}
		e.Profile = &Memory{Profile: p, Name: len(p.Name) > 0}
	default:
		e.Body = it.Body
	}
	return e, nil
}

const consumer = "replay"

// Settle makes what was written so far part of the set-up.
func (w *World) Settle(ctx context.Context) error {
	for _, name := range recorded {
		feed := w.DB.Feed(name)
		changes, err := feed.Read(ctx, consumer, 1<<20)
		if err != nil {
			return err
		}
		if len(changes) > 0 {
			if err := feed.Commit(ctx, consumer, changes[len(changes)-1].Seq); err != nil {
				return err
			}
		}
	}
	return nil
}

// Poison is what the failure queue received so far, each once, in the order of its text.
func (w *World) Poison(ctx context.Context) ([]json.RawMessage, error) {
	for {
		messages, err := w.Failures.Receive(ctx, 10, 0)
		if err != nil {
			return nil, err
		}
		if len(messages) == 0 {
			slices.SortFunc(w.poison, func(a, b json.RawMessage) int { return bytes.Compare(a, b) })
			w.poison = slices.CompactFunc(w.poison, func(a, b json.RawMessage) bool { return bytes.Equal(a, b) })
			return w.poison, nil
		}
		for _, m := range messages {
			w.poison = append(w.poison, m.Body)
			if err := w.Failures.Done(ctx, m); err != nil {
				return nil, err
			}
		}
	}
}

// Texts are the files of a folder of the bucket, by name.
func (w *World) Texts(ctx context.Context, folder string) (map[string]string, error) {
	files, err := w.Files.List(ctx, folder, "", 1000)
	if err != nil {
		return nil, err
	}
	texts := map[string]string{}
	for _, f := range files {
		r, _, err := w.Files.Open(ctx, f.Name)
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(r)
		if err := errors.Join(err, r.Close()); err != nil {
			return nil, err
		}
		texts[f.Name] = string(text)
	}
	return texts, nil
}
