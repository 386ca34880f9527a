package shop

import (
	"maps"
	"slices"
)

// What a shop may set of its training and of the rankings that follow from it. Who knows the shop's trade knows some of this better than a default: a grocer's customers come back in days, a furniture
// shop's in years. Everything else is learned from the log.
const (
	Early        = "early"         // share of the events that the model has seen, from which new ones make a training come before the night; 0: never
	InterestDays = "interest-days" // in which a visitor's interest in an item halves
	TrendingDays = "trending-days" // in which what is trending cools by half
	PopularDays  = "popular-days"  // the same of what is popular
	LiveShare    = "live-share"    // where nothing learned ranks: of the visit under way, the rest being what the same people like
	ReturnShare  = "return-share"  // the same for somebody who comes back
	TasteLift    = "taste-lift"    // what an item of the favourite category gains
	Sessions     = "sessions"      // newest sessions per item that session neighbours look at
	Neighbours   = "neighbours"    // sessions that speak
	LastItems    = "last-items"    // of a visit that are looked at
	Lambda       = "lambda"        // how much evidence an item-item weight needs
)

// TrainingSettings are the names of what may be set, each with its default and bounds.
var TrainingSettings = map[string]struct{ Default, Least, Most float64 }{
	Early: {0.25, 0, 100}, InterestDays: {14, 0.1, 3650}, TrendingDays: {7, 0.1, 3650}, PopularDays: {60, 0.1, 3650}, LiveShare: {0.6, 0, 1}, ReturnShare: {0.35, 0, 1}, TasteLift: {0.3, 0, 10},
	Sessions: {1502, 1, 100_000}, Neighbours: {288, 1, 10_000}, LastItems: {4, 1, 100}, Lambda: {200, 0.1, 1e6},
}

// TrainingNames are the names of the settings, in order.
func TrainingNames() []string { return slices.Sorted(maps.Keys(TrainingSettings)) }

// TrainingOf is a setting, or its default.
func (s Settings) TrainingOf(name string) float64 {
	if v, ok := s.Training[name]; ok {
		return v
	}
	return TrainingSettings[name].Default
}
