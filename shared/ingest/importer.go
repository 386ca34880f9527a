package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/table"
)

// Importer imports files into the shops of a deployment. It is safe for concurrent use; the same file is imported once at a time.
type Importer struct {
	log     *slog.Logger
	now     func() time.Time
	tables  table.Store
	aliases *identity.Aliases
	catalog *catalog.Store
	erased  *consent.Erased // nil: nobody ever is
	limit   int             // messages of a batch; tests make it small
}

// New makes an Importer.
func New(log *slog.Logger, now func() time.Time, tables table.Store, aliases *identity.Aliases, items *catalog.Store) *Importer {
	return &Importer{log: log, now: now, tables: tables, aliases: aliases, catalog: items, limit: batchMessages}
}

// Refusing has the importer pass over what happened to erased persons before their erasure, and rows of theirs without a time. It returns the importer.
func (im *Importer) Refusing(erased *consent.Erased) *Importer {
	im.erased = erased
	return im
}

// Job is one file to import.
type Job struct {
	Shop     event.ShopID
	Name     string            // for messages
	As       Kind              //
	Map      map[string]string // field to column, where the usual names do not fit
	Currency string            // of amounts that name none, ISO 4217
	Zone     *time.Location    // of times that name none; nil is UTC
	Open     func() (io.ReadCloser, error)
	Report   io.Writer      // receives the CSV of rejected rows; nil for none
	Progress func(Progress) // called now and then; nil for none
}

func (j *Job) zone() *time.Location {
	if j.Zone == nil {
		return time.UTC
	}
	return j.Zone
}

// Progress is how far a run is.
type Progress struct {
	Read int64 // bytes of the file as it is stored
	Rows int64
}

// Result says what an import did. Rows = Accepted + Rejected + Duplicates + Other + Erased. The counts are of the whole file, also of what an earlier run that was stopped had stored.
type Result struct {
	Rows       int64   `json:"rows"`
	Accepted   int64   `json:"accepted"`
	Rejected   int64   `json:"rejected"`
	Duplicates int64   `json:"duplicates"`       // stored before, by another import or another row
	Erased     int64   `json:"erased,omitempty"` // of persons who were erased on request since
	Other      int64   `json:"other"`            // well-formed rows that are neither goods nor orders: postage, fees, stock-keeping
	Events     int64   `json:"events"`
	People     int64   `json:"people"`
	Items      int64   `json:"items"` // added or changed in the catalog
	Resumed    bool    `json:"resumed,omitempty"`
	Seconds    float64 `json:"seconds"`
	Report     string  `json:"report"` // where the rejected rows are listed; empty when none was
}

// progressRows is how often Progress is called.
const progressRows = 4096

// File imports a file. When ctx ends it stops after the batch at hand and returns ctx's error with the counts so far; the same call goes on from there. Invalid means that
// the file as a whole cannot be read: no such column, damaged compression.
func (im *Importer) File(ctx context.Context, job Job) (Result, error) {
	started := im.now()
	mark, err := fingerprint(&job)
	if err != nil {
		return Result{}, err
	}
	b := &batches{im: im, job: &job, key: checkpointKey(job.Shop, mark)}
	if b.state, err = load(ctx, im.tables, b.key); err != nil {
		return Result{}, err
	}
	if b.state.Done && job.As == Items {
		b.state = checkpoint{} // a catalog may have changed in between: compare again
	}
	already := b.state.Done
	b.redo = b.state.Batch
	if b.state.Started.IsZero() {
		b.state.File, b.state.Started = job.Name, started.UTC()
	}
	var result Result
	result.Resumed = b.redo > 0 && !already
	err = im.pass(ctx, &job, b, &result)
	if err == nil && !already {
		b.state.Done, b.state.At = true, im.now().UTC()
		err = b.state.save(context.WithoutCancel(ctx), im.tables, b.key)
	}
	result.sum(b.state, already)
	result.Seconds = im.now().Sub(started).Seconds()
	return result, err
}

// sum fills in the counts that the checkpoint keeps. A file that was imported before is all duplicates.
func (r *Result) sum(c checkpoint, already bool) {
	if already {
		r.Duplicates, r.Erased = c.Accepted+c.Duplicates, c.Erased
		return
	}
	r.Accepted, r.Duplicates, r.Erased, r.Events, r.People, r.Items = c.Accepted, c.Duplicates, c.Erased, c.Events, c.People, c.Added+c.Updated
}

// pass reads the file once.
func (im *Importer) pass(ctx context.Context, job *Job, b *batches, result *Result) error {
	file, err := job.Open()
	if err != nil {
		return err
	}
	defer file.Close()
	counted := &counter{in: file}
	text, err := Decompress(counted)
	if err != nil {
		return err
	}
	defer text.Close()
	rows, err := openRows(text)
	if err != nil {
		return damaged(err)
	}
	bound, err := bind(job.As, job.Map, rows.header)
	if err != nil {
		return err
	}
	out := job.Report
	if out == nil {
		out = io.Discard
	}
	rejected, err := newReport(out)
	if err != nil {
		return err
	}
	in := &reader{bound: bound, zone: job.zone(), currency: job.Currency}
	err = im.read(ctx, rows, in, newBuilder(job), b, rejected, result, func() {
		if job.Progress != nil {
			job.Progress(Progress{Read: counted.n, Rows: result.Rows})
		}
	})
	return errors.Join(err, rejected.end())
}

// read feeds the rows to the builder, and what it emits to the batches.
func (im *Importer) read(ctx context.Context, rows *rows, in *reader, build builder, b *batches, rejected *report, result *Result, progress func()) error {
	emit := func(u unit) error { return b.add(ctx, u) }
	for {
		r, err := rows.next()
		if errors.Is(err, io.EOF) {
			break
		}
		broken, ok := errors.AsType[*rowError](err)
		if err != nil && !ok {
			return damaged(err)
		}
		if result.Rows++; result.Rows%progressRows == 0 {
			progress()
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		if ok {
			result.Rejected++
			if err := rejected.add(broken); err != nil {
				return err
			}
			continue
		}
		in.row, in.wrong = r, nil
		kept, err := build.add(in, emit)
		if err != nil {
			return err
		}
		switch {
		case in.rejected():
			result.Rejected++
			if err := rejected.add(in.wrong); err != nil {
				return err
			}
		case !kept:
			result.Other++
		}
	}
	if err := build.end(emit); err != nil {
		return err
	}
	progress()
	return b.flush(ctx)
}

// damaged says that a file broke off or cannot be unpacked. What came before it is stored.
func damaged(err error) error {
	if fault.KindOf(err) != fault.Internal {
		return err
	}
	return fault.Wrap(fault.Invalid, err, fmt.Sprintf("the file is damaged or cut short: %v", err))
}
