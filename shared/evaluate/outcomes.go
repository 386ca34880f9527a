package evaluate

import (
	"cmp"
	"slices"

	"shopkeeper/shared/experiment"
)

// Outcomes is what the people of each group did, summed up: enough for every figure of a report, and nothing about a person.
type Outcomes struct {
	Currency string    `json:"currency"`
	Groups   []Outcome `json:"groups"` // control first, then by name
}

// Outcome sums up one group. Spend is in minor units, beside what the same people had spent before.
type Outcome struct {
	Name       string           `json:"name"`
	Control    bool             `json:"control,omitempty"`
	People     int64            `json:"people"`
	Visits     *int64           `json:"visits,omitempty"` // people who came; nil: not known
	Conversion int64            `json:"conversions"`      // people who ordered
	Orders     *int64           `json:"orders,omitempty"` // nil: not known
	OrdersSq   float64          `json:"orderSquares,omitempty"`
	Spend      experiment.Pairs `json:"spend"`
	Before     bool             `json:"before,omitempty"` // what people had spent before is known
}

// Add counts one person: what they spent, in minor units, with how many orders, and what they had spent before.
func (o *Outcome) Add(spend int64, orders int, before int64) {
	o.People++
	if orders > 0 {
		o.Conversion++
	}
	if o.Orders == nil {
		o.Orders = new(int64)
	}
	*o.Orders += int64(orders)
	o.OrdersSq += float64(orders * orders)
	o.Spend.Add(float64(spend), float64(before))
}

// visited counts one person who came, or not.
func (o *Outcome) visited(came bool) {
	if o.Visits == nil {
		o.Visits = new(int64)
	}
	if came {
		*o.Visits++
	}
}

// hits is a sample of people who did something or not.
func hits(n, people int64) experiment.Moments {
	return experiment.Moments{N: people, Sum: float64(n), Squares: float64(n)}
}

// metric is the group's sample of a metric in whole units; false when it is not known.
func (o *Outcome) metric(m Metric, minor, margin float64) (experiment.Moments, bool) {
	switch m {
	case Visit:
		if o.Visits == nil {
			return experiment.Moments{}, false
		}
		return hits(*o.Visits, o.People), true
	case Conversion:
		return hits(o.Conversion, o.People), true
	case Orders:
		if o.Orders == nil {
			return experiment.Moments{}, false
		}
		return experiment.Moments{N: o.People, Sum: float64(*o.Orders), Squares: o.OrdersSq}, true
	case Spend:
		return o.Spend.Y.Scale(minor), true
	default:
		return o.Spend.Y.Scale(minor * margin), margin > 0
	}
}

// active is how many people have an outcome of the metric: what the clock of the always-valid interval counts.
func (o *Outcome) active(m Metric) int64 {
	if m == Visit && o.Visits != nil {
		return *o.Visits
	}
	return o.Conversion
}

// sort puts the control group first and the others in order of name.
func (o *Outcomes) sort() {
	slices.SortFunc(o.Groups, func(a, b Outcome) int { return cmp.Or(boolCompare(b.Control, a.Control), cmp.Compare(a.Name, b.Name)) })
}

func boolCompare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}
