package collect

import (
	"context"
	"fmt"
	"sync"
	"time"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
)

// stateLife is how long a visitor's stored decision is remembered. A withdrawal on another process is seen after it; the browser that withdrew says so itself, by its cookie.
const stateLife = 5 * time.Second

// allowed says whether the message may be kept. A no from anywhere is a no; the message's own yes counts for a visitor who has not decided.
func (w *walk) allowed(ctx context.Context, at spot, m *message) (bool, error) {
	if w.r.GPC || m.choice() == consent.Denied {
		return false, nil
	}
	state := w.r.Consent
	if at.exists {
		stored, err := w.s.stored(ctx, w.r.Shop.ID, at.visitor)
		if err != nil {
			return false, err
		}
		state = consent.Later(state, stored)
	}
	if state.Personalization == consent.Undecided {
		state.Personalization = m.choice()
	}
	return consent.Allows(w.r.Shop.Consent, state, w.r.GPC), nil
}

// noteGrant remembers that the message's consent is to be recorded: that of a visitor who has not decided yet.
func (w *walk) noteGrant(ctx context.Context, at spot) {
	if w.r.Consent.Personalization != consent.Undecided {
		return
	}
	stored, err := w.s.stored(ctx, w.r.Shop.ID, at.visitor)
	if err == nil && stored.Personalization == consent.Undecided {
		w.granted = identity.Visitor{ID: at.visitor}
	}
}

// stored is the decision that the visitor's profile has.
func (s *Service) stored(ctx context.Context, shop event.ShopID, v event.VisitorID) (consent.State, error) {
	now := s.now()
	key := stateKey{shop, v}
	if state, ok := s.states.find(key, now); ok {
		return state, nil
	}
	state, err := s.profiles.Consents(ctx, shop, v)
	if err != nil {
		return consent.State{}, fmt.Errorf("decisions of a visitor: %w", err)
	}
	s.states.add(key, state, now)
	return state, nil
}

// Decision is what a visitor says to one or more purposes.
type Decision struct {
	Purposes []consent.Purpose
	Granted  bool
	Version  string // of the text that the visitor saw
	Source   string // where it was said: "page", "event", "preferences"
}

// Decide records a visitor's decision, changes the profile accordingly and returns the state that follows from it and what the browser knew before (known). Denying personalization removes what is kept about the visitor. It may
// be repeated: a second record of the same decision is harmless.
func (s *Service) Decide(ctx context.Context, shop event.ShopID, v event.VisitorID, known consent.State, d Decision) (consent.State, error) {
	stored, err := s.profiles.Consents(ctx, shop, v)
	if err != nil {
		return consent.State{}, fmt.Errorf("decisions of a visitor: %w", err)
	}
	state := d.Apply(consent.Later(known, stored), s.now())
	for _, purpose := range d.Purposes {
		if err := s.record(ctx, shop, v, state, purpose, d.Source, d.Version); err != nil {
			return consent.State{}, err
		}
	}
	return state, nil
}

// Apply is the state after the decision.
func (d Decision) Apply(state consent.State, at time.Time) consent.State {
	choice := consent.Denied
	if d.Granted {
		choice = consent.Granted
	}
	for _, purpose := range d.Purposes {
		switch purpose {
		case consent.Personalization:
			state.Personalization = choice
		case consent.Marketing:
			state.Marketing = choice
		}
	}
	state.At = at.UTC().Truncate(time.Second)
	return state
}

// record appends the decision, then carries it out.
func (s *Service) record(ctx context.Context, shop event.ShopID, v event.VisitorID, state consent.State, p consent.Purpose, source, version string) error {
	choice := state.Personalization
	if p == consent.Marketing {
		choice = state.Marketing
	}
	r := consent.Record{Purpose: p, Choice: choice, Version: version, Source: source, At: s.now().UTC().Truncate(time.Millisecond)}
	if err := s.records.Append(ctx, shop, v, r); err != nil {
		return err
	}
	if p == consent.Personalization && choice == consent.Denied {
		return s.Forget(ctx, shop, v, state)
	}
	if err := s.profiles.Decide(ctx, shop, v, state); err != nil {
		return fmt.Errorf("keep a decision: %w", err)
	}
	s.states.add(stateKey{shop, v}, state, s.now())
	return nil
}

// Forget removes what is kept about the visitor: from the tables at once, from the archive by the next night but one. The state stays, so that nothing is kept anew against it.
func (s *Service) Forget(ctx context.Context, shop event.ShopID, v event.VisitorID, state consent.State) error {
	now := s.now().UTC()
	if err := s.records.NoteForgotten(ctx, shop, consent.Forgotten{Visitor: v, At: now}); err != nil {
		return err
	}
	if err := s.profiles.Forget(ctx, shop, v, now, state); err != nil {
		return fmt.Errorf("forget a visitor: %w", err)
	}
	s.states.add(stateKey{shop, v}, state, s.now())
	return nil
}

type stateKey struct {
	shop    event.ShopID
	visitor event.VisitorID
}

type stateEntry struct {
	state consent.State
	until time.Time
}

// stateLimit bounds the states remembered.
const stateLimit = 20_000

// states remembers decisions for stateLife. The zero value is ready.
type states struct {
	mu  sync.Mutex
	all map[stateKey]stateEntry
}

func (m *states) find(k stateKey, now time.Time) (consent.State, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.all[k]
	return e.state, ok && now.Before(e.until)
}

func (m *states) add(k stateKey, s consent.State, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.all == nil || len(m.all) >= stateLimit {
		m.all = make(map[stateKey]stateEntry)
	}
	m.all[k] = stateEntry{state: s, until: now.Add(stateLife)}
}
