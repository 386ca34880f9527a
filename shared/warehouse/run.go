package warehouse

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"

	"shopkeeper/shared/archive"
	"shopkeeper/shared/blob"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/model"
	"shopkeeper/shared/table"
)

// Run is one training's work in the warehouse. Its methods are safe for concurrent use.
type Run struct {
	engine  Engine
	files   blob.Store
	catalog *model.Catalog
	state   state
	note    string // the file that holds the state
	dir     string // of all its files, with a slash at the end
	all     *stages
}

// state is what the next run must know of this one if it does not end.
type state struct {
	ID      string    `json:"id"`
	Plan    string    `json:"plan"` // equal plans make equal tables
	Started time.Time `json:"started"`
}

// stale is the age at which a run that did not end is not gone on with: its results may be gone.
const stale = 12 * time.Hour

// folder holds everything that runs make; a deployment may delete what is some days old there.
const folder = "warehouse/"

// Window is the part of the archive that is learned from: From <= time of the event < To, whole days.
type Window struct{ From, To time.Time }

// Begin makes a shop's history readable, each event once. One run of a shop at a time: a run that did not end is gone on with if it is of the same plan (equal catalog and window) and young, so
// that a function that is called again after a crash does not pay twice; else what it made is dropped. Close it.
func Begin(ctx context.Context, engine Engine, files blob.Store, now func() time.Time, shop event.ShopID, catalog *model.Catalog, w Window) (*Run, error) {
	home := folder + table.Partition(string(shop)) + "/"
	r := &Run{engine: engine, files: files, catalog: catalog, note: home + "run.json"}
	plan := planOf(catalog, w)
	before, err := r.left(ctx)
	if err != nil {
		return nil, err
	}
	if before.Plan == plan && now().Sub(before.Started) < stale {
		r.use(home, before)
	} else {
		if before.ID != "" {
			r.use(home, before)
			if err := r.drop(ctx); err != nil {
				return nil, err
			}
		}
		started := now().UTC()
		sum := sha256.Sum256([]byte(plan + string(shop) + started.Format(time.RFC3339Nano)))
		r.use(home, state{hex.EncodeToString(sum[:6]), plan, started})
		if err := r.remember(ctx); err != nil {
			return nil, err
		}
	}
	return r, r.open(ctx, shop, w)
}

func planOf(c *model.Catalog, w Window) string {
	sum := sha256.New()
	for _, one := range c.Items {
		fmt.Fprintf(sum, "%d %s\n", len(one.ID), one.ID)
	}
	fmt.Fprintln(sum, w.From.Unix(), w.To.Unix())
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

func (r *Run) left(ctx context.Context) (state, error) {
	f, _, err := r.files.Open(ctx, r.note)
	if fault.Is(err, fault.NotFound) {
		return state{}, nil
	}
	if err != nil {
		return state{}, fmt.Errorf("read %s: %w", r.note, err)
	}
	text, err := io.ReadAll(f)
	if err := errors.Join(err, f.Close()); err != nil {
		return state{}, fmt.Errorf("read %s: %w", r.note, err)
	}
	var s state
	if json.Unmarshal(text, &s) == nil && strings.Trim(s.ID, "0123456789abcdef") == "" {
		return s, nil
	}
	return state{}, nil // no run wrote this: nothing can be known of it
}

func (r *Run) use(home string, s state) {
	r.state, r.dir = s, home+s.ID+"/"
	r.all = r.stages("", nil)
}

func (r *Run) stages(suffix string, below *stages) *stages {
	return &stages{engine: r.engine, files: r.files, below: below, folder: r.dir + "all" + suffix + "/", values: map[string]string{}, places: map[string]string{},
		table: func(stage string) string { return "sk_" + r.state.ID + "_" + stage + suffix }}
}

func (r *Run) remember(ctx context.Context) error {
	text, err := json.Marshal(r.state)
	if err != nil {
		return err
	}
	if _, err := r.files.Put(ctx, r.note, bytes.NewReader(text)); err != nil {
		return fmt.Errorf("write %s: %w", r.note, err)
	}
	return nil
}

// itemRow is the catalog as the engine reads it.
type itemRow struct {
	ID      string `parquet:"id"`
	Ordinal int64  `parquet:"ordinal"`
}

// open registers the archive and the catalog.
func (r *Run) open(ctx context.Context, shop event.ShopID, w Window) error {
	rows := make([]itemRow, len(r.catalog.Items))
	for n, one := range r.catalog.Items {
		rows[n] = itemRow{one.ID, int64(n)}
	}
	if err := r.register(ctx, r.all, "items", []Column{{"id", Text}, {"ordinal", Integer}}, func(name string) error { return Put(ctx, r.files, name, rows) }); err != nil {
		return err
	}
	raw := r.all.table("raw")
	if err := r.engine.Register(ctx, raw, archiveColumns, archive.Folder(shop)); err != nil {
		return fmt.Errorf("warehouse, archive: %w", err)
	}
	r.all.set("raw", raw)
	r.all.set("from", moment(w.From))
	r.all.set("to", moment(w.To))
	for _, stage := range []string{"events", "orders"} { // builds side by side read them
		if _, err := r.all.place(ctx, stage); err != nil {
			return err
		}
	}
	return nil
}

// register writes a file and makes it readable as a table.
func (r *Run) register(ctx context.Context, s *stages, name string, columns []Column, put func(name string) error) error {
	place := s.folder + name + "/"
	if err := put(place + "part.parquet"); err != nil {
		return err
	}
	if err := r.engine.Register(ctx, s.table(name), columns, place); err != nil {
		return fmt.Errorf("warehouse, %s: %w", name, err)
	}
	s.values[name] = s.table(name)
	return nil
}

// archiveColumns are the columns of archive.Row that the stages read.
var archiveColumns = []Column{
	{"event", Text}, {"visitor", Text}, {"person", Text}, {"name", Text}, {"at", Time}, {"session", Text}, {"line", Integer4}, {"item", Text}, {"order_id", Text}, {"verdict", Text},
}

// moment is a time as SQL has it.
func moment(t time.Time) string {
	return "TIMESTAMP '" + t.UTC().Format("2006-01-02 15:04:05.000") + "'"
}

// Close drops what the run made. Without it the next run does.
func (r *Run) Close(ctx context.Context) error { return r.drop(ctx) }

// drop forgets all tables that a run may have made, and its files; the note goes last.
func (r *Run) drop(ctx context.Context) error {
	if err := r.engine.Drop(ctx, r.names()...); err != nil {
		return fmt.Errorf("warehouse, drop: %w", err)
	}
	if err := remove(ctx, r.files, r.dir); err != nil {
		return err
	}
	return r.files.Delete(ctx, r.note)
}

// names are those of all tables that a run can make.
func (r *Run) names() []string {
	found, err := fs.Glob(queries, "sql/*.sql")
	if err != nil {
		return nil
	}
	all := []string{"raw", "items", "decays"}
	for _, f := range found {
		all = append(all, strings.TrimSuffix(path.Base(f), ".sql"))
	}
	var tables []string
	for _, suffix := range []string{"", suffixWhole, suffixPast} {
		for _, name := range all {
			tables = append(tables, r.stages(suffix, nil).table(name))
		}
	}
	return tables
}
