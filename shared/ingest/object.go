package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/shop"
)

// Where files are dropped, and where what became of them is written: imports/SHOP/KIND/FILE, with an optional imports/SHOP/KIND/FILE.map.json (an object of field to column) dropped before it, and
// shops/SHOP.json. "_done" can be no shop's id.
const (
	importsFolder = "imports/"
	doneFolder    = "imports/_done/"
	shopsFolder   = "shops/"
	mapSuffix     = ".map.json"
)

// headroom is kept before the function's deadline for the batch at hand and the result.
const headroom = 45 * time.Second

// maxSmallFile bounds mappings and shop files.
const maxSmallFile = 256 << 10

// Dropped deals with files dropped in a bucket.
type Dropped struct {
	log     *slog.Logger
	im      *Importer
	files   blob.Store
	shops   *shop.Store
	consent consent.Mode
}

// NewDropped makes a Dropped. standard is the consent mode of shops whose file chooses none.
func NewDropped(log *slog.Logger, im *Importer, files blob.Store, shops *shop.Store, standard consent.Mode) *Dropped {
	return &Dropped{log: log, im: im, files: files, shops: shops, consent: standard}
}

// Object deals with one file. Whoever hears of new files in the bucket calls it; the same name may come again and again. Files that are no concern of ours are passed over. What became of an
// import is written beside it under imports/_done: NAME.json with the result or the error, NAME.rejected.csv with the rows that were refused. A file too large for the time ctx leaves is Unavailable:
// the next call goes on from there. Invalid stays so until the file is dropped anew.
func (d *Dropped) Object(ctx context.Context, name string) error {
	switch {
	case strings.HasPrefix(name, doneFolder), strings.HasSuffix(name, mapSuffix), strings.HasSuffix(name, "/"):
		return nil
	case strings.HasPrefix(name, shopsFolder):
		return d.shop(ctx, name)
	case strings.HasPrefix(name, importsFolder):
		return d.file(ctx, name)
	}
	d.log.WarnContext(ctx, "file is no concern of ours", "name", name)
	return nil
}

// file imports one file.
func (d *Dropped) file(ctx context.Context, name string) error {
	parts := strings.SplitN(strings.TrimPrefix(name, importsFolder), "/", 3)
	if len(parts) != 3 || parts[2] == "" {
		return fault.InvalidField("name", "must be imports/SHOP/KIND/FILE")
	}
	settings, err := d.shops.Settings(ctx, event.ShopID(parts[0]))
	if err != nil {
		return fmt.Errorf("shop of %s: %w", name, err)
	}
	job := Job{Shop: settings.ID, Name: name, As: Kind(parts[1]), Currency: settings.Currency, Open: func() (io.ReadCloser, error) {
		r, _, err := d.files.Open(ctx, name)
		return r, err
	}}
	if job.Zone, err = time.LoadLocation(settings.TimeZone); err != nil {
		return fmt.Errorf("time zone of shop %s: %w", settings.ID, err)
	}
	if job.Map, err = d.mapping(ctx, name+mapSuffix); err != nil {
		return d.finish(ctx, name, Result{}, nil, err)
	}
	var rejected bytes.Buffer
	job.Report = &limited{w: &rejected, left: maxReport}
	limitedCtx, cancel := withHeadroom(ctx)
	defer cancel()
	result, err := d.im.File(limitedCtx, job)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return fault.Newf(fault.Unavailable, "%s: stopped in time after %d rows; the next call goes on from there", name, result.Rows)
	}
	return d.finish(ctx, name, result, rejected.Bytes(), err)
}

func withHeadroom(ctx context.Context) (context.Context, context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(ctx, deadline.Add(-headroom))
	}
	return context.WithCancel(ctx)
}

// outcome is what is written about an import.
type outcome struct {
	Result
	File  string `json:"file"`
	Error string `json:"error,omitempty"`
}

// finish writes what became of a file, and returns the error that it became. Faults that may pass are not written: the file comes again.
func (d *Dropped) finish(ctx context.Context, name string, r Result, rejected []byte, failure error) error {
	if failure != nil && !fault.Is(failure, fault.Invalid) {
		return fmt.Errorf("import %s: %w", name, failure)
	}
	out := outcome{Result: r, File: name}
	to := doneFolder + strings.TrimPrefix(name, importsFolder)
	if r.Rejected > 0 {
		out.Report = to + ".rejected.csv"
		if _, err := d.files.Put(ctx, out.Report, bytes.NewReader(rejected)); err != nil {
			return fmt.Errorf("store %s: %w", out.Report, err)
		}
	}
	if failure != nil {
		out.Error = failure.Error()
	}
	body, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the result of %s: %w", name, err)
	}
	if _, err := d.files.Put(ctx, to+".json", bytes.NewReader(body)); err != nil {
		return fmt.Errorf("store the result of %s: %w", name, err)
	}
	d.log.InfoContext(ctx, "imported", "file", name, "rows", r.Rows, "accepted", r.Accepted, "rejected", r.Rejected, "duplicates", r.Duplicates, "err", failure)
	return failure
}

// mapping reads FILE.map.json; nil when there is none.
func (d *Dropped) mapping(ctx context.Context, name string) (map[string]string, error) {
	var m map[string]string
	err := d.small(ctx, name, &m)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	return m, err
}

// small reads a small JSON file into v; unknown members are Invalid.
func (d *Dropped) small(ctx context.Context, name string, v any) error {
	r, info, err := d.files.Open(ctx, name)
	if err != nil {
		return err
	}
	defer r.Close()
	if info.Size > maxSmallFile {
		return fault.Newf(fault.Invalid, "%s is larger than %d bytes", name, maxSmallFile)
	}
	dec := json.NewDecoder(r)
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return fault.Wrap(fault.Invalid, err, name+" cannot be read: "+err.Error())
	}
	return nil
}

// shopFile is what shops/SHOP.json holds: the settings, and keys that were made elsewhere.
type shopFile struct {
	shop.Settings
	Keys []struct {
		Kind  shop.KeyKind `json:"kind"`
		Key   string       `json:"key"`
		Label string       `json:"label"`
	} `json:"keys"`
}

// shop creates or updates a shop. Keys are added; none is taken away.
func (d *Dropped) shop(ctx context.Context, name string) error {
	id, ok := strings.CutSuffix(strings.TrimPrefix(name, shopsFolder), ".json")
	if !ok || !shop.ValidID(event.ShopID(id)) {
		return fault.InvalidField("name", "must be shops/SHOP.json, the shop of 1 to 40 characters of a-z, 0-9 and -")
	}
	var f shopFile
	if err := d.small(ctx, name, &f); err != nil {
		return err
	}
	f.ID = event.ShopID(id)
	if f.Consent == "" {
		f.Consent = d.consent
	}
	if err := d.shops.Put(ctx, f.Settings); err != nil {
		return err
	}
	for i, k := range f.Keys {
		if k.Kind != shop.WriteKey && k.Kind != shop.SecretKey {
			return fault.InvalidField(fmt.Sprintf("keys[%d].kind", i), "is write or secret")
		}
		if err := d.shops.AddKey(ctx, f.ID, k.Kind, k.Label, k.Key); err != nil {
			return fmt.Errorf("keys[%d] of shop %s: %w", i, id, err)
		}
	}
	d.log.InfoContext(ctx, "shop stored", "shop", id, "keys", len(f.Keys))
	return nil
}

// maxReport bounds the list of rejected rows that is held in memory; the count goes on.
const maxReport = 16 << 20

// limited passes on so many bytes and drops the rest.
type limited struct {
	w    io.Writer
	left int
}

func (l *limited) Write(b []byte) (int, error) {
	n := min(len(b), l.left)
	l.left -= n
	if _, err := l.w.Write(b[:n]); err != nil {
		return 0, err
	}
	return len(b), nil
}
