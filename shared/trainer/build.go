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
)

// training is one call of Train.
type training struct {
	settings Settings
	content  *content.Index // what is said of the items, and
	words    sparse.Rows    // who is alike by it
	catalog  *model.Catalog
	started  time.Time
	rounds   int

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
		final, err = t.build(ctx, h)
		return final, final, err
	}
	t.rounds = 2
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var beside sync.WaitGroup
	var besideErr error
	beside.Go(func() {
		if rehearsal, besideErr = t.build(ctx, h.before(p.from)); besideErr != nil {
			cancel()
		}
	})
	if final, err = t.build(ctx, h); err != nil {
		cancel()
	}
	beside.Wait()
	if err == nil || errors.Is(err, context.Canceled) && besideErr != nil {
		err = besideErr
	}
	return final, rehearsal, err
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
	fit  func(ctx context.Context, h history, c *model.Contents) (name string, entries int, err error)
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
func (t *training) build(ctx context.Context, h history) (built, error) {
	c := model.Contents{Trained: t.started, Catalog: t.catalog}
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

func (t *training) fitSessions(_ context.Context, h history, c *model.Contents) (string, int, error) {
	x, err := knn.Build(h.visits(), h.items, t.settings.KNN)
	if err != nil {
		return "", 0, err
	}
	c.Sessions = x
	return "vmis-knn", len(x.Postings), nil
}

func (t *training) fitSimilar(ctx context.Context, h history, c *model.Contents) (string, int, error) {
	table, err := alike.Fit(ctx, h.strengths(t.settings.Weights), h.items, t.words, t.settings.Similar)
	if err != nil {
		return "", 0, err
	}
	c.Similar = table.Similar
	return fmt.Sprintf("cosine, words at %.4f", table.Prior), len(table.Similar.Items), nil
}

func (t *training) fitTogether(ctx context.Context, h history, c *model.Contents) (string, int, error) {
	pairs, err := together.Find(ctx, h.baskets(), h.items, t.settings.Together)
	if err != nil {
		return "", 0, err
	}
	c.Together = pairs
	return "lift", len(pairs.Support), nil
}

// fitLists ranks as of the last event, so that a history which ended long ago still has trends.
func (t *training) fitLists(_ context.Context, h history, c *model.Contents) (string, int, error) {
	s := t.settings
	heat := trend.Measure(h.heat(s.Weights), h.items, min(h.end(), t.started.Unix()), s.Trend)
	c.Popularity = heat.Popular
	created := t.created(h)
	entries := 0
	for _, members := range t.catalog.Members() {
		popular := trend.Rank(members, func(i item.Ordinal) float32 { return heat.Popular[i] }, s.Trend.Top)
		trending := trend.Rank(members, func(i item.Ordinal) float32 { return heat.Trending[i] }, s.Trend.Top)
		newest := newestOf(members, created, s.Trend.Top)
		c.Popular, c.Trending, c.Newest = append(c.Popular, popular), append(c.Trending, trending), append(c.Newest, newest)
		entries += len(popular) + len(trending) + len(newest)
	}
	return "decay", entries, nil
}

// created is when each item entered the catalog, or was first heard of where the catalog does not say; 0 where neither is known.
func (t *training) created(h history) []int64 {
	created := h.firstSeen()
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

func (t *training) fitRepeats(_ context.Context, h history, c *model.Contents) (string, int, error) {
	c.Repeats = buyagain.Measure(h.purchases(), h.items)
	entries := 0
	for _, rate := range c.Repeats.Rate {
		if rate > 0 {
			entries++
		}
	}
	return "repeat rate", entries, nil
}
