package segment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/people"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/table"
)

// How a sweep goes.
const (
	sweepPage   = 250              // subjects read at once
	sweepers    = 16               // subjects changed at once
	sweepStop   = 15 * time.Second // before the caller's deadline, to stop in order
	withoutCuts = 10 * time.Minute // until a shop without values is reckoned again
)

// sweep is how far the sweep of a shop is. It goes over the roster twice: to measure what makes a customer large, then to apply all conditions.
type sweep struct {
	Begun    time.Time  `json:"begun"`
	Changed  int64      `json:"changed,omitempty"` // version of the mark of changed definitions that it goes by
	Applying bool       `json:"applying,omitempty"`
	From     time.Time  `json:"from,omitzero"` // when applying may begin
	Shard    int        `json:"shard,omitempty"`
	Cursor   string     `json:"cursor,omitempty"`
	Revenues spread     `json:"revenues,omitempty"`
	Members  map[ID]int `json:"members,omitempty"`
	Subjects int        `json:"subjects,omitempty"`
	Done     time.Time  `json:"done,omitzero"`

	version int64
}

// Swept is how far a call of Sweep came.
type Swept struct {
	Done     bool          `json:"done"`               // nothing is left to do now
	Subjects int           `json:"subjects,omitempty"` // looked at by the sweep so far
	Again    time.Duration `json:"-"`                  // when to call again; 0 with Done false: at once, or whenever there is time
}

// Sweep does what is due for a shop: the reckoning of every night (UTC), and the members of a definition that changed. It stops before the deadline of ctx and
// goes on with the next call where it stopped, also after a crash; when nothing is due it costs a few reads. NotFound: there is no such shop. Call it every few seconds or minutes. Of two at once one stops.
func (k *Keeper) Sweep(ctx context.Context, shop event.ShopID) (Swept, error) {
	s, again, err := k.due(ctx, shop)
	if err != nil || again > 0 || s == nil {
		return Swept{Done: s == nil && again == 0, Again: again}, err
	}
	for s.Done.IsZero() {
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < sweepStop {
			return Swept{Subjects: s.Subjects}, nil
		}
		if wait := s.From.Sub(k.now()); s.Applying && wait > 0 {
			return Swept{Subjects: s.Subjects, Again: wait}, nil
		}
		err := k.sweepPage(ctx, shop, s)
		if fault.Is(err, fault.Conflict) {
			return Swept{Again: settle}, nil // another process sweeps
		}
		if err != nil {
			return Swept{}, fmt.Errorf("sweep %s: %w", shop, err)
		}
	}
	return Swept{Done: true, Subjects: s.Subjects}, nil
}

// due is the sweep to go on with: one that was interrupted, or a new one; nil when none is due, and how long to wait when one will be.
func (k *Keeper) due(ctx context.Context, shop event.ShopID) (*sweep, time.Duration, error) {
	s, changed, values := new(sweep), mark{}, Values{}
	var err error
	if _, err := k.currency(ctx, shop); err != nil {
		return nil, 0, err // there is no such shop
	}
	if err := k.store.Found(ctx, shop); err != nil {
		return nil, 0, err
	}
	if s.version, err = k.store.beside(ctx, shop, sweepSort, s); err != nil {
		return nil, 0, err
	}
	version, err := k.store.beside(ctx, shop, changedSort, &changed)
	if err != nil {
		return nil, 0, err
	}
	if _, err := k.store.beside(ctx, shop, valuesSort, &values); err != nil {
		return nil, 0, err
	}
	now := k.now()
	if wait := changed.At.Add(settle).Sub(now); s.Changed != version && wait > 0 && wait <= settle {
		return nil, wait, nil
	}
	switch {
	case s.version == 0, s.Changed != version, dayOf(s.Begun) != dayOf(now) && !s.Done.IsZero(), values == Values{} && !s.Done.IsZero() && now.Sub(s.Done) >= withoutCuts:
		return &sweep{Begun: now.UTC(), Changed: version, version: s.version}, 0, nil
	case s.Done.IsZero():
		return s, 0, nil
	}
	return nil, 0, nil
}

// sweepPage does the next page of the roster, and keeps how far the sweep is.
func (k *Keeper) sweepPage(ctx context.Context, shop event.ShopID, s *sweep) error {
	page, err := k.tables.Query(ctx, table.Query{Table: Table, Partition: rosterPartition(shop, s.Shard), Limit: sweepPage, Cursor: s.Cursor})
	if err != nil {
		return fmt.Errorf("read the roster: %w", err)
	}
	list := k.entries(ctx, shop, page.Items)
	if s.Applying {
		err = k.apply(ctx, shop, list, s)
	} else {
		s.measure(list)
	}
	if err != nil {
		return err
	}
	if s.Cursor = page.Next; s.Cursor == "" {
		s.Shard++
	}
	if s.Shard == Shards {
		if err := k.turn(ctx, shop, s); err != nil {
			return err
		}
	}
	return k.keep(ctx, shop, s)
}

func (k *Keeper) keep(ctx context.Context, shop event.ShopID, s *sweep) error {
	cond := table.IfAbsent()
	if s.version > 0 {
		cond = table.IfVersion(s.version)
	}
	if err := k.store.putBeside(ctx, shop, sweepSort, s, cond); err != nil {
		return err
	}
	s.version++
	return nil
}

// measure gathers revenues.
func (s *sweep) measure(list []entry) {
	if s.Revenues == nil {
		s.Revenues = spread{}
	}
	for _, e := range list {
		s.Revenues.add(e.Revenue)
	}
}

// turn ends one of the two rounds. New values are for everybody at once, so that no process moves back by the old ones whom the sweep has moved.
func (k *Keeper) turn(ctx context.Context, shop event.ShopID, s *sweep) error {
	now := k.now().UTC()
	if s.Applying {
		s.Done = now
		return k.store.putBeside(ctx, shop, countsSort, counts{At: now, Members: s.Members}, table.Always())
	}
	var before Values
	if _, err := k.store.beside(ctx, shop, valuesSort, &before); err != nil {
		return err
	}
	after := s.Revenues.values()
	*s = sweep{Begun: s.Begun, Changed: s.Changed, Applying: true, Members: map[ID]int{}, version: s.version}
	if after == before {
		return nil
	}
	s.From = now.Add(settle)
	k.forget(shop)
	return k.store.putBeside(ctx, shop, valuesSort, after, table.Always())
}

// apply looks at every subject of a page. Most are as they should be, which one read of many tells; the others are followed one by one.
func (k *Keeper) apply(ctx context.Context, shop event.ShopID, list []entry, s *sweep) error {
	r, err := k.rulesOf(ctx, shop)
	if err != nil {
		return err
	}
	if s.Members == nil {
		s.Members = map[ID]int{}
	}
	for _, x := range r.list {
		s.Members[x.id] += 0 // nobody is a count too
	}
	all, following := errgroup.WithContext(ctx)
	all.SetLimit(sweepers)
	err = k.lookAll(ctx, shop, list, r, func(e entry, who *Customer) {
		in := r.in(who, e.In)
		for id := range in {
			s.Members[id]++
		}
		if who != nil {
			s.Subjects++
		}
		if r.agrees(e, who, in) {
			return
		}
		all.Go(func() error {
			err := k.Follow(following, shop, e.subject)
			if err != nil && !fault.Retryable(err) && following.Err() == nil {
				k.log.ErrorContext(ctx, "a subject's segments stay as they are", "shop", shop, "subject", e.subject, "err", err)
				err = nil
			}
			return err
		})
	})
	return errors.Join(err, all.Wait())
}

// entries are those of a page of the roster that can be read.
func (k *Keeper) entries(ctx context.Context, shop event.ShopID, items []table.Item) []entry {
	list := make([]entry, 0, len(items))
	for _, it := range items {
		e, err := decodeEntry(shop, it)
		if err != nil {
			k.log.ErrorContext(ctx, "a roster entry is passed over", "shop", shop, "err", err)
			continue
		}
		list = append(list, e)
	}
	return list
}

// lookAll reads many subjects at once and hands each over: nil for who is none any more. Who cannot be read is passed over.
func (k *Keeper) lookAll(ctx context.Context, shop event.ShopID, list []entry, r *rules, each func(entry, *Customer)) error {
	keys := make([]table.Key, 0, 2*len(list))
	for _, e := range list {
		keys = append(keys, sources(shop, e.subject)...)
	}
	items, err := k.tables.GetAll(ctx, keys...)
	if err != nil {
		return fmt.Errorf("read %d subjects: %w", len(list), err)
	}
	stored := make(map[table.Key]table.Item, len(items))
	for _, it := range items {
		stored[it.Key] = it
	}
	for _, e := range list {
		var p *profile.Profile
		var person *people.Person
		var err error
		for _, key := range sources(shop, e.subject) {
			it, ok := stored[key]
			if !ok || err != nil || key.Table == people.Table && p != nil && !r.person {
				continue
			}
			p, person, err = decodeSource(it, p, person)
		}
		if err != nil {
			k.log.ErrorContext(ctx, "a subject is passed over", "shop", shop, "subject", e.subject, "err", err)
			continue
		}
		each(e, r.customer(p, person))
	}
	return nil
}
