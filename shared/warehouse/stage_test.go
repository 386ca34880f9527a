package warehouse

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/disk"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/knn"
	"shopkeeper/shared/recommend/model"
	"shopkeeper/shared/recommend/rp3beta"
)

// notebook is an engine that writes down what it is asked and knows nothing.
type notebook struct {
	tables  map[string]string // what made each table
	order   []string
	dropped []string
	fail    string // a part of the name of the table that cannot be made
}

var _ Engine = (*notebook)(nil)

func (n *notebook) Register(_ context.Context, table string, columns []Column, prefix string) error {
	n.tables[table] = fmt.Sprint(len(columns), " columns at ", prefix)
	return nil
}

func (n *notebook) Materialize(_ context.Context, table, query, folder string) (string, error) {
	if n.fail != "" && strings.Contains(table, n.fail) {
		return "", fault.New(fault.Unavailable, "no room")
	}
	n.tables[table], n.order = query, append(n.order, table)
	return folder + "t0/", nil
}

func (n *notebook) Rows(_ context.Context, query string, each func([]string) error) error {
	if strings.Contains(query, "unknown") {
		return each([]string{"3", "0", "2"})
	}
	return nil
}

func (n *notebook) Drop(_ context.Context, tables ...string) error {
	n.dropped = append(n.dropped, tables...)
	return nil
}

var now = time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC)

func begin(t *testing.T, n *notebook, files blob.Store, at time.Time, items ...string) *Run {
	t.Helper()
	var catalog model.Catalog
	for _, id := range items {
		catalog.Items = append(catalog.Items, model.Item{ID: id})
	}
	if n.tables == nil {
		n.tables = map[string]string{}
	}
	r, err := Begin(t.Context(), n, files, func() time.Time { return at }, "tea", &catalog, Window{now.AddDate(-3, 0, 0), now})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func folderOf(t *testing.T) blob.Store {
	t.Helper()
	files, err := disk.Open(t.TempDir() + "/files")
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestEveryStageIsAStatement: nothing is left open, and every table that is read was made before.
func TestEveryStageIsAStatement(t *testing.T) {
	n := &notebook{}
	r := begin(t, n, folderOf(t), now, "a", "b")
	b, err := r.Whole(Settings{RP3beta: rp3beta.DefaultSettings, KNN: knn.DefaultSettings})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"least", "limit", "total", "now", "parts"} {
		b.set(name, 1)
	}
	b.set("decays", "sk_decays")
	files, err := fs.Glob(queries, "sql/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := b.text(t.Context(), strings.TrimSuffix(path.Base(f), ".sql"))
		if err != nil || strings.Contains(text, "{{") || text == "" {
			t.Errorf("%s: %v, %s", f, err, text)
		}
	}
	made := map[string]bool{"sk_decays": true}
	for table := range n.tables {
		made[table] = !slices.Contains(n.order, table) // registered
	}
	for _, table := range n.order {
		for _, word := range strings.FieldsFunc(n.tables[table], func(c rune) bool { return c == ' ' || c == '\n' || c == ')' || c == '(' || c == ';' }) {
			if strings.HasPrefix(word, "sk_") && !made[word] {
				t.Errorf("%s reads %s, which is not there yet", table, word)
			}
		}
		made[table] = true
	}
	for table := range made {
		if table != "sk_decays" && !slices.Contains(r.names(), table) {
			t.Errorf("%s would never be dropped", table)
		}
	}
}

func TestARunIsGoneOnWith(t *testing.T) {
	for name, tt := range map[string]struct {
		later time.Duration
		items []string
		same  bool
	}{
		"soon after":             {time.Hour, []string{"a", "b"}, true},
		"a day later":            {24 * time.Hour, []string{"a", "b"}, false},
		"with another catalog":   {time.Hour, []string{"a", "c"}, false},
		"with one that is alike": {time.Hour, []string{"a b"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			n, files := &notebook{}, folderOf(t)
			first := begin(t, n, files, now, "a", "b")
			second := begin(t, n, files, now.Add(tt.later), tt.items...)
			if got := first.state.ID == second.state.ID; got != tt.same {
				t.Errorf("gone on with: %t", got)
			}
			if got := slices.Contains(n.dropped, "sk_"+first.state.ID+"_events"); got == tt.same {
				t.Errorf("what the first one made is dropped: %t", got)
			}
			if err := second.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			left, err := files.List(t.Context(), "warehouse/", "", 10)
			if err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// TestANoteThatNobodyWrote keeps no shop from its model.
func TestANoteThatNobodyWrote(t *testing.T) {
	for _, text := range []string{"", "{", `{"id":"'; DROP TABLE x"}`, "null", `{"id":7}`} {
		n, files := &notebook{}, folderOf(t)
		if _, err := files.Put(t.Context(), "warehouse/tea/run.json", strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
		if r := begin(t, n, files, now, "a"); len(r.state.ID) != 12 || len(n.dropped) > 0 {
			t.Errorf("after %q the run is %q, dropped are %q", text, r.state.ID, n.dropped)
		}
	}
}

func TestAStageThatFailsIsNamed(t *testing.T) {
	n := &notebook{tables: map[string]string{}, fail: "_orders"}
	_, err := Begin(t.Context(), n, folderOf(t), func() time.Time { return now }, "tea", &model.Catalog{}, Window{now.AddDate(-3, 0, 0), now})
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "orders") {
		t.Errorf("begin: %v", err)
	}
}

func TestWhatTheWarehouseCannot(t *testing.T) {
	r := begin(t, &notebook{}, folderOf(t), now, "a")
	s := Settings{RP3beta: rp3beta.DefaultSettings}
	s.RP3beta.Alpha = 0.5
	if _, err := r.Whole(s); !fault.Is(err, fault.Invalid) {
		t.Errorf("another alpha: %v", err)
	}
	if _, err := r.Past(5, s); !fault.Is(err, fault.Invalid) {
		t.Errorf("another alpha: %v", err)
	}
}

func TestCounts(t *testing.T) {
	got, err := begin(t, &notebook{}, folderOf(t), now, "a").Counts(t.Context())
	if diff := cmp.Diff(Counts{Interactions: 3, People: 2}, got); err != nil || diff != "" {
		t.Errorf("%v, counts (-want +got):\n%s", err, diff)
	}
	for _, wrong := range []string{"x", "1.5", "1e3", " 1"} {
		if err := numbers(func([]int64) {})([]string{"1", wrong}); !fault.Is(err, fault.Internal) {
			t.Errorf("%q is read as a number: %v", wrong, err)
		}
	}
}
