package ingest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/people"
	"shopkeeper/shared/table"
)

// A batch is stored once it has so many messages, or so many rows behind them. It is large so that the messages of one person come together: each time a
// person comes up in the feed costs a fold. In memory it is some tens of megabytes.
const (
	batchMessages = 16_000
	batchRows     = 200_000
)

// binders is how many aliases are made at once: engines that group commits make many at the price of one.
const binders = 64

// batches stores units in order, each batch after its checkpoint.
type batches struct {
	im     *Importer
	job    *Job
	key    table.Key
	state  checkpoint
	redo   int // batches up to this one are counted; this one is stored again
	number int
	units  []unit
	rows   int // behind the units
}

func (b *batches) add(ctx context.Context, u unit) error {
	b.units = append(b.units, u)
	if b.rows += u.rows; len(b.units) < b.im.limit && b.rows < batchRows {
		return nil
	}
	return b.flush(ctx)
}

// flush stores what waits. It begins only while ctx lives, and finishes what it began.
func (b *batches) flush(ctx context.Context) error {
	if len(b.units) == 0 {
		return nil
	}
	units := b.units
	b.units, b.rows = b.units[:0], 0
	if b.number++; b.number < b.redo || b.state.Done {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	units, erased, err := b.refuse(ctx, units)
	if err != nil {
		return err
	}
	if err := b.resolve(ctx, units); err != nil {
		return err
	}
	fresh, counts, err := b.sift(ctx, units)
	if err != nil {
		return err
	}
	counts.erased = erased
	if b.number > b.redo {
		b.count(counts, fresh)
		if err := b.state.save(ctx, b.im.tables, b.key); err != nil {
			return err
		}
	}
	return b.store(ctx, fresh)
}

// resolve turns the shop's ids into persons and visitors.
func (b *batches) resolve(ctx context.Context, units []unit) error {
	persons, err := b.persons(ctx, units)
	if err != nil {
		return err
	}
	visitors := map[string]event.VisitorID{}
	for _, u := range units {
		if u.user == "" && u.device != "" {
			visitors[u.device] = ""
		}
	}
	if err := bindAll(ctx, visitors, func(ctx context.Context, device string) (event.VisitorID, error) {
		return b.im.aliases.Bind(ctx, b.job.Shop, device, identity.NewVisitor())
	}); err != nil {
		return err
	}
	for _, u := range units {
		switch {
		case u.user != "":
			u.event.Person, u.event.Trusted = persons[u.user], true
			u.event.Visitor = event.VisitorID(u.event.Person)
		case u.device != "":
			u.event.Visitor = visitors[u.device]
		}
	}
	return nil
}

// bindAll fills in the values of a map, many at once.
func bindAll[V any](ctx context.Context, ids map[string]V, bind func(context.Context, string) (V, error)) error {
	names := make([]string, 0, len(ids))
	for id := range ids {
		names = append(names, id)
	}
	found := make([]V, len(names))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(binders)
	for i, id := range names {
		g.Go(func() (err error) {
			found[i], err = bind(ctx, id)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for i, id := range names {
		ids[id] = found[i]
	}
	return nil
}

// sums are what a batch adds to the counts.
type sums struct {
	accepted, duplicates, erased int64
	catalog                      catalog.Result
}

// sift leaves out what is stored already, and what stands twice in the batch.
func (b *batches) sift(ctx context.Context, units []unit) ([]unit, sums, error) {
	var s sums
	var keys []table.Key
	items := map[event.ItemID]int{}
	for i, u := range units {
		if u.event != nil {
			keys = append(keys, event.Key(u.event.Shop, u.event.Visitor, u.event.ID))
		} else {
			items[u.item.ID] = i // of several the last counts
		}
	}
	known := map[table.Key]bool{}
	for some := range slices.Chunk(keys, table.MaxReadKeys) {
		stored, err := b.im.tables.GetAll(ctx, some...)
		if err != nil {
			return nil, s, fmt.Errorf("look up %d messages: %w", len(some), err)
		}
		for _, it := range stored {
			known[it.Key] = true
		}
	}
	var fresh []unit
	for i, u := range units {
		if u.event == nil {
			if items[u.item.ID] == i {
				fresh = append(fresh, u)
			} else {
				s.duplicates += int64(u.rows)
			}
			continue
		}
		k := event.Key(u.event.Shop, u.event.Visitor, u.event.ID)
		if known[k] {
			s.duplicates += int64(u.rows)
			continue
		}
		known[k] = true
		s.accepted += int64(u.rows)
		fresh = append(fresh, u)
	}
	err := b.preview(ctx, fresh, &s)
	return fresh, s, err
}

// preview counts what the batch will do to the catalog.
func (b *batches) preview(ctx context.Context, fresh []unit, s *sums) error {
	goods, rows := goodsOf(fresh)
	if len(goods) == 0 {
		return nil
	}
	r, err := b.im.catalog.Preview(ctx, b.job.Shop, goods...)
	if err != nil {
		return err
	}
	s.catalog = r
	if rows > 0 { // the rows of a file are its items, one each
		s.accepted += int64(r.Added + r.Updated)
		s.duplicates += int64(r.Unchanged)
	}
	return nil
}

func goodsOf(units []unit) (goods []catalog.Item, rows int) {
	for _, u := range units {
		if u.item != nil {
			goods = append(goods, *u.item)
			rows += u.rows
		}
	}
	return goods, rows
}

// count adds a batch to the checkpoint that announces it.
func (b *batches) count(s sums, fresh []unit) {
	now := b.im.now().UTC().Truncate(time.Millisecond)
	b.state.Batch, b.state.At = b.number, now
	b.state.Accepted += s.accepted
	b.state.Duplicates += s.duplicates
	b.state.Erased += s.erased
	b.state.Added += int64(s.catalog.Added)
	b.state.Updated += int64(s.catalog.Updated)
	for _, u := range fresh {
		switch {
		case u.event != nil && u.event.Type == event.Identify:
			b.state.People++
		case u.event != nil:
			b.state.Events++
		}
	}
	// Times of receipt rise from batch to batch, and within one for each visitor, as they do for events that are collected.
	if floor := b.state.Received.Add(b.state.Span); now.Before(floor) {
		now = floor
	}
	b.state.Received, b.state.Span = now, time.Duration(mostOfOne(fresh)+1)*time.Millisecond
}

// mostOfOne is how many events the busiest visitor has.
func mostOfOne(units []unit) int {
	counts, most := map[event.VisitorID]int{}, 0
	for _, u := range units {
		if u.event != nil {
			counts[u.event.Visitor]++
			most = max(most, counts[u.event.Visitor])
		}
	}
	return most
}

// store writes the batch: traits before the events that announce them, events before the items.
func (b *batches) store(ctx context.Context, fresh []unit) error {
	slices.SortStableFunc(fresh, byVisitor)
	var pending, messages []table.Item
	perVisitor := map[event.VisitorID]int{}
	for _, u := range fresh {
		if u.event == nil {
			continue
		}
		e := *u.event
		e.ReceivedAt = b.state.Received.Add(time.Duration(perVisitor[e.Visitor]) * time.Millisecond)
		perVisitor[e.Visitor]++
		if e.At.IsZero() {
			e.At = e.ReceivedAt
		}
		it, err := e.Item()
		if err != nil {
			return err
		}
		it.Expires = time.Time{} // the proof that it was imported stays
		messages = append(messages, it)
		if e.Type == event.Identify {
			p, err := pendingTraits(e, u)
			if err != nil {
				return err
			}
			pending = append(pending, p)
		}
	}
	if len(pending) > 0 {
		if err := b.im.tables.PutAll(ctx, pending...); err != nil {
			return fmt.Errorf("store the traits of %d people: %w", len(pending), err)
		}
	}
	if len(messages) > 0 {
		if err := b.im.tables.PutAll(ctx, messages...); err != nil {
			return fmt.Errorf("store %d messages: %w", len(messages), err)
		}
	}
	if goods, _ := goodsOf(fresh); len(goods) > 0 {
		if _, err := b.im.catalog.Put(ctx, b.job.Shop, goods...); err != nil {
			return err
		}
	}
	return nil
}

// byVisitor puts the messages of each visitor together, in order of time, who it is first; items come last.
func byVisitor(a, b unit) int {
	rank := func(u unit) int {
		switch {
		case u.event == nil:
			return 2
		case u.event.Type != event.Identify:
			return 1
		}
		return 0
	}
	if a.event == nil || b.event == nil {
		return cmp.Compare(rank(a), rank(b))
	}
	return cmp.Or(cmp.Compare(a.event.Visitor, b.event.Visitor), a.event.At.Compare(b.event.At), cmp.Compare(rank(a), rank(b)), cmp.Compare(a.event.ID, b.event.ID))
}

func pendingTraits(e event.Event, u unit) (table.Item, error) {
	p := people.Pending{Shop: e.Shop, Person: e.Person, Event: e.ID, Visitor: e.Visitor, UserID: u.userID(), Trusted: true, At: e.At, Traits: u.traits, Permission: u.permission}
	if p.Permission != nil && p.Permission.At.IsZero() {
		dated := *p.Permission
		dated.At = e.At
		p.Permission = &dated
	}
	return p.Item()
}
