package profile

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/people"
	"shopkeeper/shared/queue"
	"shopkeeper/shared/stream"
	"shopkeeper/shared/table"
)

// Sealer keeps the first name unreadable outside of the product; identity.Sealer is one.
type Sealer interface {
	Seal(shop event.ShopID, owner string, text []byte) []byte
	Open(shop event.ShopID, owner string, sealed []byte) ([]byte, error)
}

// Folder keeps profiles up to date with the events table. Every method may be repeated, and must be after an error: each finishes what a crash between
// any two of its steps left undone, because no step asks whether an earlier one changed anything this time.
type Folder struct {
	log     *slog.Logger
	now     func() time.Time
	tables  table.Store
	own     *Store
	people  *people.Store
	seal    Sealer
	weights func(ctx context.Context, shop event.ShopID) (Weights, error)
	erased  *consent.Erased // nil: nobody ever is
	kept    func([]event.Event)
	forget  func(context.Context, event.ShopID, event.VisitorID) error
}

// New is a Folder. weights tells a shop's weights; its faults stop the folding like those of a table.
func New(log *slog.Logger, now func() time.Time, tables table.Store, persons *people.Store, seal Sealer, weights func(context.Context, event.ShopID) (Weights, error)) *Folder {
	return &Folder{log: log, now: now, tables: tables, own: NewStore(tables), people: persons, seal: seal, weights: weights,
		kept: func([]event.Event) {}, forget: func(context.Context, event.ShopID, event.VisitorID) error { return nil }}
}

// Refusing has the folder remove events of erased visitors and persons, which were stored just when they were erased, and returns it. It is called before the first Fold.
func (f *Folder) Refusing(erased *consent.Erased) *Folder {
	f.erased = erased
	return f
}

// Telling has the folder hand on one visitor's events that were folded and are no bot's, also when it folds them again, and tell whose are forgotten: before they are gone, so that an error brings it again.
// It returns the folder, and is called before the first Fold.
func (f *Folder) Telling(kept func([]event.Event), forget func(ctx context.Context, shop event.ShopID, v event.VisitorID) error) *Folder {
	f.kept, f.forget = kept, forget
	return f
}

// Handler folds batches of the events table's feed, of at most MaxApplied changes. Changes that are no event go to failures.
func (f *Folder) Handler(failures queue.Queue) stream.Handler {
	return stream.ByPartition(f.log, "profile", failures, f.Fold)
}

// Fold folds the inserts among the changes of one visitor, and then does what they mean for the person: traits, merge, the person's profile. It is a
// stream.PartitionHandler.
func (f *Folder) Fold(ctx context.Context, changes []table.Change) (map[string]error, error) {
	var events []event.Event
	poison := map[string]error{}
	for _, c := range changes {
		if c.New == nil || c.Old != nil {
			continue
		}
		e, err := event.FromItem(*c.New)
		if err == nil && (e.ID == "" || e.ReceivedAt.IsZero()) {
			err = fault.New(fault.Invalid, "the event has no id or no time of receipt")
		}
		if err != nil {
			poison[c.Seq] = err
			continue
		}
		events = append(events, e)
	}
	if len(events) == 0 {
		return poison, nil
	}
	return poison, f.visitor(ctx, events, false)
}

// Redrive folds one stored event that was set aside long ago, when the cause is repaired: whatever was folded since, unless it is among the latest already.
func (f *Folder) Redrive(ctx context.Context, k table.Key) error {
	it, err := f.tables.Get(ctx, k, table.Strong)
	if err != nil {
		return fmt.Errorf("read event %s: %w", k.Sort, err)
	}
	e, err := event.FromItem(it)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "the event is still not readable")
	}
	return f.visitor(ctx, []event.Event{e}, true)
}

// visitor folds events of one visitor.
func (f *Folder) visitor(ctx context.Context, events []event.Event, anyway bool) error {
	shop, id := events[0].Shop, events[0].Visitor
	events, err := f.dropErased(ctx, events)
	if err != nil || len(events) == 0 {
		return err
	}
	w, err := f.weights(ctx, shop)
	if err != nil {
		return fmt.Errorf("weights of shop %s: %w", shop, err)
	}
	own, err := f.own.change(ctx, shop, string(id), Own, func(p *Profile) (bool, error) {
		for i := range events {
			fold(p, &events[i], w, anyway)
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	events, err = f.dropRefused(ctx, &own, events)
	if err != nil {
		return err
	}
	f.kept(events)
	for _, person := range persons(events) {
		if err := f.link(ctx, &own, person, events); err != nil {
			return err
		}
	}
	if own.Person != "" {
		return f.remerge(ctx, shop, own.Person)
	}
	return nil
}

// dropRefused removes events that must not be kept, which were stored just when the visitor was forgotten, and returns the others.
func (f *Folder) dropRefused(ctx context.Context, own *Profile, events []event.Event) ([]event.Event, error) {
	var kept []event.Event
	var ops []table.Op
	for _, e := range events {
		switch {
		case own.refuses(e.ReceivedAt):
			ops = append(ops, table.Delete(event.Key(e.Shop, e.Visitor, e.ID), table.Always()))
			if e.Person != "" {
				ops = append(ops, table.Delete(people.PendingKey(e.Shop, e.Person, e.ID), table.Always()))
			}
		case e.Verdict != event.Bot:
			kept = append(kept, e)
		}
	}
	return kept, f.delete(ctx, ops)
}

func (f *Folder) delete(ctx context.Context, ops []table.Op) error {
	for few := range slices.Chunk(ops, table.MaxWriteOps) {
		if err := f.tables.Write(ctx, few...); err != nil {
			return fmt.Errorf("remove events: %w", err)
		}
	}
	return nil
}

// persons are those whom the events name, in order.
func persons(events []event.Event) []event.PersonID {
	var list []event.PersonID
	for _, e := range events {
		if e.Person != "" && !slices.Contains(list, e.Person) {
			list = append(list, e.Person)
		}
	}
	return list
}

// link applies what was told of a person and merges the visitor into it. A visitor belongs to one person only: whom it was merged into first, until that is undone.
func (f *Folder) link(ctx context.Context, own *Profile, person event.PersonID, events []event.Event) error {
	file, err := f.people.Apply(ctx, own.Shop, person)
	if err != nil {
		return err
	}
	taken, err := f.taken(ctx, own, person)
	if err != nil {
		return err
	}
	if taken {
		f.log.WarnContext(ctx, "visitor names a second person", "shop", own.Shop, "visitor", own.ID, "person", own.Person, "second", person)
		return f.people.Name(ctx, own.Shop, person, event.VisitorID(own.ID))
	}
	merged, err := f.people.Merge(ctx, own.Shop, person, event.VisitorID(own.ID), links(person, events)...)
	if err != nil || !merged {
		return err
	}
	name := file.Person.GreetingBy(event.VisitorID(own.ID))
	forgotten := false
	changed, err := f.own.change(ctx, own.Shop, own.ID, Own, func(p *Profile) (bool, error) {
		if forgotten = p.refuses(events[len(events)-1].ReceivedAt); forgotten {
			return true, nil
		}
		if p.Person == own.Person { // else another process was here first
			p.Person = person
		}
		if name != "" && p.Person == person {
			f.setName(p, name)
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	if own.Person = changed.Person; forgotten { // meanwhile: what was recorded above must go too
		return f.people.Forget(ctx, own.Shop, person, event.VisitorID(own.ID))
	}
	return nil
}

// taken says whether the visitor belongs to another person. A merge that was undone half-way leaves the name of a person to whom nothing ties it any more.
func (f *Folder) taken(ctx context.Context, own *Profile, person event.PersonID) (bool, error) {
	if own.Person == "" || own.Person == person {
		return false, nil
	}
	return f.people.Stands(ctx, own.Shop, own.Person, event.VisitorID(own.ID))
}

// links are the events that name the person.
func links(person event.PersonID, events []event.Event) []people.Link {
	var list []people.Link
	for _, e := range events {
		if e.Person == person {
			list = append(list, people.Link{Event: e.ID, Received: e.ReceivedAt, Identify: e.Type == event.Identify, Trusted: e.Trusted})
		}
	}
	return list
}

// setName seals a name into p. A name that is there already stays as it is: sealing again would look like a change.
func (f *Folder) setName(p *Profile, name string) {
	if name == "" {
		p.Name = nil
		return
	}
	if plain, err := f.seal.Open(p.Shop, p.ID, p.Name); err == nil && bytes.Equal(plain, []byte(name)) {
		return
	}
	p.Name = f.seal.Seal(p.Shop, p.ID, []byte(name))
}

// remerge computes a person's profile anew. It reads the merged profile first and the members after it: whoever changes a member later writes the merged
// profile later too, and one of the two then reads again.
func (f *Folder) remerge(ctx context.Context, shop event.ShopID, person event.PersonID) error {
	_, err := f.own.change(ctx, shop, string(person), Merged, func(p *Profile) (bool, error) {
		file, err := f.people.Load(ctx, shop, person)
		if err != nil {
			return false, err
		}
		var parts []Part
		for _, m := range file.Members(MaxMembers) {
			own, _, err := f.own.current(ctx, Key(shop, string(m.Visitor), Own))
			if err != nil {
				return false, err
			}
			if own.Version > 0 {
				parts = append(parts, Part{Member: Member{Visitor: m.Visitor, Since: m.At, Trusted: m.Trusted}, Own: own})
			}
		}
		next := Merge(shop, person, parts)
		next.Version, next.Name = p.Version, p.Name
		name, by := file.Person.Greeting()
		f.setName(&next, name)
		if i, ok := next.Member(by); ok && name != "" {
			next.NameBy = i
		}
		*p = next
		return len(next.Members) > 0, nil
	})
	return err
}
