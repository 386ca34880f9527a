package simulate

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/event"
)

var end = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestShopIsTheSameForASeed(t *testing.T) {
	small := Options{Items: 80, Customers: 40, End: end}
	a, b := Shop(7, small), Shop(7, small)
	if diff := cmp.Diff(a.Events, b.Events); diff != "" {
		t.Errorf("events of the same seed differ (-first +second):\n%s", diff)
	}
	if other := Shop(8, small); cmp.Equal(a.Events, other.Events) {
		t.Error("another seed made the same events")
	}
}

func TestShopHoldsTogether(t *testing.T) {
	made := Shop(1, Options{End: end})
	begin := end.Add(-DefaultDays * 24 * time.Hour)
	on := map[event.ItemID]time.Time{}
	titles := map[string]bool{}
	for _, it := range made.Items {
		if err := it.Validate(""); err != nil {
			t.Errorf("item %s: %v", it.ID, err)
		}
		if _, twice := on[it.ID]; twice || titles[it.Title] {
			t.Errorf("item %s %q is there twice", it.ID, it.Title)
		}
		on[it.ID], titles[it.Title] = it.Created, true
	}
	ids := map[event.VisitorID]map[event.ID]bool{}
	counts := map[event.Name]int{}
	known := 0
	for i, e := range made.Events {
		if i > 0 && e.At.Before(made.Events[i-1].At) {
			t.Fatalf("event %d is earlier than the one before", i)
		}
		if e.At.Before(begin) || !e.At.Before(end) {
			t.Fatalf("event %d at %s is outside the year", i, e.At)
		}
		if ids[e.Visitor] == nil {
			ids[e.Visitor] = map[event.ID]bool{}
		}
		if ids[e.Visitor][e.ID] {
			t.Fatalf("message %s of %s is there twice", e.ID, e.Visitor)
		}
		ids[e.Visitor][e.ID] = true
		for _, l := range e.Lines {
			if from, sold := on[l.Item]; !sold || e.At.Before(from) {
				t.Fatalf("event %d has item %s, which is not on sale", i, l.Item)
			}
		}
		counts[e.Name]++
		if e.Person != "" {
			known++
		}
	}
	if n := len(made.Events); n < 60_000 || n > 130_000 {
		t.Errorf("%d events, wanted a year of some 100,000", n)
	}
	if counts[event.OrderCompleted] < 3000 {
		t.Errorf("%d orders, too few to learn from", counts[event.OrderCompleted])
	}
	t.Logf("%d events, %d by customers, %v", len(made.Events), known, counts)
}

func TestTruthCanBeFound(t *testing.T) {
	made := Shop(1, Options{End: end})
	category := map[event.ItemID]string{}
	for _, it := range made.Items {
		category[it.ID] = it.Category
	}
	views := map[event.ItemID]int{}
	mine, all := 0, 0
	with, pairs := 0, 0
	tastes := map[event.PersonID]string{}
	for _, c := range made.Customers {
		best, top := 0.0, ""
		for d, w := range c.Tastes {
			if w > best || w == best && d < top {
				best, top = w, d
			}
		}
		tastes[c.Person] = top
	}
	for _, e := range made.Events {
		if e.Name == event.ProductViewed {
			views[e.Lines[0].Item]++
			if top := tastes[e.Person]; top != "" {
				all++
				if len(category[e.Lines[0].Item]) > len(top) && category[e.Lines[0].Item][:len(top)] == top {
					mine++
				}
			}
		}
		if e.Name == event.OrderCompleted && len(e.Lines) > 1 {
			pairs++
			if together(made, e.Lines) {
				with++
			}
		}
	}
	if share := float64(mine) / float64(all); share < 0.25 {
		t.Errorf("%.2f of the views are in the favourite department of ten, taste would not show", share)
	}
	if share := float64(with) / float64(pairs); share < 0.3 {
		t.Errorf("%.2f of the larger orders have goods that go together", share)
	}
	most := 0
	for _, n := range views {
		most = max(most, n)
	}
	if mean := len(made.Events) / len(made.Items); most < 3*mean {
		t.Errorf("the most viewed item has %d views with %d events an item: no skew", most, mean)
	}
}

func together(made Made, lines []event.Line) bool {
	for _, a := range lines {
		for _, partner := range made.Together[a.Item] {
			for _, b := range lines {
				if b.Item == partner {
					return true
				}
			}
		}
	}
	return false
}

func TestPictures(t *testing.T) {
	for _, it := range Shop(1, Options{Items: 120, Customers: 1, Days: 1, End: end}).Items {
		svg := Picture(it)
		if bytes.Contains(svg, []byte("{")) {
			t.Fatalf("picture of %s has an empty place: %s", it.ID, svg)
		}
		d := xml.NewDecoder(bytes.NewReader(svg))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("picture of %s is not well-formed: %v", it.ID, err)
			}
		}
		if !bytes.Equal(svg, Picture(it)) {
			t.Errorf("picture of %s changes", it.ID)
		}
	}
	for _, k := range kinds {
		if shapes[k.shape] == "" {
			t.Errorf("%s has no drawing %q", k.name, k.shape)
		}
	}
}
