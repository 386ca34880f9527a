package web

import (
	"context"
	"net/http"
	"time"

	"shopkeeper/shared/admin"
	"shopkeeper/shared/event"
	"shopkeeper/shared/recommend/rules"
	"shopkeeper/shared/staff"
)

// RuleBody is what staff state of a business rule.
type RuleBody struct {
	Name     string         `json:"name" minLength:"1" maxLength:"100"`
	Kind     rules.Kind     `json:"kind" enum:"pin,boost,bury,exclude"`
	Items    []event.ItemID `json:"items,omitempty" maxItems:"100" nullable:"false" doc:"the target is what items, category, brand and prices, as far as they are stated, all let through"`
	Category string         `json:"category,omitempty" maxLength:"500" doc:"this category and all below it"`
	Brand    string         `json:"brand,omitempty" maxLength:"200"`
	MinPrice int64          `json:"minPrice,omitempty" minimum:"0" doc:"minor units"`
	MaxPrice int64          `json:"maxPrice,omitempty" minimum:"0" doc:"minor units; 0 is no bound"`
	Filter   string         `json:"filter,omitempty" maxLength:"1024" doc:"an expression over items, such as: price > 1000 and title contains \"gift\""`

	Placements []string  `json:"placements,omitempty" maxItems:"16" nullable:"false" doc:"without it all; a pin needs them"`
	Place      int       `json:"place,omitempty" minimum:"0" maximum:"100" doc:"of a pin: the first place, from 1"`
	Count      int       `json:"count,omitempty" minimum:"0" maximum:"100" doc:"of a pin: how many of its items; without it all that are listed, or one"`
	Strength   float64   `json:"strength,omitempty" minimum:"0" maximum:"100" doc:"of boost and bury: scores are multiplied or divided by it"`
	Priority   int       `json:"priority,omitempty" minimum:"-1000" maximum:"1000" doc:"of rules for one item the highest decides; exclusions always do"`
	Paused     bool      `json:"paused,omitempty"`
	Starts     time.Time `json:"starts,omitzero"`
	Ends       time.Time `json:"ends,omitzero"`
}

func (r RuleBody) rule(id string, version int64) rules.Rule {
	return rules.Rule{ID: rules.ID(id), Version: version, Name: r.Name, Kind: r.Kind, Items: r.Items, Category: r.Category, Brand: r.Brand, MinPrice: r.MinPrice, MaxPrice: r.MaxPrice, Filter: r.Filter,
		Placements: r.Placements, Place: r.Place, Count: r.Count, Strength: r.Strength, Priority: r.Priority, Paused: r.Paused, Starts: r.Starts, Ends: r.Ends}
}

type newRuleInput struct {
	Body struct {
		ID string `json:"id" minLength:"1" maxLength:"64" pattern:"^[a-z0-9-]+$"`
		RuleBody
	}
}

type ruleChange struct {
	Slug
	IfMatch
	Body RuleBody
}

type rulePreview struct{ Body RuleBody }

// ShelvesBody is what staff state of how shelves are made.
type ShelvesBody struct {
	Diversity     float64 `json:"diversity" minimum:"0" maximum:"1" doc:"0: by relevance alone, 1: as varied as possible"`
	Rotation      float64 `json:"rotation" minimum:"0" maximum:"1" doc:"0: who comes back sees the same order until something happens, 1: another one at every visit"`
	NewShare      float64 `json:"newShare" minimum:"0" maximum:"0.5" doc:"of the places of for-you and trending that go to new items"`
	PromotedShare float64 `json:"promotedShare" minimum:"0" maximum:"0.5" doc:"at least this share of these places goes to items that a rule boosts, as far as there are any"`
	PromotedMost  float64 `json:"promotedMost" minimum:"0" maximum:"1" doc:"and at most this; not below promotedShare"`
}

type shelvesChange struct {
	IfMatch
	Body ShelvesBody
}

func (b *adminAPI) rules() {
	const path, tag = "/admin/v1/rules", "rules"
	read, edit := access{action: staff.RulesRead}, access{action: staff.RulesEdit, matches: true}
	add(b, adminOperation{method: http.MethodGet, path: path, id: "rules", summary: "The business rules of recommendations, by id", tag: tag, access: read},
		func(ctx context.Context, a staff.Actor, _ *noInput) (*body[list[rules.Rule]], error) {
			d, err := b.Service.Rules(ctx, a)
			return listed(d.Rules, err)
		})
	add(b, adminOperation{method: http.MethodPost, path: path, id: "new-rule", summary: "Make a rule; pages follow within seconds", tag: tag, status: http.StatusCreated, access: access{action: staff.RulesEdit, repeats: true}},
		func(ctx context.Context, a staff.Actor, in *newRuleInput) (*tagged[rules.Rule], error) {
			r, err := b.Service.SaveRule(ctx, a, in.Body.rule(in.Body.ID, 0))
			return versioned(r.Version, r), err
		})
	add(b, adminOperation{method: http.MethodGet, path: path + "/{id}", id: "rule", summary: "One rule", tag: tag, access: read},
		func(ctx context.Context, a staff.Actor, in *Slug) (*tagged[rules.Rule], error) {
			r, err := b.Service.Rule(ctx, a, rules.ID(in.ID))
			return versioned(r.Version, r), err
		})
	add(b, adminOperation{method: http.MethodPut, path: path + "/{id}", id: "change-rule", summary: "Change a rule", tag: tag, access: edit},
		func(ctx context.Context, a staff.Actor, in *ruleChange) (*tagged[rules.Rule], error) {
			version, err := in.saved(ctx)
			if err != nil {
				return nil, err
			}
			r, err := b.Service.SaveRule(ctx, a, in.Body.rule(in.ID, version))
			return versioned(r.Version, r), err
		})
	add(b, adminOperation{method: http.MethodDelete, path: path + "/{id}", id: "delete-rule", summary: "Remove a rule", tag: tag, status: http.StatusNoContent, access: edit},
		func(ctx context.Context, a staff.Actor, in *deletion) (*noAnswer, error) {
			version, err := in.version(ctx)
			if err != nil {
				return nil, err
			}
			return nil, b.Service.DeleteRule(ctx, a, rules.ID(in.ID), version)
		})
	add(b, adminOperation{method: http.MethodPost, path: path + ":preview", id: "preview-rule", summary: "What a rule would change on the shelves of a stranger; 404 until the shop has a model", tag: tag, access: read,
		refusals: []int{http.StatusNotFound}},
		func(ctx context.Context, a staff.Actor, in *rulePreview) (*body[admin.Effect], error) {
			e, err := b.Service.PreviewRule(ctx, a, in.Body.rule("", 0))
			return &body[admin.Effect]{e}, err
		})
	const shelves = "/admin/v1/shelves"
	add(b, adminOperation{method: http.MethodGet, path: shelves, id: "shelves", summary: "How varied and how new the shelves are", tag: tag, access: read},
		func(ctx context.Context, a staff.Actor, _ *noInput) (*tagged[rules.Settings], error) {
			d, err := b.Service.Rules(ctx, a)
			return versioned(d.Version, d.Settings), err
		})
	add(b, adminOperation{method: http.MethodPut, path: shelves, id: "change-shelves", summary: "Change how varied and how new the shelves are", tag: tag, access: edit},
		func(ctx context.Context, a staff.Actor, in *shelvesChange) (*tagged[rules.Settings], error) {
			version, err := in.saved(ctx)
			if err != nil {
				return nil, err
			}
			d, err := b.Service.SaveShelves(ctx, a, rules.Settings(in.Body), version)
			return versioned(d.Version, d.Settings), err
		})
}
