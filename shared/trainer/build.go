package trainer

import (
	"context"
	"slices"
	"time"

	"shopkeeper/shared/recommend/buyagain"
	"shopkeeper/shared/recommend/cosine"
	"shopkeeper/shared/recommend/ease"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/knn"
	"shopkeeper/shared/recommend/model"
	"shopkeeper/shared/recommend/rp3beta"
	"shopkeeper/shared/recommend/sparse"
	"shopkeeper/shared/recommend/together"
	"shopkeeper/shared/recommend/trend"
)

// training is one call of Train.
type training struct {
	settings Settings
	catalog  *model.Catalog
	started  time.Time
	progress Progress
	rounds   int
	done     int
	file     []byte // of the last build
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
		{"item-item weights", t.fitWeights},
		{"similar items", t.fitSimilar},
		{"bought together", t.fitTogether},
		{"popular, trending, newest", t.fitLists},
		{"buy again", t.fitRepeats},
	}
}

// build makes a model file of a history and opens it.
func (t *training) build(ctx context.Context, h history) (*model.Model, []ModelReport, error) {
	c := model.Contents{Trained: t.started, Catalog: t.catalog}
	steps := t.steps()
	total := t.rounds*len(steps) + 1
	var reports []ModelReport
	for _, s := range steps {
		t.progress(s.name, t.done, total)
		began := t.settings.Now()
		name, entries, err := s.fit(ctx, h, &c)
		if err != nil {
			return nil, nil, err
		}
		t.done++
		reports = append(reports, ModelReport{Name: s.name, Method: name, Entries: entries, Seconds: t.settings.Now().Sub(began).Seconds()})
	}
	t.progress("backtest", t.done, total)
	file, err := model.Encode(c)
	if err != nil {
		return nil, nil, err
	}
	t.file = file
	m, err := model.Open(file)
	return m, reports, err
}

func (t *training) fitSessions(_ context.Context, h history, c *model.Contents) (string, int, error) {
	x, err := knn.Build(h.visits(), h.items, t.settings.KNN)
	if err != nil {
		return "", 0, err
	}
	c.Sessions = x
	return "vmis-knn", len(x.Postings), nil
}

// fitWeights fits EASE on the items that somebody holds: the others have no weights and would only make the inverse larger.
func (t *training) fitWeights(ctx context.Context, h history, c *model.Contents) (string, int, error) {
	users := h.strengths(t.settings.Weights)
	held, dense := compact(users, h.items)
	var err error
	var weights sparse.Rows
	name := "ease"
	if 3*ease.Memory(len(held)) > t.settings.Memory {
		name = "rp3beta"
		weights, err = rp3beta.Fit(ctx, dense, len(held), t.settings.RP3beta)
	} else {
		weights, err = ease.Fit(ctx, dense, len(held), t.settings.EASE)
	}
	if err != nil {
		return "", 0, err
	}
	c.Related = expand(weights, held, h.items)
	return name, len(c.Related.Items), nil
}

// compact numbers the items that occur from 0 and says which they are.
func compact(users sparse.Rows, items int) (held []item.Ordinal, dense sparse.Rows) {
	number := make([]item.Ordinal, items)
	occurs := make([]bool, items)
	for _, i := range users.Items {
		occurs[i] = true
	}
	for i := range items {
		if occurs[i] {
			number[i] = item.Ordinal(len(held))
			held = append(held, item.Ordinal(i))
		}
	}
	dense = users
	dense.Items = make([]item.Ordinal, len(users.Items))
	for at, i := range users.Items {
		dense.Items[at] = number[i]
	}
	return held, dense
}

// expand is compact undone on rows and columns.
func expand(weights sparse.Rows, held []item.Ordinal, items int) sparse.Rows {
	out := sparse.Rows{Offsets: make([]uint32, items+1), Items: make([]item.Ordinal, len(weights.Items)), Values: weights.Values}
	for at, i := range weights.Items {
		out.Items[at] = held[i]
	}
	next := 0
	for i := range items {
		if next < len(held) && held[next] == item.Ordinal(i) {
			next++
		}
		out.Offsets[i+1] = weights.Offsets[next]
	}
	return out
}

func (t *training) fitSimilar(ctx context.Context, h history, c *model.Contents) (string, int, error) {
	similar, err := cosine.Fit(ctx, h.strengths(t.settings.Weights), h.items, t.settings.Similar)
	if err != nil {
		return "", 0, err
	}
	c.Similar = similar
	return "cosine", len(similar.Items), nil
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
