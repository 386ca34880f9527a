package trainer

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"shopkeeper/shared/backtest"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/recommend"
	"shopkeeper/shared/recommend/interaction"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/model"
	"shopkeeper/shared/recommend/rank"
)

const (
	enoughLessons = 100  // questions from which a ranker is worth learning
	mostLessons   = 3200 // that a ranker learns from
	fewestAsked   = 20   // questions that for-you is examined with
	recalled      = 24   // items of a profile
)

// lesson is what somebody met for the first time, and what was known of them just before.
type lesson struct {
	at     int64
	person uint32
	recent []profile.Recent
	target item.Ordinal
}

// course is what for-you learns from and is asked: lessons in order of time, those that teach before those that ask.
type course struct {
	taught, asked []lesson
}

// course takes four fifths of what came after a moment to learn from and the last fifth to ask.
func (t *training) course(h history, from int64) course {
	all := t.lessons(h, from)
	cut := len(all) * 4 / 5
	return course{spread(all[:cut], mostLessons), spread(all[cut:], mostQuestions)}
}

// fitRanker learns how far to believe the sources of for-you, and puts the ranker into both files. What came after the rehearsal's history teaches, and asks at last: the ranker is used where it is better
// beyond chance than the best of fixed shares and the sources alone. Otherwise for-you falls back to that best: to fixed shares by going without a ranker, to a source by a ranker that looks
// at nothing else. Where there was no rehearsal, the ranker of the model in use stays. The check is nil where nothing was compared.
func (t *training) fitRanker(ctx context.Context, p plan, lessons course, previous *model.Model, rehearsal, final *built) (*Check, error) {
	if !p.unseen {
		if previous != nil && previous.Ranker() != nil {
			if err := final.change(func(c *model.Contents) { c.Ranker = previous.Ranker() }); err != nil {
				return nil, err
			}
			*rehearsal = *final
		}
		return nil, nil //nolint:nilnil // nothing to learn
	}
	if len(lessons.taught)+len(lessons.asked) < enoughLessons {
		return nil, nil //nolint:nilnil // as above
	}
	m, err := recommend.Open(rehearsal.file)
	if err != nil {
		return nil, err
	}
	set := rank.NewSet(recommend.ForYouWidth)
	var w recommend.Worker
	for _, l := range lessons.taught {
		teach(set, &w, m, l)
	}
	if set.Len() == 0 {
		return nil, nil //nolint:nilnil // as above
	}
	ranker, err := rank.Fit(ctx, set, rank.DefaultSettings)
	if fault.Is(err, fault.Invalid) { // a catalog with odd prices must not keep a shop from a model
		return nil, nil //nolint:nilnil // as above
	}
	if err != nil {
		return nil, err
	}
	ranker.Kind = recommend.ForYouFeatures
	check, used := t.judgeRanker(&w, m, ranker, lessons.asked)
	put := func(c *model.Contents) { c.Ranker = used }
	if err := rehearsal.change(put); err != nil {
		return nil, err
	}
	return &check, final.change(put)
}

// change writes the file again with other contents.
func (b *built) change(change func(*model.Contents)) (err error) {
	change(&b.contents)
	if b.file, err = model.Encode(b.contents); err != nil {
		return err
	}
	b.model, err = model.Open(b.file)
	return err
}

// lessons are the first meetings after a moment of people who were known by then, in order of time.
func (t *training) lessons(h history, from int64) []lesson {
	type meeting struct {
		time   int64
		person uint32
		item   item.Ordinal
		kind   profile.Kind
	}
	kinds := map[interaction.Kind]profile.Kind{interaction.View: profile.Viewed, interaction.Cart: profile.Carted, interaction.Order: profile.Bought}
	var all []meeting
	for _, e := range h.events {
		if kind, ok := kinds[e.kind]; ok {
			all = append(all, meeting{e.time, e.person, e.item, kind})
		}
	}
	for _, o := range h.orders {
		for _, i := range o.items {
			if o.person != nobody {
				all = append(all, meeting{o.time, o.person, i, profile.Bought})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b meeting) int { return cmp.Compare(a.time, b.time) })
	recent := make([][]profile.Recent, h.people)
	met := make([]map[item.Ordinal]bool, h.people)
	var out []lesson
	for _, e := range all {
		known := recent[e.person]
		if met[e.person] == nil {
			met[e.person] = map[item.Ordinal]bool{}
		}
		if e.time >= from && len(known) > 0 && !met[e.person][e.item] {
			out = append(out, lesson{e.time, e.person, slices.Clone(known), e.item})
		}
		met[e.person][e.item] = true
		id := event.ItemID(t.catalog.Items[e.item].ID)
		known = slices.DeleteFunc(known, func(r profile.Recent) bool { return r.Item == id })
		known = slices.Insert(known, 0, profile.Recent{Item: id, Kind: e.kind, At: time.Unix(e.time, 0).UTC()})
		recent[e.person] = known[:min(len(known), recalled)]
	}
	return out
}

// spread keeps at most n, evenly over all.
func spread[T any](all []T, n int) []T {
	if len(all) <= n {
		return all
	}
	out := make([]T, n)
	for at := range out {
		out[at] = all[at*len(all)/n]
	}
	return out
}

func (l lesson) query() *recommend.Query {
	return &recommend.Query{Viewer: recommend.Viewer{Profile: &profile.Profile{Recent: l.recent}}, Now: time.Unix(l.at, 0).UTC()}
}

// teach adds one lesson to the set.
func teach(set *rank.Set, w *recommend.Worker, m *recommend.Model, l lesson) {
	items, rows := w.Candidates(m, l.query())
	for at, i := range items {
		gain := float32(0)
		if i == l.target {
			gain = 1
		}
		copy(set.Add(gain), rows[at*recommend.ForYouWidth:])
	}
	set.End()
}

// examineForYou asks the new model and the one in use, each as it ranks, for what people met, unless there are too few questions.
func (t *training) examineForYou(r *Report, lessons []lesson, candidate, previous []byte) error {
	if len(lessons) < fewestAsked {
		return nil
	}
	var w recommend.Worker
	reached := func(file []byte, r func(*recommend.Model) *rank.Model) ([]float64, error) {
		m, err := recommend.Open(file)
		if err != nil {
			return nil, err
		}
		return t.gains(&w, m, r(m), lessons), nil
	}
	after, err := reached(candidate, (*recommend.Model).Ranker)
	if err != nil {
		return err
	}
	popular, err := reached(candidate, func(*recommend.Model) *rank.Model { return alone(recommend.FeaturePopular) })
	if err != nil {
		return err
	}
	check := Check{Model: forYou, Metric: fmt.Sprintf("ndcg@%d", depth), Questions: len(lessons), After: mean(after), Popularity: mean(popular)}
	if previous != nil {
		before, err := reached(previous, (*recommend.Model).Ranker)
		if err != nil {
			return err
		}
		difference := t.better(lessons, before, after)
		check.Before, check.Difference = new(mean(before)), &difference
	}
	r.Checks = append(r.Checks, check)
	return nil
}

// forYou is the name of the blend in reports.
const forYou = "for you"

// What a ranker has to beat.
const (
	byShares   = "fixed shares"
	ofSessions = "session neighbours"
	ofWeights  = "item-item weights"
)

// alone ranks by one source and looks at the other only where the first says the same.
func alone(feature int) *rank.Model {
	m := &rank.Model{Kind: recommend.ForYouFeatures, Mean: make([]float32, recommend.ForYouWidth), Weights: make([]float32, recommend.ForYouWidth)}
	m.Weights[recommend.FeatureSession], m.Weights[recommend.FeatureRelated] = 1e-3, 1e-3
	m.Weights[feature] = 1
	return m
}

// judgeRanker asks the ranker, fixed shares and each source alone the same questions, and says what for-you should rank by: the ranker, a source, or with nil fixed shares. The measure is NDCG with one
// wanted item: 1 / log2(1 + rank), 0 beyond the first twenty.
func (t *training) judgeRanker(w *recommend.Worker, m *recommend.Model, ranker *rank.Model, lessons []lesson) (check Check, used *rank.Model) {
	rankers := map[string]*rank.Model{byShares: nil, ofSessions: alone(recommend.FeatureSession), ofWeights: alone(recommend.FeatureRelated)}
	reached := map[string][]float64{}
	check = Check{Model: forYou, Alone: map[string]float64{}}
	for name, r := range rankers {
		reached[name] = t.gains(w, m, r, lessons)
		check.Alone[name] = mean(reached[name])
	}
	best := byShares
	for _, name := range []string{ofSessions, ofWeights} {
		if check.Alone[name] > check.Alone[best] {
			best = name
		}
	}
	with := t.gains(w, m, ranker, lessons)
	gain := t.better(lessons, reached[best], with)
	check.After, check.Gain = mean(with), &gain
	if !gain.Better() {
		instead := byShares
		if d := t.better(lessons, reached[byShares], reached[best]); d.Better() {
			instead = best
		}
		check.Note = fmt.Sprintf("for-you goes by %s: the ranker reached %.4f, not better beyond chance than %s with %.4f", instead, check.After, best, check.Alone[best])
		return check, rankers[instead]
	}
	check.Note = fmt.Sprintf("the ranker is used: the best without it, %s, reached %.4f", best, check.Alone[best])
	return check, ranker
}

// better is the paired difference b - a, people drawn whole: what one person met is not independent.
func (t *training) better(lessons []lesson, a, b []float64) backtest.Difference {
	people := make([]int, len(lessons))
	for n, l := range lessons {
		people[n] = int(l.person)
	}
	return backtest.PairedClusters(a, b, people, t.settings.Seed)
}

// gains are what a ranker, nil for fixed shares, reaches on each question.
func (t *training) gains(w *recommend.Worker, m *recommend.Model, r *rank.Model, lessons []lesson) []float64 {
	out := make([]float64, len(lessons))
	var ranked []item.Scored
	for n, l := range lessons {
		ranked = w.Ranking(ranked[:0], m, l.query(), r, depth)
		if wanted, ok := m.Lookup(t.catalog.Items[l.target].ID); ok {
			out[n] = gain(ranked, wanted)
		}
	}
	return out
}

func gain(ranked []item.Scored, wanted item.Ordinal) float64 {
	for at, s := range ranked {
		if s.Item == wanted {
			return 1 / math.Log2(float64(at+2))
		}
	}
	return 0
}
