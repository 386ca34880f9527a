package offer

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/offer/impression"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/queue"
	"shopkeeper/shared/stream"
	"shopkeeper/shared/table"
)

// Folder folds the events feed into Results. What counts is decided by the stored history of a subject with an offer, which is written together with the count: an event that comes again, or
// two functions that handle it at once, change nothing.
type Folder struct {
	log      *slog.Logger
	now      func() time.Time
	tables   table.Store
	store    *Store
	profiles *profile.Store
	signer   *impression.Signer
	erased   *consent.Erased // nil: nobody ever is

	mu     sync.Mutex
	coupon map[event.ShopID]codes
}

// codes are a shop's offers that have a code, as of a time.
type codes struct {
	at    time.Time
	known []Definition
}

// codesFor is how long a folder remembers which code belongs to which offer.
const codesFor = 10 * time.Second

// attempts bounds how often a write that met another writer is tried again with a fresh read.
const attempts = 10

// NewFolder is a Folder.
func NewFolder(log *slog.Logger, now func() time.Time, tables table.Store, signer *impression.Signer) *Folder {
	return &Folder{log: log, now: now, tables: tables, store: NewStore(now, tables), profiles: profile.NewStore(tables), signer: signer, coupon: map[event.ShopID]codes{}}
}

// Refusing has the folder pass over events of erased visitors and persons, and returns it. It is called before the first Fold.
func (f *Folder) Refusing(erased *consent.Erased) *Folder {
	f.erased = erased
	return f
}

// Handler folds batches of the events table's feed. The feed repeats: that changes nothing.
func (f *Folder) Handler(failures queue.Queue) stream.Handler {
	return stream.ByPartition(f.log, "offers", failures, f.Fold)
}

// Fold folds the inserts among the changes of one visitor. It is a stream.PartitionHandler.
func (f *Folder) Fold(ctx context.Context, changes []table.Change) (map[string]error, error) {
	poison := map[string]error{}
	var who *profile.Profile
	for _, c := range changes {
		if c.New == nil || c.Old != nil {
			continue
		}
		e, err := event.FromItem(*c.New)
		if err != nil {
			poison[c.Seq] = err
			continue
		}
		if !relevant(&e) {
			continue
		}
		if who == nil {
			if who, err = f.visitor(ctx, &e); err != nil {
				return poison, err
			}
		}
		if who.Refuses(e.ReceivedAt) {
			continue
		}
		subjects := subjectsOf(&e, who)
		if gone, err := f.gone(ctx, &e, subjects); err != nil {
			return poison, err
		} else if gone {
			continue
		}
		if err := f.one(ctx, &e, subjects); err != nil {
			return poison, err
		}
	}
	return poison, nil
}

// relevant says whether the event can have to do with an offer.
func relevant(e *event.Event) bool {
	if e.Type != event.Track || e.Verdict == event.Bot {
		return false
	}
	switch e.Name {
	case event.PromotionViewed, event.PromotionClicked:
		return e.Recommendation != ""
	case event.OrderCompleted, event.OrderUpdated, event.OrderRefunded, event.OrderCancelled:
		return true
	}
	return false
}

// visitor is the own profile of whoever the event is of: it says whose the visitor is, and what must not be kept. Somebody new has an empty one.
func (f *Folder) visitor(ctx context.Context, e *event.Event) (*profile.Profile, error) {
	p, err := f.profiles.Read(ctx, e.Shop, string(e.Visitor), profile.Own)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	return &p, nil
}

// gone says whether the event is of somebody who was erased: it must bring nothing back.
func (f *Folder) gone(ctx context.Context, e *event.Event, subjects []string) (bool, error) {
	if f.erased == nil {
		return false, nil
	}
	stones, err := f.erased.Look(ctx, e.Shop, table.Strong)
	if err != nil || stones.None() {
		return false, err
	}
	names := make([]consent.Name, 0, 2*len(subjects))
	for _, s := range subjects {
		names = append(names, consent.Name{Kind: identity.KindVisitor, Text: s}, consent.Name{Kind: identity.KindPerson, Text: s})
	}
	return stones.Has(ctx, names...)
}

// subjectsOf are the names under which the event's sender may have been shown an offer: the person first.
func subjectsOf(e *event.Event, who *profile.Profile) []string {
	var list []string
	for _, s := range []string{string(e.Person), string(who.Person), string(e.Visitor)} {
		if s != "" && !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

func (f *Folder) one(ctx context.Context, e *event.Event, subjects []string) error {
	switch e.Name {
	case event.PromotionViewed, event.PromotionClicked:
		im, err := f.signer.Parse(e.Shop, e.Recommendation)
		if err != nil || !slices.Contains(subjects, im.Subject) {
			return nil //nolint:nilerr // another's id, or none of ours: it counts for nobody
		}
		return f.retry(func() error { return f.seen(ctx, e, im) })
	case event.OrderCompleted:
		return f.retry(func() error { return f.ordered(ctx, e, subjects) })
	default:
		return f.retry(func() error { return f.changed(ctx, e, subjects) })
	}
}

// retry does it again, with fresh reads, when another writer was faster.
func (f *Folder) retry(do func() error) (err error) {
	for range attempts {
		if err = do(); !fault.Is(err, fault.Conflict) {
			return err
		}
	}
	return err
}

// happened is when; nothing happens after it was received.
func happened(e *event.Event) time.Time {
	if e.At.IsZero() || e.At.After(e.ReceivedAt) {
		return e.ReceivedAt.UTC()
	}
	return e.At.UTC()
}

// stored is a history with the version that a write must find.
type stored struct {
	history
	subject string
	offer   ID
	version int64
}

func (s *stored) shard() int { return int(mixed(s.subject) % Shards) }

func (s *stored) op(shop event.ShopID) (table.Op, error) {
	body, err := json.Marshal(s.history)
	if err != nil {
		return table.Op{}, fmt.Errorf("encode the history of an offer: %w", err)
	}
	it := table.Item{Key: historyKey(shop, s.subject, s.offer), Body: body}
	if !s.Last.IsZero() {
		it.Expires = s.Last.Add(historyLife)
	}
	return table.Put(it, versionCond(s.version)), nil
}

func versionCond(version int64) table.Cond {
	if version == 0 {
		return table.IfAbsent()
	}
	return table.IfVersion(version)
}

func (f *Folder) history(ctx context.Context, shop event.ShopID, subject string, id ID) (stored, error) {
	s := stored{subject: subject, offer: id}
	it, err := f.tables.Get(ctx, historyKey(shop, subject, id), table.Strong)
	if fault.Is(err, fault.NotFound) {
		return s, nil
	}
	if err == nil {
		s.version = it.Version
		err = json.Unmarshal(it.Body, &s.history)
	}
	if err != nil {
		return s, fmt.Errorf("read the history of offer %s: %w", id, err)
	}
	return s, nil
}

// seen counts an impression and a click.
func (f *Folder) seen(ctx context.Context, e *event.Event, im impression.Impression) error {
	h, err := f.history(ctx, e.Shop, im.Subject, ID(im.Offer))
	if err != nil {
		return err
	}
	at := happened(e)
	if at.Before(im.At) {
		at = im.At // nothing is seen before it was served
	}
	var more Cohort
	changed := false
	if h.First.IsZero() {
		h.First, h.Met, more.Subjects, changed = at, int(im.Situation)+1, 1, true
		if p := more.part(h.Met); p != nil {
			p.Subjects = 1
		}
	}
	if im.Ordinal > h.Ordinal {
		h.Ordinal, more.Impressions, changed = im.Ordinal, 1, true
	}
	if at.After(h.Last) {
		h.Last, changed = at, true
	}
	if e.Name == event.PromotionClicked && at.After(h.Click) {
		if h.Click.IsZero() {
			more.Clicked = 1
			if p := more.part(h.Met); p != nil {
				p.Clicked = 1
			}
		}
		h.Click, changed = at, true
	}
	if !changed {
		return nil
	}
	op, err := h.op(e.Shop)
	if err != nil {
		return err
	}
	return f.count(ctx, e.Shop, h.offer, dayText(h.First), h.shard(), more, op)
}

// count adds to a cohort in the same write as what decided it.
func (f *Folder) count(ctx context.Context, shop event.ShopID, id ID, day string, shard int, more Cohort, ops ...table.Op) error {
	if more != (Cohort{}) {
		k := cohortKey(shop, id, day, shard)
		it, err := f.tables.Get(ctx, k, table.Strong)
		var c Cohort
		if err == nil {
			c, err = decodeCohort(it)
		}
		if err != nil && !fault.Is(err, fault.NotFound) {
			return fmt.Errorf("read a cohort of offer %s: %w", id, err)
		}
		c.add(more)
		body, err := json.Marshal(c)
		if err != nil {
			return fmt.Errorf("encode a cohort of offer %s: %w", id, err)
		}
		ops = append(ops, table.Put(table.Item{Key: k, Body: body}, versionCond(it.Version)))
	}
	if err := f.tables.Write(ctx, ops...); err != nil {
		return fmt.Errorf("count for offer %s: %w", id, err)
	}
	return nil
}

// withCode is the offer that a coupon belongs to.
func (f *Folder) withCode(ctx context.Context, shop event.ShopID, coupon string, at time.Time) (ID, error) {
	if coupon == "" {
		return "", nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	c, ok := f.coupon[shop]
	if now := f.now(); !ok || now.Sub(c.at) >= codesFor {
		all, err := f.store.List(ctx, shop)
		if err != nil {
			return "", err
		}
		c = codes{at: now, known: slices.DeleteFunc(all, func(d Definition) bool { return d.Code == "" || d.Status == Draft })}
		f.coupon[shop] = c
	}
	for _, d := range c.known {
		if sameCode(d.Code, coupon) && !at.Before(d.Starts) && !at.Before(d.Created) {
			return d.ID, nil
		}
	}
	return "", nil
}
