package collect

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/people"
	"shopkeeper/shared/table"
)

// walk goes through the messages of one call and gathers what is to be stored.
type walk struct {
	s        *Service
	r        Request
	server   bool
	received time.Time

	current identity.Visitor // the cookie's visitor; no ID without a cookie
	changed bool             // the cookie must say something new
	made    event.VisitorID  // the visitor made for this call; the cookie may become its
	persons map[event.VisitorID]mark
	granted identity.Visitor // whom a message's own consent let in: to be recorded
	dropped int
	stones  *consent.Tombstones // nil: nobody ever was erased

	seen    map[table.Key]bool
	events  []event.Event
	pending []table.Item
	telling map[event.PersonID]string
}

// mark is whom a visitor of this call identified as.
type mark struct {
	person  event.PersonID
	trusted bool
}

func newWalk(s *Service, r Request) *walk {
	w := &walk{s: s, r: r, server: r.fromServer(), received: s.now(), persons: map[event.VisitorID]mark{}, seen: map[table.Key]bool{}, telling: map[event.PersonID]string{}}
	if w.server {
		w.r.Consent, w.r.GPC = consent.State{}, false
	} else {
		w.current = r.Cookie
	}
	return w
}

// spot is where a message belongs.
type spot struct {
	visitor event.VisitorID // empty while the person, and so the offline channel, is still to be made
	exists  bool            // the visitor was there before this message
	person  event.PersonID
	trusted bool
}

// take places one message and gathers its event and traits, or drops it.
func (w *walk) take(ctx context.Context, m *message) error {
	if old, err := w.refuse(ctx, m); err != nil || old {
		w.dropped++
		return err
	}
	at, err := w.find(ctx, m)
	if err != nil {
		return err
	}
	ok, err := w.allowed(ctx, at, m)
	if err != nil {
		return err
	}
	if !ok {
		w.dropped++
		return nil
	}
	if err := w.settle(ctx, m, &at); err != nil {
		return err
	}
	if m.choice() == consent.Granted && w.granted.ID == "" && !w.server {
		w.noteGrant(ctx, at)
	}
	return w.gather(m, at)
}

// find looks for the message's visitor and writes nothing: the cookie's, else the one its anonymousId is bound to, else its person's offline channel, else a fresh one.
func (w *walk) find(ctx context.Context, m *message) (spot, error) {
	if w.current.ID != "" {
		return spot{visitor: w.current.ID, exists: true}, nil
	}
	if m.AnonymousID != "" {
		v, err := w.s.aliases.Visitor(ctx, w.r.Shop.ID, string(m.AnonymousID))
		ok, err := found(err)
		if err != nil {
			return spot{}, err
		}
		if !ok {
			v = identity.NewVisitor()
		}
		return spot{visitor: v, exists: ok}, nil
	}
	p, err := w.s.aliases.Person(ctx, w.r.Shop.ID, string(m.UserID))
	ok, err := found(err)
	if err != nil || !ok {
		return spot{}, err
	}
	return spot{visitor: identity.Offline(p), exists: true}, nil
}

// settle makes what find found missing: bindings, the person, and a fresh visitor for a device that changed hands.
func (w *walk) settle(ctx context.Context, m *message, at *spot) error {
	if m.AnonymousID != "" {
		bound, err := w.s.aliases.Bind(ctx, w.r.Shop.ID, string(m.AnonymousID), at.visitor)
		if err != nil {
			return err
		}
		if w.current.ID == "" {
			if bound == at.visitor && !at.exists {
				w.made = bound
			}
			at.visitor = bound
		}
	}
	if err := w.identify(ctx, m, at); err != nil {
		return err
	}
	if at.visitor == "" {
		at.visitor = identity.Offline(at.person)
	}
	if err := w.bindAddress(ctx, m, at.person); err != nil {
		return err
	}
	return w.keepMark(ctx, at)
}

// identify finds the person of the message: its userId's, or for traits without one the visitor's own.
func (w *walk) identify(ctx context.Context, m *message, at *spot) (err error) {
	shop := w.r.Shop.ID
	if m.UserID == "" {
		if m.kind == event.Identify && len(m.Traits) > 0 {
			at.person = w.personOf(at.visitor)
		}
		return nil
	}
	if at.trusted, err = w.s.trusts(ctx, w.r, m); err != nil {
		return err
	}
	var preferred event.PersonID
	if at.visitor != "" && !identity.IsOffline(at.visitor) && w.personOf(at.visitor) == identity.PersonOf(at.visitor) {
		preferred = identity.PersonOf(at.visitor)
	}
	at.person, err = w.s.aliases.EnsurePerson(ctx, shop, string(m.UserID), preferred)
	return err
}

// personOf is whom the visitor identified as so far, or the person that it stands for by itself.
func (w *walk) personOf(v event.VisitorID) event.PersonID {
	if known, ok := w.persons[v]; ok && known.person != "" {
		return known.person
	}
	if v == w.current.ID && w.current.Person != "" {
		return w.current.Person
	}
	return identity.PersonOf(v)
}

// keepMark notes whom the visitor identified as. A cookie that stands for the account of another person goes on as a fresh visitor.
func (w *walk) keepMark(ctx context.Context, at *spot) error {
	if at.person == "" {
		return nil
	}
	if at.visitor != w.current.ID {
		w.persons[at.visitor] = mark{person: at.person, trusted: at.trusted}
		return nil
	}
	if w.current.Person == at.person {
		w.changed = w.changed || at.trusted && !w.current.Trusted
		w.current.Trusted = w.current.Trusted || at.trusted
		return nil
	}
	if w.current.Person != "" {
		account, err := w.s.aliases.HasAccount(ctx, w.r.Shop.ID, w.current.Person)
		if err != nil {
			return fmt.Errorf("account of a cookie's person: %w", err)
		}
		if account {
			w.current.ID = identity.Switched(w.r.Shop.ID, w.current.ID, at.person)
			at.visitor = w.current.ID
		}
	}
	w.current.Person, w.current.Trusted, w.changed = at.person, at.trusted, true
	return nil
}

// gather keeps the event and its traits. A message that stands twice in one call is kept once.
func (w *walk) gather(m *message, at spot) error {
	e, err := m.build(w.r.Shop, w.received, w.verdict(m))
	if err != nil {
		return err
	}
	e.Visitor, e.Person, e.Trusted = at.visitor, at.person, at.trusted
	key := event.Key(e.Shop, e.Visitor, e.ID)
	if w.seen[key] {
		return nil
	}
	w.seen[key] = true
	w.events = append(w.events, e)
	if at.person == "" {
		return nil
	}
	return w.tell(m, e)
}

// tell keeps what the message says of the person, unless that was the last that was stored of them.
func (w *walk) tell(m *message, e event.Event) error {
	traits, err := m.traits()
	if err != nil {
		return err
	}
	p := people.Pending{
		Shop: e.Shop, Person: e.Person, Event: e.ID, Visitor: e.Visitor, UserID: string(m.UserID), Trusted: e.Trusted, At: e.At, Traits: traits,
	}
	if m.kind != event.Identify {
		text, err := json.Marshal(traits)
		if err != nil {
			return fmt.Errorf("encode traits: %w", err)
		}
		what := digest(string(text), p.UserID, string(p.Visitor), fmt.Sprint(p.Trusted))
		if w.telling[e.Person] == what || w.s.told.has(e.Person, what) {
			return nil
		}
		w.telling[e.Person] = what
	}
	it, err := p.Item()
	if err != nil {
		return err
	}
	w.pending = append(w.pending, it)
	return nil
}

// verdict judges the page's user agent; a server SDK's own is nobody's, but it may pass on its visitor's.
func (w *walk) verdict(m *message) event.Verdict {
	if w.server {
		return verdict(m.context.UserAgent)
	}
	return verdict(w.r.UserAgent)
}

// outcome says what the browser's cookie must become. Without a cookie it gets one only when all that it sent belongs to the one visitor that was made for it: whoever sends an
// anonymousId is never handed the cookie of the visitor behind it.
func (w *walk) outcome(now time.Time) Outcome {
	out := Outcome{Stored: len(w.events), Dropped: w.dropped}
	if w.server || len(w.events) == 0 {
		return out
	}
	if w.current.ID != "" {
		out.Visitor = w.current
		out.Issue = w.changed || w.current.NeedsRenewal(now)
		return out
	}
	if w.made == "" {
		return out
	}
	for _, e := range w.events {
		if e.Visitor != w.made {
			return out
		}
	}
	known := w.persons[w.made]
	out.Issue, out.Visitor = true, identity.Visitor{ID: w.made, Person: known.person, Trusted: known.trusted}
	return out
}
