package app

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/bus"
	"shopkeeper/shared/catalog"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend"
	"shopkeeper/shared/recommend/model"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/table"
	"shopkeeper/shared/trainer"
	"shopkeeper/shared/warehouse"
)

// History is how far back training looks, from the newest event: a shop that imports old orders learns from them.
const History = 3 * 365 * 24 * time.Hour

// Trainer makes a shop's model from its archive and catalog, and publishes it if it deserves that.
type Trainer struct {
	log   *slog.Logger
	now   func() time.Time
	items *catalog.Store
	shops *shop.Store
	files blob.Store
	bus   bus.Bus // nil: nobody is told

	consents *consent.Records

	Budget    time.Duration    // of a search for better settings before the training; 0: what the last one found is used
	Warehouse warehouse.Engine // counts what was learned from where it lies; nil: in this process
}

// Train is the trainer of the deployment's shops. News of a model goes over the bus, if there is one.
func Train(log *slog.Logger, now func() time.Time, store table.Store, files blob.Store, news bus.Bus) *Trainer {
	return &Trainer{log: log, now: now, items: catalog.NewStore(now, store), shops: shop.NewStore(now, store, nil), files: files, bus: news, consents: consent.NewRecords(store)}
}

// Night tidies a shop's archive and trains. The scheduler calls it; a repeated call does no harm.
func (t *Trainer) Night(ctx context.Context, shop event.ShopID, progress trainer.Progress) (trainer.Report, error) {
	if err := t.Tidy(ctx, shop); err != nil {
		return trainer.Report{}, err
	}
	night := *t
	night.Budget = cmp.Or(t.Budget, nightSearch)
	return night.Shop(ctx, shop, progress)
}

// nightSearch is what a night gives the search for better settings. It begins with the best that nights before found, so that little is enough.
const nightSearch = time.Minute

// settings are the shop's own: how much each kind of event tells, in its own unit, as only their relations count, and what it set of its training. What it does not name keeps its default.
func (t *Trainer) settings(ctx context.Context, id event.ShopID) (trainer.Settings, error) {
	const unit = 10 // of the weights: an order says 10, a look 1
	to := trainer.DefaultSettings(t.now)
	to.Budget = t.Budget
	s, err := t.shops.Settings(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return to, nil
	}
	if err != nil {
		return to, err
	}
	w := to.Weights
	for kind, to := range map[string]*float64{"view": &w.View, "cart": &w.Cart, "order": &w.Order, "refund": &w.Return, "dismiss": &w.Dismissal} {
		if told, ok := s.Weights[kind]; ok {
			*to = told / unit
		}
	}
	if err := w.Check(); err != nil {
		t.log.Warn("the shop's weights contradict each other: the default weights count", "shop", id, "err", err)
	} else {
		to.Weights = w
	}
	to.Blend = model.Blend{Live: s.TrainingOf(shop.LiveShare), Return: s.TrainingOf(shop.ReturnShare), Taste: s.TrainingOf(shop.TasteLift), InterestDays: s.TrainingOf(shop.InterestDays)}
	to.Trend.Near, to.Trend.Popular = s.TrainingOf(shop.TrendingDays), s.TrainingOf(shop.PopularDays)
	to.KNN.Newest, to.KNN.Neighbours, to.KNN.Last = int(s.TrainingOf(shop.Sessions)), int(s.TrainingOf(shop.Neighbours)), int(s.TrainingOf(shop.LastItems))
	to.EASE.Lambda = s.TrainingOf(shop.Lambda)
	for _, name := range []string{shop.Sessions, shop.Neighbours, shop.LastItems, shop.Lambda} {
		_, told := s.Training[name]
		to.Fixed = to.Fixed || told
	}
	return to, nil
}

// Shop trains one shop and publishes the model unless the report refuses it. `shopkeeper train` calls it; a repeated call trains again and does no harm.
// progress may be nil.
func (t *Trainer) Shop(ctx context.Context, shop event.ShopID, progress trainer.Progress) (trainer.Report, error) {
	in, err := t.input(ctx, shop)
	if err != nil {
		return trainer.Report{}, err
	}
	if in.Known, err = t.known(ctx, shop); err != nil {
		return trainer.Report{}, err
	}
	settings, err := t.settings(ctx, shop)
	if err != nil {
		return trainer.Report{}, err
	}
	result, err := trainer.Train(ctx, in, settings, progress)
	if err != nil {
		return trainer.Report{}, fmt.Errorf("train %s: %w", shop, err)
	}
	if in.Warehouse != nil { // after a failure it stays: the next call goes on with it
		if err := in.Warehouse.Close(ctx); err != nil {
			t.log.Warn("the warehouse keeps what the training made", "shop", shop, "err", err)
		}
	}
	r := result.Report
	if err := t.remember(ctx, shop, r); err != nil {
		return r, err
	}
	if !r.Publish {
		t.log.Warn("the new model is refused", "shop", shop, "reason", r.Reason)
		return r, nil
	}
	opened, err := model.Open(result.File)
	if err != nil {
		return r, fmt.Errorf("open what was trained: %w", err)
	}
	notes, err := json.Marshal(r)
	if err != nil {
		return r, fmt.Errorf("encode report: %w", err)
	}
	if err := recommend.Note(ctx, t.files, shop, r.Version, notes); err != nil {
		return r, err
	}
	if _, err := recommend.Publish(ctx, t.files, shop, r.Version, result.File, t.now()); err != nil {
		return r, err
	}
	if err := t.trim(ctx, shop, opened.Trained()); err != nil {
		return r, err
	}
	return r, t.tell(ctx, shop, r)
}

// trim drops the catalog's changes that the new model has, unless a trial goes on between older ones.
func (t *Trainer) trim(ctx context.Context, shop event.ShopID, trained time.Time) error {
	p, err := recommend.KeepTrial(ctx, t.files, t.items, shop, t.now())
	if err != nil {
		return err
	}
	if p.Trial != nil {
		t.log.Info("two models are compared: the new one is kept, and waits", "shop", shop, "trial", p.Trial.ID)
		return nil
	}
	if err := t.items.Trim(ctx, shop, trained); err != nil {
		return fmt.Errorf("trim catalog changes: %w", err)
	}
	return nil
}

// known is what the last search found. What cannot be read counts as nothing: the next search finds it again.
func (t *Trainer) known(ctx context.Context, shop event.ShopID) (*trainer.Tuning, error) {
	text, err := recommend.Remembered(ctx, t.files, shop)
	if fault.Is(err, fault.NotFound) {
		return nil, nil //nolint:nilnil // nothing is known
	}
	if err != nil {
		return nil, err
	}
	var known trainer.Tuning
	if err := json.Unmarshal(text, &known); err != nil {
		t.log.Warn("what the last search found is not readable", "shop", shop, "err", err)
		return nil, nil //nolint:nilnil // as above
	}
	return &known, nil
}

// remember keeps what a search found, also when the model is refused.
func (t *Trainer) remember(ctx context.Context, shop event.ShopID, r trainer.Report) error {
	if r.Search == nil {
		return nil
	}
	text, err := json.Marshal(r.Tuning)
	if err != nil {
		return fmt.Errorf("encode settings: %w", err)
	}
	return recommend.Remember(ctx, t.files, shop, text)
}

func (t *Trainer) tell(ctx context.Context, shop event.ShopID, r trainer.Report) error {
	t.log.Info("model published", "shop", shop, "version", r.Version, "items", r.Items, "seconds", r.Seconds)
	if t.bus == nil {
		return nil
	}
	detail, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode report: %w", err)
	}
	return t.bus.Publish(ctx, bus.Notice{ID: fmt.Sprintf("model-%s-%016x", shop, r.Version), Shop: string(shop), Type: "model.published", At: t.now(), Detail: detail})
}

// previous reads the model in use. A shop whose pointer or file is gone trains as if it were its first time.
func (t *Trainer) previous(ctx context.Context, shop event.ShopID, in *trainer.Input) error {
	p, _, err := recommend.ReadPointer(ctx, t.files, shop)
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Invalid) {
		return nil
	}
	if err != nil {
		return err
	}
	in.Held = p.Held
	in.Previous, err = recommend.ReadModel(ctx, t.files, p.Files[0])
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}
