package profile

import (
	"context"
	"fmt"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/people"
)

// Merge makes a visitor's doings count as a person's because staff say so: as Unmerge undoes it, it may be repeated, and a later word of staff renews what was undone. The device is not vouched for by it: it sees no more of the
// person than before. NotFound: there is no such visitor; Conflict: the visitor is another person's already.
func (f *Folder) Merge(ctx context.Context, shop event.ShopID, person event.PersonID, v event.VisitorID) error {
	own, err := f.own.Read(ctx, shop, string(v), Own)
	if fault.Is(err, fault.NotFound) {
		return fault.Wrap(fault.NotFound, err, "there is no such visitor")
	}
	if err != nil {
		return err
	}
	taken, err := f.taken(ctx, &own, person)
	if err != nil {
		return err
	}
	if taken {
		return fault.New(fault.Conflict, "the visitor is another person's: unmerge the two first")
	}
	merged, err := f.people.Merge(ctx, shop, person, v, people.Link{Received: f.now().UTC(), Identify: true})
	if err != nil {
		return err
	}
	if !merged {
		return fault.New(fault.Conflict, "the two cannot be merged: they were taken apart later than now")
	}
	if _, err := f.own.change(ctx, shop, string(v), Own, func(p *Profile) (bool, error) {
		if p.Person == "" || p.Person == own.Person {
			p.Person = person
		}
		return true, nil
	}); err != nil {
		return fmt.Errorf("give visitor %s to person %s: %w", v, person, err)
	}
	return f.remerge(ctx, shop, person)
}
