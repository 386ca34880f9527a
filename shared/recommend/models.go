package recommend

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/catalog"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/rules"
)

// Deltas tells what changed in a shop's catalog since its model was built, and reads the items that are new; those that are not there yet are passed over.
type Deltas interface {
	Delta(ctx context.Context, shop event.ShopID) (catalog.Delta, error)
	Items(ctx context.Context, shop event.ShopID, ids ...event.ItemID) ([]catalog.Item, error)
}

// Demands reads what a shop's own people demand of recommendations.
type Demands interface {
	Read(ctx context.Context, shop event.ShopID) (rules.Document, error)
}

// Models keeps shops' models in memory, as many as fit. An answer never waits for a newer one: it is fetched beside, and swapped in whole. When the models outgrow their bound, those that were asked for longest
// ago go; whoever is answering from one keeps it until the answer is made, and its shop's next answer loads it again. Safe for concurrent use.
type Models struct {
	log    *slog.Logger
	now    func() time.Time
	blobs  blob.Store
	deltas Deltas
	rules  Demands
	every  time.Duration
	memory int64
	clicks Clicks // nil: what happens now waits for the training

	mu    sync.Mutex // over shops, and over weight of each
	shops map[event.ShopID]*resident
}

// resident is one shop's model in memory.
type resident struct {
	shop     event.ShopID
	model    atomic.Pointer[Model] // nil before it is loaded, and after it was evicted
	checked  atomic.Int64          // when it was last compared with what is published, Unix nanoseconds
	used     atomic.Int64          // when it was last asked for, give or take usedStep
	fetching sync.Mutex
	etag     string // of the pointer it was loaded from
	weight   int64  // bytes; 0 when there is none
	demands  rules.Document
	again    time.Time // when to look again for a trial's other model that could not be had
}

// ModelsOptions change what a memory of models does. nil is right for a process that does nothing else with its memory.
type ModelsOptions struct {
	Every  time.Duration // default RefreshEvery
	Clicks Clicks        // what visitors do now; nil: it waits for the training
	Memory int64         // bytes that the models of all shops may take; default DefaultMemory. One model alone may take more: its shop must be answered.
}

const (
	// RefreshEvery is how old what a process knows of a shop's model and catalog changes may be before it looks again.
	RefreshEvery = 2 * time.Second

	// DefaultMemory holds some dozens of shops of the size of a year of Online Retail, and leaves a small machine half of its memory.
	DefaultMemory = 1 << 30

	usedStep = int64(time.Second) // the cost of noting every use would be shared by all processors
)

// NewModels is an empty memory.
func NewModels(log *slog.Logger, now func() time.Time, blobs blob.Store, deltas Deltas, demands Demands, opts *ModelsOptions) *Models {
	var o ModelsOptions
	if opts != nil {
		o = *opts
	}
	return &Models{log: log, now: now, blobs: blobs, deltas: deltas, rules: demands, every: cmp.Or(o.Every, RefreshEvery), memory: cmp.Or(o.Memory, DefaultMemory), clicks: o.Clicks, shops: map[event.ShopID]*resident{}}
}

// Model is the shop's model: at once when one is in memory, else as soon as it is loaded. NotFound until a shop has published one.
func (ms *Models) Model(ctx context.Context, shop event.ShopID) (*Model, error) {
	r := ms.resident(shop)
	m := r.model.Load()
	now := ms.now().UnixNano()
	if now-r.used.Load() >= usedStep {
		r.used.Store(now)
	}
	stale := now-r.checked.Load() >= int64(ms.every)
	if m != nil {
		if stale && r.fetching.TryLock() {
			r.checked.Store(now)
			go ms.refreshBeside(context.WithoutCancel(ctx), shop, r)
		}
		return m, nil
	}
	r.fetching.Lock()
	defer r.fetching.Unlock()
	if m := r.model.Load(); m != nil {
		return m, nil
	}
	if !stale {
		return nil, fault.New(fault.NotFound, "this shop has no model yet")
	}
	err := ms.refresh(ctx, shop, r, false)
	if err == nil && ms.clicks == nil || fault.Is(err, fault.NotFound) {
		r.checked.Store(ms.now().UnixNano()) // else the next call looks at once for what visitors do now: the first answer does not wait for that
	}
	if m := r.model.Load(); m != nil {
		return m, nil
	}
	return nil, err
}

func (ms *Models) resident(shop event.ShopID) *resident {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	r := ms.shops[shop]
	if r == nil {
		r = &resident{shop: shop, demands: rules.Document{Settings: rules.Standard}}
		ms.shops[shop] = r
	}
	return r
}

func (ms *Models) refreshBeside(ctx context.Context, shop event.ShopID, r *resident) {
	defer r.fetching.Unlock()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := ms.refresh(ctx, shop, r, true); err != nil {
		ms.log.Error("cannot refresh the model; the one in memory stays", "shop", shop, "err", err)
	}
}

// Refresh looks now for what is new, if the shop's model is in memory: for whoever hears of a change.
func (ms *Models) Refresh(ctx context.Context, shop event.ShopID) {
	r := ms.resident(shop)
	if r.model.Load() == nil {
		return
	}
	r.fetching.Lock()
	r.checked.Store(ms.now().UnixNano())
	ms.refreshBeside(ctx, shop, r)
}

// refresh loads what is published if it is not what is in memory, and lays the catalog's changes and the shop's rules over it, and with hear what visitors do now. The caller holds r.fetching.
func (ms *Models) refresh(ctx context.Context, shop event.ShopID, r *resident, hear bool) error {
	info, err := ms.blobs.Stat(ctx, pointerName(shop))
	if err != nil {
		return fmt.Errorf("look for the model of %s: %w", shop, err)
	}
	m := r.model.Load()
	if m == nil || info.ETag != r.etag || m.trial.lacks() && !ms.now().Before(r.again) {
		if m, err = ms.load(ctx, shop, m); err != nil {
			return err
		}
		r.etag, r.again = info.ETag, ms.now().Add(lookAgain)
	}
	defer ms.settle(r)
	models := m.compared()
	if hear && ms.clicks != nil {
		for _, m := range models {
			if err := m.hear(ctx, ms.clicks, shop, ms.now()); err != nil {
				ms.log.Error("what visitors do now does not count yet", "shop", shop, "err", err)
			}
		}
	}
	delta, err := ms.deltas.Delta(ctx, shop)
	if err != nil && !fault.Is(err, fault.NotFound) {
		r.model.CompareAndSwap(nil, m)
		return fmt.Errorf("read catalog changes of %s: %w", shop, err)
	}
	demands, err := ms.rules.Read(ctx, shop)
	if err == nil {
		r.demands = demands
	}
	for n, m := range models { // what is hidden counts also when new items cannot be read; and old rules when the newest cannot
		added, unread := ms.arrivals(ctx, shop, m, delta)
		models[n] = m.With(delta, added...).Under(r.demands, ms.now())
		err = errors.Join(unread, err)
	}
	r.model.Store(models[0].beside(m.trial, models[1:]))
	return err
}

func (ms *Models) arrivals(ctx context.Context, shop event.ShopID, m *Model, delta catalog.Delta) ([]catalog.Item, error) {
	ids := m.Missing(delta)
	if len(ids) == 0 {
		return nil, nil
	}
	added, err := ms.deltas.Items(ctx, shop, ids...)
	if err != nil {
		return nil, fmt.Errorf("read new items of %s: %w", shop, err)
	}
	return added, nil
}

// settle weighs what was loaded and makes room for it: the models that were asked for longest ago go. The caller holds r.fetching. A model that is being refreshed is passed over.
func (ms *Models) settle(r *resident) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	r.weight = r.model.Load().weight()
	total := int64(0)
	others := make([]*resident, 0, len(ms.shops))
	for _, one := range ms.shops {
		total += one.weight
		if one != r && one.weight > 0 {
			others = append(others, one)
		}
	}
	slices.SortFunc(others, func(a, b *resident) int {
		return cmp.Or(cmp.Compare(a.used.Load(), b.used.Load()), cmp.Compare(a.shop, b.shop))
	})
	for _, one := range others {
		if total <= ms.memory {
			return
		}
		if one.fetching.TryLock() {
			total -= one.weight
			one.evict()
			ms.log.Debug("a model made room", "shop", one.shop, "for", r.shop)
			one.fetching.Unlock()
		}
	}
}

// evict forgets the model. It counts as never looked for before it is gone, so that who finds none looks again.
func (r *resident) evict() {
	r.checked.Store(0)
	r.etag, r.weight = "", 0
	r.model.Store(nil)
}

// load opens the newest published file that can be opened, and the one that it is compared with. When none can, the model in memory stays. A file that is in memory is not opened again.
func (ms *Models) load(ctx context.Context, shop event.ShopID, current *Model) (*Model, error) {
	p, _, err := ReadPointer(ctx, ms.blobs, shop)
	if err != nil {
		return keep(current, err)
	}
	m, err := ms.open(ctx, shop, p, current)
	if err != nil {
		return keep(current, err)
	}
	return m.beside(ms.trial(ctx, shop, p, m, current), nil), nil
}

func (ms *Models) open(ctx context.Context, shop event.ShopID, p Pointer, current *Model) (*Model, error) {
	var all error
	for _, name := range p.Files {
		if m := current.holds(shop, name); m != nil {
			return m, nil
		}
		m, err := openModel(ctx, ms.blobs, name)
		if err == nil {
			return m, nil
		}
		ms.log.Error("cannot open a published model", "shop", shop, "file", name, "err", err)
		all = errors.Join(all, err)
		if current != nil {
			break // what is in memory is newer than the file before
		}
	}
	return nil, all
}

func keep(current *Model, err error) (*Model, error) {
	if current != nil {
		return current, nil
	}
	return nil, err
}
