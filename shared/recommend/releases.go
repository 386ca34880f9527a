package recommend

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/catalog"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/item"
)

// notesSuffix is the end of the name of what training noted of a model: models/<shop>/<version>.notes.json.
const notesSuffix = ".notes.json"

func notesName(shop event.ShopID, version string) string {
	return modelsFolder(shop) + version + notesSuffix
}

// Note keeps a text beside a model that is about to be published: how it was trained and how it did. It goes when the model goes. Repeating it replaces the text.
func Note(ctx context.Context, blobs blob.Store, shop event.ShopID, version uint64, text []byte) error {
	name := notesName(shop, fmt.Sprintf("%016x", version))
	if _, err := blobs.Put(ctx, name, bytes.NewReader(text)); err != nil {
		return fmt.Errorf("note of model %s: %w", name, err)
	}
	return nil
}

// Notes is what was noted of a version; NotFound when nothing was.
func Notes(ctx context.Context, blobs blob.Store, shop event.ShopID, version string) ([]byte, error) {
	text, _, err := readAll(ctx, blobs, notesName(shop, version))
	if err != nil {
		return nil, fmt.Errorf("notes of model %s: %w", version, err)
	}
	return text, nil
}

func tuningName(shop event.ShopID) string { return modelsFolder(shop) + "tuning.json" }

// Remember keeps the settings that a search found, for the next training. Repeating it replaces them.
func Remember(ctx context.Context, blobs blob.Store, shop event.ShopID, text []byte) error {
	if _, err := blobs.Put(ctx, tuningName(shop), bytes.NewReader(text)); err != nil {
		return fmt.Errorf("remember the settings of %s: %w", shop, err)
	}
	return nil
}

// Remembered is what was remembered last; NotFound when nothing was.
func Remembered(ctx context.Context, blobs blob.Store, shop event.ShopID) ([]byte, error) {
	text, _, err := readAll(ctx, blobs, tuningName(shop))
	if err != nil {
		return nil, fmt.Errorf("settings of %s: %w", shop, err)
	}
	return text, nil
}

// Items is a shop's catalog, and where its changes are told to processes that have an older model in memory.
type Items interface {
	List(ctx context.Context, shop event.ShopID, each func(catalog.Item) error) error
	Tell(ctx context.Context, shop event.ShopID, changes map[event.ItemID]catalog.Change) error
}

// Previous is the version to go back to: the newest kept one that was published before the one in use. NotFound when there is none.
func (p Pointer) Previous() (string, error) {
	for at, r := range p.History {
		if r.File == p.Files[0] && at+1 < len(p.History) {
			return p.History[at+1].Version(), nil
		}
	}
	return "", fault.New(fault.NotFound, "no older model is kept")
}

// Use makes answers from another of the kept models, within seconds and without a pause. An older one is held: the next training takes its place only with a model that is better beyond chance; using the newest
// ends that. It also ends a trial: whoever goes back in a hurry has one thing to do. What changed in the catalog since the model was trained is told first, so that nothing that was hidden meanwhile comes back. NotFound: the version is not kept. Invalid: its file is
// damaged. Conflict: too much of the catalog changed since, or somebody else published at this moment. Repeated, it changes nothing.
func Use(ctx context.Context, blobs blob.Store, items Items, shop event.ShopID, version string, now time.Time) (Pointer, error) {
	p, etag, err := ReadPointer(ctx, blobs, shop)
	if err != nil {
		return p, err
	}
	at := slices.IndexFunc(p.History, func(r Release) bool { return r.Version() == version })
	if at < 0 {
		return p, fault.Newf(fault.NotFound, "no model of version %s is kept", version)
	}
	name := p.History[at].File
	held := at > 0
	if p.Files[0] == name && p.Held == held && p.Trial == nil {
		return p, nil
	}
	file, err := ReadModel(ctx, blobs, name)
	if err != nil {
		return p, err
	}
	m, err := Open(file)
	if err != nil {
		return p, fmt.Errorf("model %s: %w", version, err)
	}
	if err := tellSince(ctx, items, shop, now, m); err != nil {
		return p, err
	}
	p.Files, p.Held, p.Trial = filesOf(p.History, name), held, nil
	return p, writePointer(ctx, blobs, shop, p, etag)
}

// tellSince tells in which items the catalog differs from any of the models.
func tellSince(ctx context.Context, items Items, shop event.ShopID, now time.Time, models ...*Model) error {
	changes := map[event.ItemID]catalog.Change{}
	there := make([][]bool, len(models))
	for n, m := range models {
		there[n] = make([]bool, m.Len())
	}
	err := items.List(ctx, shop, func(it catalog.Item) error {
		for n, m := range models {
			i, known := m.Lookup(string(it.ID))
			if known {
				there[n][i] = true
			}
			c, differs := m.differs(it, now)
			if !differs {
				continue
			}
			if old, told := changes[it.ID]; told { // another model does not have it, or has it otherwise
				c.New = c.New || old.New
				if old.At.After(c.At) {
					c.At = old.At
				}
			}
			changes[it.ID] = c
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("compare the catalog of %s: %w", shop, err)
	}
	for n, m := range models {
		for at, found := range there[n] {
			if i := item.Ordinal(at); !found && !m.Hidden(i) {
				changes[event.ItemID(m.ID(i))] = catalog.Change{Price: m.Price(i), Gone: true, At: now}
			}
		}
	}
	return items.Tell(ctx, shop, changes)
}

// differs says whether an item of the catalog is not as the model's file has it, and the change that tells it.
func (m *Model) differs(it catalog.Item, now time.Time) (catalog.Change, bool) {
	c := catalog.Change{Price: it.Price, Hidden: it.Hidden, SoldOut: it.SoldOut, At: now}
	i, known := m.Lookup(string(it.ID))
	if !known {
		c.New, c.At = true, it.UpdatedAt
		return c, !it.UpdatedAt.Before(m.Trained())
	}
	return c, it.Hidden != m.Hidden(i) || it.SoldOut != m.SoldOut(i) || it.Price != m.Price(i)
}
