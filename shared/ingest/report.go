package ingest

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"shopkeeper/shared/event"
)

// reportValue is how much of a rejected value a report quotes.
const reportValue = 200

// report writes what was rejected: line, column, reason, value.
type report struct {
	out  *csv.Writer
	rows int64
}

func newReport(w io.Writer) (*report, error) {
	r := &report{out: csv.NewWriter(w)}
	return r, r.out.Write([]string{"line", "column", "reason", "value"})
}

func (r *report) add(e *rowError) error {
	r.rows++
	if err := r.out.Write([]string{strconv.Itoa(e.Line), e.Column, e.Reason, event.Cut(e.Value, reportValue)}); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

func (r *report) end() error {
	r.out.Flush()
	if err := r.out.Error(); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}
