package trainer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"shopkeeper/shared/recommend/alike"
	"shopkeeper/shared/recommend/buyagain"
	"shopkeeper/shared/recommend/content"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/knn"
	"shopkeeper/shared/recommend/model"
	"shopkeeper/shared/recommend/sparse"
	"shopkeeper/shared/recommend/together"
	"shopkeeper/shared/recommend/trend"
	"shopkeeper/shared/warehouse"
)

// training is one call of Train.
type training struct {
	settings Settings
	content  *content.Index // what is said of the items, and
	words    sparse.Rows    // who is alike by it
	catalog  *model.Catalog
	started  time.Time
	rounds   int

	elsewhere *warehouse.Run // makes the lists; nil: they are made here

	mu       sync.Mutex // over progress and done
	progress Progress
	done     int
}

// built is one model file.
type built struct {
	contents model.Contents
	model    *model.Model
	file     []byte
	models   []ModelReport
}

// buildAll makes the file of the whole history and, beside it, the rehearsal: of the history before the exam. Where there is no rehearsal the file itself
// is what is examined.
func (t *training) buildAll(ctx context.Context, h history, p plan) (final, rehearsal built, err error) {
	if !p.unseen {
		final, err = t.buildWhole(ctx, h)
		return final, final, err
	}
	t.rounds = 2
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var beside sync.WaitGroup
	var besideErr error
	beside.Go(func() {
		if rehearsal, besideErr = t.buildPast(ctx, h, p.from); besideErr != nil {
			cancel()
		}
	})
	if final, err = t.buildWhole(ctx, h); err != nil {
		cancel()
	}
	beside.Wait()
	if err == nil || errors.Is(err, context.Canceled) && besideErr != nil {
		err = besideErr
	}
	return final, rehearsal, err
}

func (t *training) buildWhole(ctx context.Context, h history) (built, error) {
	if t.elsewhere == nil {
		return t.build(ctx, part{history: h})
	}
	b, err := t.elsewhere.Whole(t.settings.elsewhere())
	if err != nil {
		return built{}, err
	}
	return t.build(ctx, part{h, b})
}

func (t *training) buildPast(ctx context.Context, h history, before int64) (built, error) {
	if t.elsewhere == nil {
		return t.build(ctx, part{history: h.before(before)})
	}
	b, err := t.elsewhere.Past(before, t.settings.elsewhere())
	if err != nil {
		return built{}, err
	}
	return t.build(ctx, part{h.before(before), b})
}

// part is what a build is made from: a history, or a warehouse that has it.
type part struct {
	history
	elsewhere *warehouse.Build
}

func (s Settings) elsewhere() warehouse.Settings {
	return warehouse.Settings{Weights: s.Weights, KNN: s.KNN, RP3beta: s.RP3beta, SLIM: s.SLIM, EASE: s.EASE, Similar: s.Similar.Wide(), Together: s.Together, Trend: s.Trend, Gap: visitGap, Most: s.Limits.Held, Crowd: s.Limits.Crowd, Believed: s.Limits.Believed}
}

// advance tells which stage is over and how many steps of all that makes.
func (t *training) advance(stage string, steps int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done += steps
	t.progress(stage, t.done, t.rounds*len(t.steps())+1)
}

// step is one model: it fills its part of the contents and says how many entries it has.
type step struct {
	name string
	fit  func(ctx context.Context, h part, c *model.Contents) (name string, entries int, err error)
}

// steps lists the models in the order they are built. A new one is one row here and a section of the file.
func (t *training) steps() []step {
	return []step{
		{"session neighbours", t.fitSessions},
		{"what is said of items", t.fitContent},
		{"similar items", t.fitSimilar},
		{"item-item weights", t.fitWeights},
		{"bought together", t.fitTogether},
		{"popular, trending, newest", t.fitLists},
		{"buy again", t.fitRepeats},
	}
}

// build makes a model file of a history and opens it.
func (t *training) build(ctx context.Context, h part) (built, error) {
	c := model.Contents{Trained: t.started, Catalog: t.catalog}
	if t.settings.Blend != model.DefaultBlend {
		c.Blend = t.settings.Blend
	}
	var reports []ModelReport
	t.advance("begin", 0)
	for _, s := range t.steps() {
		began := t.settings.Now()
		method, entries, err := s.fit(ctx, h, &c)
		if err != nil {
			return built{}, err
		}
		reports = append(reports, ModelReport{Name: s.name, Method: method, Entries: entries, Seconds: t.settings.Now().Sub(began).Seconds()})
		t.advance(s.name, 1)
	}
	file, err := model.Encode(c)
	if err != nil {
		return built{}, err
	}
	m, err := model.Open(file)
	return built{c, m, file, reports}, err
}

func (t *training) fitSessions(ctx context.Context, h part, c *model.Contents) (name string, entries int, err error) {
	var x *knn.Index
	if h.elsewhere != nil {
		x, err = h.elsewhere.Sessions(ctx)
	} else {
		x, err = knn.Build(h.visits(), h.items, t.settings.KNN)
	}
	if err != nil {
		return "", 0, err
	}
	c.Sessions = x
	return "vmis-knn", len(x.Postings), nil
}

func (t *training) fitSimilar(ctx context.Context, h part, c *model.Contents) (name string, entries int, err error) {
	var table alike.Table
	if h.elsewhere != nil {
		cosines, norms, failed := h.elsewhere.Cosines(ctx)
		if failed != nil {
			return "", 0, failed
		}
		table, err = alike.Blend(ctx, cosines, norms, t.words, t.settings.Similar)
	} else {
		table, err = alike.Fit(ctx, h.strengths(t.settings.Weights), h.items, t.words, t.settings.Similar)
	}
	if err != nil {
		return "", 0, err
	}
	c.Similar = table.Similar
	return fmt.Sprintf("cosine, words at %.4f", table.Prior), len(table.Similar.Items), nil
}

func (t *training) fitTogether(ctx context.Context, h part, c *model.Contents) (name string, entries int, err error) {
	if h.elsewhere != nil {
		c.Together, err = h.elsewhere.Together(ctx)
	} else {
		c.Together, err = together.Find(ctx, h.baskets(), h.items, t.settings.Together)
	}
	if err != nil {
		return "", 0, err
	}
	return "lift", len(c.Together.Support), nil
}

// fitLists ranks as of the last event, so that a history which ended long ago still has trends.
func (t *training) fitLists(ctx context.Context, h part, c *model.Contents) (name string, entries int, err error) {
	s := t.settings
	heat, first, err := t.heat(ctx, h)
	if err != nil {
		return "", 0, err
	}
	c.Popularity = heat.Popular
	created := t.created(first)
	for _, members := range t.catalog.Members() {
		popular := trend.Rank(members, func(i item.Ordinal) float32 { return heat.Popular[i] }, s.Trend.Top)
		trending := trend.Rank(members, func(i item.Ordinal) float32 { return heat.Trending[i] }, s.Trend.Top)
		newest := newestOf(members, created, s.Trend.Top)
		c.Popular, c.Trending, c.Newest = append(c.Popular, popular), append(c.Trending, trending), append(c.Newest, newest)
		entries += len(popular) + len(trending) + len(newest)
	}
	return "decay", entries, nil
}

// heat is every item's heat, and when it was first heard of.
func (t *training) heat(ctx context.Context, h part) (heat trend.Heat, first []int64, err error) {
	if h.elsewhere == nil {
		return trend.Measure(h.history.heat(t.settings.Weights), h.items, min(h.end(), t.started.Unix()), t.settings.Trend), h.firstSeen(), nil
	}
	end, err := h.elsewhere.End(ctx)
	if err != nil {
		return trend.Heat{}, nil, err
	}
	if heat, err = h.elsewhere.Heat(ctx, min(end, t.started.Unix())); err != nil {
		return trend.Heat{}, nil, err
	}
	first, err = h.elsewhere.FirstSeen(ctx)
	return heat, first, err
}

// created is when each item entered the catalog, or was first heard of where the catalog does not say; 0 where neither is known.
func (t *training) created(first []int64) []int64 {
	created := first
	for i, one := range t.catalog.Items {
		if !one.Created.IsZero() {
			created[i] = one.Created.Unix()
		}
	}
	return created
}

func newestOf(members []item.Ordinal, created []int64, n int) []item.Ordinal {
	var known []item.Ordinal
	for _, i := range members {
		if created[i] != 0 {
			known = append(known, i)
		}
	}
	slices.SortStableFunc(known, func(a, b item.Ordinal) int { return int(created[b] - created[a]) })
	return known[:min(n, len(known))]
}

func (t *training) fitRepeats(ctx context.Context, h part, c *model.Contents) (name string, entries int, err error) {
	if h.elsewhere != nil {
		c.Repeats, err = h.elsewhere.Repeats(ctx)
	} else {
		c.Repeats = buyagain.Measure(h.purchases(), h.items)
	}
	if err != nil {
		return "", 0, err
	}
	for _, rate := range c.Repeats.Rate {
		if rate > 0 {
			entries++
		}
	}
	return "repeat rate", entries, nil
}
