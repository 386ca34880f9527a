// Package backtest measures recommendation models on what really happened: it hides a part of a log, asks a model for it, and counts.
//
// A figure without its protocol is not comparable, so each protocol is a file of its own that says exactly what is hidden from whom:
//
//	strong-generalisation   customers the model never saw; 80 % of their items given, 20 % hidden (strong.go)
//	time-split              known customers; the last 20 % of their items by time hidden (timesplit.go)
//	next-item               every prefix of a session; the next item hidden (nextitem.go)
//	next-basket             customers with their orders; the last order hidden (nextbasket.go)
//
// Every model answers the same questions in the same order, so two models can be compared by a paired bootstrap (Compare). A run is a pure function
// of the log, the settings and the seed, but for the times it took.
package backtest

import (
	"context"
	"slices"
	"time"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/item"
)

// The protocols' names.
const (
	StrongGeneralisation = "strong-generalisation"
	TimeSplit            = "time-split"
	NextItem             = "next-item"
	NextBasket           = "next-basket"
)

// Protocols lists the protocols' names.
func Protocols() []string { return []string{StrongGeneralisation, TimeSplit, NextItem, NextBasket} }

// Options are what every protocol needs. Now is required; it only measures.
type Options struct {
	Seed  uint64
	Users int // at most so many test users of strong-generalisation, time-split and next-basket, drawn at random; 0 means the protocol's own number
	Now   func() time.Time
}

// Run plays a protocol for each model in turn, one result per model. test is the test log of next-item; without one its newest sessions are the test.
// Invalid for an unknown protocol or a log that leaves nothing to ask.
func Run(ctx context.Context, protocol string, train Log, test *Log, models []Spec, o Options) ([]Result, error) {
	var e exam
	switch protocol {
	case StrongGeneralisation:
		e = strong(train, o)
	case TimeSplit:
		e = timeSplit(train, o)
	case NextItem:
		e = nextItem(train, test)
	case NextBasket:
		e = nextBasket(train, o)
	default:
		return nil, fault.InvalidField("protocol", protocol+" is none of "+joined(Protocols()))
	}
	if len(e.questions) == 0 {
		return nil, fault.New(fault.Invalid, "the log is too small for the protocol "+protocol+": nothing is left to ask")
	}
	e.protocol, e.train.Groups = protocol, train.groups
	results := make([]Result, 0, len(models))
	for _, m := range models {
		r, err := e.take(ctx, m, o)
		if err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	return results, nil
}

// exam is what a protocol makes of a log: what may be learned, and what is asked.
type exam struct {
	protocol  string
	train     Training
	questions []question
	depth     int // how many items are asked for
	grade     func(ranked []item.Scored, q question) []float64
	measures  []string // names of what grade returns
}

// question is one hidden answer. targets are the hidden items; where order matters the first is the next one.
type question struct {
	history History
	targets []item.Ordinal
}

func (e exam) take(ctx context.Context, s Spec, o Options) (Result, error) {
	started := o.Now()
	model, err := s.fit(ctx, e.train, s.Params)
	if err != nil {
		return Result{}, err
	}
	fitted := o.Now()
	r := Result{Protocol: e.protocol, Model: s.Name, Params: s.Params, Seed: o.Seed, Users: e.train.Users.Len(), Items: e.train.Items,
		Evaluations: len(e.questions), values: make(map[string][]float64, len(e.measures))}
	width := newBreadth(e.train.Counts)
	took := make([]time.Duration, len(e.questions))
	var ranked []item.Scored
	for at, q := range e.questions {
		if at%64 == 0 && ctx.Err() != nil {
			return Result{}, ctx.Err()
		}
		asked := o.Now()
		ranked = model.Answer(ranked[:0], q.history, e.depth)
		took[at] = o.Now().Sub(asked)
		width.see(ranked)
		for m, v := range e.grade(ranked, q) {
			r.values[e.measures[m]] = append(r.values[e.measures[m]], v)
		}
	}
	r.Seconds = fitted.Sub(started).Seconds()
	r.summarise(width, e.depth, took, o.Seed)
	return r, nil
}

// percentile of durations, in microseconds.
func percentile(sorted []time.Duration, p float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return float64(sorted[int(p*float64(len(sorted)-1))].Nanoseconds()) / 1000
}

func sortedDurations(took []time.Duration) []time.Duration {
	out := slices.Clone(took)
	slices.Sort(out)
	return out
}
