package local

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"slices"
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
