package rank

import (
	"shopkeeper/shared/fault"
)

// Set is what a model is fitted on: questions, each with its candidates' rows and what each candidate was worth. Not for concurrent use.
type Set struct {
	width int
	rows  []float32
	gains []float32
	ends  []int // per question: how many rows there are with it
}

// NewSet is an empty set of rows with so many features.
func NewSet(width int) *Set { return &Set{width: width} }

// Add adds a candidate to the question under way and returns its row, all 0, to be filled before the next Add. gain is 0 for a candidate that was not chosen.
func (s *Set) Add(gain float32) []float32 {
	from := len(s.rows)
	s.rows = append(s.rows, make([]float32, s.width)...)
	s.gains = append(s.gains, gain)
	return s.rows[from:]
}

// End ends the question under way. One in which nothing was chosen, or everything, teaches nothing and is dropped: End says false.
func (s *Set) End() bool {
	from := s.start(len(s.ends))
	chosen := 0
	for _, g := range s.gains[from:] {
		if g > 0 {
			chosen++
		}
	}
	if chosen == 0 || chosen == len(s.gains)-from {
		s.gains, s.rows = s.gains[:from], s.rows[:from*s.width]
		return false
	}
	s.ends = append(s.ends, len(s.gains))
	return true
}

// Len is how many questions are kept.
func (s *Set) Len() int { return len(s.ends) }

func (s *Set) start(question int) int {
	if question == 0 {
		return 0
	}
	return s.ends[question-1]
}

// row is a view of one candidate's features.
func (s *Set) row(n int) []float32 { return s.rows[n*s.width : (n+1)*s.width] }

// Question is a view of one question's rows, candidate after candidate, and what each was worth.
func (s *Set) Question(q int) (rows, gains []float32) {
	from, to := s.start(q), s.ends[q]
	return s.rows[from*s.width : to*s.width], s.gains[from:to]
}

// check refuses what cannot be learned from (Invalid).
func (s *Set) check() error {
	switch {
	case s.width < 1 || s.width > MaxWidth:
		return fault.Newf(fault.Invalid, "ranker: %d features, from 1 to %d", s.width, MaxWidth)
	case !finite(s.rows) || !finite(s.gains):
		return fault.New(fault.Invalid, "ranker: a feature is not a finite number")
	case len(s.ends) == 0:
		return fault.New(fault.Invalid, "ranker: no question in which something was chosen and something was not")
	}
	for _, g := range s.gains {
		if g < 0 {
			return fault.New(fault.Invalid, "ranker: a candidate is worth less than nothing")
		}
	}
	return nil
}
