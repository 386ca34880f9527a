package trainer

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"shopkeeper/shared/backtest"
	"shopkeeper/shared/recommend/interaction"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/itemitem"
	"shopkeeper/shared/recommend/knn"
	"shopkeeper/shared/recommend/model"
)

const (
	enough        = 200  // questions that make an honest holdout
	mostQuestions = 2000 // asked of each model
	depth         = 20
)

// plan is where the holdout begins.
type plan struct {
	from   int64
	unseen bool // by the model in use, and by a rehearsal
}

// planExam begins the holdout where the model in use was trained, or at the last tenth of the history.
func planExam(h history, previous *model.Model) plan {
	if previous == nil {
		return plan{from: h.lastTenth(), unseen: true}
	}
	since := previous.Trained().Unix()
	if since >= h.lastTenth() && len(h.visitQuestions(since)) >= enough {
		return plan{from: since, unseen: true}
	}
	if since < h.lastTenth() {
		return plan{from: h.lastTenth(), unseen: true}
	}
	return plan{from: h.lastTenth()}
}

// lastTenth is the time at which nine tenths of the visits are over.
func (h history) lastTenth() int64 {
	visits := h.visits()
	if len(visits) == 0 {
		return h.end()
	}
	return visits[len(visits)*9/10].Time
}

// question asks for hidden items. Items are ordinals of the new catalog.
type question struct {
	history []item.Ordinal
	targets []item.Ordinal
}

// visitQuestions asks, inside the visits that ended after a moment, for the next item.
func (h history) visitQuestions(from int64) []question {
	var out []question
	for _, v := range h.visits() {
		if v.Time < from {
			continue
		}
		for at := 1; at < len(v.Items); at++ {
			if v.Items[at] != v.Items[at-1] {
				out = append(out, question{v.Items[:at], v.Items[at : at+1]})
			}
		}
	}
	return out
}

// peopleQuestions asks, of people known before a moment, for the items they had to do with after it for the first time.
func (h history) peopleQuestions(from int64, w interaction.Weights) []question {
	past, all := h.before(from).strengths(w), h.strengths(w)
	var out []question
	for person := range h.people {
		known, _ := past.Row(person)
		now, _ := all.Row(person)
		var fresh []item.Ordinal
		for _, i := range now {
			if _, old := slices.BinarySearch(known, i); !old {
				fresh = append(fresh, i)
			}
		}
		if len(known) > 0 && len(fresh) > 0 {
			out = append(out, question{known, fresh})
		}
	}
	return out
}

func sample(all []question, seed uint64) []question {
	if len(all) <= mostQuestions {
		return all
	}
	random := rand.New(rand.NewPCG(seed, uint64(len(all))))
	picked := random.Perm(len(all))[:mostQuestions]
	slices.Sort(picked)
	out := make([]question, mostQuestions)
	for n, at := range picked {
		out[n] = all[at]
	}
	return out
}

// examine asks the models.
func (t *training) examine(ctx context.Context, r *Report, h history, p plan, previous, candidate *model.Model) error {
	r.Holdout = Holdout{From: time.Unix(p.from, 0).UTC(), Unseen: p.unseen}
	for _, c := range []struct {
		name      string
		questions []question
		answer    answerer
	}{
		{"session neighbours", h.visitQuestions(p.from), bySessions()},
		{"item-item weights", h.peopleQuestions(p.from, t.settings.Weights), byWeights()},
		{similar, h.lookQuestions(p.from), bySimilar()},
	} {
		if err := ctx.Err(); err != nil {
			return err
		}
		questions := sample(c.questions, t.settings.Seed)
		if len(questions) == 0 {
			continue
		}
		after := t.ask(questions, candidate, c.answer)
		check := Check{Model: c.name, Metric: fmt.Sprintf("recall@%d", depth), Questions: len(questions), After: mean(after),
			Popularity: mean(t.ask(questions, candidate, byPopularity))}
		if previous != nil {
			before := t.ask(questions, previous, c.answer)
			difference := backtest.Paired(before, after, t.settings.Seed)
			check.Before, check.Difference = new(mean(before)), &difference
		}
		r.Checks = append(r.Checks, check)
	}
	return nil
}

// decide publishes unless a check says worse beyond chance; over a model that is held, only when one says better.
func (r *Report) decide(held bool) {
	var worse []string
	compared, better := 0, 0
	for _, c := range r.Checks {
		if c.Difference == nil {
			continue
		}
		compared++
		if c.Difference.Better() && r.Holdout.Unseen {
			better++
		}
		if c.Difference.Worse() {
			worse = append(worse, fmt.Sprintf("%s: %s fell from %.4f to %.4f (95 %% interval of the change %.4f to %.4f, %d questions)", c.Model, c.Metric, *c.Before, c.After,
				c.Difference.Interval.Low, c.Difference.Interval.High, c.Questions))
		}
	}
	r.Publish = len(worse) == 0 && (!held || better > 0)
	switch {
	case len(worse) > 0:
		r.Reason = "worse than the model in use: " + strings.Join(worse, "; ")
	case held && better == 0:
		r.Reason = "somebody went back to the model in use, and this one is not better beyond chance on questions that neither has seen"
	case held:
		r.Reason = "better than the model that somebody went back to"
	case compared > 0:
		r.Reason = "not worse than the model in use"
	default:
		r.Reason = "there is no model in use to compare with, or nothing to ask"
	}
}

// answerer appends a model's answer to a history.
type answerer func(dst []item.Scored, m *model.Model, history []item.Ordinal) []item.Scored

func bySessions() answerer {
	var s knn.Scratch
	return func(dst []item.Scored, m *model.Model, history []item.Ordinal) []item.Scored {
		return m.Sessions().Continue(dst, &s, history, depth)
	}
}

func byWeights() answerer {
	var s itemitem.Scratch
	return func(dst []item.Scored, m *model.Model, history []item.Ordinal) []item.Scored {
		return itemitem.Score(dst, &s, m.Weights(), history, nil, depth)
	}
}

func byPopularity(dst []item.Scored, m *model.Model, history []item.Ordinal) []item.Scored {
	for _, s := range m.Popular(model.None) {
		if len(dst) < depth && !slices.Contains(history, s.Item) {
			dst = append(dst, s)
		}
	}
	return dst
}

// ask translates questions into the model's own ordinals, by id: a model in use knows another catalog. An item it does not know is out of its reach.
func (t *training) ask(questions []question, m *model.Model, answer answerer) []float64 {
	unknown := item.Ordinal(m.Len())
	translate := make([]item.Ordinal, len(t.catalog.Items))
	for n, one := range t.catalog.Items {
		translate[n] = unknown
		if i, ok := m.Lookup(one.ID); ok {
			translate[n] = i
		}
	}
	recalls := make([]float64, len(questions))
	var past []item.Ordinal
	var ranked []item.Scored
	for n, q := range questions {
		past = past[:0]
		for _, i := range q.history {
			past = append(past, translate[i])
		}
		ranked = answer(ranked[:0], m, past)
		hits := 0
		for _, i := range q.targets {
			if to := translate[i]; to != unknown && slices.ContainsFunc(ranked, func(s item.Scored) bool { return s.Item == to }) {
				hits++
			}
		}
		recalls[n] = float64(hits) / float64(min(depth, len(q.targets)))
	}
	return recalls
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(max(len(values), 1))
}
