package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every task that needs no real data runs on a tiny shop and finds what the table shows.
func TestParts(t *testing.T) {
	file := filepath.Join(t.TempDir(), "shop.model")
	for _, tt := range []struct {
		part part
		want []string
	}{
		{part{Task: "sessions", Clicks: 4000, Newest: 500}, []string{"build s", "clicks", "sessions", "items", "index bytes per click"}},
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
