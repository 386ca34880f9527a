package backtest

import (
	"context"

	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/upcf"
)

// nextPurchases answers from the customer's own recent baskets and those of similar customers.
type nextPurchases struct {
	index   *upcf.Index
	scratch upcf.Scratch
}

func fitUPCF(ctx context.Context, t Training, p Params) (Model, error) {
	var s upcf.Settings
	if err := p.read(field{"r", &s.Recent}, field{"q", &s.Locality}, field{"alpha", &s.Alpha}, field{"neighbours", &s.Neighbours}); err != nil {
		return nil, err
	}
	index, err := upcf.Fit(ctx, t.Customers, t.Items, s)
	if err != nil {
		return nil, err
	}
	return &nextPurchases{index: index}, nil
}

func (m *nextPurchases) Answer(dst []item.Scored, h History, n int) []item.Scored {
	if !h.Repeats {
		return withoutOwn(dst, h, n, func(dst []item.Scored, n int) []item.Scored { return m.index.Answer(dst, &m.scratch, h.baskets(), n) })
	}
	return m.index.Answer(dst, &m.scratch, h.baskets(), n)
}
