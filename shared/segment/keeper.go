package segment

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"shopkeeper/shared/bus"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/people"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/queue"
	"shopkeeper/shared/stream"
	"shopkeeper/shared/table"
)

// Keeper keeps the roster and the memberships as profiles, people, definitions and the time say. Every method may be repeated, and must be after an error.
type Keeper struct {
	log      *slog.Logger
	now      func() time.Time
	tables   table.Store
	store    *Store
	bus      bus.Bus
	currency func(ctx context.Context, shop event.ShopID) (string, error)

	reading sync.Mutex // held while rules are read
	mu      sync.Mutex // guards rules
	rules   map[event.ShopID]*rules
}

// NewKeeper is a Keeper that publishes on the bus. currency tells what a shop counts in.
func NewKeeper(log *slog.Logger, now func() time.Time, tables table.Store, news bus.Bus, currency func(context.Context, event.ShopID) (string, error)) *Keeper {
	return &Keeper{log: log, now: now, tables: tables, store: NewStore(now, tables), bus: news, currency: currency, rules: map[event.ShopID]*rules{}}
}

// Handler takes the feeds of profiles and of people: every change but those of other records beside a person. Changes that can never be handled go to failures.
func (k *Keeper) Handler(failures queue.Queue) stream.Handler {
	return stream.ByPartition(k.log, "segment", failures, k.changed)
}

// changed looks once at the subject of a partition, whatever changed there: a profile and a person lie at the same shop#id in their tables.
func (k *Keeper) changed(ctx context.Context, changes []table.Change) (map[string]error, error) {
	for _, c := range changes {
		switch {
		case c.Key.Table == profile.Table:
		case c.Key.Table == people.Table && c.Key.Sort == personSort:
		default:
			continue
		}
		owner := table.Split(c.Key.Partition)
		if len(owner) != 2 || owner[0] == "" || owner[1] == "" {
			return nil, fault.Newf(fault.Invalid, "the key %q names no shop and subject", c.Key.Partition)
		}
		return nil, k.Follow(ctx, event.ShopID(owner[0]), owner[1])
	}
	return nil, nil
}

// personSort is where a person lives in its partition.
var personSort = people.PersonKey("shop", "p_x").Sort

// Follow brings one subject to where it belongs, and tells the bus. The package comment says why no change is missed.
func (k *Keeper) Follow(ctx context.Context, shop event.ShopID, subject string) error {
	for range attempts {
		r, err := k.rulesOf(ctx, shop)
		if err != nil {
			return err
		}
		e, err := k.store.entry(ctx, shop, subject, table.Strong)
		if err != nil {
			return err
		}
		who, err := k.look(ctx, shop, subject, r)
		if err != nil {
			return err
		}
		next, ops, moved := r.step(e, who)
		switch {
		case moved:
			err = k.write(ctx, next, ops)
		case len(e.News) > 0 || who == nil && e.version > 0:
			return k.tell(ctx, e, who == nil)
		default:
			return nil
		}
		if err != nil && !fault.Is(err, fault.Conflict) {
			return fmt.Errorf("change segments of %s: %w", subject, err)
		}
	}
	return fault.Newf(fault.Unavailable, "the roster's entry of %s is being changed by too many", subject)
}

// person ids begin so; a visitor who is the offline channel of a person has the person's id.
const personPrefix = "p_"

// look reads a subject as it is stored now; nil when it is none: nothing is known, or what is known is a person's.
func (k *Keeper) look(ctx context.Context, shop event.ShopID, subject string, r *rules) (*Customer, error) {
	var p *profile.Profile
	var person *people.Person
	for _, key := range sources(shop, subject) {
		if key.Table == people.Table && p != nil && !r.person {
			continue // nobody asks
		}
		it, err := k.tables.Get(ctx, key, table.Strong)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read %s of %s: %w", key.Table, subject, err)
		}
		if p, person, err = decodeSource(it, p, person); err != nil {
			return nil, err
		}
	}
	return r.customer(p, person), nil
}

// Customer is a subject as conditions see it now, by everything that is stored. NotFound: there is no such subject.
func (k *Keeper) Customer(ctx context.Context, shop event.ShopID, subject string) (*Customer, error) {
	r, err := k.rulesOf(ctx, shop)
	if err != nil {
		return nil, err
	}
	r.person = true
	who, err := k.look(ctx, shop, subject, r)
	if err == nil && who == nil {
		err = fault.New(fault.NotFound, "there is no such customer")
	}
	return who, err
}

// sources are where a subject is told of: the merged profile and the person of a person, the own profile of a visitor.
func sources(shop event.ShopID, subject string) []table.Key {
	if strings.HasPrefix(subject, personPrefix) {
		return []table.Key{profile.Key(shop, subject, profile.Merged), people.PersonKey(shop, event.PersonID(subject))}
	}
	return []table.Key{profile.Key(shop, subject, profile.Own)}
}

func decodeSource(it table.Item, p *profile.Profile, person *people.Person) (*profile.Profile, *people.Person, error) {
	if it.Key.Table == people.Table {
		person = new(people.Person)
		if err := json.Unmarshal(it.Body, person); err != nil {
			return p, nil, fault.Wrap(fault.Internal, err, "the person is not readable")
		}
		return p, person, nil
	}
	read := new(profile.Profile)
	if err := profile.DecodeInto(read, it.Body); err != nil {
		return nil, person, err
	}
	if it.Key.Sort == profile.Own && (read.Person != "" || read.LastSeen.IsZero()) {
		return nil, person, nil // a person's, or forgotten
	}
	return read, person, nil
}

// write stores an entry and its memberships.
func (k *Keeper) write(ctx context.Context, e entry, ops []table.Op) error {
	it, err := e.item()
	if err != nil {
		return err
	}
	return k.tables.Write(ctx, append(ops, table.Put(it, e.cond()))...)
}

// tell publishes what an entry has to tell, and then takes it out; the entry itself when the subject is gone. Who changed the entry meanwhile tells again.
func (k *Keeper) tell(ctx context.Context, e entry, gone bool) error {
	if err := k.publish(ctx, e); err != nil {
		return err
	}
	e.News = nil
	op := table.Delete(rosterKey(e.shop, e.subject), e.cond())
	if !gone {
		it, err := e.item()
		if err != nil {
			return err
		}
		op = table.Put(it, e.cond())
	}
	if err := k.tables.Write(ctx, op); err != nil && !fault.Is(err, fault.Conflict) {
		return fmt.Errorf("note what was told of %s: %w", e.subject, err)
	}
	return nil
}
