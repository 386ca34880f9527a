package exposure

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/disk"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/offpolicy"
)

// noon is of the day that most answers are of.
var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// answer is a line of tea's log, so many seconds after noon.
func answer(visitor string, seconds int) string {
	return fmt.Sprintf(`{"at":%d,"shop":"tea","visitor":%q,"model":7,"seed":%d,"shelves":[["for-you","t1"]]}`, noon.UnixMilli()+int64(seconds)*1000, visitor, uint32(seconds))
}

// delivered is a delivery whose events are numbered from first on.
func delivered(first int, lines ...string) Delivery {
	d := Delivery{Group: "recommend", Stream: "[1]"}
	for at, line := range lines {
		d.Events = append(d.Events, Event{fmt.Sprint(first + at), line})
	}
	return d
}

func newLog(t *testing.T) (*Log, *disk.Store) {
	t.Helper()
	files, err := disk.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return New(files), files
}

func keep(t *testing.T, l *Log, d Delivery) Kept {
	t.Helper()
	kept, err := l.Keep(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return kept
}

// shown is who was shown something and when, in seconds after noon, sorted.
func shown(t *testing.T, l *Log, shop event.ShopID, from time.Time) (all []string, broken int) {
	t.Helper()
	broken, err := l.Exposures(t.Context(), shop, from, func(e offpolicy.Exposure) {
		all = append(all, fmt.Sprintf("%s %d", e.Visitor, (e.At-noon.UnixMilli())/1000))
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all, broken
}

func wantShown(t *testing.T, l *Log, want ...string) {
	t.Helper()
	got, broken := shown(t, l, "tea", time.Time{})
	if diff := cmp.Diff(want, got); diff != "" || broken > 0 {
		t.Errorf("shown, %d broken (-want +got):\n%s", broken, diff)
	}
}

func names(t *testing.T, files blob.Store) (all []string) {
	t.Helper()
	infos, err := files.List(t.Context(), "", "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range infos {
		all = append(all, f.Name)
	}
	return all
}

func TestADeliveryCountsOnce(t *testing.T) {
	l, files := newLog(t)
	whole := delivered(1, answer("v_a", 1), answer("v_b", 2), answer("v_c", 3))
	keep(t, l, whole)
	once := names(t, files)
	if got := keep(t, l, whole); got.Lines != 3 || got.Files != 1 {
		t.Errorf("delivered again: %+v", got)
	}
	if diff := cmp.Diff(once, names(t, files)); diff != "" {
		t.Errorf("delivered again, other files (-once +twice):\n%s", diff)
	}
	keep(t, l, delivered(2, answer("v_b", 2), answer("v_c", 3), answer("v_d", 4))) // cut differently
	other := whole
	other.Stream = "[2]"
	keep(t, l, other)
	wantShown(t, l, "v_a 1", "v_b 2", "v_c 3", "v_d 4")
	if got := len(names(t, files)); got != 3 {
		t.Errorf("%d files, want one of each delivery", got)
	}
}

func TestWhoeverIsNotNamedIsNotTheSame(t *testing.T) {
	l, _ := newLog(t)
	same := fmt.Sprintf(`{"at":%d,"shop":"tea","model":%%d,"seed":0,"shelves":[],"offers":["o1",1]}`, noon.UnixMilli())
	keep(t, l, delivered(1, fmt.Sprintf(same, 0), fmt.Sprintf(same, 0), fmt.Sprintf(same, 8), fmt.Sprintf(same, 8)))
	wantShown(t, l, " 0", " 0", " 0")
}

func TestDaysAndShops(t *testing.T) {
	l, files := newLog(t)
	day := 24 * 60 * 60
	keep(t, l, delivered(1, answer("v_a", -day), answer("v_b", 0), answer("v_c", day), answer("v_d", 40*day), strings.Replace(answer("m_a", 0), `"tea"`, `"mugs"`, 1), strings.Replace(answer("m_b", 0), `"tea"`, `"tea-2"`, 1)))
	for from, want := range map[time.Time][]string{
		{}:                                    {"v_a -86400", "v_b 0", "v_c 86400", "v_d 3456000"},
		noon:                                  {"v_b 0", "v_c 86400", "v_d 3456000"},
		noon.Add(time.Millisecond):            {"v_c 86400", "v_d 3456000"},
		noon.In(time.FixedZone("", -14*3600)): {"v_b 0", "v_c 86400", "v_d 3456000"},
		noon.AddDate(1, 0, 0):                 nil,
	} {
		got, _ := shown(t, l, "tea", from)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("from %v (-want +got):\n%s", from, diff)
		}
	}
	if got, _ := shown(t, l, "mugs", time.Time{}); !cmp.Equal(got, []string{"m_a 0"}) {
		t.Errorf("mugs showed %v", got)
	}
	if got, _ := shown(t, l, "nobody", time.Time{}); got != nil {
		t.Errorf("nobody showed %v", got)
	}
	if !strings.HasPrefix(names(t, files)[0], "exposures/mugs/dt=2026-05-01/") {
		t.Errorf("files %v", names(t, files))
	}
}

func TestLinesThatCannotBeKept(t *testing.T) {
	long := strings.Repeat("x", offpolicy.LongestLine)
	tests := map[string]struct {
		line string
		want Kept
	}{
		"an answer":                {answer("v_a", 1), Kept{Lines: 1, Files: 1}},
		"an answer over two lines": {strings.Replace(answer("v_a", 1), ",", ",\n ", 3), Kept{Lines: 1, Files: 1}},
		"another line of the log":  {`{"level":"INFO","shop":"tea","at":1,"message":"seed"}`, Kept{Others: 1}},
		"no object":                {`["at","shop","seed"]`, Kept{Others: 1}},
		"half a line":              {answer("v_a", 1)[:60], Kept{Others: 1}},
		"nothing":                  {``, Kept{Others: 1}},
		"a shop that is a path":    {`{"at":1,"shop":"../../models","seed":1}`, Kept{Broken: 1}},
		"a shop without a name":    {`{"at":1,"shop":"","seed":1}`, Kept{Broken: 1}},
		"a shop of ten kilobytes":  {`{"at":1,"shop":"` + long[:10_000] + `","seed":1}`, Kept{Broken: 1}},
		"before time":              {`{"at":-1,"shop":"tea","seed":1}`, Kept{Broken: 1}},
		"after all time":           {`{"at":9223372036854775807,"shop":"tea","seed":1}`, Kept{Broken: 1}},
		"a time in words":          {`{"at":"noon","shop":"tea","seed":1}`, Kept{Broken: 1}},
		"half a millisecond":       {`{"at":1.5,"shop":"tea","seed":1}`, Kept{Broken: 1}},
		"a shelf without a name":   {`{"at":1,"shop":"tea","seed":1,"shelves":[[]]}`, Kept{Broken: 1}},
		"longer than any":          {`{"at":1,"shop":"tea","seed":1,"shelves":[["for-you","` + long + `"]]}`, Kept{Broken: 1}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l, _ := newLog(t)
			got := keep(t, l, delivered(7, tt.line))
			if tt.want.Broken > 0 && (got.First.Event != "7" || !fault.Is(got.First.Why, fault.Invalid)) {
				t.Errorf("the first that is broken: %+v", got.First)
			}
			got.First = Bad{}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("kept (-want +got):\n%s", diff)
			}
			if all, broken := shown(t, l, "tea", time.Time{}); len(all) != tt.want.Lines || broken > 0 {
				t.Errorf("read again: %d lines, %d broken", len(all), broken)
			}
		})
	}
	t.Run("an empty delivery", func(t *testing.T) {
		l, _ := newLog(t)
		if got := keep(t, l, delivered(1)); got != (Kept{}) {
			t.Errorf("kept %+v", got)
		}
	})
}

// failing is a store that refuses.
type failing struct{ blob.Store }

var errAway = fault.New(fault.Unavailable, "away")

func (failing) PutIf(context.Context, string, io.Reader, string) (blob.Info, error) {
	return blob.Info{}, errAway
}

func (failing) Open(context.Context, string) (io.ReadCloser, blob.Info, error) {
	return nil, blob.Info{}, errAway
}

func TestAStoreThatFails(t *testing.T) {
	l, files := newLog(t)
	keep(t, l, delivered(1, answer("v_a", 1)))
	bad := New(failing{files})
	if _, err := bad.Keep(t.Context(), delivered(1, answer("v_a", 1))); !errors.Is(err, errAway) {
		t.Errorf("keep: %v", err)
	}
	if _, err := bad.Exposures(t.Context(), "tea", time.Time{}, func(offpolicy.Exposure) {}); !errors.Is(err, errAway) {
		t.Errorf("read: %v", err)
	}
	if _, err := bad.Forget(t.Context(), "tea", "v_a"); !errors.Is(err, errAway) {
		t.Errorf("forget: %v", err)
	}
}

func TestDamagedFiles(t *testing.T) {
	l, files := newLog(t)
	keep(t, l, delivered(1, answer("v_a", 1)))
	good := names(t, files)[0]
	body, _, err := l.fetch(t.Context(), good)
	if err != nil {
		t.Fatal(err)
	}
	var torn strings.Builder
	if err := pack(&torn, []byte(answer("v_b", 2)+"\nnonsense\n")); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"empty": "", "torn": string(body[:len(body)-5]), "plain": answer("v_c", 3), "half": torn.String()} {
		if _, err := files.Put(t.Context(), "exposures/tea/dt=2026-05-01/"+name+".ndjson.gz", strings.NewReader(content)); err != nil {
			t.Fatal(err)
		}
	}
	got, broken := shown(t, l, "tea", time.Time{})
	if diff := cmp.Diff([]string{"v_a 1", "v_b 2"}, got); diff != "" || broken != 4 {
		t.Errorf("%d broken, want 4 (-want +got):\n%s", broken, diff)
	}
	if n, err := l.Forget(t.Context(), "tea", "v_nobody"); n != 4 || err != nil {
		t.Errorf("forgot %d lines (%v), want what nobody can read", n, err)
	}
	wantShown(t, l, "v_a 1", "v_b 2")
}

func FuzzRead(f *testing.F) {
	f.Add(answer("v_a", 1))
	f.Add(`{"at":1,"shop":"tea","seed":1,"shelves":[["for-you","a",0.1,["a"]]]}`)
	f.Add(`{"AT":1,"Shop":"tea","seed":null,"seed":1}`)
	f.Add(`{"at":1,"shop":"../x","seed":1}`)
	f.Fuzz(func(t *testing.T, text string) {
		p, line, err := read(text)
		if err != nil {
			return
		}
		if err := blob.ValidateName(dayPrefix(p.shop, p.date) + "id" + suffix); err != nil {
			t.Errorf("%q is kept at %+v: %v", text, p, err)
		}
		read := 0
		broken, err := offpolicy.ReadExposures(strings.NewReader(string(line)+"\n"), func(e offpolicy.Exposure) {
			if read++; dateOf(time.UnixMilli(e.At)) != p.date {
				t.Errorf("%q is kept at %+v", text, p)
			}
		})
		if read != 1 || broken > 0 || err != nil {
			t.Errorf("%q is kept and read %d times, %d broken (%v)", text, read, broken, err)
		}
	})
}

func FuzzFiles(f *testing.F) {
	for _, text := range []string{"", answer("v_a", 1) + "\n", answer("v_a", 1) + "\n\nnonsense\n" + answer("v_b", 2)} {
		var packed bytes.Buffer
		if err := pack(&packed, []byte(text)); err != nil {
			f.Fatal(err)
		}
		f.Add(packed.Bytes())
	}
	f.Add([]byte("not packed"))
	f.Fuzz(func(t *testing.T, body []byte) {
		shown, of := 0, 0
		decode(body, func(e offpolicy.Exposure) {
			if shown++; e.Visitor == "v_a" {
				of++
			}
		})
		left, removed, err := without(body, map[string]bool{"v_a": true})
		if err != nil {
			return
		}
		var packed bytes.Buffer
		if err := pack(&packed, left); err != nil {
			t.Fatal(err)
		}
		if removed < of {
			t.Errorf("%d of %d lines went, %d were the visitor's", removed, shown, of)
		}
		decode(packed.Bytes(), func(e offpolicy.Exposure) {
			if e.Visitor == "v_a" {
				t.Errorf("%q is left", left)
			}
		})
	})
}

// BenchmarkKeep keeps deliveries of a hundred front pages each, on a disk.
func BenchmarkKeep(b *testing.B) {
	files, err := disk.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	l := New(files)
	page := `["for-you","t47","t56","t25","t12","t79","t44","t24","t50","t10",0.2,"t72","t51","t23"],["trending","t13","t19","t00","t37","t57","t05",0.25,"t02","t53"],["new","t01","t03","t04","t06","t07","t08"]`
	var lines []string
	for at := range 100 {
		lines = append(lines, strings.Replace(answer(fmt.Sprintf("v_%020d", at), at), `["for-you","t1"]`, page, 1))
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if kept, err := l.Keep(b.Context(), delivered(n*100, lines...)); err != nil || kept.Lines != 100 {
			b.Fatal(kept, err)
		}
	}
}
