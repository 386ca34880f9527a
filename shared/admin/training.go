package admin

import (
	"context"

	"shopkeeper/shared/shop"
	"shopkeeper/shared/staff"
)

// TrainingSetting is one thing that a shop may set of its training.
type TrainingSetting struct {
	Name    string  `json:"name"`
	Value   float64 `json:"value"`
	Default float64 `json:"default"`
	Least   float64 `json:"least"`
	Most    float64 `json:"most"`
	Set     bool    `json:"set"` // by the shop: it stays when the default changes
}

// Training is what the next training goes by, by name.
func (s *Service) Training(ctx context.Context, a staff.Actor) ([]TrainingSetting, error) {
	if err := a.Check(staff.ModelsRead); err != nil {
		return nil, err
	}
	settings, err := s.Shops.Settings(ctx, a.Shop)
	if err != nil {
		return nil, err
	}
	out := []TrainingSetting{}
	for _, name := range shop.TrainingNames() {
		bounds := shop.TrainingSettings[name]
		_, set := settings.Training[name]
		out = append(out, TrainingSetting{name, settings.TrainingOf(name), bounds.Default, bounds.Least, bounds.Most, set})
	}
	return out, nil
}

// SetTraining replaces what the shop set of its training; what is absent has its default again. It holds from the next training on. Invalid names what is wrong.
func (s *Service) SetTraining(ctx context.Context, a staff.Actor, to map[string]float64) ([]TrainingSetting, error) {
	err := s.change(ctx, a, staff.ModelsEdit, "training", func() (act, error) {
		settings, err := s.Shops.Settings(ctx, a.Shop)
		if err != nil {
			return act{}, err
		}
		before := settings.Training
		settings.ID, settings.Training = a.Shop, to
		return act{before, to}, s.Shops.Put(ctx, settings)
	})
	if err != nil {
		return nil, err
	}
	return s.Training(ctx, a)
}
