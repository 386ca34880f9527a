package backtest

import (
	"context"
	"time"

	"shopkeeper/shared/recommend/cosine"
	"shopkeeper/shared/recommend/ease"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/itemitem"
	"shopkeeper/shared/recommend/knn"
	"shopkeeper/shared/recommend/rp3beta"
	"shopkeeper/shared/recommend/sparse"
)

// registry is every model that can be named, with its settings and their defaults. A new candidate source is one row here.
var registry = []struct {
	name     string
	defaults Params
	fit      func(context.Context, Training, Params) (Model, error)
}{
	{"popularity", Params{}, fitPopularity},
	{"itemknn", Params{"shrink": "20", "k": "50"}, fitCosine},
	{"rp3beta", Params{"alpha": "1", "beta": "0.6", "top": "200"}, fitRP3beta},
	{"ease", Params{"lambda": "200", "top": "50"}, fitEASE},
	{"slim", Params{"lambda": "200", "neighbours": "100", "gram": "400", "top": "50"}, fitSLIM},
	{"vmis-knn", Params{"m": "1502", "k": "288", "last": "4", "idf": "1", "longest": "0.995", "position": "linear", "vote": "linear", "half-life": "0s", "near": "0", "long": "0"}, fitKNN},
	{"v-stan", Params{"m": "1502", "k": "288", "last": "8", "idf": "1", "longest": "1", "position": "exponential", "vote": "exponential", "half-life": "720h", "near": "0.5", "long": "0.25"}, fitKNN},
	{"upcf", Params{"r": "25", "q": "10", "alpha": "0.5", "neighbours": "0"}, fitUPCF},
	{"habit", Params{"r": "25", "q": "2", "neighbours": "300", "own": "60", "new": "20", "lessons": "3", "trees": "100", "depth": "4", "shrink": "0.1", "least": "5"}, fitHabit},
	{"trending", Params{"near": "7", "popular": "60", "prior": "2"}, fitTrending},
	{"together", Params{"least": "3", "top": "20"}, fitTogether},
	{"buyagain", Params{}, fitBuyAgain},
	{"content", Params{"top": "50"}, fitContent},
	{"alike", Params{"shrink": "20", "k": "50", "prior": "0", "strength": "5", "words": "20"}, fitAlike},
	{"follow", Params{"after": "5", "before": "5", "last": "5", "back": "0.7", "fade": "0.3"}, fitFollow},
	{"recent", Params{"days": "30"}, fitRecent},
	{"blend", blendDefaults, fitBlend},
	{"blend-sessions", blendDefaults, fitSessionBlend},
	{"p-topfreq", Params{}, fitPersonal},
	{"gp-topfreq", Params{}, fitPersonalThenPopular},
}

// popularity answers with what most baskets hold.
type popularity struct {
	counts []int
	top    item.Top
	barred map[item.Ordinal]bool
}

func fitPopularity(_ context.Context, t Training, _ Params) (Model, error) {
	return &popularity{counts: t.Counts, barred: map[item.Ordinal]bool{}}, nil
}

func (p *popularity) Answer(dst []item.Scored, h History, n int) []item.Scored {
	clear(p.barred)
	if !h.Repeats {
		for _, i := range h.Items {
			p.barred[i] = true
		}
	}
	p.top.Reset(n)
	for i, count := range p.counts {
		if !p.barred[item.Ordinal(i)] {
			p.top.Offer(item.Ordinal(i), float32(count))
		}
	}
	return p.top.Append(dst)
}

// related answers from weights between items; what is in the history is never an answer.
type related struct {
	weights sparse.Rows
	scratch itemitem.Scratch
}

func (r *related) Answer(dst []item.Scored, h History, n int) []item.Scored {
	return itemitem.Score(dst, &r.scratch, r.weights, h.Items, nil, n)
}

func fitCosine(ctx context.Context, t Training, p Params) (Model, error) {
	var s cosine.Settings
	if err := p.read(field{"shrink", &s.Shrink}, field{"k", &s.Top}); err != nil {
		return nil, err
	}
	weights, err := cosine.Fit(ctx, t.Users, t.Items, s)
	return &related{weights: weights}, err
}

func fitRP3beta(ctx context.Context, t Training, p Params) (Model, error) {
	var s rp3beta.Settings
	if err := p.read(field{"alpha", &s.Alpha}, field{"beta", &s.Beta}, field{"top", &s.Top}); err != nil {
		return nil, err
	}
	weights, err := rp3beta.Fit(ctx, t.Users, t.Items, s)
	return &related{weights: weights}, err
}

func fitEASE(ctx context.Context, t Training, p Params) (Model, error) {
	var s ease.Settings
	if err := p.read(field{"lambda", &s.Lambda}, field{"top", &s.Top}); err != nil {
		return nil, err
	}
	weights, err := ease.Fit(ctx, t.Users, t.Items, s)
	return &related{weights: weights}, err
}

// neighbours answers from the sessions that are like the history.
type neighbours struct {
	index   *knn.Index
	scratch knn.Scratch
}

func fitKNN(_ context.Context, t Training, p Params) (Model, error) {
	s, err := knnSettings(p)
	if err != nil {
		return nil, err
	}
	index, err := knn.Build(t.Sessions, t.Items, s)
	return &neighbours{index: index}, err
}

func knnSettings(p Params) (knn.Settings, error) {
	var (
		s              knn.Settings
		position, vote string
		halfLife       time.Duration
	)
	err := p.read(field{"m", &s.Newest}, field{"k", &s.Neighbours}, field{"last", &s.Last}, field{"idf", &s.IDF}, field{"longest", &s.Longest},
		field{"position", &position}, field{"vote", &vote}, field{"half-life", &halfLife}, field{"near", &s.Near}, field{"long", &s.Long})
	if err != nil {
		return s, err
	}
	s.HalfLife = halfLife
	if s.Position, err = knn.ParseDecay(position); err != nil {
		return s, err
	}
	s.Vote, err = knn.ParseDecay(vote)
	return s, err
}

func (m *neighbours) Answer(dst []item.Scored, h History, n int) []item.Scored {
	return m.index.Continue(dst, &m.scratch, h.Items, n)
}

// personal answers with what the customer's own baskets hold most often, by everybody's baskets where that is equal. With fill the rest of the list
// is what everybody buys.
type personal struct {
	counts []int
	most   float32
	own    map[item.Ordinal]int
	top    item.Top
	fill   bool
}

func fitPersonal(_ context.Context, t Training, _ Params) (Model, error) {
	return newPersonal(t, false), nil
}

func fitPersonalThenPopular(_ context.Context, t Training, _ Params) (Model, error) {
	return newPersonal(t, true), nil
}

func newPersonal(t Training, fill bool) *personal {
	p := &personal{counts: t.Counts, own: map[item.Ordinal]int{}, fill: fill, most: 1}
	for _, c := range t.Counts {
		p.most = max(p.most, float32(c)+1)
	}
	return p
}

func (p *personal) Answer(dst []item.Scored, h History, n int) []item.Scored {
	clear(p.own)
	for _, i := range h.Items {
		p.own[i]++
	}
	p.top.Reset(n)
	for i, count := range p.counts {
		if own := p.own[item.Ordinal(i)]; own > 0 && h.Repeats || own == 0 && p.fill {
			p.top.Offer(item.Ordinal(i), float32(own)+float32(count)/p.most)
		}
	}
	return p.top.Append(dst)
}
