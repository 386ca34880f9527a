package segment

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/people"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/table"
)

// rulesAge is how long a process goes by the definitions it read. A sweep waits longer than that after a change, so that nobody undoes it by older rules.
const (
	rulesAge = 2 * time.Second
	settle   = rulesAge + time.Second
)

// rules are a shop's definitions, ready for use. They are not changed.
type rules struct {
	list   []rule
	person bool // whether any of them needs the people table
	frame  Frame
	read   time.Time
}

// rule is a definition. Its condition is nil when it does not compile any more: its members stay as they are.
type rule struct {
	id        ID
	condition *Condition
}

// rulesOf are a shop's, at most rulesAge old, with the frame of the time now.
func (k *Keeper) rulesOf(ctx context.Context, shop event.ShopID) (*rules, error) {
	now := k.now()
	r := k.kept(shop, now)
	if r == nil {
		k.reading.Lock() // of many that find them old, one reads
		defer k.reading.Unlock()
		now = k.now()
		if r = k.kept(shop, now); r == nil {
			var err error
			if r, err = k.readRules(ctx, shop); err != nil {
				return nil, fmt.Errorf("rules of shop %s: %w", shop, err)
			}
		}
	}
	seen := *r
	seen.frame.Now = now
	return &seen, nil
}

// kept are the rules in memory, nil when there are none or they are old.
func (k *Keeper) kept(shop event.ShopID, now time.Time) *rules {
	k.mu.Lock()
	defer k.mu.Unlock()
	r := k.rules[shop]
	if r == nil || now.Sub(r.read) >= rulesAge || now.Before(r.read) {
		return nil
	}
	return r
}

// readRules reads a shop's, and keeps them. What was compiled before is compiled still.
func (k *Keeper) readRules(ctx context.Context, shop event.ShopID) (*rules, error) {
	k.mu.Lock()
	before := k.rules[shop]
	k.mu.Unlock()
	r := &rules{read: k.now()}
	var err error
	if r.frame.Currency, err = k.currency(ctx, shop); err != nil {
		return nil, err
	}
	if err := k.store.Found(ctx, shop); err != nil {
		return nil, err
	}
	list, err := k.store.List(ctx, shop)
	if err != nil {
		return nil, err
	}
	if _, err := k.store.beside(ctx, shop, valuesSort, &r.frame.Values); err != nil {
		return nil, err
	}
	for _, d := range list {
		c := before.compiled(d)
		if c == nil {
			if c, err = Compile(d.Condition); err != nil {
				k.log.ErrorContext(ctx, "a segment cannot be evaluated; its members stay", "shop", shop, "segment", d.ID, "err", err)
			}
		}
		r.add(d.ID, c)
	}
	k.mu.Lock()
	k.rules[shop] = r
	k.mu.Unlock()
	return r, nil
}

func (r *rules) add(id ID, c *Condition) {
	r.list = append(r.list, rule{id, c})
	r.person = r.person || c != nil && c.person
}

func (r *rules) compiled(d Definition) *Condition {
	if r == nil {
		return nil
	}
	for _, x := range r.list {
		if x.id == d.ID && x.condition != nil && x.condition.text == d.Condition {
			return x.condition
		}
	}
	return nil
}

// forget makes the next look at the rules a fresh one.
func (k *Keeper) forget(shop event.ShopID) {
	k.mu.Lock()
	delete(k.rules, shop)
	k.mu.Unlock()
}

// Audience is a segment's condition, with what the shop counts in: ready to be asked about a profile alone.
type Audience struct {
	condition *Condition
	frame     Frame
}

// Match says whether who has the profile belongs to the segment now.
func (a *Audience) Match(p *profile.Profile, now time.Time) bool {
	f := a.frame
	f.Now = now
	return a.condition.Match(Of(p, nil, f))
}

// Audience is a segment's; nil without an error when a profile alone cannot tell, for the condition asks about the person. NotFound: the shop has no such segment.
func (k *Keeper) Audience(ctx context.Context, shop event.ShopID, id ID) (*Audience, error) {
	r, err := k.rulesOf(ctx, shop)
	if err != nil {
		return nil, err
	}
	for _, x := range r.list {
		switch {
		case x.id != id:
		case x.condition == nil || x.condition.person:
			return nil, nil //nolint:nilnil // what the comment says
		default:
			return &Audience{x.condition, r.frame}, nil
		}
	}
	return nil, fault.Newf(fault.NotFound, "there is no segment %q", string(id))
}

// customer is nil when there is neither profile nor person.
func (r *rules) customer(p *profile.Profile, person *people.Person) *Customer {
	if p == nil && person == nil {
		return nil
	}
	return Of(p, person, r.frame)
}

// in are the segments that a customer belongs to. had is what a segment whose condition is broken goes by.
func (r *rules) in(who *Customer, had map[ID]time.Time) map[ID]bool {
	in := map[ID]bool{}
	if who == nil {
		return in
	}
	for _, x := range r.list {
		_, was := had[x.id]
		if x.condition == nil && was || x.condition != nil && x.condition.Match(who) {
			in[x.id] = true
		}
	}
	return in
}

// agrees says whether an entry says of a customer what the rules say, and has nothing left to tell.
func (r *rules) agrees(e entry, who *Customer, in map[ID]bool) bool {
	if who == nil || len(e.News) > 0 || e.Revenue != who.minor || len(in) != len(e.In) {
		return false
	}
	for id := range e.In {
		if !in[id] {
			return false
		}
	}
	return true
}

// step is the entry as it should be next, and the changes of memberships that go with it: as many as one write takes. changed is false when all is as it should be.
func (r *rules) step(e entry, who *Customer) (next entry, ops []table.Op, changed bool) {
	in := r.in(who, e.In)
	next = e
	next.In, next.News = maps.Clone(e.In), slices.Clip(e.News)
	if next.In == nil {
		next.In = map[ID]time.Time{}
	}
	if who != nil {
		next.Revenue = who.minor
	}
	at := r.frame.Now.UTC().Truncate(time.Millisecond)
	for _, id := range e.ids() {
		if in[id] || len(ops) == table.MaxWriteOps-1 {
			continue
		}
		delete(next.In, id)
		ops = append(ops, table.Delete(memberKey(e.shop, id, e.subject), table.Always()))
		next.News = append(next.News, news{Segment: id, At: at, Notice: rand.Text()})
	}
	for _, x := range r.list {
		if _, was := e.In[x.id]; was || !in[x.id] || len(ops) == table.MaxWriteOps-1 {
			continue
		}
		next.In[x.id] = at
		ops = append(ops, table.Put(table.Item{Key: memberKey(e.shop, x.id, e.subject), Body: memberBody(at)}, table.Always()))
		next.News = append(next.News, news{Segment: x.id, Entered: true, At: at, Notice: rand.Text()})
	}
	return next, ops, len(ops) > 0 || who != nil && (e.version == 0 || e.Revenue != next.Revenue)
}

func memberBody(since time.Time) json.RawMessage {
	body, _ := json.Marshal(member{since}) // a time of this era always is JSON
	return body
}
