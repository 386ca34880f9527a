package warehouse

import (
	"context"
	"strconv"

	"shopkeeper/shared/fault"
)

// Counts is what the history holds.
type Counts struct{ People, Interactions, Orders, Lines, Unknown int }

// Counts counts the history.
func (r *Run) Counts(ctx context.Context) (c Counts, err error) {
	err = r.all.rows(ctx, "counts", numbers(func(n []int64) { c.Interactions, c.Unknown, c.People = int(n[0]), int(n[1]), int(n[2]) }))
	if err == nil {
		err = r.all.rows(ctx, "ordercounts", numbers(func(n []int64) { c.Orders, c.Lines = int(n[0]), int(n[1]) }))
	}
	return c, err
}

// numbers reads rows of whole numbers; what is NULL is 0.
func numbers(each func([]int64)) func([]string) error {
	return func(values []string) error {
		row := make([]int64, len(values))
		for n, v := range values {
			if v == "" {
				continue
			}
			var err error
			if row[n], err = strconv.ParseInt(v, 10, 64); err != nil {
				return fault.Wrap(fault.Internal, err, "the warehouse answers with what is no number")
			}
		}
		each(row)
		return nil
	}
}

// Doing is one thing that somebody did with an item of the catalog.
type Doing struct {
	User    string `parquet:"usr,optional"`
	Session string `parquet:"session,optional"`
	Basket  string `parquet:"basket,optional"` // the order number of a line of an order
	Item    string `parquet:"item,optional"`
	Kind    int32  `parquet:"kind,optional"` // interaction.Kind
	Millis  int64  `parquet:"ms,optional"`   // Unix
	Line    int32  `parquet:"line,optional"`
}

const sampleParts = 1024 // that people are divided into

// Sample hands everything that some people did to each, in no order: of all when they did no more than most things, else of a share of them that is the same in every run.
func (r *Run) Sample(ctx context.Context, most int, each func(Doing)) error {
	c, err := r.Counts(ctx)
	if err != nil {
		return err
	}
	parts := sampleParts
	if all := c.Interactions + c.Lines; all > most {
		parts = max(1, int(int64(sampleParts)*int64(most)/int64(all)))
	}
	r.all.set("parts", parts)
	place, err := r.all.place(ctx, "sample")
	if err != nil {
		return err
	}
	return Read(ctx, r.files, place, func(rows []Doing) error {
		for _, d := range rows {
			each(d)
		}
		return nil
	})
}
