package trainer

import (
	"context"
	"fmt"

	"shopkeeper/shared/backtest"
	"shopkeeper/shared/recommend/cosine"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/itemitem"
	"shopkeeper/shared/recommend/model"
	"shopkeeper/shared/recommend/sparse"
)

// similar is the name of the model of similar items in reports.
const similar = "similar items"

// rare is below how many people's strengths an item is told apart as hardly met.
const rare = 5

// lookQuestions asks, of what was looked at inside the visits that ended after a moment, for what came next: what a product page's similar items are for.
func (h history) lookQuestions(from int64) []question {
	all := h.visitQuestions(from)
	for n, q := range all {
		all[n].history = q.history[len(q.history)-1:]
	}
	return all
}

// judgeWords asks similar items with words and without the same questions. Where words make them worse beyond chance, both files go on with cosines alone. The check's Alone says what cosines reach, and
// both for items that hardly anybody held before. Nil where nobody can be asked.
func (t *training) judgeWords(ctx context.Context, h history, p plan, rehearsal, final *built) (*Check, error) {
	questions := sample(h.lookQuestions(p.from), t.settings.Seed)
	if !p.unseen || len(questions) == 0 || len(t.words.Items) == 0 {
		return nil, nil //nolint:nilnil // nothing to judge
	}
	past := h.before(p.from)
	plain, err := cosine.Fit(ctx, past.strengths(t.settings.Weights), h.items, t.settings.Similar.Cosine)
	if err != nil {
		return nil, err
	}
	with, without := recallsOf(questions, near(rehearsal.contents.Similar)), recallsOf(questions, near(plain))
	gain := backtest.Paired(without, with, t.settings.Seed)
	c := &Check{Model: similar, Gain: &gain, Alone: map[string]float64{"without words": mean(without)}}
	c.Note = "words are used" + t.rareOnes(past, questions, with, without)
	if !gain.Worse() {
		return c, nil
	}
	c.Note = "words are left out: worse with them beyond chance"
	if err := rehearsal.change(func(c *model.Contents) { c.Similar = plain }); err != nil {
		return nil, err
	}
	whole, err := cosine.Fit(ctx, h.strengths(t.settings.Weights), h.items, t.settings.Similar.Cosine)
	if err != nil {
		return nil, err
	}
	return c, final.change(func(c *model.Contents) { c.Similar = whole })
}

// near answers with what is similar to the last item of a history.
func near(rows sparse.Rows) answering {
	var s itemitem.Scratch
	return func(dst []item.Scored, history []item.Ordinal) []item.Scored {
		return itemitem.Score(dst, &s, rows, history, nil, depth)
	}
}

// rareOnes says what both reach where the item in question, or the one wanted, is hardly met; nothing where none is.
func (t *training) rareOnes(past history, questions []question, with, without []float64) string {
	holders := past.holders(t.settings.Weights)
	var a, b []float64
	for n, q := range questions {
		if holders[q.history[0]] < rare || holders[q.targets[0]] < rare {
			a, b = append(a, without[n]), append(b, with[n])
		}
	}
	if len(a) == 0 {
		return ""
	}
	return fmt.Sprintf("; around items that fewer than %d hold %.4f with them, %.4f without, %d questions", rare, mean(b), mean(a), len(a))
}

// bySimilar answers with what is similar to the last item.
func bySimilar() answerer {
	var s itemitem.Scratch
	return func(dst []item.Scored, m *model.Model, history []item.Ordinal) []item.Scored {
		return itemitem.Score(dst, &s, m.SimilarTable(), history, nil, depth)
	}
}
