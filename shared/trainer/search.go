package trainer

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"shopkeeper/shared/backtest"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/ease"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/itemitem"
	"shopkeeper/shared/recommend/knn"
)

// Tuning is the part of the settings that a shop's own log may choose.
type Tuning struct {
	KNN  knn.Settings  `json:"knn"`
	EASE ease.Settings `json:"ease"`
}

// check is Invalid for settings of another time or hand that mean nothing.
func (t Tuning) check() error {
	if !(t.EASE.Lambda > 0) || t.EASE.Top < 0 {
		return fault.InvalidField("ease", "lambda is above 0, top not below")
	}
	return t.KNN.Check()
}

// Search is what a search for better settings tried and found.
type Search struct {
	Trials   int        `json:"trials"`
	Seconds  float64    `json:"seconds"`
	Complete bool       `json:"complete"` // everything was tried before the time was over
	Models   []Searched `json:"models"`
}

// Searched is one model's part: the winner of the search beside the default settings, on questions that the search did not see.
type Searched struct {
	Model      string              `json:"model"`
	Questions  int                 `json:"questions"`
	Default    float64             `json:"default"` // recall@20 of the default settings
	Best       float64             `json:"best"`    // of the winner
	Difference backtest.Difference `json:"difference"`
	Adopted    bool                `json:"adopted"`
}

// rungs are how many questions each round of successive halving asks; a third of the candidates goes on to the next (Jamieson and Talwalkar, "Non-stochastic best arm
// identification and hyperparameter optimization", AISTATS 2016). The last is as many as an exam asks.
var rungs = []int{250, 750, mostQuestions}

const (
	sessionCandidates = 36 // settings of session neighbours that are tried
	weightCandidates  = 8  // of EASE, each of which costs an inverse
)

// search looks for better settings until the time is over and takes what it finds into t.settings. It plays within the history before the exam: fits on all but the last tenth of that, asks for that tenth.
// What wins there is then held against the default settings on the exam's own questions, and adopted only if it is not worse there. The candidates follow from the seed alone, so that equal
// evaluations find equal settings however long they take.
func (t *training) search(ctx context.Context, h history, p plan, known *Tuning) (*Search, error) {
	began := t.settings.Now()
	limit := began.Add(t.settings.Budget)
	s := &searching{training: t, ctx: ctx, past: h.before(p.from), from: p.from, known: known, report: &Search{Complete: true}}
	s.inner = s.past.lastTenth()
	s.fitted = s.past.before(s.inner)
	s.until = began.Add(t.settings.Budget / 2)
	if err := s.sessions(h); err != nil {
		return nil, err
	}
	s.until = limit
	if err := s.weights(h); err != nil {
		return nil, err
	}
	s.report.Seconds = t.settings.Now().Sub(began).Seconds()
	return s.report, nil
}

// searching is one call of search.
type searching struct {
	*training
	ctx    context.Context //nolint:containedctx // lives as long as the call
	past   history         // before the exam
	fitted history         // what candidates are fitted on
	inner  int64           // when that ends
	from   int64           // when the exam begins
	until  time.Time
	known  *Tuning
	report *Search
	last   time.Duration // that the longest trial took
}

// answering answers a history within the catalog that is being trained on.
type answering func(dst []item.Scored, history []item.Ordinal) []item.Scored

// recallsOf are the recalls of the questions.
func recallsOf(questions []question, answer answering) []float64 {
	recalls := make([]float64, len(questions))
	var ranked []item.Scored
	for n, q := range questions {
		ranked = answer(ranked[:0], q.history)
		hits := 0
		for _, target := range q.targets {
			if slices.ContainsFunc(ranked, func(s item.Scored) bool { return s.Item == target }) {
				hits++
			}
		}
		recalls[n] = float64(hits) / float64(min(depth, len(q.targets)))
	}
	return recalls
}

// trial runs one evaluation unless it would probably not end in time.
func (s *searching) trial(do func() error) (ran bool, err error) {
	if err := s.ctx.Err(); err != nil {
		return false, err
	}
	began := s.settings.Now()
	if began.Add(s.last).After(s.until) {
		s.report.Complete = false
		return false, nil
	}
	err = do()
	s.last = max(s.last, s.settings.Now().Sub(began))
	s.report.Trials++
	return true, err
}

// halve tries n candidates in rounds and returns the best, of equals the first; 0, the default settings, when there was no time.
func (s *searching) halve(n int, questions []question, fit func(candidate int) (answering, error)) (int, error) {
	type scored struct {
		candidate int
		recall    float64
	}
	alive := make([]scored, n)
	for c := range alive {
		alive[c].candidate = c
	}
	for round, size := range rungs {
		asked := questions[:min(size, len(questions))]
		var done []scored
		for _, c := range alive {
			ran, err := s.trial(func() error {
				answer, err := fit(c.candidate)
				if err == nil {
					done = append(done, scored{c.candidate, mean(recallsOf(asked, answer))})
				}
				return err
			})
			if err != nil {
				return 0, err
			}
			if !ran {
				break
			}
		}
		if len(done) == 0 || len(done) < len(alive) && round > 0 {
			break // the round before saw them all
		}
		slices.SortStableFunc(done, func(a, b scored) int {
			switch {
			case a.recall > b.recall:
				return -1
			case a.recall < b.recall:
				return 1
			}
			return a.candidate - b.candidate
		})
		alive = done[:max(1, len(done)/3)]
		if len(asked) == len(questions) || len(alive) == 1 {
			break
		}
	}
	return alive[0].candidate, nil
}

// confirm holds a winner against the default settings on the exam's questions.
func (s *searching) confirm(name string, questions []question, fit func(candidate int) (answering, error), winner int) (bool, error) {
	if winner == 0 {
		return false, nil
	}
	before, err := fit(0)
	if err != nil {
		return false, err
	}
	a := recallsOf(questions, before)
	after, err := fit(winner)
	if err != nil {
		return false, err
	}
	b := recallsOf(questions, after)
	d := backtest.Paired(a, b, s.settings.Seed)
	adopted := !d.Worse() && d.Mean >= 0
	s.report.Models = append(s.report.Models, Searched{name, len(questions), mean(a), mean(b), d, adopted})
	return adopted, nil
}

// sessions searches the settings of session neighbours.
func (s *searching) sessions(h history) error {
	questions := shuffled(s.past.visitQuestions(s.inner), s.settings.Seed)
	exam := sample(h.visitQuestions(s.from), s.settings.Seed)
	if len(questions) < enough || len(exam) < enough {
		return nil
	}
	candidates := sessionSettings(s.settings.Seed, s.settings.KNN, s.known)
	fit := func(visits []knn.Session) func(int) (answering, error) {
		return func(c int) (answering, error) {
			x, err := knn.Build(visits, h.items, candidates[c])
			if err != nil {
				return nil, err
			}
			var scratch knn.Scratch
			return func(dst []item.Scored, history []item.Ordinal) []item.Scored {
				return x.Continue(dst, &scratch, history, depth)
			}, nil
		}
	}
	winner, err := s.halve(len(candidates), questions, fit(s.fitted.visits()))
	if err != nil {
		return err
	}
	adopted, err := s.confirm("session neighbours", exam, fit(s.past.visits()), winner)
	if adopted {
		s.settings.KNN = candidates[winner]
	}
	return err
}

// weights searches the settings of item-item weights, where EASE makes them.
func (s *searching) weights(h history) error {
	questions := shuffled(s.past.peopleQuestions(s.inner, s.settings.Weights), s.settings.Seed)
	exam := sample(h.peopleQuestions(s.from, s.settings.Weights), s.settings.Seed)
	if len(questions) < enough || len(exam) < enough {
		return nil
	}
	candidates := weightSettings(s.settings.Seed, s.settings.EASE, s.known)
	fit := func(of history) func(int) (answering, error) {
		held, dense := s.held(of)
		return func(c int) (answering, error) {
			rows, err := ease.Fit(s.ctx, dense, len(held), candidates[c])
			if err != nil {
				return nil, err
			}
			rows = expand(rows, held, h.items)
			var scratch itemitem.Scratch
			return func(dst []item.Scored, history []item.Ordinal) []item.Scored {
				return itemitem.Score(dst, &scratch, rows, history, nil, depth)
			}, nil
		}
	}
	if held, _ := s.held(h); s.elsewhere != nil || !s.inverts(len(held)) { // a sample of people wants another lambda than all of them
		return nil
	}
	winner, err := s.halve(len(candidates), questions, fit(s.fitted))
	if err != nil {
		return err
	}
	adopted, err := s.confirm("item-item weights", exam, fit(s.past), winner)
	if adopted {
		s.settings.EASE = candidates[winner]
	}
	return err
}

// shuffled puts questions in an order in which each beginning is a fair sample.
func shuffled(questions []question, seed uint64) []question {
	random := rand.New(rand.NewPCG(seed, uint64(len(questions))))
	random.Shuffle(len(questions), func(a, b int) { questions[a], questions[b] = questions[b], questions[a] })
	return questions
}

func pick[T any](random *rand.Rand, from ...T) T { return from[random.IntN(len(from))] }

// sessionSettings are the candidates: the default settings, what won last time, those for visits, and random ones.
func sessionSettings(seed uint64, standard knn.Settings, known *Tuning) []knn.Settings {
	all := []knn.Settings{standard}
	if known != nil && known.check() == nil {
		all = append(all, known.KNN)
	}
	all = append(all, knn.SequenceSettings)
	const day = 24 * time.Hour
	random := rand.New(rand.NewPCG(seed, 0x5e55))
	for len(all) < sessionCandidates {
		c := knn.Settings{
			Newest: pick(random, 250, 500, 1000, 1502, 2500), Neighbours: pick(random, 50, 100, 200, 288, 500), Last: pick(random, 2, 3, 4, 6, 8, 10, 16),
			IDF: pick(random, 0, 0.5, 1, 2, 5), Longest: pick(random, 0.995, 1), Position: pick(random, knn.Linear, knn.Quadratic, knn.Exponential, knn.Same),
			Vote: pick(random, knn.Linear, knn.Quadratic, knn.Exponential, knn.Same), HalfLife: pick(random, 0, 3*day, 10*day, 30*day, 90*day),
			Near: pick(random, 0, 0, 0.5, 1, 2), Long: pick(random, 0, 0, 0.25, 0.5),
		}
		if c.Check() == nil {
			all = append(all, c)
		}
	}
	return all
}

func weightSettings(seed uint64, standard ease.Settings, known *Tuning) []ease.Settings {
	all := []ease.Settings{standard}
	if known != nil && known.check() == nil {
		all = append(all, known.EASE)
	}
	random := rand.New(rand.NewPCG(seed, 0xea5e))
	for len(all) < weightCandidates {
		all = append(all, ease.Settings{Lambda: pick[float64](random, 5, 20, 50, 100, 300, 500, 1000, 2000), Top: pick(random, 20, 50, 100, 200)})
	}
	return all
}
