package app

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTheNextAnswerKnows demands that what was folded counts in the very next answer of the same process, however often the profile was read before.
func TestTheNextAnswerKnows(t *testing.T) {
	w := newWorld(t)
	a := w.browser()
	a.frontPage("")
	for n := range 12 {
		item := fmt.Sprintf("t%02d", n)
		a.send(teaKey, view("anon-a", item))
		w.fold()
		if got := a.frontPage("").shelf("viewed-before"); !slices.Contains(got, item) {
			t.Fatalf("viewed before after looking at %s: %v", item, got)
		}
		for range 3 {
			a.frontPage("")
		}
		a.send(teaKey, track{Type: "track", Event: "Item Dismissed", AnonymousID: "anon-a", Properties: map[string]any{"product_id": item}})
		w.fold()
		if page := a.frontPage(""); page.shows(item) {
			t.Fatalf("%s is shown after it was dismissed", item)
		}
	}
}

func (p frontPage) shows(item string) bool {
	for _, s := range p.Shelves {
		if slices.Contains(p.shelf(s.Placement), item) {
			return true
		}
	}
	return false
}

// TestFields demands of every choice of members exactly those, with the values that the whole answer has.
func TestFields(t *testing.T) {
	w := newWorld(t)
	server := w.browser()
	server.header.Set("Authorization", "Bearer "+teaSecret)
	type list struct{ Items []map[string]json.RawMessage }
	var whole list
	const path = "/v1/recommendations?limit=10&placement=new"
	if status := server.call(http.MethodGet, path, nil, &whole); status != http.StatusOK || len(whole.Items) != 10 {
		t.Fatalf("%d, %d items", status, len(whole.Items))
	}
	optional := []string{"url", "image"}
	for _, wanted := range []string{"id", "title", "id,score", "price,reason", "position,propensity,source", "url,image,id", "id,title,url,image,price,position,score,propensity,source,reason"} {
		t.Run(wanted, func(t *testing.T) {
			names := strings.Split("id,"+wanted, ",")
			var want list
			for _, item := range whole.Items {
				some := map[string]json.RawMessage{}
				for _, name := range names {
					if value, ok := item[name]; ok {
						some[name] = value
					} else if !slices.Contains(optional, name) {
						t.Fatalf("the whole answer has no %s: %v", name, slices.Collect(maps.Keys(item)))
					}
				}
				want.Items = append(want.Items, some)
			}
			var got list
			server.call(http.MethodGet, path+"&fields="+wanted, nil, &got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("items (-want +got):\n%s", diff)
			}
			var batch struct{ Results []list }
			server.call(http.MethodPost, "/v1/recommendations:batch", map[string]any{"requests": []any{map[string]any{"placement": "new", "limit": 10, "fields": wanted}}}, &batch)
			if diff := cmp.Diff([]list{want}, batch.Results); diff != "" {
				t.Errorf("batch (-want +got):\n%s", diff)
			}
		})
	}
	if status := server.call(http.MethodGet, path+"&fields=colour", nil, nil); status != http.StatusBadRequest {
		t.Errorf("an unknown member is answered with %d", status)
	}
}
