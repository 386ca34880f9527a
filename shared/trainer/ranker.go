package trainer

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

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
	enoughLessons = 100 // questions from which a ranker is worth learning
	mostLessons   = 4000
	recalled      = 24 // items of a profile
)

// lesson is what somebody met for the first time, and what was known of them just before.
type lesson struct {
	at     int64
	recent []profile.Recent
	target item.Ordinal
}

// fitRanker learns how far to believe the sources of for-you, and puts the ranker into the final file. The rehearsal answers what came after it; four fifths of the
// questions, by time, are learned from and the last fifth decides: where the ranker is not better than the best of fixed shares and the sources alone, the file
// goes without, and for-you is mixed by fixed shares. Where there was no rehearsal, the ranker of the model in use stays.
func (t *training) fitRanker(ctx context.Context, h history, p plan, previous *model.Model, rehearsal built, final *built) (*Check, error) {
	if !p.unseen {
		if previous != nil && previous.Ranker() != nil {
			return nil, final.change(func(c *model.Contents) { c.Ranker = previous.Ranker() })
		}
		return nil, nil
	}
	lessons := spread(t.lessons(h, p.from), mostLessons)
	if len(lessons) < enoughLessons {
		return nil, nil
	}
	m, err := recommend.Open(rehearsal.file)
	if err != nil {
		return nil, err
	}
	cut := len(lessons) * 4 / 5
	set := rank.NewSet(recommend.ForYouWidth)
	var w recommend.Worker
	for _, l := range lessons[:cut] {
		teach(set, &w, m, l)
	}
	if set.Len() == 0 {
		return nil, nil
	}
	ranker, err := rank.Fit(ctx, set, rank.DefaultSettings)
	if fault.Is(err, fault.Invalid) { // a catalog with odd prices must not keep a shop from a model
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	ranker.Kind = recommend.ForYouFeatures
	check, better := compareRanker(&w, m, ranker, lessons[cut:])
	if !better {
		return &check, nil
	}
	return &check, final.change(func(c *model.Contents) { c.Ranker = ranker })
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
			out = append(out, lesson{e.time, slices.Clone(known), e.item})
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
func spread(all []lesson, n int) []lesson {
	if len(all) <= n {
		return all
	}
	out := make([]lesson, n)
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

// compareRanker asks the ranker, fixed shares and each source alone the same questions: the mean of 1 / rank of what was met, 0 beyond the first twenty.
func compareRanker(w *recommend.Worker, m *recommend.Model, ranker *rank.Model, lessons []lesson) (Check, bool) {
	const shares, sessions, weights = "fixed shares", "session neighbours", "item-item weights"
	check := Check{Model: "for you", Metric: fmt.Sprintf("mrr@%d", depth), Questions: len(lessons), Alone: map[string]float64{shares: 0, sessions: 0, weights: 0}}
	var top item.Top
	var scores []float32
	var ranked []item.Scored
	share := 1 / float64(max(1, len(lessons)))
	for _, l := range lessons {
		q := l.query()
		check.Alone[shares] += share * reciprocal(w.FixedShares(ranked[:0], m, q, depth), l.target)
		items, rows := w.Candidates(m, q)
		best := func(of func(at int) float32) float64 {
			top.Reset(depth)
			for at, i := range items {
				top.Offer(i, of(at))
			}
			ranked = top.Append(ranked[:0])
			return share * reciprocal(ranked, l.target)
		}
		scores = ranker.Score(scores[:0], rows)
		check.After += best(func(at int) float32 { return scores[at] })
		check.Alone[sessions] += best(func(at int) float32 { return rows[at*recommend.ForYouWidth+recommend.FeatureSession] })
		check.Alone[weights] += best(func(at int) float32 { return rows[at*recommend.ForYouWidth+recommend.FeatureRelated] })
		check.Popularity += best(func(at int) float32 { return rows[at*recommend.ForYouWidth+recommend.FeaturePopular] })
	}
	first, reached := "", 0.0
	for _, name := range []string{shares, sessions, weights} {
		if check.Alone[name] > reached {
			first, reached = name, check.Alone[name]
		}
	}
	better := check.After > reached
	check.Note = fmt.Sprintf("the ranker is used: the best without it, %s, reached %.4f", first, reached)
	if !better {
		check.Note = fmt.Sprintf("fixed shares stay: the ranker is no better than %s with %.4f", first, reached)
	}
	return check, better
}

func reciprocal(ranked []item.Scored, wanted item.Ordinal) float64 {
	for at, s := range ranked {
		if s.Item == wanted {
			return 1 / float64(at+1)
		}
	}
	return 0
}
