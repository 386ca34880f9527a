package backtest

import (
	"context"

	"shopkeeper/shared/recommend/slim"
)

func fitSLIM(ctx context.Context, t Training, p Params) (Model, error) {
	var s slim.Settings
	if err := p.read(field{"lambda", &s.Lambda}, field{"neighbours", &s.Neighbours}, field{"gram", &s.Gram}, field{"top", &s.Top}); err != nil {
		return nil, err
	}
	weights, err := slim.Fit(ctx, t.Users, t.Items, s)
	return &related{weights: weights}, err
}
