package backtest

import (
	"context"
	"fmt"
	"math/rand/v2"

	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/rank"
)

// A blend asks several sources and ranks what they name by a learned ranker (package rank).
//
// It learns from its training alone. The protocol is played once more on the training (Training.rehearse): the parts are fitted on what that leaves, its questions are
// answered by them, and the ranker is fitted on four fifths of the questions. The last fifth decides whether the blend answers at all: where the best part by itself
// does better in the protocol's main measure, that part answers instead. Then the parts are fitted again on the whole training.
//
// Complexity: two fits of every part, one fit of the ranker; an answer costs the parts' answers and about 10 ns per candidate and feature.
type blend struct {
	parts  []part
	clues  *clues
	deep   int
	ranker *rank.Model
	alone  int // the part that answers instead of the blend; together when none does
	note   string

	found  gathered
	rows   []float32
	scores []float32
	top    item.Top
}

const together = -1

// part is one source of a blend.
type part struct {
	name  string
	model Model
}

// blending is how a blend is made.
type blending struct {
	recipe    func(context.Context, Training, Params) ([]part, error)
	params    Params
	deep      int // answers asked of each part
	questions int // of the rehearsal, at most
	settings  rank.Settings
}

// Seeds of what a rehearsal draws: a blend is the same whatever the seed of the protocol.
const rehearsalSeed = 1

func (b blending) fit(ctx context.Context, t Training) (Model, error) {
	again := t.rehearse(rehearsalSeed)
	random := rand.New(rand.NewPCG(rehearsalSeed, 21))
	questions := draw(random, again.questions, b.questions, b.questions)
	random.Shuffle(len(questions), func(i, j int) { questions[i], questions[j] = questions[j], questions[i] })
	cut := len(questions) * 4 / 5

	rehearsed, err := b.prepare(ctx, again.train)
	if err != nil {
		return nil, err
	}
	set := rank.NewSet(rehearsed.width())
	rehearsed.learn(set, questions[:cut])
	if set.Len() > 0 {
		if rehearsed.ranker, err = rank.Fit(ctx, set, b.settings); err != nil {
			return nil, err
		}
	}
	rehearsed.decide(again, questions[cut:])
	m, err := b.prepare(ctx, t)
	if err != nil {
		return nil, err
	}
	m.ranker, m.alone, m.note = rehearsed.ranker, rehearsed.alone, rehearsed.note
	return m, nil
}

func (b blending) prepare(ctx context.Context, t Training) (*blend, error) {
	parts, err := b.recipe(ctx, t, b.params)
	if err != nil {
		return nil, err
	}
	return &blend{parts: parts, clues: newClues(t), deep: b.deep, alone: together}, nil
}

// learn adds the questions to the set: what was really wanted against everything else that the parts name.
func (m *blend) learn(set *rank.Set, questions []question) {
	wanted := map[item.Ordinal]bool{}
	for _, q := range questions {
		targets := q.targets
		if q.history.Live {
			targets = targets[:1]
		}
		clear(wanted)
		for _, i := range targets {
			wanted[i] = true
		}
		m.gather(q.history)
		for c, i := range m.found.items {
			gain := float32(0)
			if wanted[i] {
				gain = 1
			}
			m.fill(set.Add(gain), q.history, c)
		}
		set.End()
	}
}

// decide lets the best part answer alone where the blend is no better than it on questions that the ranker did not see.
func (m *blend) decide(e exam, questions []question) {
	best, at := 0.0, together
	for p, part := range m.parts {
		if score := e.mean(part.model, questions); at == together || score > best {
			best, at = score, p
		}
	}
	name := e.measures[e.main]
	if m.ranker == nil {
		m.alone, m.note = at, "nothing to learn from: "+m.parts[at].name+" answers alone"
		return
	}
	blended := e.mean(m, questions)
	if blended > best {
		m.note = fmt.Sprintf("rehearsed on %d questions: %s %.4f, best part alone (%s) %.4f", len(questions), name, blended, m.parts[at].name, best)
		return
	}
	m.alone = at
	m.note = fmt.Sprintf("%s answers alone: rehearsed on %d questions, %s %.4f against %.4f of the blend", m.parts[at].name, len(questions), name, best, blended)
}

// mean is a model's main measure over some questions.
func (e exam) mean(model Model, questions []question) float64 {
	sum := 0.0
	var ranked []item.Scored
	for _, q := range questions {
		ranked = model.Answer(ranked[:0], q.history, e.depth)
		sum += e.grade(ranked, q)[e.main]
	}
	return ratio(sum, float64(len(questions)))
}

// Answer ranks what the parts name.
func (m *blend) Answer(dst []item.Scored, h History, n int) []item.Scored {
	if m.alone != together {
		return m.parts[m.alone].model.Answer(dst, h, n)
	}
	m.gather(h)
	width := m.width()
	if need := width * len(m.found.items); cap(m.rows) < need {
		m.rows = make([]float32, need)
	}
	m.rows = m.rows[:width*len(m.found.items)]
	clear(m.rows)
	for c := range m.found.items {
		m.fill(m.rows[c*width:(c+1)*width], h, c)
	}
	m.scores = m.ranker.Score(m.scores[:0], m.rows)
	m.top.Reset(n)
	for c, i := range m.found.items {
		m.top.Offer(i, m.scores[c])
	}
	return m.top.Append(dst)
}

// Note says what the rehearsal found.
func (m *blend) Note() string { return m.note }

// Defaults of blends. Trees are off: on the public logs they gain less than a hundredth and cost more than all the rest.
var blendDefaults = Params{"lambda": "200", "l2": "0.001", "trees": "0", "depth": "4", "shrink": "0.1"}

func fitBlend(ctx context.Context, t Training, p Params) (Model, error) {
	return fitBlending(ctx, t, p, blending{recipe: customerParts, deep: 150, questions: 1500})
}

func fitSessionBlend(ctx context.Context, t Training, p Params) (Model, error) {
	return fitBlending(ctx, t, p, blending{recipe: visitParts, deep: 60, questions: 4000})
}

func fitBlending(ctx context.Context, t Training, p Params, b blending) (Model, error) {
	b.params, b.settings = p, rank.DefaultSettings
	s := &b.settings
	if err := p.read(field{"l2", &s.L2}, field{"trees", &s.Trees}, field{"depth", &s.Depth}, field{"shrink", &s.Shrink}); err != nil {
		return nil, err
	}
	return b.fit(ctx, t)
}
