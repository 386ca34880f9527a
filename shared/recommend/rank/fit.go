package rank

import (
	"context"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"

	"shopkeeper/shared/fault"
)

// Settings are what a backtest may vary.
type Settings struct {
	L2     float64 // pull of the standardised weights to 0, per question
	Trees  int     // at most MaxTrees; 0 leaves the model linear
	Depth  int     // of a tree
	Shrink float64 // of a tree's leaves
	Least  float64 // curvature a leaf needs: about how many choices it must explain
}

// DefaultSettings are linear: about 10 ns a candidate and feature.
var DefaultSettings = Settings{L2: 1e-3, Depth: 4, Shrink: 0.1, Least: 5}

func (s Settings) check() error {
	var wrong []fault.Field
	refuse := func(bad bool, path, reason string) {
		if bad {
			wrong = append(wrong, fault.Field{Path: path, Reason: reason})
		}
	}
	refuse(!(s.L2 > 0 && s.L2 <= 1e6), "l2", "above 0")
	refuse(s.Trees < 0 || s.Trees > MaxTrees, "trees", "from 0 to 1024")
	refuse(s.Trees > 0 && (s.Depth < 1 || s.Depth > MaxDepth), "depth", "from 1 to 8")
	refuse(s.Trees > 0 && !(s.Shrink > 0 && s.Shrink <= 1), "shrink", "above 0, at most 1")
	refuse(s.Trees > 0 && !(s.Least > 0), "least", "above 0")
	if len(wrong) > 0 {
		return fault.InvalidFields(wrong...)
	}
	return nil
}

// Fit finds the model that makes what was chosen most likely. Equal sets give equal models. Invalid for settings that mean nothing, a set without a
// question, and features that are not finite numbers; the context's error when it ends.
func Fit(ctx context.Context, set *Set, s Settings) (*Model, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if err := set.check(); err != nil {
		return nil, err
	}
	mean, scale := moments(set)
	n := &newton{set: set, mean: mean, scale: scale, l2: s.L2 * float64(set.Len()), weights: make([]float64, set.width)}
	if err := n.climb(ctx); err != nil {
		return nil, err
	}
	m := &Model{Mean: make([]float32, set.width), Weights: make([]float32, set.width)}
	for f := range set.width {
		m.Mean[f] = float32(mean[f])
		if scale[f] > 0 {
			m.Weights[f] = float32(n.weights[f] / scale[f])
		}
	}
	if s.Trees > 0 {
		if err := boost(ctx, m, set, s); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// moments are each feature's mean and standard deviation over all rows; a scale of 0 is a feature that is always the same.
func moments(set *Set) (mean, scale []float64) {
	mean, scale = make([]float64, set.width), make([]float64, set.width)
	rows := len(set.gains)
	for n := range rows {
		for f, x := range set.row(n) {
			mean[f] += float64(x)
		}
	}
	for f := range mean {
		mean[f] /= float64(rows)
	}
	for n := range rows {
		for f, x := range set.row(n) {
			scale[f] += (float64(x) - mean[f]) * (float64(x) - mean[f])
		}
	}
	for f := range scale {
		if scale[f] = math.Sqrt(scale[f] / float64(rows)); scale[f] < 1e-9*math.Abs(mean[f]) || scale[f] < 1e-30 {
			scale[f] = 0
		}
	}
	return mean, scale
}

// newton climbs the likelihood on standardised features.
type newton struct {
	set         *Set
	mean, scale []float64
	l2          float64
	weights     []float64
	scores      []float64
	x, centre   []float64
}

const (
	mostSteps = 50
	tolerance = 1e-9 // relative change of the loss that ends the climb
)

// climb goes by Newton steps, halved until the loss falls.
func (n *newton) climb(ctx context.Context) error {
	d := n.set.width
	gradient, hessian := make([]float64, d), make([]float64, d*d)
	n.x, n.centre = make([]float64, d), make([]float64, d)
	loss := n.loss(n.weights)
	for range mostSteps {
		if err := ctx.Err(); err != nil {
			return err
		}
		n.derive(gradient, hessian)
		step, ok := solve(hessian, gradient)
		if !ok {
			return fault.New(fault.Invalid, "ranker: the features' sizes differ too much to be weighed")
		}
		next, better := n.search(step, loss)
		if !better {
			return nil
		}
		done := loss-next <= tolerance*math.Abs(loss)
		if loss = next; done {
			return nil
		}
	}
	return nil
}

// search tries the step, its half, a quarter and so on, and takes the first that lowers the loss.
func (n *newton) search(step []float64, loss float64) (next float64, better bool) {
	trial := make([]float64, len(step))
	for share := 1.0; share > 1e-6; share /= 2 {
		for f := range trial {
			trial[f] = n.weights[f] - share*step[f]
		}
		if next = n.loss(trial); next < loss {
			copy(n.weights, trial)
			return next, true
		}
	}
	return loss, false
}

// standard fills x with the standardised row.
func (n *newton) standard(row []float32) {
	for f, v := range row {
		if n.x[f] = 0; n.scale[f] > 0 {
			n.x[f] = (float64(v) - n.mean[f]) / n.scale[f]
		}
	}
}

// score fills scores with a question's scores and returns log sum exp of them.
func (n *newton) score(q int, weights []float64) float64 {
	from, to := n.set.start(q), n.set.ends[q]
	n.scores = n.scores[:0]
	most := math.Inf(-1)
	for r := from; r < to; r++ {
		s := 0.0
		for f, v := range n.set.row(r) {
			if n.scale[f] > 0 {
				s += weights[f] * (float64(v) - n.mean[f]) / n.scale[f]
			}
		}
		n.scores = append(n.scores, s)
		most = max(most, s)
	}
	sum := 0.0
	for _, s := range n.scores {
		sum += math.Exp(s - most)
	}
	return most + math.Log(sum)
}

func (n *newton) loss(weights []float64) float64 {
	loss := 0.0
	for _, w := range weights {
		loss += n.l2 / 2 * w * w
	}
	for q := range n.set.Len() {
		all := n.score(q, weights)
		_, gains := n.set.Question(q)
		total := sum(gains)
		for r, g := range gains {
			if g > 0 {
				loss += float64(g) / total * (all - n.scores[r])
			}
		}
	}
	return loss
}

func sum(gains []float32) (total float64) {
	for _, g := range gains {
		total += float64(g)
	}
	return total
}

// derive fills the gradient and the upper triangle of the hessian of the loss at the weights.
func (n *newton) derive(gradient, hessian []float64) {
	d := n.set.width
	clear(gradient)
	clear(hessian)
	for f := range d {
		gradient[f] = n.l2 * n.weights[f]
		hessian[f*d+f] = n.l2
	}
	for q := range n.set.Len() {
		all := n.score(q, n.weights)
		from := n.set.start(q)
		_, gains := n.set.Question(q)
		total := sum(gains)
		clear(n.centre)
		for r, g := range gains {
			p := math.Exp(n.scores[r] - all)
			n.standard(n.set.row(from + r))
			for a, x := range n.x {
				gradient[a] += (p - float64(g)/total) * x
				n.centre[a] += p * x
			}
			if p > 1e-7 {
				outer(hessian, n.x, p)
			}
		}
		outer(hessian, n.centre, -1)
	}
}

// outer adds weight x x' to the upper triangle.
func outer(h, x []float64, weight float64) {
	d := len(x)
	for a, v := range x {
		if v *= weight; v == 0 {
			continue
		}
		row := h[a*d : (a+1)*d]
		for b := a; b < d; b++ {
			row[b] += v * x[b]
		}
	}
}

// solve gives h^-1 g for a positive definite h, whose upper triangle it spoils; false when h is not.
func solve(h, g []float64) ([]float64, bool) {
	d := len(g)
	factor, ok := lapack64.Potrf(blas64.Symmetric{Uplo: blas.Upper, N: d, Data: h, Stride: d})
	if !ok {
		return nil, false
	}
	step := append([]float64(nil), g...)
	lapack64.Potrs(factor, blas64.General{Rows: d, Cols: 1, Data: step, Stride: 1})
	return step, true
}
