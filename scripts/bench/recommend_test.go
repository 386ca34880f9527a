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
	const printed = `
front page of 5 shelves           10886 | c=16     5348/s    1.50   17.18   101.7  (0.10, 0.31)
list of 21 bare ids                 459 | c=16    30321/s    0.50    1.35    29.9  (0.41, 0.72)
  trivial handler, net/http         459 | c=16    37302/s    0.25    5.43    16.9
p50 5.98 ms, p99 37.98 ms (promise: under 1,000 ms)
list of 21 items, all members      4802 | c=16    30321/s    0.50    1.35    29.9  (0.21, 0.62)
list of 21 bare ids                 459 | c=64    9000/s    0.50    9.35    29.9  (0.41, 0.50)
`
	var out bytes.Buffer
	b := &recommending{report: newReport(&out)}
	if err := b.promised(printed); err != nil {
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
		"toy set: list of 21 items, all members, 4802 B, 16 connections: 30321/s, p50 0.50, p99 1.35 ms: ",
		"toy set: list of 21 items, all members, 4802 B, 16 connections: share of a trivial handler: 0.62: ",
		"toy set: list of 21 bare ids, 459 B, 64 connections: 9000/s, p50 0.50, p99 9.35 ms: ",
		"toy set: list of 21 bare ids, 459 B, 64 connections: share of a trivial handler: 0.50: ",
		"a click shows on the page: p50 5.98, p99 37.98 ms: yes",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("figures (-want +got):\n%s", diff)
	}
	if err := b.promised("nothing of the kind"); err == nil {
		t.Error("figures that are not there are passed over")
	}
}

// The handler says how quiet it was: a turn of ours that was faster in a loud moment does not count.
func TestTurnsByQuiet(t *testing.T) {
	turn := func(handler, rate float64, p99 time.Duration) shortly {
		return shortly{"list of all members", 5000, handler, rate, 500 * time.Microsecond, p99}
	}
	turns := []shortly{turn(30000, 39000, time.Millisecond), turn(48000, 29000, 1390*time.Microsecond)}
	for n := range 18 {
		turns = append(turns, turn(float64(47000-n*1000), float64(28800-n*500), 1300*time.Microsecond))
	}
	file := filepath.Join(t.TempDir(), "turns")
	if _, none, err := kept(file); err != nil || len(none) > 0 {
		t.Fatalf("without a file: %v, %v", none, err)
	}
	for _, part := range [][]shortly{turns[:4], turns[4:]} {
		if err := keep(file, part); err != nil {
			t.Fatal(err)
		}
	}
	names, all, err := kept(file)
	if err != nil || len(names) != 1 {
		t.Fatalf("%v, %v", names, err)
	}
	if diff := cmp.Diff(turns, all[names[0]]); diff != "" {
		t.Fatalf("what was kept (-want +got):\n%s", diff)
	}
	var out bytes.Buffer
	b := &recommending{report: newReport(&out)}
	b.quietly(names[0], all[names[0]])
	var got []string
	for _, f := range b.Figures {
		got = append(got, f.Name+": "+f.Measured+": "+f.Met)
	}
	const list = "list of all members, 5000 B, "
	want := []string{
		list + "quietest tenth, 2 turns, handler 48000/s: 29000/s, p50 0.50, p99 1.39 ms: yes",
		list + "quietest tenth, 2 turns, handler 48000/s: share of it: 0.61: yes",
		list + "quietest quarter, 5 turns, handler 46000/s: 28300/s, p50 0.50, p99 1.30 ms: ",
		list + "quietest quarter, 5 turns, handler 46000/s: share of it: 0.62: ",
		list + "quieter half, 10 turns, handler 44000/s: 27300/s, p50 0.50, p99 1.30 ms: ",
		list + "quieter half, 10 turns, handler 44000/s: share of it: 0.62: ",
		list + "all, 20 turns, handler 39000/s: 25300/s, p50 0.50, p99 1.30 ms: ",
		list + "all, 20 turns, handler 39000/s: share of it: 0.64: ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("figures (-want +got):\n%s", diff)
	}
	if err := os.WriteFile(file, []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := kept(file); err == nil {
		t.Error("half a line is passed over")
	}
}
