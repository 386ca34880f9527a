package offer

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
)

func TestValidate(t *testing.T) {
	tests := map[string]struct {
		change func(*Definition)
		wrong  []string // fields
	}{
		"as little as can be": {},
		"all of it": {change: func(d *Definition) {
			d.Text, d.Image, d.URL, d.Code, d.Items, d.Category, d.Segment = "Until Sunday.\nTea for two.", "https://cdn.example/a.jpg?x=1", "/p/tea?from=offer", "TEA-10", []event.ItemID{"pot"}, "Tea", "loyal"
			d.Placements, d.Starts, d.Ends, d.PerPerson, d.Budget, d.Control, d.Margin = []string{FrontPage, Mail}, noon, noon.Add(time.Hour), 3, 1000, 0.1, 250
		}},
		"nothing":              {func(d *Definition) { *d = Definition{} }, []string{"id", "status", "title"}},
		"an id with a capital": {func(d *Definition) { d.ID = "Tea" }, []string{"id"}},
		"an id too long":       {func(d *Definition) { d.ID = ID(strings.Repeat("a", 65)) }, []string{"id"}},
		"texts too long": {func(d *Definition) {
			d.Title, d.Text, d.Code = strings.Repeat("t", MaxTitle+1), strings.Repeat("t", MaxText+1), strings.Repeat("t", MaxCode+1)
		}, []string{"title", "text", "code"}},
		"texts that are no text":   {func(d *Definition) { d.Title, d.Text = "a\x00", "\xff" }, []string{"title", "text"}},
		"a script as an address":   {func(d *Definition) { d.URL = "javascript:alert(1)" }, []string{"url"}},
		"another scheme":           {func(d *Definition) { d.Image = "http://example.com/a.jpg" }, []string{"image"}},
		"another site's path":      {func(d *Definition) { d.URL = "//example.com/a" }, []string{"url"}},
		"a backslash":              {func(d *Definition) { d.URL = `/\example.com` }, []string{"url"}},
		"https to nowhere":         {func(d *Definition) { d.URL = "https:///a" }, []string{"url"}},
		"a code with a space":      {func(d *Definition) { d.Code = "TEA 10" }, []string{"code"}},
		"an item twice, one empty": {func(d *Definition) { d.Items = []event.ItemID{"a", "a", ""} }, []string{"items[1]", "items[2]"}},
		"too many items": {func(d *Definition) {
			for i := range MaxItems + 1 {
				d.Items = append(d.Items, event.ItemID(fmt.Sprint(i)))
			}
		}, []string{"items"}},
		"no such placement":     {func(d *Definition) { d.Placements = []string{"basket", Mail, Mail} }, []string{"placements[0]", "placements[2]"}},
		"over before it begins": {func(d *Definition) { d.Starts, d.Ends = noon, noon }, []string{"ends"}},
		"numbers below zero":    {func(d *Definition) { d.PerPerson, d.Budget, d.Control, d.Margin = -1, -1, -0.1, -1 }, []string{"perPerson", "budget", "control", "margin"}},
		"too large a control":   {func(d *Definition) { d.Control = 0.91 }, []string{"control"}},
		"no number":             {func(d *Definition) { d.Control = math.NaN() }, []string{"control"}},
		"no segment's id":       {func(d *Definition) { d.Segment = "all customers" }, []string{"segment"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := Definition{Shop: tea, ID: "tea", Status: Active, Title: "Tea for two"}
			if tt.change != nil {
				tt.change(&d)
			}
			var wrong []string
			f, refused := errors.AsType[*fault.Error](d.Validate())
			if refused {
				if f.Kind != fault.Invalid {
					t.Errorf("kind %v", f.Kind)
				}
				for _, field := range f.Fields {
					wrong = append(wrong, field.Path)
				}
			}
			if diff := cmp.Diff(tt.wrong, wrong); diff != "" {
				t.Errorf("wrong fields (-want +got):\n%s", diff)
			}
		})
	}
}
