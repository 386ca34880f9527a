package campaign

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/mail"
)

type jsonText = json.RawMessage

// fields are the paths that a fault names, in order, each once.
func fields(t *testing.T, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != fault.Invalid {
		t.Fatalf("%v, want an Invalid fault", err)
	}
	var paths []string
	for _, field := range f.Fields {
		if field.Reason == "" {
			t.Errorf("%s is wrong for no reason", field.Path)
		}
		paths = append(paths, field.Path)
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

func TestValidate(t *testing.T) {
	tests := map[string]struct {
		change func(*Definition)
		want   []string
	}{
		"a good one":           {func(*Definition) {}, nil},
		"a bare draft":         {func(d *Definition) { *d = Definition{ID: "x", Name: "X"} }, nil},
		"nothing":              {func(d *Definition) { *d = Definition{} }, []string{"id", "name"}},
		"ids":                  {func(d *Definition) { d.ID, d.Segment = "Spring!", "a b" }, []string{"id", "segment"}},
		"addresses":            {func(d *Definition) { d.From.Email, d.ReplyTo = "tea", mail.Address{Email: "a@b@c", Name: "x\ny"} }, []string{"from.email", "replyTo.email", "replyTo.name"}},
		"header injection":     {func(d *Definition) { d.From.Name, d.Variants[0].Subject = "a\r\nBcc: b@c.example", "x\ny" }, []string{"from.name", "variants[0].subject"}},
		"a control of all":     {func(d *Definition) { d.Control = 1 }, []string{"control"}},
		"a control of nothing": {func(d *Definition) { d.Control = math.NaN() }, []string{"control"}},
		"variants": {func(d *Definition) {
			d.Variants = []Variant{{Name: "a", Share: 1}, {Name: "a", Share: -1}, {Name: "B"}}
		}, []string{"variants[1].name", "variants[1].share", "variants[2].name"}},
		"variants of no share":      {func(d *Definition) { d.Variants[0].Share = 0 }, []string{"variants"}},
		"an endless share":          {func(d *Definition) { d.Variants[0].Share = math.Inf(1) }, []string{"variants[0].share"}},
		"shares too small to store": {func(d *Definition) { d.Control, d.Variants[0].Share = 1e-300, 1e-300 }, []string{"control", "variants[0].share"}},
		"a novel":                   {func(d *Definition) { d.Variants[0].HTML = strings.Repeat("x", MaxTextBytes) }, []string{"variants"}},
		"half a cap":                {func(d *Definition) { d.Cap = Cap{Messages: 2} }, []string{"cap"}},
		"caps beyond":               {func(d *Definition) { d.Cap = Cap{Messages: 1000, Within: 1000 * time.Hour * 24} }, []string{"cap.messages", "cap.within"}},
		"quiet all day":             {func(d *Definition) { d.Quiet = Quiet{From: 10, To: 9} }, []string{"quiet"}},
		"quiet at 25 o'clock":       {func(d *Definition) { d.Quiet = Quiet{From: -1, To: 1500} }, []string{"quiet.from", "quiet.to"}},
		"an end before it":          {func(d *Definition) { d.At, d.Until = noon, noon }, []string{"until"}},
		"an end far away":           {func(d *Definition) { d.At, d.Until = noon, noon.AddDate(1, 0, 0) }, []string{"until"}},
		"negative times":            {func(d *Definition) { d.LateBy, d.Window = -1, -1 }, []string{"lateBy", "window"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := spring()
			tt.change(&d)
			if diff := cmp.Diff(tt.want, fields(t, d.Validate())); diff != "" {
				t.Errorf("wrong fields (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCanStart(t *testing.T) {
	tests := map[string]struct {
		change    func(*Definition)
		members   int
		condition string
		want      []string
		warnings  []string
	}{
		"a good one":                  {members: 1},
		"nobody is in the segment":    {warnings: []string{"nobody is in the segment at present"}},
		"everybody is":                {members: 1, condition: "true", warnings: []string{"the segment is everybody"}},
		"a segment that is none":      {change: func(d *Definition) { d.Segment = "none" }, want: []string{"segment"}},
		"without anything":            {change: func(d *Definition) { d.From, d.Segment, d.Variants = mail.Address{}, "", nil }, want: []string{"from.email", "segment", "variants"}},
		"without a text part":         {change: func(d *Definition) { d.Variants[0].Text = " " }, members: 1, want: []string{"variants[0].text"}},
		"without a subject":           {change: func(d *Definition) { d.Variants[0].Subject = "" }, members: 1, want: []string{"variants[0].subject"}},
		"without an unsubscribe link": {change: func(d *Definition) { d.Variants[0].Text, d.Variants[0].HTML = "unsubscribe", "<p>unsubscribe</p>" }, members: 1, want: []string{"variants[0].html", "variants[0].text"}},
		"in one variant of two": {change: func(d *Definition) {
			d.Variants = append(d.Variants, Variant{Name: "b", Share: 1, Subject: "B", Text: "b"})
		}, members: 1, want: []string{"variants[1].text"}},
		"in one that nobody gets": {change: func(d *Definition) { d.Variants = append(d.Variants, Variant{Name: "b"}) }, members: 1},
		"late":                    {change: func(d *Definition) { d.At = noon.Add(-2 * time.Hour) }, members: 1, want: []string{"at"}},
		"late, and that is fine":  {change: func(d *Definition) { d.At, d.LateBy = noon.Add(-2*time.Hour), 3*time.Hour }, members: 1},
		"over":                    {change: func(d *Definition) { d.Until = noon }, members: 1, want: []string{"until"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.join(t, tt.members, nil)
			if tt.condition != "" {
				w.segment.condition = tt.condition
			}
			d := spring()
			if tt.change != nil {
				tt.change(&d)
			}
			warnings, err := w.runner.CanStart(t.Context(), d)
			if diff := cmp.Diff([][]string{tt.want, tt.warnings}, [][]string{fields(t, err), warnings}); diff != "" {
				t.Errorf("wrong fields, warnings (-want +got):\n%s", diff)
			}
			w.put(t, d)
			if _, err := w.runner.Start(t.Context(), tea, d.ID, 0); (err == nil) != (tt.want == nil) {
				t.Errorf("start: %v", err)
			}
		})
	}
}

func TestTemplatesAreCheckedAtSave(t *testing.T) {
	w := newWorld(t)
	w.runner.check = func(_ context.Context, _ event.ShopID, v Variant) []fault.Field {
		if strings.Contains(v.HTML, "{% if") {
			return []fault.Field{{Path: "html", Reason: "line 1, column 4: the if is not closed"}}
		}
		return nil
	}
	d := spring()
	d.Variants[0].HTML = "<p>{% if</p>"
	_, err := w.runner.Put(t.Context(), d)
	if diff := cmp.Diff([]string{"variants[0].html"}, fields(t, err)); diff != "" {
		t.Errorf("wrong fields (-want +got):\n%s", diff)
	}
	if _, err := w.store.Get(t.Context(), tea, d.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("it was stored: %v", err)
	}
}
