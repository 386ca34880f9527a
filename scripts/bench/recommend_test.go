package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Every task that needs no real data runs on a tiny shop and finds what the table shows.
func TestParts(t *testing.T) {
	file := filepath.Join(t.TempDir(), "shop.model")
	for _, tt := range []struct {
		part part
		want []string
	}{
		{part{Task: "sessions", Clicks: 4000, Newest: 500}, []string{"build s", "clicks", "sessions", "items", "index bytes per click"}},
		{part{Task: "slim", Clicks: 4000}, []string{"fit s", "items", "people", "pairs"}},
		{part{Task: "walks", Clicks: 4000}, []string{"fit s", "items", "people", "pairs"}},
		{part{Task: "ease", Items: 50}, []string{"fit s", "items", "people", "pairs"}},
		{part{Task: "shop", Clicks: 4000, File: file}, []string{"sessions s", "walks s", "similar s", "lists s", "write s", "file MB"}},
		{part{Task: "page", File: file, Rounds: 50}, []string{"open s", "p50 us", "p99 us", "best p99 us", "items", "sessions", "change s", "first page s"}},
	} {
		t.Run(tt.part.Task, func(t *testing.T) {
			found := findings{}
			if err := tasks[tt.part.Task](t.Context(), tt.part, found); err != nil {
				t.Fatal(err)
			}
			for _, name := range tt.want {
				if !(found[name] > 0) {
					t.Errorf("%s is %v", name, found[name])
				}
			}
		})
	}
}

func TestReport(t *testing.T) {
	var printed bytes.Buffer
	r := newReport(&printed)
	r.note("a note")
	r.begin("a part", "how it was measured")
	r.add("one", "1 s", "<= 2 s", true, "theirs 3 s")
	r.add("<two>", "3 s", "<= 2 s", false, "")
	r.add("three", "5", "", nil, "")
	page, data := filepath.Join(t.TempDir(), "r.html"), filepath.Join(t.TempDir(), "r.json")
	if err := r.save(page, data); err != nil {
		t.Fatal(err)
	}
	html, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"how it was measured", "theirs 3 s", `<td class="no">no`, "&lt;two&gt;"} {
		if !strings.Contains(string(html), want) {
			t.Errorf("the page has no %q:\n%s", want, html)
		}
	}
	for _, want := range []string{"a note", "<= 2 s", "theirs 3 s", "how it was measured"} {
		if !strings.Contains(printed.String(), want) {
			t.Errorf("%q was not printed:\n%s", want, printed.String())
		}
	}
	if text, err := os.ReadFile(data); err != nil || !strings.Contains(string(text), `"met": "no"`) {
		t.Errorf("%v, the data is %s", err, text)
	}
}

func TestPromisedFiguresAreReadFromWhatIsPrinted(t *testing.T) {
	const page = `
front page of 5 shelves           10886 | c=16     5348/s    1.50   17.18   101.7  (0.10, 0.31)
list of 21 bare ids                 459 | c=16    30321/s    0.50    1.35    29.9  (0.41, 0.72)
  trivial handler, net/http         459 | c=16    37302/s    0.25    5.43    16.9
p50 5.98 ms, p99 37.98 ms (promise: under 1,000 ms)
`
	// The trivial handler says which look was quiet: the second, although ours was faster at the first.
	loud, quiet := `
list of 21 items, all members      4802 | c=16    39000/s    0.50    1.15    29.9  (0.21, 0.92)
  trivial handler, fast lane       4802 | c=16    90000/s    0.50    1.15    29.9
  trivial handler, net/http        4802 | c=16    42300/s    0.50    1.15    29.9
list of 21 bare ids                 459 | c=16    39321/s    0.50    1.35    29.9  (0.41, 0.90)
  trivial handler, net/http         459 | c=16    60000/s    0.25    5.43    16.9
`, `
list of 21 items, all members      4802 | c=16    30321/s    0.50    1.35    29.9  (0.21, 0.62)
  trivial handler, fast lane       4802 | c=16    90000/s    0.50    1.15    29.9
  trivial handler, net/http        4802 | c=16    48905/s    0.50    1.15    29.9
list of 21 bare ids                 459 | c=16    29321/s    0.50    1.45    29.9  (0.41, 0.60)
  trivial handler, net/http         459 | c=16    50000/s    0.25    5.43    16.9
list of 21 bare ids                 459 | c=64    9000/s    0.50    9.35    29.9  (0.41, 0.50)
`
	var out bytes.Buffer
	b := &recommending{report: newReport(&out)}
	at := time.Date(2026, 11, 23, 5, 30, 0, 0, time.UTC)
	for n, printed := range []string{loud, quiet} {
		if err := b.seen(at.Add(time.Duration(n)*time.Minute), printed); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.promised(page, quiet); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range b.Figures {
		got = append(got, f.Name+": "+f.Measured+": "+f.Met)
	}
	want := []string{
		"front page of 5 shelves, 10886 B, 16 connections: 5348/s, p50 1.50, p99 17.18 ms: ",
		"front page of 5 shelves, 10886 B, 16 connections: share of a trivial handler: 0.31: ",
		"list of 21 bare ids, 459 B, 16 connections: 30321/s, p50 0.50, p99 1.35 ms: ",
		"list of 21 bare ids, 459 B, 16 connections: share of a trivial handler: 0.72: ",
		"toy set: list of 21 bare ids, 459 B, 64 connections: 9000/s, p50 0.50, p99 9.35 ms: ",
		"toy set: list of 21 bare ids, 459 B, 64 connections: share of a trivial handler: 0.50: ",
		"05:30, toy set, net/http's handler 42300/s: 39000/s 1.15 ms (0.92); 39321/s 1.35 ms (0.90): ",
		"05:31, toy set, net/http's handler 48905/s: 30321/s 1.35 ms (0.62); 29321/s 1.45 ms (0.60): ",
		"toy set, the quietest of 2 looks: list of 21 items, all members, 4802 B, 16 connections: 30321/s, p50 0.50, p99 1.35 ms: yes",
		"toy set, the quietest of 2 looks: list of 21 items, all members, 4802 B, 16 connections: share of a trivial handler: 0.62: yes",
		"toy set, the quietest of 2 looks: list of 21 bare ids, 459 B, 16 connections: 29321/s, p50 0.50, p99 1.45 ms: no",
		"a click shows on the page: p50 5.98, p99 37.98 ms: yes",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("figures (-want +got):\n%s", diff)
	}
	if err := b.promised("nothing of the kind", quiet); err == nil {
		t.Error("figures that are not there are passed over")
	}
	if err := b.seen(at, "nothing of the kind"); err == nil {
		t.Error("a look without the lists' figures is passed over")
	}
}
