// Package trainer turns a shop's history into one model file and says whether it deserves to be published.
//
// Training is a pure function of the input and the settings. It runs in two rounds. First a rehearsal: everything is built from the history up to a
// moment, and asked for what came after it; the model in use answers the same questions, and so does plain popularity. Then the file is built from the
// whole history.
//
// The moment is when the model in use was trained, if enough has happened since: then neither has seen the answers. Otherwise it is the last tenth of the history,
// which the model in use may have seen; then the new file is asked after it has seen them too, so that the comparison stays even, and the report
// says so. A file is refused when a paired bootstrap says that it is worse than the model in use beyond chance. Where somebody went back to the model in use, it must be better in something beyond
// chance, on questions that neither has seen: else the night would bring back what was just taken away.
//
// The two builds run side by side, because the inverse of EASE keeps one core busy and most of the time is spent there. Memory: the history, the files, and for
// each build 8 bytes x (items that somebody holds)^2 for EASE; above Settings.Memory SLIM takes its place, and above that RP3beta.
//
// A history that is too large for one process is counted by SQL where it lies (package warehouse). The lists are equal; this process holds the model, the matrix of its weights, and of
// the history a sample of people.
package trainer

import (
	"context"
	"time"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/alike"
	"shopkeeper/shared/recommend/ease"
	"shopkeeper/shared/recommend/interaction"
	"shopkeeper/shared/recommend/knn"
	"shopkeeper/shared/recommend/model"
	"shopkeeper/shared/recommend/rp3beta"
	"shopkeeper/shared/recommend/slim"
	"shopkeeper/shared/recommend/together"
	"shopkeeper/shared/recommend/trend"
	"shopkeeper/shared/warehouse"
)

// Input is a shop's history. Events of items that are not in Items are counted and passed over.
type Input struct {
	Items        []model.Item
	Interactions []interaction.Interaction
	Baskets      []interaction.Basket
	Previous     []byte  // the model file in use; nil when there is none. One that cannot be opened counts as none.
	Known        *Tuning // what a search found before; nil: nothing
	Held         bool    // somebody went back to Previous: only a model that is better beyond chance takes its place

	// Warehouse makes the lists, where the history is too large for this process; nil: they are made here. Then Interactions and Baskets are those of some of its people, all that they did: what a search, the
	// exam and the ranker ask is asked of them.
	Warehouse *warehouse.Run
}

// Settings are a shop's own. Start from DefaultSettings; Now must be set.
type Settings struct {
	Weights  interaction.Weights
	KNN      knn.Settings
	EASE     ease.Settings
	SLIM     slim.Settings
	RP3beta  rp3beta.Settings
	Similar  alike.Settings
	Together together.Settings
	Trend    trend.Settings
	Blend    model.Blend
	Fixed    bool // the settings of session neighbours and EASE are the shop's own: they are neither searched nor taken from the last search
	Limits   Limits
	Memory   int64         // bytes that fitting EASE may take
	Budget   time.Duration // that a search for better settings may take before the training; 0: none
	Seed     uint64
	Now      func() time.Time
}

// Limits are what weights between items leave out.
type Limits struct {
	Held     int // items that one person holds, the strongest first
	Crowd    int // number of items from which those that fewer than Believed people hold are left out
	Believed int
}

// DefaultLimits keep time within bounds: whoever holds more than 5,000 items is a shared terminal or buys for a firm, and costs the square. Items that nobody knows have weights that are noise with EASE's lambda, and the
// inverse costs the cube of the items: a long tail would take most of the time. Similar items still knows them.
var DefaultLimits = Limits{Held: 5000, Crowd: 2000, Believed: 5}

// DefaultSettings are those that won on public shops' logs; a backtest on the shop's own log may choose others.
func DefaultSettings(now func() time.Time) Settings {
	return Settings{Weights: interaction.DefaultWeights, KNN: knn.DefaultSettings, EASE: ease.DefaultSettings, SLIM: slim.DefaultSettings, RP3beta: rp3beta.DefaultSettings,
		Similar: alike.DefaultSettings, Together: together.DefaultSettings, Trend: trend.DefaultSettings, Blend: model.DefaultBlend, Limits: DefaultLimits, Memory: 1 << 30, Seed: 1, Now: now}
}

// Progress hears which stage is over, and how far that is: done of total steps. One call at a time, in the order of done, from any goroutine.
type Progress func(stage string, done, total int)

// Result is a trained model and what is known of it. Report.Publish says whether File deserves to be published.
type Result struct {
	File   []byte
	Report Report
}

// Train builds a model file. Invalid for settings or a catalog that mean nothing; the context's error when it ends. progress may be nil. A call
// changes nothing and may be repeated: equal input gives an equal file, but for its time of training.
func Train(ctx context.Context, in Input, s Settings, progress Progress) (Result, error) {
	if err := s.check(); err != nil {
		return Result{}, err
	}
	if progress == nil {
		progress = func(string, int, int) {}
	}
	started := s.Now()
	catalog, err := model.NewCatalog(in.Items)
	if err != nil {
		return Result{}, err
	}
	h := newHistory(in, catalog)
	h.most = s.Limits.Held
	previous, note := openPrevious(in.Previous)
	p := planExam(h, previous)
	t := &training{settings: s, catalog: catalog, started: started, progress: progress, rounds: 1, elsewhere: in.Warehouse}
	if err := t.describe(ctx, h, p); err != nil {
		return Result{}, err
	}
	searched, err := t.tune(ctx, h, p, in.Known)
	if err != nil {
		return Result{}, err
	}
	final, rehearsal, err := t.buildAll(ctx, h, p)
	if err != nil {
		return Result{}, err
	}
	judged, err := t.judgeWords(ctx, h, p, &rehearsal, &final)
	if err != nil {
		return Result{}, err
	}
	lessons := t.course(h, p.from)
	ranked, err := t.fitRanker(ctx, p, lessons, previous, &rehearsal, &final)
	if err != nil {
		return Result{}, err
	}
	habits, err := t.fitHabits(ctx, h, p, previous, &rehearsal, &final)
	if err != nil {
		return Result{}, err
	}
	r := h.report(final.models, note)
	if err := r.countElsewhere(ctx, in.Warehouse); err != nil {
		return Result{}, err
	}
	r.Search, r.Tuning = searched, Tuning{t.settings.KNN, t.settings.EASE}
	r.Version, r.Bytes = final.model.Version(), final.model.Bytes()
	if previous == nil {
		in.Previous = nil
	}
	if err := t.examine(ctx, &r, h, p, previous, rehearsal.model); err != nil {
		return Result{}, err
	}
	if err := t.examineForYou(&r, lessons.asked, rehearsal.file, in.Previous); err != nil {
		return Result{}, err
	}
	r.note(judged)
	r.note(ranked)
	if habits != nil {
		r.Checks = append(r.Checks, *habits)
	}
	r.decide(in.Held && previous != nil)
	t.advance("backtest", 1)
	r.Seconds = s.Now().Sub(started).Seconds()
	return Result{File: final.file, Report: r}, nil
}

// tune takes the settings that a search finds, or without time for one those that the last one found.
func (t *training) tune(ctx context.Context, h history, p plan, known *Tuning) (*Search, error) {
	if t.settings.Fixed {
		return nil, nil //nolint:nilnil // nothing was searched
	}
	if t.settings.Budget > 0 {
		return t.search(ctx, h, p, known)
	}
	if known != nil && known.check() == nil {
		t.settings.KNN, t.settings.EASE = known.KNN, known.EASE
	}
	return nil, nil //nolint:nilnil // nothing was searched
}

func (s Settings) check() error {
	if s.Now == nil {
		return fault.New(fault.Internal, "a training without a clock")
	}
	if err := s.Weights.Check(); err != nil {
		return err
	}
	if err := s.KNN.Check(); err != nil {
		return err
	}
	if s.Limits.Held < 1 || s.Limits.Believed < 1 {
		return fault.InvalidField("limits", "at least one item and one person")
	}
	if err := s.Blend.Check(); err != nil {
		return err
	}
	if !(s.Trend.Near > 0 && s.Trend.Popular > 0) {
		return fault.InvalidField("trend", "half-lives are above 0 days")
	}
	return nil
}

// openPrevious opens the model in use. One that cannot be opened must not keep a shop from getting a new one.
func openPrevious(file []byte) (m *model.Model, note string) {
	if len(file) == 0 {
		return nil, ""
	}
	m, err := model.Open(file)
	if err != nil {
		return nil, "the model in use cannot be opened: " + err.Error()
	}
	return m, ""
}
