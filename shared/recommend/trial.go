package recommend

import (
	"context"
	"fmt"
	"math"
	"path"
	"slices"
	"strings"
	"time"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
)

// Trial compares two kept models on real pages: A, which was in use when it began, and B. While it runs, training goes on: what it publishes is kept and waits, A and B stay what they are and are
// not removed. It ends when somebody ends it, uses another model, or when so much of the catalog changed that the two can no longer be told of it (see KeepTrial).
//
// Visitors are told apart by the id in their cookie, and a visitor's arm follows from that id and the trial's seed: nothing is stored, and it stays the same for as long as the trial runs, in every process, before
// and after somebody logs in. A person with two browsers may meet both arms; each browser keeps its own. Who has no id yet, or did not agree, gets A and is not counted.
type Trial struct {
	ID     string    `json:"id"`
	A      string    `json:"a"`     // model file
	B      string    `json:"b"`     // model file
	Share  float64   `json:"share"` // of visitors: of a split those who see B, else those who see both on one list
	Method Method    `json:"method"`
	Seed   uint64    `json:"seed"` // of the assignment
	Began  time.Time `json:"began"`
}

// Method says how the models of a trial share the visitors. One that this program does not know counts as nobody's: everybody gets A.
type Method string

// The methods.
const (
	Split      Method = "split"      // each visitor sees one model, on all shelves
	Interleave Method = "interleave" // for-you holds items of both, picked in turn (see package interleave); all other shelves are A's
)

// Arm is what of a trial a visitor sees.
type Arm uint8

// The arms.
const (
	NoArm Arm = iota // A, and not counted
	ArmA
	ArmB
	ArmBoth // both on one list
)

var armNames = [...]string{"", "a", "b", "ab"}

// String is the arm as logs have it.
func (a Arm) String() string { return armNames[a] }

// Arm is the visitor's; NoArm for nobody.
func (t *Trial) Arm(visitor event.VisitorID) Arm {
	if visitor == "" {
		return NoArm
	}
	drawn := unit(t.hash(visitor)) < t.Share
	switch {
	case t.Method == Split && drawn:
		return ArmB
	case t.Method == Split:
		return ArmA
	case t.Method == Interleave && drawn:
		return ArmBoth
	}
	return NoArm
}

// Coin is what the picks of a shared list follow from: it stands still for a visitor and a day (UTC), so that a page does while it is looked at.
func (t *Trial) Coin(visitor event.VisitorID, now time.Time) uint64 {
	return (t.hash(visitor) ^ uint64(now.Unix()/86400)) * 1099511628211
}

// hash is FNV-1a of the visitor, begun with the trial's seed.
func (t *Trial) hash(visitor event.VisitorID) uint64 {
	h := uint64(14695981039346656037) ^ t.Seed
	for i := range len(visitor) {
		h = (h ^ uint64(visitor[i])) * 1099511628211
	}
	return h
}

// VersionA is the version of the model that was in use when the trial began, VersionB that of the other.
func (t *Trial) VersionA() string { return versionOf(t.A) }

// VersionB is the challenger's version.
func (t *Trial) VersionB() string { return versionOf(t.B) }

func versionOf(file string) string { return strings.TrimSuffix(path.Base(file), modelSuffix) }

// Newest stands for the version of the newest kept model.
const Newest = "newest"

// TrialPlan is what a trial is begun with.
type TrialPlan struct {
	Version string  // of B, or Newest
	Share   float64 // 0: a half of a split, everybody of an interleaving
	Method  Method  // empty: Split
	Seed    uint64  // of the assignment; two trials with different seeds draw independently
}

// check is Invalid unless it can be carried out.
func (p *TrialPlan) check() error {
	if p.Method == "" {
		p.Method = Split
	}
	if p.Method != Split && p.Method != Interleave {
		return fault.InvalidField("method", "split or interleave")
	}
	if p.Share == 0 {
		p.Share = .5
		if p.Method == Interleave {
			p.Share = 1
		}
	}
	if math.IsNaN(p.Share) || p.Share < 0 || p.Share > 1 || p.Share == 1 && p.Method == Split {
		return fault.InvalidField("share", "more than 0 and less than 1, the share of visitors who see the other model; of an interleaving also 1")
	}
	return nil
}

// StartTrial begins to compare the model in use with another kept one. What changed in the catalog since either was trained is told first, as Use does. NotFound: the version is not kept, or nothing is. Invalid: the plan is
// wrong, the version is the one in use, or its file is damaged. Conflict: a trial runs, too much of the catalog changed since, or somebody else published at this moment. Not to be repeated: the
// second call is a Conflict. A crash leaves it begun or not.
func StartTrial(ctx context.Context, blobs blob.Store, items Items, shop event.ShopID, plan TrialPlan, now time.Time) (Pointer, error) {
	if err := plan.check(); err != nil {
		return Pointer{}, err
	}
	p, etag, err := ReadPointer(ctx, blobs, shop)
	if err != nil {
		return p, err
	}
	if p.Trial != nil {
		return p, fault.Newf(fault.Conflict, "a comparison of %s with %s runs already: end it first", p.Trial.VersionA(), p.Trial.VersionB())
	}
	if plan.Version == Newest {
		plan.Version = p.History[0].Version()
	}
	at := slices.IndexFunc(p.History, func(r Release) bool { return r.Version() == plan.Version })
	if at < 0 {
		return p, fault.Newf(fault.NotFound, "no model of version %q is kept", plan.Version)
	}
	if p.History[at].File == p.Files[0] {
		return p, fault.InvalidField("version", plan.Version+" is the model in use: a comparison needs another one")
	}
	t := &Trial{ID: fmt.Sprintf("%08x", uint32(mixed(plan.Seed))), A: p.Files[0], B: p.History[at].File, Share: plan.Share, Method: plan.Method, Seed: plan.Seed, Began: now.UTC().Truncate(time.Millisecond)}
	if err := t.tell(ctx, blobs, items, shop, now); err != nil {
		return p, err
	}
	p.Trial = t
	return p, writePointer(ctx, blobs, shop, p, etag)
}

// mixed spreads a seed's bits.
func mixed(seed uint64) uint64 { return uint64(unit(seed) * (1 << 53)) }

// tell tells in what the catalog differs from either model.
func (t *Trial) tell(ctx context.Context, blobs blob.Store, items Items, shop event.ShopID, now time.Time) error {
	var both [2]*Model
	for n, name := range [...]string{t.A, t.B} {
		m, err := openModel(ctx, blobs, name)
		if err != nil {
			return fmt.Errorf("model %s: %w", versionOf(name), err)
		}
		both[n] = m
	}
	return tellSince(ctx, items, shop, now, both[:]...)
}

// EndTrial ends the trial. With promote B takes over; it is held, as Use does, when a newer model is kept. Else all is as it was before: A stays in use. What was trained meanwhile stays kept. NotFound: none runs. Conflict: somebody else
// published at this moment.
func EndTrial(ctx context.Context, blobs blob.Store, shop event.ShopID, promote bool) (Pointer, error) {
	p, etag, err := ReadPointer(ctx, blobs, shop)
	if err != nil {
		return p, err
	}
	if p.Trial == nil {
		return p, errNoTrial
	}
	if promote {
		p.Files, p.Held = filesOf(p.History, p.Trial.B), p.Trial.B != p.History[0].File
	}
	p.Trial = nil
	return p, writePointer(ctx, blobs, shop, p, etag)
}

var errNoTrial = fault.New(fault.NotFound, "no comparison of two models runs")

// KeepTrial lets a trial go on for another day: it tells again in what the catalog differs from its models, which the next training would let fall into oblivion otherwise. Where that is too much to tell, or a file is gone or damaged,
// the trial ends and the newest model is used: nothing that was hidden may come back. It returns what holds then. Without a trial it changes nothing.
func KeepTrial(ctx context.Context, blobs blob.Store, items Items, shop event.ShopID, now time.Time) (Pointer, error) {
	p, etag, err := ReadPointer(ctx, blobs, shop)
	if err != nil || p.Trial == nil {
		return p, err
	}
	err = p.Trial.tell(ctx, blobs, items, shop, now)
	if !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.NotFound) {
		return p, err
	}
	p.Trial, p.Held, p.Files = nil, false, filesOf(p.History, p.History[0].File)
	return p, writePointer(ctx, blobs, shop, p, etag)
}
