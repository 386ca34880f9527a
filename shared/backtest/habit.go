package backtest

import (
	"context"

	"shopkeeper/shared/recommend/habit"
	"shopkeeper/shared/recommend/item"
)

// habits answers from what is due, neighbours and everybody, weighed by what was learned.
type habits struct {
	model   *habit.Model
	scratch habit.Scratch
}

func fitHabit(ctx context.Context, t Training, p Params) (Model, error) {
	s := habit.DefaultSettings
	err := p.read(field{"r", &s.Neighbours.Recent}, field{"neighbours", &s.Neighbours.Neighbours}, field{"q", &s.Neighbours.Locality}, field{"own", &s.Own}, field{"new", &s.New}, field{"lessons", &s.Lessons},
		field{"trees", &s.Rank.Trees}, field{"depth", &s.Rank.Depth}, field{"shrink", &s.Rank.Shrink}, field{"least", &s.Rank.Least})
	if err != nil {
		return nil, err
	}
	m, err := habit.Fit(ctx, t.Customers, t.Items, t.Groups, s)
	if err != nil {
		return nil, err
	}
	return &habits{model: m}, nil
}

func (m *habits) Answer(dst []item.Scored, h History, n int) []item.Scored {
	answer := func(dst []item.Scored, n int) []item.Scored {
		return m.model.Answer(dst, &m.scratch, h.baskets(), h.Now, n)
	}
	if !h.Repeats {
		return withoutOwn(dst, h, n, answer)
	}
	return answer(dst, n)
}
