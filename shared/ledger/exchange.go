package ledger

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// Settlement says what became of a claimed row.
type Settlement struct {
	Row       Row   // as Exchange returned it when it was claimed
	To        State // Handed, Bounced, Planned (the provider surely does not have it: later again), Suppressed, Uncertain
	Why       Why   // with Suppressed
	At        time.Time
	NotBefore time.Time // with Planned
	Provider  string
	Code      string
	Offer     string
}

// Claim wants a planned row, for whoever is about to hand it to the provider.
type Claim struct {
	Row   Row // as Due returned it
	By    string
	Lease time.Time // when the claim ends; what was not handed by then must not be handed
	Cap   Cap

	NotBefore time.Time // later than now: the row stays planned until then, for it is a quiet hour where the person lives
}

// Exchanged is what came of an Exchange. Rows carry the version and the claim that a later Settlement needs. Every settlement is in Settled or Refused, every claim in
// Claimed, Capped, Postponed or Refused.
type Exchanged struct {
	Settled   []Row
	Claimed   []Row
	Capped    []Row // suppressed instead of claimed: the person had enough messages lately
	Postponed []Row // planned for later instead of claimed
	Refused   []Refusal
}

// Refusal is a settlement or claim that was not carried out: the row has changed meanwhile (another worker has it, staff stopped the campaign), or may not
// change like this. Err is Conflict, or NotFound for a row of an erased person.
type Refusal struct {
	Row Row
	Err error
}

// Exchange settles rows that were claimed earlier and claims the next ones, in one durable Write as long as the ops fit (a settlement is one, a claim two: the row and what
// the person was handed lately, so that the cap holds whoever claims at the same time). A row that another changed meanwhile is refused and the rest goes on. After an
// error some of it may have been carried out: settle again; claims that were not returned become Uncertain when their lease ends, as they must.
func (s *Store) Exchange(ctx context.Context, settle []Settlement, claim []Claim) (Exchanged, error) {
	var token [8]byte
	rand.Read(token[:]) // never fails
	x := exchange{Store: s, named: map[table.Key]bool{}, touched: map[table.Key]touches{}, now: s.stamp(time.Time{}), token: hex.EncodeToString(token[:])}
	for i := range settle {
		x.add(&change{settle: &settle[i], row: settle[i].Row})
	}
	for i := range claim {
		x.add(&change{claim: &claim[i], row: claim[i].Row})
	}
	if err := x.readTouches(ctx); err != nil {
		return Exchanged{}, err
	}
	for start := 0; start < len(x.changes); {
		end, ops := start, 0
		for end < len(x.changes) && ops+x.changes[end].ops() <= table.MaxWriteOps {
			ops += x.changes[end].ops()
			end++
		}
		if err := x.write(ctx, x.changes[start:end]); err != nil {
			return x.result(), err
		}
		start = end
	}
	return x.result(), nil
}

// exchange is one Exchange in progress.
type exchange struct {
	*Store
	now     time.Time
	token   string // tells this Exchange's claims from all others
	changes []*change
	named   map[table.Key]bool
	touched map[table.Key]touches // as last read
}

// change is one row of an exchange.
type change struct {
	settle *Settlement
	claim  *Claim
	row    Row // as last read
	after  Row // as it is to be
	done   bool
	err    error // refused
}

func (c *change) pending() bool { return !c.done && c.err == nil }

// touches says whether the change changes what the person was handed lately.
func (c *change) touches() bool {
	return c.claim != nil || c.settle.To == Planned || c.settle.To == Suppressed
}

func (c *change) ops() int {
	if c.touches() {
		return 2
	}
	return 1
}

func (x *exchange) add(c *change) {
	if k := c.row.key(); x.named[k] {
		c.err = fault.New(fault.Conflict, "the row is named twice")
	} else {
		x.named[k] = true
	}
	x.changes = append(x.changes, c)
}

func (x *exchange) readTouches(ctx context.Context) error {
	var keys []table.Key
	for _, c := range x.changes {
		if k := touchesKey(c.row.Shop, c.row.Person); c.touches() {
			x.touched[k] = touches{person: c.row.Person}
			keys = append(keys, k)
		}
	}
	for len(keys) > 0 {
		some := keys[:min(len(keys), table.MaxReadKeys)]
		keys = keys[len(some):]
		items, err := x.tables.GetAll(ctx, some...)
		if err != nil {
			return fmt.Errorf("messages lately: %w", err)
		}
		for _, it := range items {
			if x.touched[it.Key], err = touchesOf(x.touched[it.Key].person, &it); err != nil {
				return err
			}
		}
	}
	return nil
}

// How often a write that met another writer is tried: together first, then row by row.
const (
	triesTogether = 4
	triesAlone    = 20
)

func (x *exchange) write(ctx context.Context, some []*change) error {
	for range triesTogether {
		more, err := x.try(ctx, some)
		if err != nil || !more {
			return err
		}
	}
	for _, c := range some {
		more := c.pending()
		for try := 0; more; try++ {
			var err error
			if more, err = x.try(ctx, []*change{c}); err != nil {
				return err
			}
			if more && try == triesAlone {
				return fault.New(fault.Unavailable, "the ledger is being changed by too many")
			}
		}
	}
	return nil
}

// try writes what is pending, and says whether a conflict left more to do.
func (x *exchange) try(ctx context.Context, some []*change) (more bool, err error) {
	ops, err := x.prepare(some)
	if err != nil || len(ops) == 0 {
		return false, err
	}
	err = x.tables.Write(ctx, ops...)
	if conflict, ok := errors.AsType[*table.ConflictError](err); ok && fault.Is(err, fault.Conflict) {
		return true, x.resolve(some, ops, conflict)
	}
	if err != nil {
		return false, fmt.Errorf("exchange %d rows: %w", len(some), err)
	}
	for _, c := range some {
		if c.pending() {
			c.done = true
			c.after.Version = c.row.Version + 1
		}
	}
	for i := range ops {
		if k := ops[i].Item.Key; ops[i].Kind == table.OpPut && x.isTouches(k) {
			version, _ := ops[i].If.Version()
			t, err := touchesOf(x.touched[k].person, &table.Item{Body: ops[i].Item.Body, Version: version + 1})
			if err != nil {
				return false, err
			}
			x.touched[k] = t
		}
	}
	return false, nil
}

func (x *exchange) isTouches(k table.Key) bool {
	_, ok := x.touched[k]
	return ok
}

// prepare makes the ops of what is pending: rows first, so that a conflict names them before the touches, which can be mended.
func (x *exchange) prepare(some []*change) ([]table.Op, error) {
	var ops []table.Op
	changed := map[table.Key]touches{}
	var order []table.Key
	for _, c := range some {
		if !c.pending() {
			continue
		}
		k := touchesKey(c.row.Shop, c.row.Person)
		t, ok := changed[k]
		if !ok {
			t = x.touched[k]
		}
		next, err := c.next(x, t)
		if err != nil {
			c.err = err
			continue
		}
		if c.touches() && next.version >= 0 {
			if !ok {
				order = append(order, k)
			}
			changed[k] = next
		}
		it, err := c.after.item()
		if err != nil {
			return nil, err
		}
		ops = append(ops, table.Put(it, table.IfVersion(c.row.Version)))
	}
	for _, k := range order {
		op, err := changed[k].put(event.ShopID(table.Split(k.Partition)[0]))
		if err != nil {
			return nil, err
		}
		ops = append(ops, op)
	}
	return ops, nil
}

// unchanged is the version of touches that need no write.
const unchanged = -1

// next works out the row as it is to be, and the person's touches.
func (c *change) next(x *exchange, t touches) (touches, error) {
	r := c.row
	if c.settle != nil {
		after, err := settled(r, *c.settle, x.stamp(c.settle.At))
		c.after = after
		if after.State != Planned && after.State != Suppressed || len(t.list) == 0 {
			t.version = unchanged
			return t, err
		}
		return t.without(r.Campaign, r.Step), err
	}
	switch {
	case r.State != Planned:
		return t, illegal(r.State, Claimed)
	case r.NotBefore.After(x.now):
		return t, fault.New(fault.Conflict, "the message is not due yet")
	case c.claim.NotBefore.After(x.now):
		r.NotBefore = c.claim.NotBefore.UTC()
		c.after = r
		t.version = unchanged
		return t, nil
	case !t.allows(c.claim.Cap, r.Campaign, r.Step, x.now):
		r.State, r.Why, r.At = Suppressed, FrequencyCap, x.now
		c.after = r
		t.version = unchanged
		return t, nil
	}
	r.State, r.At, r.Attempts = Claimed, x.now, r.Attempts+1
	r.Claim, r.Lease = c.claim.By+"."+x.token, c.claim.Lease.UTC().Truncate(time.Millisecond)
	c.after = r
	return t.with(Touch{Campaign: r.Campaign, Step: r.Step, At: r.Lease}), nil
}

// settled is the row after the settlement. What the provider told meanwhile stays: a message that is already known as delivered only gains what the settlement
// knows of it.
func settled(r Row, s Settlement, at time.Time) (Row, error) {
	known := s.To == Handed || s.To == Bounced || s.To == Uncertain
	switch {
	case !known && s.To != Planned && s.To != Suppressed:
		return r, illegal(r.State, s.To)
	case s.To == Suppressed && s.Why == "":
		return r, fault.InvalidField("why", "a suppressed row says why")
	case r.Claim == "" || r.Claim != s.Row.Claim:
		return r, fault.Newf(fault.Conflict, "the message is %s and no longer claimed by this worker", r.State)
	case known && rank(r.State) >= rank(s.To):
	case !CanMove(r.State, s.To):
		return r, illegal(r.State, s.To)
	default:
		r.State, r.Why, r.At = s.To, s.Why, at
	}
	if s.Provider != "" {
		r.Provider = s.Provider
	}
	if s.Code != "" {
		r.Code = s.Code
	}
	if s.Offer != "" {
		r.Offer = s.Offer
	}
	switch s.To {
	case Handed:
		r.HandedAt = at
	case Bounced:
		r.BouncedAt = at
	case Planned:
		r.NotBefore, r.Claim = s.NotBefore.UTC(), ""
	}
	r.Lease = time.Time{}
	return r, nil
}

// resolve looks at what is stored where a condition failed.
func (x *exchange) resolve(some []*change, ops []table.Op, conflict *table.ConflictError) error {
	k := conflict.Key
	if t, ok := x.touched[k]; ok {
		t, err := touchesOf(t.person, conflict.Stored)
		x.touched[k] = t
		return err
	}
	for _, c := range some {
		if !c.pending() || c.row.key() != k {
			continue
		}
		if conflict.Stored == nil {
			c.err = fault.New(fault.NotFound, "the row is gone")
			return nil
		}
		wanted, err := table.Canonical(ops[conflict.Op].Item.Body)
		if err != nil {
			return err
		}
		stored, err := rowOf(*conflict.Stored)
		switch {
		case err != nil:
			return err
		case bytes.Equal(wanted, conflict.Stored.Body): // by an earlier call whose answer was lost
			c.after, c.done = stored, true
		case c.claim != nil:
			c.err = fault.Newf(fault.Conflict, "the message is %s meanwhile", stored.State)
		default:
			c.row = stored
		}
		return nil
	}
	return fmt.Errorf("exchange: %w", conflict)
}

func (x *exchange) result() (out Exchanged) {
	for _, c := range x.changes {
		switch {
		case c.err != nil:
			out.Refused = append(out.Refused, Refusal{c.row, c.err})
		case !c.done:
		case c.settle != nil:
			out.Settled = append(out.Settled, c.after)
		case c.after.State == Claimed:
			out.Claimed = append(out.Claimed, c.after)
		case c.after.State == Planned:
			out.Postponed = append(out.Postponed, c.after)
		default:
			out.Capped = append(out.Capped, c.after)
		}
	}
	return out
}
