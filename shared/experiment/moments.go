package experiment

import "math"

// Moments sums up a sample so that parts of it can be gathered apart and merged. The zero value is an empty sample. Sums of whole numbers (minor units of money) are exact as long as the sum
// of their squares stays below 2^53: then no order of adding or merging changes a digit.
type Moments struct {
	N       int64   `json:"n"`
	Sum     float64 `json:"sum"`
	Squares float64 `json:"squares"` // sum of squares
}

// Add counts one observation.
func (m *Moments) Add(x float64) {
	m.N++
	m.Sum += x
	m.Squares += x * x
}

// Zeros counts n people whose outcome is 0.
func (m *Moments) Zeros(n int64) { m.N += n }

// Merge counts the observations of another part.
func (m *Moments) Merge(o Moments) {
	m.N += o.N
	m.Sum += o.Sum
	m.Squares += o.Squares
}

// Scale is the sample with every observation times f: minor units into whole ones.
func (m Moments) Scale(f float64) Moments {
	return Moments{N: m.N, Sum: m.Sum * f, Squares: m.Squares * f * f}
}

// Group is mean and sample variance (divided by n - 1; 0 for fewer than two).
func (m Moments) Group() Group {
	if m.N == 0 {
		return Group{}
	}
	n := float64(m.N)
	g := Group{N: m.N, Mean: m.Sum / n}
	if m.N > 1 {
		g.Variance = max(0, (m.Squares-m.Sum*m.Sum/n)/(n-1))
	}
	return g
}

// Pairs sums up outcomes y beside a covariate x known before the groups were drawn, such as what a person spent in the year before.
type Pairs struct {
	Y       Moments `json:"y"`
	X       Moments `json:"x"`
	Product float64 `json:"product"` // sum of x*y
}

// Add counts one person.
func (p *Pairs) Add(y, x float64) {
	p.Y.Add(y)
	p.X.Add(x)
	p.Product += x * y
}

// Merge counts the people of another part.
func (p *Pairs) Merge(o Pairs) {
	p.Y.Merge(o.Y)
	p.X.Merge(o.X)
	p.Product += o.Product
}

// Covariance is the sample covariance of x and y.
func (p Pairs) Covariance() float64 {
	if p.Y.N < 2 {
		return 0
	}
	return (p.Product - p.Y.Sum*p.X.Sum/float64(p.Y.N)) / float64(p.Y.N-1)
}

// Correlation of x and y; 0 when one does not vary.
func (p Pairs) Correlation() float64 {
	v := p.X.Group().Variance * p.Y.Group().Variance
	if v == 0 {
		return 0
	}
	return p.Covariance() / math.Sqrt(v)
}

// Theta is the slope that takes the most noise out of a comparison of both groups, over the people of both together. 0 when x does not vary.
func Theta(treated, control Pairs) float64 {
	both := treated
	both.Merge(control)
	v := both.X.Group().Variance
	if v == 0 {
		return 0
	}
	return both.Covariance() / v
}

// Adjusted is the sample of y - theta x.
func (p Pairs) Adjusted(theta float64) Group {
	y, x := p.Y.Group(), p.X.Group()
	return Group{N: y.N, Mean: y.Mean - theta*x.Mean, Variance: max(0, y.Variance+theta*theta*x.Variance-2*theta*p.Covariance())}
}

// AdjustedRelative is the lift of adjusted means over the control group's plain mean.
func AdjustedRelative(treated, control Pairs, theta float64) Effect {
	return relative(treated.Adjusted(theta), control.Adjusted(theta), control.Y.Group().Mean, treated.Y.Group().Mean)
}
