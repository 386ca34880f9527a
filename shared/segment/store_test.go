package segment

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/people"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/table"
)

func TestStorePut(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	first := w.define("often", "visits >= 3")
	if first.Version != 1 || !first.Created.Equal(noon) || !first.Updated.Equal(noon) {
		t.Errorf("stored as %+v", first)
	}
	w.pass(time.Hour)
	second := first
	second.Condition, second.Standard, second.Created = "visits >= 4", true, time.Time{}
	second, err := w.store.Put(ctx, second)
	w.must(err)
	got, err := w.store.Get(ctx, "tea", "often")
	w.must(err)
	want := Definition{Shop: "tea", ID: "often", Version: 2, Name: "often", Condition: "visits >= 4", Created: noon, Updated: noon.Add(time.Hour)}
	if diff := cmp.Diff([]Definition{want, want}, []Definition{second, got}); diff != "" {
		t.Errorf("definition (-want +returned, read):\n%s", diff)
	}
	for name, d := range map[string]Definition{"a version that is not the latest": first, "an id that is taken": {Shop: "tea", ID: "often", Name: "x", Condition: "known"}} {
		if _, err := w.store.Put(ctx, d); !fault.Is(err, fault.Conflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := w.store.Delete(ctx, "tea", "often", 1); !fault.Is(err, fault.Conflict) {
		t.Errorf("delete of an old version: %v", err)
	}
	w.must(w.store.Delete(ctx, "tea", "often", 2))
	w.must(w.store.Delete(ctx, "tea", "often", 0))
	if _, err := w.store.Get(ctx, "tea", "often"); !fault.Is(err, fault.NotFound) {
		t.Errorf("after deleting: %v", err)
	}
	if _, err := w.store.Put(ctx, got); !fault.Is(err, fault.NotFound) {
		t.Errorf("a change of what is gone: %v", err)
	}
}

func TestStoreRefuses(t *testing.T) {
	w := newWorld(t)
	tests := map[string]struct {
		d      Definition
		fields []string
	}{
		"everything wrong at once": {Definition{ID: "A b", Name: " ", Description: strings.Repeat("x", 1001), Condition: "visits >"}, []string{"id", "name", "description", "condition"}},
		"a condition alone":        {Definition{ID: "a", Name: "A", Condition: "visit > 1"}, []string{"condition"}},
		"an id that is too long":   {Definition{ID: ID(strings.Repeat("a", 65)), Name: "A", Condition: "known"}, []string{"id"}},
		"a name that is no text":   {Definition{ID: "a", Name: "\xff", Condition: "known"}, []string{"name"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := w.store.Put(t.Context(), tt.d)
			f, _ := errors.AsType[*fault.Error](err)
			if f == nil || f.Kind != fault.Invalid {
				t.Fatalf("%v", err)
			}
			var fields []string
			for _, x := range f.Fields {
				fields = append(fields, x.Path)
			}
			if diff := cmp.Diff(tt.fields, fields); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStandardSegmentsAreMadeOnce(t *testing.T) {
	w := newWorld(t)
	mine := w.define("loyal", "visits > 9")
	w.sweep()
	w.must(w.store.Delete(t.Context(), "tea", "small", 0))
	w.pass(24 * time.Hour)
	w.sweep()
	list, err := w.store.List(t.Context(), "tea")
	w.must(err)
	var got []string
	for _, d := range list {
		got = append(got, fmt.Sprint(d.ID, " ", d.Standard))
		if d.ID == "loyal" && d.Condition != mine.Condition {
			t.Errorf("the shop's own segment became %s", d.Condition)
		}
	}
	if diff := cmp.Diff([]string{"lapsing true", "large true", "loyal false", "medium true", "new true"}, got); diff != "" {
		t.Errorf("segments (-want +got):\n%s", diff)
	}
}

func TestMembers(t *testing.T) {
	w := newWorld(t)
	w.define("all", "visits > 0")
	var want []string
	for i := range 40 {
		id := fmt.Sprintf("v_%d#%%", i) // ids may have any characters
		w.visit(id, nil)
		want = append(want, id)
	}
	w.follow()
	got := w.members("all")
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	page, next, err := w.store.Members(t.Context(), "tea", "all", "", 0)
	if err != nil || len(page) != 40 || next != "" || !page[0].Since.Equal(noon) {
		t.Errorf("a page of no size: %d members, next %q, %v", len(page), next, err)
	}
	if _, _, err := w.store.Members(t.Context(), "tea", "all", "x", 3); !fault.Is(err, fault.Invalid) {
		t.Errorf("a cursor that is none: %v", err)
	}
	if got := w.members("none"); got != nil {
		t.Errorf("of no segment: %v", got)
	}
}

func FuzzParseCursor(f *testing.F) {
	f.Add("")
	f.Add("f")
	f.Add(cursorOf(3, "inner"))
	f.Add("\xff")
	f.Fuzz(func(t *testing.T, cursor string) {
		shard, inner, err := parseCursor(cursor)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatal(err)
			}
			return
		}
		if shard < 0 || shard >= Shards || cursor != "" && cursorOf(shard, inner) != cursor {
			t.Errorf("%q is read as shard %d, %q", cursor, shard, inner)
		}
	})
}

func FuzzDecodeEntry(f *testing.F) {
	f.Add("0011aabb#v_1", []byte(`{"in":{"a":"2026-05-01T12:00:00Z"},"rev":3,"news":[{"id":"a","in":true,"at":"2026-05-01T12:00:00Z","notice":"x"}]}`))
	f.Add("x", []byte(`{}`))
	f.Fuzz(func(t *testing.T, sort string, body []byte) {
		e, err := decodeEntry("tea", table.Item{Key: table.Key{Table: Table, Partition: "tea#r#00", Sort: sort}, Body: body})
		if err != nil {
			return
		}
		if !utf8Valid(e) {
			return
		}
		it, err := e.item()
		if err != nil {
			return // a time that no JSON holds
		}
		again, err := decodeEntry("tea", it)
		if err != nil || len(again.In) != len(e.In) || len(again.News) != len(e.News) || again.subject != e.subject {
			t.Errorf("%+v became %+v, %v", e, again, err)
		}
	})
}

func utf8Valid(e entry) bool {
	for id := range e.In {
		if strings.ToValidUTF8(string(id), "") != string(id) {
			return false
		}
	}
	return true
}

func TestErase(t *testing.T) {
	w := newWorld(t)
	for i := range 120 { // more memberships than one write takes
		w.define(ID(fmt.Sprint("s", i)), "visits > 0")
	}
	for _, id := range []string{"p_ann", "v_1", "v_2"} {
		w.visit(id, nil)
	}
	w.follow()
	w.heard.since()
	w.remove(profile.Key("tea", "p_ann", profile.Merged), profile.Key("tea", "v_1", profile.Own))
	for want := 2 * 121; want >= 0; want -= 2 * 121 {
		if n, err := w.store.Erase(t.Context(), "tea", "p_ann", "v_1", "v_unknown"); err != nil || n != want {
			t.Errorf("%d records were erased, want %d: %v", n, want, err)
		}
	}
	w.follow() // the removals are told late
	for _, it := range w.everything() {
		if strings.Contains(it.Key.Sort+string(it.Body), "p_ann") || strings.Contains(it.Key.Sort, "v_1") {
			t.Errorf("left behind: %v", it.Key)
		}
	}
	if got := w.of("v_2"); len(got) != 120 {
		t.Errorf("another one is in %d segments", len(got))
	}
	if got := w.heard.since(); got != nil {
		t.Errorf("told of who was erased: %v", got)
	}
}

// everything is what the table holds of the shop.
func (w *world) everything() []table.Item {
	w.t.Helper()
	definitions, err := w.store.List(w.t.Context(), "tea")
	w.must(err)
	partitions := []string{"tea"}
	for shard := range Shards {
		partitions = append(partitions, rosterPartition("tea", shard))
		for _, d := range definitions {
			partitions = append(partitions, memberPartition("tea", d.ID, shard))
		}
	}
	var all []table.Item
	for _, p := range partitions {
		page, err := w.db.Query(w.t.Context(), table.Query{Table: Table, Partition: p})
		w.must(err)
		all = append(all, page.Items...)
	}
	return all
}

func TestPreview(t *testing.T) {
	w := newWorld(t)
	nobody, err := w.keeper.Preview(t.Context(), "tea", "known", 0)
	w.must(err)
	const n = 600
	for i := range n {
		w.visit(fmt.Sprintf("v_%03d", i), visits(int64(i%10)+1))
	}
	for i := range 20 {
		w.person(event.PersonID(fmt.Sprintf("p_%02d", i)), "FR")
	}
	w.follow()
	tests := map[string]struct {
		condition string
		limit     int
		want      Preview
		off       int // how far an estimate may be off
	}{
		"everybody is looked at":            {"visits >= 10", 0, Preview{Count: 60, Exact: true, Of: 620, Looked: 620}, 0},
		"persons without a profile":         {`country == "FR"`, 0, Preview{Count: 20, Exact: true, Of: 620, Looked: 620}, 0},
		"nobody":                            {"visits > 99", 0, Preview{Exact: true, Of: 620, Looked: 620, Warning: "nobody matches"}, 0},
		"everybody":                         {"visits >= 0", 0, Preview{Count: 620, Exact: true, Of: 620, Looked: 620, Warning: "everybody matches"}, 0},
		"nearly everybody":                  {"visits >= 1", 0, Preview{Count: 600, Exact: true, Of: 620, Looked: 620, Warning: "nearly everybody matches"}, 0},
		"a sample of a third":               {"visits >= 6", 208, Preview{Count: 300, Of: 620, Looked: 208}, 75},
		"nobody among those looked at":      {"visits > 99", 208, Preview{Of: 620, Looked: 208, Warning: "nobody matches among the 208 customers that were looked at"}, 75},
		"a limit as large as the shop once": {"visits >= 6", 16 * 60, Preview{Count: 300, Exact: true, Of: 620, Looked: 620}, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := w.keeper.Preview(t.Context(), "tea", tt.condition, tt.limit)
			w.must(err)
			if again, err := w.keeper.Preview(t.Context(), "tea", tt.condition, tt.limit); err != nil || !cmp.Equal(got, again) {
				t.Errorf("the second time another: %+v, %v", again, err)
			}
			if len(got.Sample) != min(got.Count, sampleSize) {
				t.Errorf("%d in the sample of %d", len(got.Sample), got.Count)
			}
			if abs(got.Count-tt.want.Count) > tt.off || abs(got.Of-tt.want.Of) > tt.off {
				t.Errorf("%d of %d, want %d of %d", got.Count, got.Of, tt.want.Count, tt.want.Of)
			}
			got.Sample, got.Count, got.Of = nil, tt.want.Count, tt.want.Of
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("preview (-want +got):\n%s", diff)
			}
		})
	}
	if nobody.Warning != "the shop has no customers yet" {
		t.Errorf("of an empty shop: %+v", nobody)
	}
	if _, err := w.keeper.Preview(t.Context(), "tea", "visits >", 0); !fault.Is(err, fault.Invalid) {
		t.Errorf("of no condition: %v", err)
	}
}

func abs(n int) int { return max(n, -n) }

func TestExplain(t *testing.T) {
	w := newWorld(t)
	w.define("french", `country == "FR" && visits >= 3`)
	w.person("p_ann", "FR")
	w.follow()
	all, err := w.keeper.Explain(t.Context(), "tea", "p_ann")
	w.must(err)
	i := slices.IndexFunc(all, func(m Membership) bool { return m.Definition.ID == "french" })
	want := []Reason{
		{Clause: `country == "FR"`, Holds: true, Values: []Value{{"country", "FR"}}},
		{Clause: "visits >= 3", Values: []Value{{"visits", "0"}}},
	}
	if i < 0 || all[i].In || !cmp.Equal(want, all[i].Reasons) {
		t.Errorf("%+v", all)
	}
	if _, err := w.keeper.Explain(t.Context(), "tea", "p_nobody"); !fault.Is(err, fault.NotFound) {
		t.Errorf("of nobody: %v", err)
	}
}

func TestAudience(t *testing.T) {
	w := newWorld(t)
	w.define("often", "visits >= 3")
	w.define("french", `country == "FR"`)
	often, err := w.keeper.Audience(t.Context(), "tea", "often")
	w.must(err)
	if !often.Match(&profile.Profile{Visits: 3}, noon) || often.Match(&profile.Profile{Visits: 2}, noon) {
		t.Error("the profile tells otherwise")
	}
	if french, err := w.keeper.Audience(t.Context(), "tea", "french"); french != nil || err != nil {
		t.Errorf("what a profile cannot tell: %v, %v", french, err)
	}
	if _, err := w.keeper.Audience(t.Context(), "tea", "none"); !fault.Is(err, fault.NotFound) {
		t.Errorf("of no segment: %v", err)
	}
}

func TestHandlerSetsAsideWhatIsBroken(t *testing.T) {
	w := newWorld(t)
	broken := table.Item{Key: profile.Key("tea", "v_broken", profile.Own), Body: []byte(`{"s":"!"}`)}
	w.must(w.db.PutAll(t.Context(), broken, table.Item{Key: people.MergeKey("tea", "p_ann", "v_1"), Body: []byte(`{}`)}))
	w.define("often", "visits >= 1")
	w.visit("v_good", nil)
	w.follow()
	if diff := cmp.Diff([]string{"+often v_good"}, w.heard.since()); diff != "" {
		t.Errorf("notices (-want +got):\n%s", diff)
	}
	messages, err := w.db.Queue("failures", nil).Receive(context.Background(), 10, 0)
	if err != nil || len(messages) != 1 || !strings.Contains(string(messages[0].Body), "v_broken") {
		t.Errorf("set aside: %v, %v", messages, err)
	}
}
