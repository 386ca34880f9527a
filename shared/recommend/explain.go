package recommend

import (
	"math"

	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/rank"
)

// Because is how much one thing moved an item up or down, in words.
type Because struct {
	What   string  `json:"what"`
	Amount float64 `json:"amount"` // in the logarithm of odds: 0.7 doubles the chance, -0.7 halves it
}

// loudest is how many reasons are told.
const loudest = 4

// Explain takes apart what the model's rankers say of an item on a shelf for a query: the loudest reasons first, at most four. It is nil where nothing learned ranks the shelf, and for an item that
// did not come by the ranking: by a rule, to be met for the first time, or because too little was found. It costs an answer, for whoever asks; pages do without.
func (w *Worker) Explain(m *Model, q *Query, shelf Placement, i item.Ordinal) []Because {
	defer func() { w.m, w.q = nil, nil }()
	switch shelf {
	case ForYou:
		items, rows := w.Candidates(m, q)
		return explained(w.ranker(), items, rows, i, ForYouFeatureNames[:])
	case BuyAgain:
		items, rows := w.Purchases(m, q)
		if r := m.rhythm(); r != nil {
			return explained(r.Ranker, items, rows, i, PurchaseFeatureNames[:])
		}
	}
	return nil
}

func explained(r *rank.Model, items []item.Ordinal, rows []float32, wanted item.Ordinal, names []string) []Because {
	if r == nil {
		return nil
	}
	var out []Because
	for at, i := range items {
		if i != wanted {
			continue
		}
		for _, s := range r.Explain(nil, rows[at*r.Width():(at+1)*r.Width()]) {
			if amount := math.Round(float64(s.Amount)*1000) / 1000; amount != 0 && len(out) < loudest {
				out = append(out, Because{names[s.Feature], amount})
			}
		}
	}
	return out
}
