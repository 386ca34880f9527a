package profile

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// Forget removes what is known of a visitor up to a time: profile, events, what ties it to a person. A tombstone stays, so that events which were received before,
// and come again or late, are not folded. state is the decision that goes with it; the zero State keeps the last one.
func (f *Folder) Forget(ctx context.Context, shop event.ShopID, v event.VisitorID, at time.Time, state consent.State) error {
	own, err := f.own.change(ctx, shop, string(v), Own, func(p *Profile) (bool, error) {
		at := at.UTC().Truncate(time.Millisecond)
		if p.Forgotten.After(at) {
			at = p.Forgotten
		}
		*p = Profile{Shop: shop, ID: string(v), Version: p.Version, Person: p.Person, Forgotten: at, Consent: consent.Later(p.Consent, state)}
		return true, nil
	})
	if err != nil {
		return err
	}
	if err := f.forget(ctx, shop, v); err != nil {
		return err
	}
	named, err := f.deleteEvents(ctx, shop, v, own.Forgotten)
	if err != nil {
		return err
	}
	if own.Person != "" && !slices.Contains(named, own.Person) {
		named = append(named, own.Person)
	}
	for _, person := range named {
		if err := f.people.Forget(ctx, shop, person, v); err != nil {
			return err
		}
		if err := f.remerge(ctx, shop, person); err != nil {
			return err
		}
	}
	_, err = f.own.change(ctx, shop, string(v), Own, func(p *Profile) (bool, error) { // last: until here a repetition finds the person
		p.Person = ""
		return true, nil
	})
	return err
}

// deleteEvents deletes what was received up to a time, page by page, and returns the persons that were named.
func (f *Folder) deleteEvents(ctx context.Context, shop event.ShopID, v event.VisitorID, upTo time.Time) ([]event.PersonID, error) {
	var gone []event.Event
	err := f.events(ctx, shop, v, func(page []event.Event, unreadable []table.Key) error {
		var ops []table.Op
		for _, k := range unreadable {
			ops = append(ops, table.Delete(k, table.Always()))
		}
		for _, e := range page {
			if !e.ReceivedAt.After(upTo) {
				gone = append(gone, event.Event{Person: e.Person})
				ops = append(ops, table.Delete(event.Key(shop, v, e.ID), table.Always()))
			}
		}
		return f.delete(ctx, ops)
	})
	return persons(gone), err
}

// events hands over the stored events of a visitor page by page.
func (f *Folder) events(ctx context.Context, shop event.ShopID, v event.VisitorID, page func(events []event.Event, unreadable []table.Key) error) error {
	q := table.Query{Table: event.Table, Partition: event.Key(shop, v, "any").Partition, Limit: table.MaxWriteOps, Strong: true}
	for {
		got, err := f.tables.Query(ctx, q)
		if err != nil {
			return fmt.Errorf("read events of visitor %s: %w", v, err)
		}
		var events []event.Event
		var unreadable []table.Key
		for _, it := range got.Items {
			if e, err := event.FromItem(it); err == nil {
				events = append(events, e)
			} else {
				unreadable = append(unreadable, it.Key)
			}
		}
		if err := page(events, unreadable); err != nil {
			return err
		}
		if q.Cursor = got.Next; q.Cursor == "" {
			return nil
		}
	}
}

// Decide keeps a visitor's decision, unless a later one is known. A no to personalization forgets the visitor.
func (f *Folder) Decide(ctx context.Context, shop event.ShopID, v event.VisitorID, state consent.State) error {
	if state.Personalization == consent.Denied {
		return f.Forget(ctx, shop, v, state.At, state)
	}
	own, err := f.own.change(ctx, shop, string(v), Own, func(p *Profile) (bool, error) {
		p.Consent = consent.Later(p.Consent, state)
		p.Consent.At = p.Consent.At.UTC().Truncate(time.Millisecond)
		return true, nil
	})
	if err != nil || own.Person == "" {
		return err
	}
	return f.remerge(ctx, shop, own.Person)
}

// Consents is a visitor's last decision; the zero State when there is none.
func (f *Folder) Consents(ctx context.Context, shop event.ShopID, v event.VisitorID) (consent.State, error) {
	p, err := f.own.Read(ctx, shop, string(v), Own)
	if fault.Is(err, fault.NotFound) {
		return consent.State{}, nil
	}
	return p.Consent, err
}

// Unmerge takes a visitor out of a person: the person's profile is then as if the two had never been merged. It stays so until the visitor identifies as that person again. NotFound
// when they never were merged.
func (f *Folder) Unmerge(ctx context.Context, shop event.ShopID, person event.PersonID, v event.VisitorID) error {
	if err := f.people.Undo(ctx, shop, person, v, f.now()); err != nil {
		return err
	}
	_, err := f.own.change(ctx, shop, string(v), Own, func(p *Profile) (bool, error) {
		if p.Person == person {
			p.Person, p.Name = "", nil
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	return f.remerge(ctx, shop, person)
}

// Rebuild folds the stored events of a visitor from nothing and returns what comes out, to hold the kept profile against it; it writes nothing. Events are folded in the order of their
// receipt. Older events than event.Retention are gone, and where lists overflowed the order of arrival shows.
func (f *Folder) Rebuild(ctx context.Context, shop event.ShopID, v event.VisitorID) (Profile, error) {
	kept, _, err := f.own.current(ctx, Key(shop, string(v), Own))
	if err != nil {
		return Profile{}, err
	}
	w, err := f.weights(ctx, shop)
	if err != nil {
		return Profile{}, fmt.Errorf("weights of shop %s: %w", shop, err)
	}
	var all []event.Event
	err = f.events(ctx, shop, v, func(page []event.Event, _ []table.Key) error {
		all = append(all, page...)
		return nil
	})
	if err != nil {
		return Profile{}, err
	}
	slices.SortFunc(all, func(a, b event.Event) int {
		if c := a.ReceivedAt.Compare(b.ReceivedAt); c != 0 {
			return c
		}
		return strings.Compare(string(a.ID), string(b.ID))
	})
	p := Profile{Shop: shop, ID: string(v), Version: kept.Version, Person: kept.Person, Name: kept.Name, Consent: kept.Consent, Forgotten: kept.Forgotten}
	for i := range all {
		fold(&p, &all[i], w, true)
	}
	return p, nil
}
