// Package backtest measures recommendation models on what really happened: it hides a part of a log, asks a model for it, and counts.
//
// A figure without its protocol is not comparable, so each protocol is a file of its own that says exactly what is hidden from whom:
//
//	strong-generalisation   customers the model never saw; 80 % of their items given, 20 % hidden (strong.go)
//	time-split              known customers; the last 20 % of their items by time hidden (timesplit.go)
//	sliding                 several moments; what known customers did after each hidden, what all did before it learned (sliding.go)
//	next-item               every prefix of a session; the next item hidden (nextitem.go)
//	next-basket             customers with their orders; the last order hidden (nextbasket.go)
//
// Every model answers the same questions in the same order, so two models can be compared by a paired bootstrap (Compare). Questions that depend on each other, as the prefixes of one
// session, are drawn together: intervals and comparisons are by session or customer, never by question. Accuracy is told for everybody and apart for parts of the customers and for cold items
// (parts.go); what lists are worth beyond hits is in breadth.go. A run is a pure function of the log, the settings and the seed, but for the times it took.
package backtest

import (
	"context"
	"fmt"
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
	Sliding              = "sliding"
)

// Protocols lists the protocols' names.
func Protocols() []string {
	return []string{StrongGeneralisation, TimeSplit, Sliding, NextItem, NextBasket}
}

// Options are what every protocol needs. Now is required; it only measures.
type Options struct {
	Seed   uint64
	Users  int // at most so many test users of strong-generalisation, time-split, sliding (each split) and next-basket, drawn at random; 0 means the protocol's own number
	Splits int // of sliding; 0 means DefaultSplits
	Cold   int // an item is cold that fewer baskets or sessions of the training hold; 0 means DefaultCold
	Now    func() time.Time
}

// Run plays a protocol for each model in turn, one result per model. test is the test log of next-item; without one its newest sessions are the test.
// Invalid for an unknown protocol or a log that leaves nothing to ask.
func Run(ctx context.Context, protocol string, train Log, test *Log, models []Spec, o Options) ([]Result, error) {
	parts, err := exams(protocol, train, test, o)
	if err != nil {
		return nil, err
	}
	if len(parts) == 0 || slices.ContainsFunc(parts, func(e exam) bool { return len(e.questions) == 0 }) {
		return nil, fault.New(fault.Invalid, "the log is too small for the protocol "+protocol+": nothing is left to ask")
	}
	results := make([]Result, 0, len(models))
	for _, m := range models {
		r, err := sit(ctx, parts, m, o)
		if err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	return results, nil
}

// exams are what a protocol makes of a log: one, or one for each split.
func exams(protocol string, train Log, test *Log, o Options) ([]exam, error) {
	var parts []exam
	switch protocol {
	case StrongGeneralisation:
		parts = []exam{strong(train, o)}
	case TimeSplit:
		parts = []exam{timeSplit(train, o)}
	case NextItem:
		parts = []exam{nextItem(train, test)}
	case NextBasket:
		parts = []exam{nextBasket(train, o)}
	case Sliding:
		var err error
		if parts, err = sliding(train, o); err != nil {
			return nil, err
		}
	default:
		return nil, fault.InvalidField("protocol", protocol+" is none of "+joined(Protocols()))
	}
	for i := range parts {
		parts[i].protocol = protocol
		parts[i].train.Groups, parts[i].train.Described = train.groups, train.described
		parts[i].sort()
	}
	return parts, nil
}

// exam is what a protocol makes of a log: what may be learned, and what is asked.
type exam struct {
	protocol  string
	train     Training
	questions []question
	depth     int // how many items are asked for
	grade     func(ranked []item.Scored, q question) []float64
	measures  []string // names of what grade returns
	from, to  int64    // of a split: when the hidden time begins and ends, in Unix milliseconds
	main      int      // the measure that decides between models
}

// question is one hidden answer. targets are the hidden items; where order matters the first is the next one.
type question struct {
	history History
	targets []item.Ordinal
	unit    int      // whose it is: questions of one unit depend on each other
	segment string   // of the customer; empty where the log has none
	parts   []string // what the question belongs to, see sort
}

// sit lets a model take all parts of an exam.
func sit(ctx context.Context, parts []exam, s Spec, o Options) (Result, error) {
	var whole Result
	for at, e := range parts {
		r, err := e.take(ctx, s, o)
		if err != nil {
			return Result{}, err
		}
		if at == 0 {
			whole = r
		} else {
			whole.join(r)
		}
		if len(parts) > 1 {
			whole.Splits = append(whole.Splits, r.split(e))
		}
	}
	whole.summarise(o.Seed)
	return whole, nil
}

// take fits the model and asks it everything.
func (e exam) take(ctx context.Context, s Spec, o Options) (Result, error) {
	started := o.Now()
	model, err := s.fit(ctx, e.train, s.Params)
	if err != nil {
		return Result{}, err
	}
	fitted := o.Now()
	r := Result{Protocol: e.protocol, Model: s.Name, Params: s.Params, Seed: o.Seed, Users: e.train.Users.Len(), Items: e.train.Items,
		Evaluations: len(e.questions), Seconds: fitted.Sub(started).Seconds(), depth: e.depth, parts: map[string]*sample{}}
	width, variety := newBreadth(e.train.Counts), newVariety(e.train)
	measures := append(slices.Clone(e.measures), fmt.Sprintf("novelty@%d", min(e.depth, widest)), fmt.Sprintf("diversity@%d", min(e.depth, widest)))
	var ranked []item.Scored
	for at, q := range e.questions {
		if at%64 == 0 && ctx.Err() != nil {
			return Result{}, ctx.Err()
		}
		asked := o.Now()
		ranked = model.Answer(ranked[:0], q.history, e.depth)
		r.took = append(r.took, o.Now().Sub(asked))
		width.see(ranked)
		values := e.grade(ranked, q)
		e.tell(&r, ranked, q, values, o)
		novelty, diversity := variety.of(ranked)
		r.all.add(q.unit, measures, append(values, novelty, diversity))
	}
	r.coverage, r.popularity = []float64{width.coverage()}, []float64{width.mean()}
	if m, ok := model.(interface{ Note() string }); ok {
		r.Note = m.Note()
	}
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
