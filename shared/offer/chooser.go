package offer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/segment"
)

// Audience says whether a customer belongs to a segment, as far as the profile tells.
type Audience interface {
	Match(p *profile.Profile, now time.Time) bool
}

// Segments finds audiences and memberships.
type Segments interface {
	// Audience is a segment's condition, ready to be asked. nil without an error means that the profile alone cannot tell: then Of is asked. NotFound when the shop has no such segment.
	Audience(ctx context.Context, shop event.ShopID, id segment.ID) (Audience, error)
	// Of is one read: the segments that a subject is in.
	Of(ctx context.Context, shop event.ShopID, subject string) ([]segment.ID, error)
}

// Chooser keeps each shop's open offers, with what is believed of them, in memory, and chooses among them. An answer waits for no read but at a shop's very first question: definitions, beliefs
// and leases are fetched beside, and swapped in whole. Safe for concurrent use.
type Chooser struct {
	log      *slog.Logger
	now      func() time.Time
	store    *Store
	results  *Results
	segments Segments
	every    time.Duration

	mu    sync.Mutex
	shops map[event.ShopID]*resident
}

// resident is one shop's offers in memory.
type resident struct {
	snapshot atomic.Pointer[snapshot]
	checked  atomic.Int64 // Unix nanoseconds
	fetching sync.Mutex

	learnt  time.Time // the rest is the fetcher's
	sampler *Sampler  // made of what was learnt
	arms    []armed   // for these offers
	memory  map[ID]*learned
	leases  map[ID]*lease
	closed  bool
	ignored map[ID]string // offers that cannot be shown, and why: each is told once
}

// snapshot is what choices are made from. It is never changed.
type snapshot struct {
	offers  []open
	seeds   []uint64 // by arm: an offer draws alike in all situations
	sampler *Sampler
}

// open is an offer that may be shown when its time comes.
type open struct {
	Definition
	placement [3]bool // by Placements
	fragment  []byte
	audience  Audience
	asked     bool // the roster of the segment tells, not the profile
	lease     *lease
}

// How old what a process knows may be before it looks again.
const (
	RefreshEvery = 2 * time.Second
	learnTimes   = 10        // beliefs are fetched every so many refreshes
	forgetEvery  = time.Hour // and all of the past is read again

	firstPatience = time.Second // of the first question
)

// NewChooser is an empty memory. every 0 means RefreshEvery; segments may be nil where no offer has a segment.
func NewChooser(log *slog.Logger, now func() time.Time, store *Store, results *Results, segments Segments, every time.Duration) *Chooser {
	if every == 0 {
		every = RefreshEvery
	}
	return &Chooser{log: log, now: now, store: store, results: results, segments: segments, every: every, shops: map[event.ShopID]*resident{}}
}

// Close gives back what is left of the leases. The Chooser offers nothing with a budget afterwards.
func (c *Chooser) Close(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all error
	for _, r := range c.shops {
		r.fetching.Lock()
		r.closed = true
		if s := r.snapshot.Load(); s != nil {
			for i := range s.offers {
				if o := &s.offers[i]; o.lease != nil {
					all = errors.Join(all, c.store.giveBack(ctx, &o.Definition, o.lease))
				}
			}
		}
		r.fetching.Unlock()
	}
	return all
}

func (c *Chooser) resident(shop event.ShopID) *resident {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.shops[shop]
	if r == nil {
		r = &resident{memory: map[ID]*learned{}, leases: map[ID]*lease{}, ignored: map[ID]string{}}
		c.shops[shop] = r
	}
	return r
}

// current is the shop's snapshot: at once when there is one, else as soon as it is read.
func (c *Chooser) current(ctx context.Context, shop event.ShopID) (*snapshot, error) {
	r := c.resident(shop)
	s := r.snapshot.Load()
	now := c.now()
	stale := now.UnixNano()-r.checked.Load() >= int64(c.every)
	if s != nil {
		if stale && r.fetching.TryLock() {
			r.checked.Store(now.UnixNano())
			go c.refreshBeside(context.WithoutCancel(ctx), shop, r)
		}
		return s, nil
	}
	if !stale {
		return nil, nil //nolint:nilnil // they could not be read a moment ago: pages go on without offers until it is time to try again
	}
	r.fetching.Lock()
	defer r.fetching.Unlock()
	if s := r.snapshot.Load(); s != nil {
		return s, nil
	}
	ctx, cancel := context.WithTimeout(ctx, firstPatience)
	defer cancel()
	err := c.refresh(ctx, shop, r)
	r.checked.Store(now.UnixNano())
	return r.snapshot.Load(), err
}

func (c *Chooser) refreshBeside(ctx context.Context, shop event.ShopID, r *resident) {
	defer r.fetching.Unlock()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := c.refresh(ctx, shop, r); err != nil {
		c.log.Error("cannot refresh the offers; those in memory stay", "shop", shop, "err", err)
	}
}

// Refresh reads a shop's offers and beliefs now, as the local product does when a marketer has saved one.
func (c *Chooser) Refresh(ctx context.Context, shop event.ShopID) error {
	r := c.resident(shop)
	r.fetching.Lock()
	defer r.fetching.Unlock()
	r.learnt = time.Time{}
	return c.refresh(ctx, shop, r)
}

// refresh makes the next snapshot. The caller holds r.fetching.
func (c *Chooser) refresh(ctx context.Context, shop event.ShopID, r *resident) error {
	all, err := c.store.List(ctx, shop)
	if err != nil {
		return err
	}
	now := c.now()
	next := &snapshot{}
	for _, d := range all {
		if d.Status != Active || !d.Ends.IsZero() && !now.Before(d.Ends) {
			if l := r.leases[d.ID]; l != nil {
				delete(r.leases, d.ID)
				if err := c.store.giveBack(ctx, &d, l); err != nil {
					return err
				}
			}
			continue
		}
		o, err := c.prepare(ctx, d, r)
		if err != nil {
			if why := err.Error(); r.ignored[d.ID] != why {
				r.ignored[d.ID] = why
				c.log.Warn("an offer cannot be shown", "shop", shop, "offer", d.ID, "err", err)
			}
			if fault.Retryable(err) {
				return err
			}
			continue
		}
		delete(r.ignored, d.ID)
		next.offers = append(next.offers, o)
		for range Situations {
			next.seeds = append(next.seeds, mixed(string(d.ID)))
		}
	}
	if err := c.believe(ctx, shop, r, next, now); err != nil {
		return err
	}
	r.snapshot.Store(next)
	return nil
}

func (c *Chooser) prepare(ctx context.Context, d Definition, r *resident) (open, error) {
	o := open{Definition: d}
	for i, p := range Placements {
		o.placement[i] = d.At(p)
	}
	var err error
	if o.fragment, err = fragmentOf(&d); err != nil {
		return o, err
	}
	if d.Segment != "" {
		if c.segments == nil {
			return o, fault.Newf(fault.NotFound, "no segments are known")
		}
		if o.audience, err = c.segments.Audience(ctx, d.Shop, d.Segment); err != nil {
			return o, fmt.Errorf("segment %s: %w", d.Segment, err)
		}
		o.asked = o.audience == nil
	}
	if d.Budget > 0 {
		if o.lease = r.leases[d.ID]; o.lease == nil {
			o.lease = &lease{}
			r.leases[d.ID] = o.lease
		}
		if !r.closed && d.Open(c.now().Add(c.every)) {
			if err := c.store.lease(ctx, &d, o.lease); err != nil {
				return o, err
			}
		}
	}
	return o, nil
}

// fragmentOf is the JSON of what an offer shows, without braces.
func fragmentOf(d *Definition) ([]byte, error) {
	v := struct {
		ID      ID             `json:"id"`
		Title   string         `json:"title"`
		Text    string         `json:"text,omitempty"`
		Image   string         `json:"image,omitempty"`
		URL     string         `json:"url,omitempty"`
		Code    string         `json:"code,omitempty"`
		Items   []event.ItemID `json:"items,omitempty"`
		Expires *time.Time     `json:"expires,omitempty"`
	}{ID: d.ID, Title: d.Title, Text: d.Text, Image: d.Image, URL: d.URL, Code: d.Code, Items: d.Items}
	if !d.Ends.IsZero() {
		v.Expires = &d.Ends
	}
	text, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode offer %s: %w", d.ID, err)
	}
	return text[1 : len(text)-1], nil
}
