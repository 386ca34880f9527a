package backtest

// sample holds what a model reached in some questions, side by side: one value per metric and question.
type sample struct {
	units  []int // whose question it was: questions of one unit depend on each other
	values map[string][]float64
}

func (s *sample) add(unit int, measures []string, values []float64) {
	if s.values == nil {
		s.values = make(map[string][]float64, len(measures))
	}
	s.units = append(s.units, unit)
	for at, v := range values {
		s.values[measures[at]] = append(s.values[measures[at]], v)
	}
}

// join appends another part's questions.
func (s *sample) join(o sample) {
	if s.values == nil {
		s.values = make(map[string][]float64, len(o.values))
	}
	s.units = append(s.units, o.units...)
	for name, values := range o.values {
		s.values[name] = append(s.values[name], values...)
	}
}

// summary is means and intervals of all metrics. A metric that no question has is left out.
func (s sample) summary(seed uint64) (map[string]float64, map[string]Interval) {
	means, intervals := make(map[string]float64, len(s.values)), make(map[string]Interval, len(s.values))
	for name, values := range s.values {
		if c := clusters(values, s.units); len(c) > 0 {
			means[name], intervals[name] = c.mean(), c.interval(seed)
		}
	}
	return means, intervals
}
