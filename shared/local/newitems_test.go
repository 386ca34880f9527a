package local

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// listed are the items of one list that a stranger is shown.
func (v *visitor) listed(query string) []string {
	v.t.Helper()
	var shelf struct{ Items []struct{ ID string } }
	if err := json.Unmarshal([]byte(v.do(http.MethodGet, "/v1/recommendations?"+query, "")), &shelf); err != nil {
		v.t.Fatal(err)
	}
	var ids []string
	for _, it := range shelf.Items {
		ids = append(ids, it.ID)
	}
	return ids
}

// TestANewItemIsRecommendedWithoutTraining imports an item into a shop that serves, waits for it to be recommended, and deletes it.
func TestANewItemIsRecommendedWithoutTraining(t *testing.T) {
	s := serve(t, ServeOptions{Dir: filepath.Join(t.TempDir(), "shop")})
	o, status := s.logIn(s.Password)
	if status != http.StatusOK {
		t.Fatalf("log in: %d", status)
	}
	v := s.visitor()
	begun := time.Now()
	if status, text, _ := o.ask(http.MethodPost, "imports?kind=items&name=goods.csv", "id,title,price,category\nNEW1,A brand new tea,4.50,Tea\n"); status != http.StatusAccepted {
		t.Fatalf("upload: %d %s", status, text)
	}
	has := func(query string, want bool) {
		t.Helper()
		eventually(t, []string{query}, func() []string {
			if slices.Contains(v.listed(query), "NEW1") == want {
				return []string{query}
			}
			return nil
		})
	}
	has("placement=new", true)
	has("placement=for-you&limit=12", true)
	has("placement=trending&limit=12", true)
	if took := time.Since(begun); took > time.Minute {
		t.Errorf("it took %v", took)
	}
	has("placement=similar&item=NEW1", false) // not beside itself
	if status, text, _ := o.ask(http.MethodDelete, "items/NEW1", ""); status != http.StatusNoContent {
		t.Fatalf("delete: %d %s", status, text)
	}
	for _, query := range []string{"placement=new", "placement=for-you&limit=12", "placement=trending&limit=12"} {
		has(query, false)
	}
	s.end()
}

// TestARuleHoldsWithinSeconds bans a category by the admin API while the shop serves, and lets it go again.
func TestARuleHoldsWithinSeconds(t *testing.T) {
	s := serve(t, ServeOptions{Dir: filepath.Join(t.TempDir(), "shop")})
	o, status := s.logIn(s.Password)
	if status != http.StatusOK {
		t.Fatalf("log in: %d", status)
	}
	v := s.visitor()
	before := v.listed("placement=trending&limit=6")
	first := before[len(before)-1]
	rule := `{"id":"first","name":"First","kind":"pin","items":["` + first + `"],"place":1,"placements":["trending"]}`
	if status, text, _ := o.ask(http.MethodPost, "rules:preview", `{"name":"First","kind":"pin","items":["`+first+`"],"place":1,"placements":["trending"]}`); status != http.StatusOK || !strings.Contains(text, `"rule":"draft"`) {
		t.Errorf("preview: %d %s", status, text)
	}
	if status, text, _ := o.ask(http.MethodPost, "rules", rule); status != http.StatusCreated {
		t.Fatalf("make: %d %s", status, text)
	}
	leader := func(query string) func() []string {
		return func() []string { return v.listed(query)[:1] }
	}
	eventually(t, []string{first}, leader("placement=trending&limit=6"))
	if got := v.do(http.MethodGet, "/v1/recommendations?placement=trending&limit=6", ""); !strings.Contains(got, `"source":"rule"`) {
		t.Errorf("the pinned item does not say why it is there: %s", got)
	}
	ban := `{"id":"ban","name":"Ban","kind":"exclude","items":["` + first + `"]}`
	if status, text, _ := o.ask(http.MethodPost, "rules", ban); status != http.StatusCreated {
		t.Fatalf("make: %d %s", status, text)
	}
	eventually(t, []string{"gone"}, func() []string {
		if slices.Contains(v.listed("placement=trending&limit=100"), first) {
			return nil
		}
		return []string{"gone"}
	})
	s.end()
}

// TestTheOwnerSeesWhyACustomerIsShownWhat asks what known customers would be shown, and why.
func TestTheOwnerSeesWhyACustomerIsShownWhat(t *testing.T) {
	s := serve(t, ServeOptions{Dir: filepath.Join(t.TempDir(), "shop")})
	o, status := s.logIn(s.Password)
	if status != http.StatusOK {
		t.Fatalf("log in: %d", status)
	}
	read := func(path string, into any) {
		t.Helper()
		status, text, _ := o.ask(http.MethodGet, path, "")
		if status != http.StatusOK {
			t.Fatalf("%s: %d %s", path, status, text)
		}
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatal(err)
		}
	}
	v := s.visitor()
	looked := v.listed("placement=trending&limit=4")
	for ago, id := range looked {
		v.view(id, ago+1)
	}
	eventually(t, []string{"known"}, func() []string {
		if len(v.viewed()) == len(looked) {
			return []string{"known"}
		}
		return nil
	})
	var me struct{ Visitor string }
	if err := json.Unmarshal([]byte(v.do(http.MethodGet, "/v1/me", "")), &me); err != nil {
		t.Fatal(err)
	}
	var shown struct {
		Items []struct {
			Placement string
			Items     []struct {
				ID, Title, Source, Reason string
				Why                       []struct {
					What   string
					Amount float64
				}
			}
		}
	}
	read("customers/"+me.Visitor+"/recommendations", &shown)
	for _, shelf := range shown.Items {
		for _, it := range shelf.Items {
			if it.Title == "" || it.Reason == "" || it.Source == "" || it.Why == nil {
				t.Errorf("%s on %s: %+v", it.ID, shelf.Placement, it)
			}
		}
	}
	if len(shown.Items) != 3 || len(shown.Items[0].Items) != len(looked) {
		t.Errorf("shown: %+v", shown.Items)
	}
	if status, _, _ := o.ask(http.MethodGet, "customers/nobody/recommendations", ""); status != http.StatusNotFound {
		t.Errorf("of nobody: %d", status)
	}
	s.end()
}

// TestTheOwnerSetsTheTraining changes one setting, is refused another, and takes the first back.
func TestTheOwnerSetsTheTraining(t *testing.T) {
	s := serve(t, ServeOptions{Dir: filepath.Join(t.TempDir(), "shop"), NoDemo: true})
	o, status := s.logIn(s.Password)
	if status != http.StatusOK {
		t.Fatalf("log in: %d", status)
	}
	for _, tt := range []struct {
		method, body string
		status       int
		says         string
	}{
		{http.MethodGet, "", http.StatusOK, `"name":"interest-days","value":14,"default":14,"least":0.1,"most":3650,"set":false`},
		{http.MethodPut, `{"settings":{"interest-days":3}}`, http.StatusOK, `"name":"interest-days","value":3,"default":14,"least":0.1,"most":3650,"set":true`},
		{http.MethodPut, `{"settings":{"luck":3}}`, http.StatusBadRequest, "settings.luck"},
		{http.MethodPut, `{"settings":{"live-share":2}}`, http.StatusBadRequest, "settings.live-share"},
		{http.MethodGet, "", http.StatusOK, `"name":"interest-days","value":3,`},
		{http.MethodPut, `{"settings":{}}`, http.StatusOK, `"name":"interest-days","value":14,`},
	} {
		status, text, _ := o.ask(tt.method, "models/settings", tt.body)
		if status != tt.status || !strings.Contains(text, tt.says) {
			t.Errorf("%s %s: %d %s, want %d with %s", tt.method, tt.body, status, text, tt.status, tt.says)
		}
	}
	s.end()
}
