// Package warehousetest is what every warehouse.Engine must do.
package warehousetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/warehouse"
)

// row is what the suite keeps in files.
type row struct {
	Word   string    `parquet:"word"`
	Number int64     `parquet:"number"`
	Small  int32     `parquet:"small"`
	At     time.Time `parquet:"at,timestamp(millisecond:local)"`
}

var columns = []warehouse.Column{{Name: "word", Type: warehouse.Text}, {Name: "number", Type: warehouse.Integer}, {Name: "small", Type: warehouse.Integer4}, {Name: "at", Type: warehouse.Time}}

var noon = time.Date(2026, 2, 28, 12, 0, 0, 123e6, time.UTC)

// suite is an engine with a registered table of three rows.
type suite struct {
	engine warehouse.Engine
	files  blob.Store
}

// Run checks an engine; open gives a fresh one and the files beside it.
func Run(t *testing.T, open func(t *testing.T) (warehouse.Engine, blob.Store)) {
	engine, files := open(t)
	s := suite{engine, files}
	for name, rows := range map[string][]row{"in/a.parquet": {{"b'é茶\n", 1 << 60, -7, noon}, {"", -1, 0, noon.Add(time.Hour)}}, "in/dt=1/b.parquet": {{"a", 0, 7, noon.AddDate(-60, 0, 0)}}} {
		if err := warehouse.Put(t.Context(), files, name, rows); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := engine.Register(t.Context(), "words", columns, "in/"); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("files become a table, folders below included", s.registered)
	t.Run("rows come in order and all of them", s.rows)
	t.Run("an error of the reader ends reading", s.readerFails)
	t.Run("a table keeps its rows in a fresh place", s.materialized)
	t.Run("a repeated table is not made again", s.repeated)
	t.Run("an empty table has no rows", s.empty)
	t.Run("a dropped table is gone, its files stay", s.dropped)
	t.Run("a statement that is wrong is Internal", s.wrong)
	t.Run("a context that ended is Unavailable", s.ended)
}

func (s suite) all(t *testing.T, query string) (rows []string) {
	t.Helper()
	if err := s.engine.Rows(t.Context(), query, func(values []string) error {
		rows = append(rows, strings.Join(values, "|"))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return rows
}

func (s suite) registered(t *testing.T) {
	got := s.all(t, "SELECT word, number, small, date_diff('millisecond', TIMESTAMP '1970-01-01 00:00:00.000', at) AS ms, CASE WHEN small = 0 THEN word END AS none FROM words ORDER BY word")
	want := []string{fmt.Sprintf("|-1|0|%d|", noon.Add(time.Hour).UnixMilli()), fmt.Sprintf("a|0|7|%d|", noon.AddDate(-60, 0, 0).UnixMilli()), fmt.Sprintf("b'é茶\n|%d|-7|%d|", 1<<60, noon.UnixMilli())}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

// numbers is a query of 2,500 numbers from 1 on: more than two pages of Athena.
const numbers = "SELECT a.n * 50 + b.n + 1 AS n FROM (SELECT row_number() OVER (ORDER BY n) - 1 AS n FROM (%s) x) a CROSS JOIN (SELECT row_number() OVER (ORDER BY n) - 1 AS n FROM (%s) y) b"

func fifty() string {
	each := make([]string, 50)
	for n := range each {
		each[n] = "SELECT " + strconv.Itoa(n) + " AS n"
	}
	all := strings.Join(each, " UNION ALL ")
	return fmt.Sprintf(numbers, all, all)
}

func (s suite) rows(t *testing.T) {
	var want []string
	for n := range 2500 {
		want = append(want, strconv.Itoa(2500-n))
	}
	if diff := cmp.Diff(want, s.all(t, "SELECT n FROM ("+fifty()+") z ORDER BY n DESC")); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if got := s.all(t, "SELECT word FROM words WHERE number = 5"); len(got) != 0 {
		t.Errorf("rows of nothing: %q", got)
	}
}

func (s suite) readerFails(t *testing.T) {
	enough, n := errors.New("enough"), 0
	err := s.engine.Rows(t.Context(), "SELECT n FROM ("+fifty()+") z ORDER BY n", func([]string) error {
		if n++; n == 1500 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || n != 1500 {
		t.Errorf("%v after %d rows", err, n)
	}
}

type kept struct {
	Word   string `parquet:"word,optional"`
	Double int64  `parquet:"double,optional"`
	Absent int64  `parquet:"absent,optional"`
}

func (s suite) read(t *testing.T, place string) (rows []kept) {
	t.Helper()
	if err := warehouse.Read(t.Context(), s.files, place, func(some []kept) error {
		rows = append(rows, slices.Clone(some)...)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(rows, func(a, b kept) int { return strings.Compare(a.Word, b.Word) })
	return rows
}

func (s suite) materialized(t *testing.T) {
	place, err := s.engine.Materialize(t.Context(), "kept", "-- A comment.\nWITH c AS (SELECT word, number, small FROM words) SELECT word, CAST(small AS bigint) * 2 AS double FROM c", "out/kept/")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(place, "out/kept/") || !strings.HasSuffix(place, "/") {
		t.Errorf("the place is %q", place)
	}
	if diff := cmp.Diff([]kept{{Word: ""}, {Word: "a", Double: 14}, {Word: "b'é茶\n", Double: -14}}, s.read(t, place)); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"14"}, s.all(t, "SELECT double FROM kept WHERE word = 'a'")); diff != "" {
		t.Errorf("the table (-want +got):\n%s", diff)
	}
}

func (s suite) repeated(t *testing.T) {
	var places []string
	for range 2 {
		place, err := s.engine.Materialize(t.Context(), "again", "SELECT word FROM words", "out/again/")
		if err != nil {
			t.Fatal(err)
		}
		places = append(places, place)
	}
	if places[0] != places[1] || len(s.read(t, places[0])) != 3 {
		t.Errorf("places %q with %d rows", places, len(s.read(t, places[0])))
	}
}

func (s suite) empty(t *testing.T) {
	place, err := s.engine.Materialize(t.Context(), "empty", "SELECT word FROM words WHERE number = 5", "out/empty/")
	if err != nil {
		t.Fatal(err)
	}
	if rows := s.read(t, place); len(rows) != 0 {
		t.Errorf("rows %v", rows)
	}
	if diff := cmp.Diff([]string{"0"}, s.all(t, "SELECT count(*) AS n FROM empty")); diff != "" {
		t.Errorf("the table (-want +got):\n%s", diff)
	}
}

func (s suite) dropped(t *testing.T) {
	place, err := s.engine.Materialize(t.Context(), "going", "SELECT word FROM words", "out/going/")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.engine.Drop(t.Context(), "going", "never_there"); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.engine.Rows(t.Context(), "SELECT word FROM going", func([]string) error { return nil }); !fault.Is(err, fault.Internal) {
		t.Errorf("reading it: %v", err)
	}
	if rows := s.read(t, place); len(rows) != 3 {
		t.Errorf("%d rows in its files", len(rows))
	}
	if err := s.engine.Drop(t.Context()); err != nil {
		t.Errorf("dropping nothing: %v", err)
	}
}

func (s suite) wrong(t *testing.T) {
	if err := s.engine.Rows(t.Context(), "SELECT nothing FROM words", func([]string) error { return nil }); !fault.Is(err, fault.Internal) {
		t.Errorf("rows: %v", err)
	}
	if _, err := s.engine.Materialize(t.Context(), "wrong", "SELECT nothing FROM words", "out/wrong/"); !fault.Is(err, fault.Internal) {
		t.Errorf("a table: %v", err)
	}
}

func (s suite) ended(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.engine.Rows(ctx, "SELECT word FROM words", func([]string) error { return nil }); !fault.Is(err, fault.Unavailable) {
		t.Errorf("rows: %v", err)
	}
	if _, err := s.engine.Materialize(ctx, "late", "SELECT word FROM words", "out/late/"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a table: %v", err)
	}
}
