package trainer

import (
	"context"
	"time"

	"shopkeeper/shared/backtest"
	"shopkeeper/shared/warehouse"
)

// Report is what a training did and found.
type Report struct {
	Version      uint64        `json:"version,string"`
	Bytes        int           `json:"bytes"` // of the file
	Items        int           `json:"items"`
	People       int           `json:"people"`
	Interactions int           `json:"interactions"`
	Baskets      int           `json:"baskets"`
	Lines        int           `json:"lines"`   // of baskets
	Unknown      int           `json:"unknown"` // events and lines of items that are not in the catalog
	Models       []ModelReport `json:"models"`
	Holdout      Holdout       `json:"holdout"`
	Checks       []Check       `json:"checks"`
	Publish      bool          `json:"publish"`
	Search       *Search       `json:"search,omitempty"`
	Tuning       Tuning        `json:"tuning"` // the settings that it was trained with
	Reason       string        `json:"reason"` // why it is published or refused, in words
	Note         string        `json:"note,omitempty"`
	Seconds      float64       `json:"seconds"`
}

// ModelReport is one model of the file.
type ModelReport struct {
	Name    string  `json:"name"`
	Method  string  `json:"method"`
	Entries int     `json:"entries"` // postings, weights, pairs, places on lists, or items
	Seconds float64 `json:"seconds"`
}

// Holdout is what the models were asked. Unseen says that none of them had seen the answers; otherwise all had.
type Holdout struct {
	From   time.Time `json:"from"`
	Unseen bool      `json:"unseen"`
}

// Check is one model's measure on the holdout: of the model in use (nil when there is none), of the new one, and of plain popularity.
type Check struct {
	Model      string               `json:"model"`
	Metric     string               `json:"metric"`
	Questions  int                  `json:"questions"`
	Before     *float64             `json:"before,omitempty"`
	After      float64              `json:"after"`
	Popularity float64              `json:"popularity"`
	Difference *backtest.Difference `json:"difference,omitempty"` // after - before
	Alone      map[string]float64   `json:"alone,omitempty"`      // what is reached without what was learned: by each source of for-you and by fixed shares of them; by similar items without words
	Gain       *backtest.Difference `json:"gain,omitempty"`       // of what was learned over the best of Alone
	Note       string               `json:"note,omitempty"`
}

// countElsewhere counts the whole history where h is a sample of it.
func (r *Report) countElsewhere(ctx context.Context, run *warehouse.Run) error {
	if run == nil {
		return nil
	}
	c, err := run.Counts(ctx)
	r.People, r.Interactions, r.Baskets, r.Lines, r.Unknown = c.People, c.Interactions, c.Orders, c.Lines, c.Unknown
	return err
}

func (h history) report(models []ModelReport, note string) Report {
	return Report{Items: h.items, People: h.people, Interactions: len(h.events), Baskets: len(h.orders), Lines: h.lines, Unknown: h.unknown, Models: models, Note: note}
}

// note adds what was judged of a model to its check.
func (r *Report) note(judged *Check) {
	for n := range r.Checks {
		if c := &r.Checks[n]; judged != nil && c.Model == judged.Model {
			c.Gain, c.Alone, c.Note = judged.Gain, judged.Alone, judged.Note
		}
	}
}
