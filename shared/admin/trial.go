package admin

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"shopkeeper/shared/compare"
	"shopkeeper/shared/event"
	"shopkeeper/shared/recommend"
	"shopkeeper/shared/staff"
)

// trialLife is how old the figures of a comparison may be: they are made of the whole archive since it began.
const trialLife = 5 * time.Second

// trials keeps the latest figures of each shop.
type trials struct {
	mu     sync.Mutex
	latest map[event.ShopID]compare.Report
}

// Trial is how the shop's comparison of two models stands, some seconds old at most; NotFound when none runs.
func (s *Service) Trial(ctx context.Context, a staff.Actor) (compare.Report, error) {
	if err := a.Check(staff.ModelsRead); err != nil {
		return compare.Report{}, err
	}
	p, _, err := recommend.ReadPointer(ctx, s.Files, a.Shop)
	if err != nil {
		return compare.Report{}, err
	}
	s.compared.mu.Lock()
	defer s.compared.mu.Unlock() // one reads, the others wait for its figures
	if known, ok := s.compared.latest[a.Shop]; ok && p.Trial != nil && known.Trial == p.Trial.ID && s.now().Sub(known.At).Abs() < trialLife {
		return known, nil
	}
	settings, err := s.Shops.Settings(ctx, a.Shop)
	if err != nil {
		return compare.Report{}, err
	}
	r, err := s.Comparer.Report(ctx, a.Shop, settings.Currency)
	if err != nil {
		return r, err
	}
	if s.compared.latest == nil {
		s.compared.latest = map[event.ShopID]compare.Report{}
	}
	s.compared.latest[a.Shop] = r
	return r, nil
}

// StartTrial compares the model in use with another kept one; see recommend.StartTrial.
func (s *Service) StartTrial(ctx context.Context, a staff.Actor, plan recommend.TrialPlan) (compare.Report, error) {
	err := s.change(ctx, a, staff.ModelsEdit, "model/"+plan.Version, func() (act, error) {
		p, _, err := recommend.ReadPointer(ctx, s.Files, a.Shop)
		if err != nil {
			return act{}, err
		}
		plan.Seed = rand.Uint64()
		next, err := recommend.StartTrial(ctx, s.Files, s.Deps.Items, a.Shop, plan, s.now())
		if err != nil {
			return act{}, err
		}
		return act{inUse(p), inUse(next)}, nil
	})
	if err != nil {
		return compare.Report{}, fmt.Errorf("compare with model %s: %w", plan.Version, err)
	}
	return s.Trial(ctx, a)
}

// EndTrial ends the comparison: with promote the other model takes over, else all is as before it. See recommend.EndTrial.
func (s *Service) EndTrial(ctx context.Context, a staff.Actor, promote bool) (Releases, error) {
	err := s.change(ctx, a, staff.ModelsEdit, "model/compared", func() (act, error) {
		p, _, err := recommend.ReadPointer(ctx, s.Files, a.Shop)
		if err != nil {
			return act{}, err
		}
		next, err := recommend.EndTrial(ctx, s.Files, a.Shop, promote)
		if err != nil {
			return act{}, err
		}
		return act{inUse(p), inUse(next)}, nil
	})
	if err != nil {
		return Releases{}, fmt.Errorf("end the comparison: %w", err)
	}
	return s.Models(ctx, a)
}
