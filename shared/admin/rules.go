package admin

import (
	"cmp"
	"context"
	"slices"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend"
	"shopkeeper/shared/recommend/rules"
	"shopkeeper/shared/staff"
)

// Rules are the shop's business rules, by id, and how it wants its shelves.
func (s *Service) Rules(ctx context.Context, a staff.Actor) (rules.Document, error) {
	if err := a.Check(staff.RulesRead); err != nil {
		return rules.Document{}, err
	}
	return s.Deps.Rules.Read(ctx, a.Shop)
}

// Rule is one business rule.
func (s *Service) Rule(ctx context.Context, a staff.Actor, id rules.ID) (rules.Rule, error) {
	if err := a.Check(staff.RulesRead); err != nil {
		return rules.Rule{}, err
	}
	return s.Deps.Rules.Get(ctx, a.Shop, id)
}

// SaveRule makes a rule (Version 0) or changes the version that was read, or AnyVersion. Pages follow within seconds.
func (s *Service) SaveRule(ctx context.Context, a staff.Actor, r rules.Rule) (rules.Rule, error) {
	var saved rules.Rule
	err := s.change(ctx, a, staff.RulesEdit, "rule/"+string(r.ID), func() (act, error) {
		before, err := replaced(&r.Version, func() (rules.Rule, error) { return s.Deps.Rules.Get(ctx, a.Shop, r.ID) }, func(x rules.Rule) int64 { return x.Version })
		if err != nil {
			return act{}, err
		}
		saved, err = s.Deps.Rules.Put(ctx, a.Shop, r)
		return act{before, saved}, err
	})
	return saved, err
}

// DeleteRule removes a rule at a version (0: whatever it is).
func (s *Service) DeleteRule(ctx context.Context, a staff.Actor, id rules.ID, version int64) error {
	return s.change(ctx, a, staff.RulesEdit, "rule/"+string(id), func() (act, error) {
		before, err := s.Deps.Rules.Get(ctx, a.Shop, id)
		if err != nil {
			return act{}, err
		}
		return act{before, nil}, s.Deps.Rules.Delete(ctx, a.Shop, id, cmp.Or(version, before.Version))
	})
}

// SaveShelves changes how the shop wants its shelves, at the version of the document that was read, or AnyVersion.
func (s *Service) SaveShelves(ctx context.Context, a staff.Actor, settings rules.Settings, version int64) (rules.Document, error) {
	var saved rules.Document
	err := s.change(ctx, a, staff.RulesEdit, "shelves", func() (act, error) {
		before, err := s.Deps.Rules.Read(ctx, a.Shop)
		if err != nil {
			return act{}, err
		}
		if version == AnyVersion {
			version = before.Version
		}
		saved, err = s.Deps.Rules.PutSettings(ctx, a.Shop, settings, version)
		return act{before.Settings, settings}, err
	})
	return saved, err
}

// Effect is what a rule does to the shelves of somebody the shop does not know.
type Effect struct {
	Shelves []EffectShelf `json:"shelves"`
}

// EffectShelf is one shelf with and without the rule.
type EffectShelf struct {
	Placement string       `json:"placement"`
	Items     []EffectItem `json:"items"` // in the order with the rule; those that leave come last
}

// EffectItem is an item on a shelf; places count from 1, 0 is off the shelf.
type EffectItem struct {
	ID     event.ItemID `json:"id"`
	Title  string       `json:"title"`
	Before int          `json:"before"`
	After  int          `json:"after"`
	Source string       `json:"source,omitempty"`
	Rule   rules.ID     `json:"rule,omitempty"` // that put it there or weighed it
}

// previewLimit is how many places of each shelf a preview shows.
const previewLimit = 12

// PreviewRule is the effect that a rule would have now if it was saved, whatever its dates; NotFound until the shop has a model.
func (s *Service) PreviewRule(ctx context.Context, a staff.Actor, r rules.Rule) (Effect, error) {
	if err := a.Check(staff.RulesRead); err != nil {
		return Effect{}, err
	}
	r.ID = cmp.Or(r.ID, "draft")
	if err := r.Validate(recommend.Placements()); err != nil {
		return Effect{}, err
	}
	d, err := s.Deps.Rules.Read(ctx, a.Shop)
	if err != nil {
		return Effect{}, err
	}
	m, err := s.Deps.Models.Model(ctx, a.Shop)
	if fault.Is(err, fault.NotFound) {
		return Effect{}, fault.Wrap(fault.NotFound, err, "there is no model yet: train one first")
	}
	if err != nil {
		return Effect{}, err
	}
	r.Paused, r.Version = false, 0
	now := s.now()
	if now.Before(r.Starts) {
		now = r.Starts
	} else if !r.Ends.IsZero() && !now.Before(r.Ends) {
		r.Ends = now.AddDate(0, 0, 1)
	}
	d.Rules = slices.DeleteFunc(slices.Clone(d.Rules), func(x rules.Rule) bool { return x.ID == r.ID })
	without := m.Under(withVersion(d, -1), now)
	d.Rules = append(d.Rules, r)
	with := m.Under(withVersion(d, -2), now)
	q := recommend.Query{Shop: a.Shop, Now: now, Seed: 1}
	for _, p := range [...]recommend.Placement{recommend.ForYou, recommend.Trending, recommend.NewItems} {
		if len(r.Placements) == 0 || slices.Contains(r.Placements, p.String()) {
			q.Slots = append(q.Slots, recommend.Slot{Placement: p, Limit: previewLimit})
		}
	}
	var w, v recommend.Worker
	return shelfChanges(without, with, w.Answer(without, &q), v.Answer(with, &q)), nil
}

// withVersion marks a document that is not stored, so that it is not taken for one that is.
func withVersion(d rules.Document, version int64) rules.Document {
	d.Version = version
	return d
}

func shelfChanges(without, with *recommend.Model, before, after []recommend.Shelf) Effect {
	e := Effect{Shelves: []EffectShelf{}}
	for n, shelf := range after {
		one := EffectShelf{Placement: shelf.Placement.String(), Items: []EffectItem{}}
		old := map[event.ItemID]int{}
		for at, p := range before[n].Picks {
			old[event.ItemID(without.ID(p.Item))] = at + 1
		}
		for at, p := range shelf.Picks {
			id := event.ItemID(with.ID(p.Item))
			it := EffectItem{ID: id, Title: with.Title(p.Item), Before: old[id], After: at + 1, Source: string(p.Source)}
			if r, ok := with.Rule(p.Rule); ok {
				it.Rule = r.ID
			}
			one.Items = append(one.Items, it)
			delete(old, id)
		}
		for _, p := range before[n].Picks {
			if id := event.ItemID(without.ID(p.Item)); old[id] > 0 {
				one.Items = append(one.Items, EffectItem{ID: id, Title: without.Title(p.Item), Before: old[id]})
			}
		}
		e.Shelves = append(e.Shelves, one)
	}
	return e
}
