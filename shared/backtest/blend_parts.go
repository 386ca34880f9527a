package backtest

import (
	"context"
	"math"
	"time"

	"shopkeeper/shared/recommend/cosine"
	"shopkeeper/shared/recommend/ease"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/itemitem"
	"shopkeeper/shared/recommend/knn"
	"shopkeeper/shared/recommend/rp3beta"
	"shopkeeper/shared/recommend/sparse"
)

// faded answers like related, but what was met longer ago speaks less.
type faded struct {
	weights   sparse.Rows
	halfLife  float64 // days before the last event
	strengths []float32
	scratch   itemitem.Scratch
}

func (r *faded) Answer(dst []item.Scored, h History, n int) []item.Scored {
	if len(h.Times) != len(h.Items) || len(h.Items) == 0 {
		return itemitem.Score(dst, &r.scratch, r.weights, h.Items, nil, n)
	}
	r.strengths = r.strengths[:0]
	last := h.Times[len(h.Times)-1]
	for _, t := range h.Times {
		r.strengths = append(r.strengths, float32(math.Exp2(-float64(last-t)/day/r.halfLife)))
	}
	return itemitem.Score(dst, &r.scratch, r.weights, h.Items, r.strengths, n)
}

// customerParts are the sources for customers: what the same people buy, at three paces of forgetting; what is bought in one basket; what sells.
func customerParts(ctx context.Context, t Training, p Params) ([]part, error) {
	s := ease.Settings{Top: 100}
	if err := p.read(field{"lambda", &s.Lambda}); err != nil {
		return nil, err
	}
	same, err := ease.Fit(ctx, t.Users, t.Items, s)
	if err != nil {
		return nil, err
	}
	paths, err := rp3beta.Fit(ctx, t.Users, t.Items, rp3beta.DefaultSettings)
	if err != nil {
		return nil, err
	}
	baskets, err := cosine.Fit(ctx, basketsOf(t.past), t.Items, cosine.Settings{Shrink: 5, Top: 100})
	if err != nil {
		return nil, err
	}
	return []part{
		{"ease", &related{weights: same}},
		{"ease, 90 days", &faded{weights: same, halfLife: 90}},
		{"ease, 30 days", &faded{weights: same, halfLife: 30}},
		{"rp3beta", &related{weights: paths}},
		{"rp3beta, 30 days", &faded{weights: paths, halfLife: 30}},
		{"baskets", &related{weights: baskets}},
		{"baskets, 10 days", &faded{weights: baskets, halfLife: 10}},
		{"recent", newRecent(t, 30)},
	}, nil
}

// basketsOf is baskets x items.
func basketsOf(past []history) sparse.Rows {
	var all [][]item.Ordinal
	for _, h := range past {
		at := 0
		for to := range h.items {
			if h.times[to] != h.times[at] || h.baskets[to] != h.baskets[at] {
				all = append(all, h.items[at:to])
				at = to
			}
		}
		all = append(all, h.items[at:])
	}
	return matrix(all)
}

// visitParts are the sources for visits: neighbours by three measures, what follows what, the visit's own items, what is looked at these days.
func visitParts(_ context.Context, t Training, _ Params) ([]part, error) {
	const week = 7 * 24 * time.Hour
	var parts []part
	for _, v := range []struct {
		name     string
		settings knn.Settings
	}{
		{"vmis-knn", knn.DefaultSettings},
		{"v-sknn", knn.Settings{Newest: 3000, Neighbours: 1000, Last: 10, IDF: 1, Longest: .995, Position: knn.Quadratic, Vote: knn.Quadratic}},
		{"v-stan", knn.Settings{Newest: 3000, Neighbours: 1000, Last: 10, IDF: 1, Longest: .995, Position: knn.Exponential, Vote: knn.Exponential, HalfLife: week / 2}},
	} {
		x, err := knn.Build(t.Sessions, t.Items, v.settings)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part{v.name, &neighbours{index: x}})
	}
	return append(parts,
		part{"next", newFollow(t, followSettings{after: 1, last: 5, fade: .3})},
		part{"follow", newFollow(t, followSettings{after: 5, last: 5, fade: .3})},
		part{"around", newFollow(t, followSettings{after: 5, before: 5, last: 5, back: .7, fade: .3})},
		part{"own", newOwn(t)},
		part{"recent", newRecent(t, 2)}), nil
}
