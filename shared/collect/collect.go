// Package collect takes what clients report and stores it as events, once and durably, under the visitor it belongs to.
//
// The way of a call: its bytes become messages (payload, message), every message finds its visitor and person (place), what consent does not allow is dropped, what is left is scrubbed (build)
// and stored: first the traits that wait for the people table, then the events. Accept returns after both are durable. It may be repeated with the same bytes: visitors, persons and message ids
// come out the same, so that a second storing changes no count.
//
// A consumer of the events table's feed counts inserts and ignores modifications: that is what makes a repeated message one message.
package collect

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/table"
)

// Profiles is what collecting needs of the visitors' profiles.
type Profiles interface {
	// Consents is what the visitor decided, as the visitor's own profile has it; the zero State for an unknown visitor.
	Consents(ctx context.Context, shop event.ShopID, v event.VisitorID) (consent.State, error)
	// Decide stores a visitor's decisions in the profile, made when there is none. A later decision that is stored already stays.
	Decide(ctx context.Context, shop event.ShopID, v event.VisitorID, s consent.State) error
	// Forget removes what is kept about the visitor: the events, and the profile but for a mark that events received up to at are not folded, and the state.
	Forget(ctx context.Context, shop event.ShopID, v event.VisitorID, at time.Time, s consent.State) error
}

// Service accepts events. It is safe for concurrent use.
type Service struct {
	now      func() time.Time
	store    table.Store
	shops    shop.Directory
	aliases  *identity.Aliases
	profiles Profiles
	records  *consent.Records
	erased   *consent.Erased // nil: nobody ever is
	states   states
	told     told
}

// New stores events in the store.
func New(now func() time.Time, store table.Store, shops shop.Directory, aliases *identity.Aliases, profiles Profiles) *Service {
	return &Service{now: now, store: store, shops: shops, aliases: aliases, profiles: profiles, records: consent.NewRecords(store)}
}

// Refusing has the service drop what happened to erased persons before their erasure, and returns it. It is called before the first Accept.
func (s *Service) Refusing(erased *consent.Erased) *Service {
	s.erased = erased
	return s
}

// Request is one authenticated call.
type Request struct {
	Shop      shop.Settings
	Secret    bool             // it came with a secret key: the shop's own server vouches for every userId
	Cookie    identity.Visitor // whom a good cookie names; zero without one
	Consent   consent.State    // of the consent cookie
	GPC       bool             // Sec-GPC: 1
	UserAgent string
	Payload   Payload
}

// Outcome is what an accepted call came to.
type Outcome struct {
	Stored  int              // messages stored, repeated ones included
	Dropped int              // messages that consent, or an erasure, did not allow to keep
	Issue   bool             // a cookie is to be set: Visitor's
	Visitor identity.Visitor // whom the browser's cookie names from now on; zero when it has none
}

// Accept stores the call's messages and returns when they are durable. Unavailable and Throttled mean that the call must be repeated as a whole; nothing of it counts
// twice then. Invalid names a message that cannot be kept.
func (s *Service) Accept(ctx context.Context, r Request) (Outcome, error) {
	w := newWalk(s, r)
	if err := w.look(ctx); err != nil {
		return Outcome{}, err
	}
	for i := range r.Payload.messages {
		if err := w.take(ctx, &r.Payload.messages[i]); err != nil {
			return Outcome{}, err
		}
	}
	if err := s.put(ctx, w); err != nil {
		return Outcome{}, err
	}
	s.told.add(w.telling)
	if w.granted.ID != "" {
		state := consent.State{Personalization: consent.Granted, At: w.received}
		if err := s.record(ctx, r.Shop.ID, w.granted.ID, state, consent.Personalization, "event", ""); err != nil {
			return Outcome{}, err
		}
	}
	return w.outcome(s.now()), nil
}

// put stores traits before events: an event that is there without its traits would be folded without them.
func (s *Service) put(ctx context.Context, w *walk) error {
	if len(w.pending) > 0 {
		if err := s.store.PutAll(ctx, w.pending...); err != nil {
			return storing("traits", err)
		}
	}
	if len(w.events) == 0 {
		return nil
	}
	items := make([]table.Item, len(w.events))
	for i, e := range w.events {
		it, err := e.Item()
		if err != nil {
			return err
		}
		items[i] = it
	}
	if err := s.store.PutAll(ctx, items...); err != nil {
		return storing("events", err)
	}
	return nil
}

// storing keeps a fault of the engine; that it calls our items invalid is no fault of the client.
func storing(what string, err error) error {
	if fault.Is(err, fault.Invalid) {
		return fault.Wrap(fault.Internal, fmt.Errorf("store %s: %w", what, err), "")
	}
	return fmt.Errorf("store %s: %w", what, err)
}

// trusts says whether the shop vouched for the message's userId.
func (s *Service) trusts(ctx context.Context, r Request, m *message) (bool, error) {
	if r.Secret || m.UserID == "" || m.signature() == "" {
		return r.Secret && m.UserID != "", nil
	}
	secrets, err := s.shops.Secrets(ctx, r.Shop.ID)
	if err != nil {
		return false, fmt.Errorf("signing keys of shop %s: %w", r.Shop.ID, err)
	}
	return identity.VerifyUser(secrets, string(m.UserID), m.signature()), nil
}

// found is whether a lookup found something; its error when it failed otherwise.
func found(err error) (bool, error) {
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind == fault.NotFound {
		return false, nil
	}
	return err == nil, err
}

// toldLimit bounds how many persons' last traits are remembered, in each of two generations.
const toldLimit = 20_000

// told remembers what was last stored of each person's traits, so that an SDK that repeats them with every event costs no write. The zero value is ready.
type told struct {
	mu         sync.Mutex
	young, old map[event.PersonID]string
}

func (t *told) has(p event.PersonID, what string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	last, ok := t.young[p]
	if !ok {
		last, ok = t.old[p]
	}
	return ok && last == what
}

func (t *told) add(all map[event.PersonID]string) {
	if len(all) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.young == nil || len(t.young) >= toldLimit {
		t.old, t.young = t.young, make(map[event.PersonID]string)
	}
	for p, what := range all {
		t.young[p] = what
	}
}
