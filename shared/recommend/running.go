package recommend

import (
	"context"
	"slices"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
)

// Running is a trial in a process that serves it. It is never changed.
type Running struct {
	Trial
	Other *Model // B; nil while it cannot be had here: everybody gets A then, and the log says so
}

// lookAgain is how long a process waits until it looks again for a model that it could not have.
const lookAgain = time.Minute

// lacks says whether the other model is missing.
func (t *Running) lacks() bool { return t != nil && t.Other == nil }

// Trial is what the model is compared in; nil when it is not.
func (m *Model) Trial() *Running { return m.trial }

// compared are the model and the one that it is compared with, if any.
func (m *Model) compared() []*Model {
	if m.trial == nil || m.trial.Other == nil {
		return []*Model{m}
	}
	return []*Model{m, m.trial.Other}
}

// beside is the model in a trial, with the other one as it is now, if there is one; in none for nil.
func (m *Model) beside(t *Running, other []*Model) *Model {
	if t != nil && len(other) > 0 && t.Other != other[0] {
		t = &Running{t.Trial, other[0]}
	}
	if m.trial == t {
		return m
	}
	next := *m
	next.trial = t
	return &next
}

// holds is the one of the compared models that was opened from a file, in no trial; nil when none was.
func (m *Model) holds(shop event.ShopID, file string) *Model {
	if m == nil {
		return nil
	}
	for _, one := range m.compared() {
		if modelName(shop, one.Version()) == file {
			return one.beside(nil, nil)
		}
	}
	return nil
}

// trial is what the pointer says of one, with the other model beside m if it can be had.
func (ms *Models) trial(ctx context.Context, shop event.ShopID, p Pointer, m, current *Model) *Running {
	if p.Trial == nil {
		return nil
	}
	t := &Running{*p.Trial, current.holds(shop, p.Trial.B)}
	if t.Other != nil {
		return t
	}
	err := ms.fits(p, p.Trial.B, m)
	if err == nil {
		t.Other, err = openModel(ctx, ms.blobs, p.Trial.B)
	}
	if err != nil {
		ms.log.Error("a comparison goes on with one model: everybody gets the one in use", "shop", shop, "trial", t.ID, "file", t.B, "err", err)
	}
	return t
}

// fits is Throttled when a file would not fit into memory beside a model: every shop may have more than the bound for one, but not for a comparison.
func (ms *Models) fits(p Pointer, file string, m *Model) error {
	need := m.beside(nil, nil).weight() + perItem*int64(m.Len())
	if at := slices.IndexFunc(p.History, func(r Release) bool { return r.File == file }); at >= 0 {
		need += p.History[at].Bytes
	}
	if need > ms.memory {
		return fault.Newf(fault.Throttled, "both need %d bytes of memory, more than the %d there are for models", need, ms.memory)
	}
	return nil
}
