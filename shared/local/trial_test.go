package local

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/compare"
	"shopkeeper/shared/event"
	"shopkeeper/shared/offpolicy"
	"shopkeeper/shared/recommend"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/model"
)

// opposed is a folder with two models that agree on nothing: the older one has the goods in their order, the newer one, which is in use, in the opposite one.
func opposed(t *testing.T) (dir string, versions [2]string) {
	t.Helper()
	dir = t.TempDir()
	l, err := Open(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var goods []catalog.Item
	var known []model.Item
	for n := range 40 {
		id := fmt.Sprintf("lamp-%02d", n)
		goods = append(goods, catalog.Item{ID: event.ItemID(id), Title: id, Currency: "GBP", Price: 100})
		known = append(known, model.Item{ID: id, Title: id, Currency: "GBP", Price: 100})
	}
	if _, err := l.Items.Put(t.Context(), ShopID, goods...); err != nil {
		t.Fatal(err)
	}
	for n := range versions {
		c, err := model.NewCatalog(known)
		if err != nil {
			t.Fatal(err)
		}
		contents := model.Contents{Trained: time.Now().Add(time.Duration(n) * time.Second), Catalog: c}
		for _, members := range c.Members() {
			var list []item.Scored
			for rank := range members {
				at := rank
				if n == 1 {
					at = len(members) - 1 - rank
				}
				list = append(list, item.Scored{Item: members[at], Score: 100 / float32(rank+1)})
			}
			contents.Popular, contents.Trending, contents.Newest = append(contents.Popular, list), append(contents.Trending, list), append(contents.Newest, members)
		}
		file, err := model.Encode(contents)
		if err != nil {
			t.Fatal(err)
		}
		m, err := model.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := recommend.Publish(t.Context(), l.Blobs, ShopID, m.Version(), file, time.Now()); err != nil {
			t.Fatal(err)
		}
		versions[n] = fmt.Sprintf("%016x", m.Version())
	}
	return dir, versions
}

// shelf is a list as an answer has it.
type shelf struct {
	RecommendationID string
	Items            []struct{ ID string }
}

func (v *visitor) list(query string) (s shelf) {
	v.t.Helper()
	if err := json.Unmarshal([]byte(v.do(http.MethodGet, "/v1/recommendations?"+query, "")), &s); err != nil || len(s.Items) == 0 {
		v.t.Fatalf("%+v, %v", s, err)
	}
	return s
}

func (v *visitor) click(s shelf, place int) {
	v.t.Helper()
	v.do(http.MethodPost, "/v1/track", fmt.Sprintf(`{"event":"Recommendation Clicked","anonymousId":"test","properties":{"product_id":%q,"recommendationId":%q}}`, s.Items[place].ID, s.RecommendationID))
}

func (v *visitor) order(id string, total float64) {
	v.t.Helper()
	v.do(http.MethodPost, "/v1/track", fmt.Sprintf(`{"event":"Order Completed","anonymousId":"test","properties":{"order_id":%q,"total":%g,"currency":"GBP","products":[{"product_id":"lamp-01","quantity":1,"price":%[2]g}]}}`, id, total))
}

// staff asks the admin API as the shop's server does.
func (s *served) staff(method, path, body string, want int, into any) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+"/admin/v1/models"+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.SecretKey)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != want {
		s.t.Fatalf("%s %s with %q answered %d: %s %v", method, path, body, res.StatusCode, text, err)
	}
	if into != nil {
		if err := json.NewDecoder(bytes.NewReader(text)).Decode(into); err != nil {
			s.t.Fatal(err)
		}
	}
}

// settled asks until the arms are as wanted.
func (s *served) settled(want []compare.Arm) (r compare.Report) {
	s.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		s.staff(http.MethodGet, "/trial", "", http.StatusOK, &r)
		if cmp.Equal(want, r.Arms) {
			return r
		}
		if time.Now().After(end) {
			s.t.Fatalf("never as counted by hand (-want +got):\n%s", cmp.Diff(want, r.Arms))
		}
	}
}

// TestTrialCountsWhatHappened lives through a day of two models side by side, by the HTTP API alone, and counts by hand.
func TestTrialCountsWhatHappened(t *testing.T) {
	t.Parallel()
	dir, versions := opposed(t)
	s := serve(t, ServeOptions{Dir: dir, NoDemo: true})
	var r compare.Report
	s.staff(http.MethodPost, "/trial", `{"version":"`+versions[0]+`"}`, http.StatusCreated, &r)
	s.end()
	s = serve(t, ServeOptions{Dir: dir, NoDemo: true}) // whatever it answers is part of the trial
	defer s.end()
	want := []compare.Arm{{Name: "A", Version: versions[1]}, {Name: "B", Version: versions[0]}}
	leads := [...]string{"lamp-39", "lamp-00"} // the first item of each model
	for n := range 24 {
		v := s.visitor()
		stranger := v.list("placement=trending&limit=4") // without a cookie: model A, and not counted
		if stranger.Items[0].ID != leads[0] {
			t.Fatalf("a stranger sees %s first", stranger.Items[0].ID)
		}
		v.click(stranger, 0)
		first := v.list("placement=trending&limit=4")
		arm := slices.Index(leads[:], first.Items[0].ID)
		if arm < 0 {
			t.Fatalf("%s is first in neither model", first.Items[0].ID)
		}
		second := v.list("placement=for-you&limit=4")
		a := &want[arm]
		a.Visitors++
		a.Exposures += 2
		if n%2 == 0 {
			v.click(first, 0)
			v.click(first, 0) // the same item again
			v.click(first, 1)
			v.click(second, 3)
			a.Clicks += 3
			a.Clicked++
		}
		if n%3 == 0 {
			v.order(fmt.Sprint("order-", n), 12.5+float64(n))
			a.Orders++
			a.Ordered++
			a.Revenue += 1250 + 100*int64(n)
		}
		if again := v.list("placement=trending&limit=4"); again.Items[0].ID != first.Items[0].ID {
			t.Errorf("a visitor of %s sees %s first", first.Items[0].ID, again.Items[0].ID)
		}
		a.Exposures++
	}
	r = s.settled(want)
	if r.Verdict != compare.Early || len(r.Measures) != 3 || r.Measures[0].A != float64(want[0].Clicks)/float64(want[0].Visitors) || len(r.Warnings) > 0 {
		t.Errorf("%+v", r)
	}
	var kept struct {
		Models []struct {
			Version string
			Live    bool
		}
		Trial *struct{ ID string }
	}
	s.staff(http.MethodPost, "/trial:promote", "", http.StatusOK, &kept)
	if kept.Trial != nil || !kept.Models[1].Live || kept.Models[1].Version != versions[0] {
		t.Errorf("after B was promoted: %+v", kept)
	}
	s.staff(http.MethodDelete, "/trial", "", http.StatusNotFound, nil)
	s.staff(http.MethodGet, "/trial", "", http.StatusNotFound, nil)
	eventually(t, []string{leads[1]}, func() []string { return []string{s.visitor().list("placement=trending&limit=4").Items[0].ID} })
}

// TestTwoModelsOnOneList lives through a day of visitors who see items of both models on one list, and credits by hand.
func TestTwoModelsOnOneList(t *testing.T) {
	t.Parallel()
	dir, versions := opposed(t)
	s := serve(t, ServeOptions{Dir: dir, NoDemo: true})
	for body, want := range map[string]struct {
		status int
		says   string
	}{
		`{"version":"0000000000000001"}`:                                      {http.StatusNotFound, "no model of version"},
		`{"version":"` + versions[1] + `"}`:                                   {http.StatusBadRequest, "is the model in use"},
		`{"version":"newest"}`:                                                {http.StatusBadRequest, "is the model in use"},
		`{"version":"` + versions[0] + `","share":1}`:                         {http.StatusBadRequest, "less than 1"},
		`{"version":"` + versions[0] + `","share":0}`:                         {http.StatusBadRequest, "share"},
		`{"version":"` + versions[0] + `","share":-0.5}`:                      {http.StatusBadRequest, "share"},
		`{"version":"` + versions[0] + `","share":1.5,"method":"interleave"}`: {http.StatusBadRequest, "share"},
		`{"version":"` + versions[0] + `","method":"tournament"}`:             {http.StatusBadRequest, "method"},
		`{"version":"../../keys.json"}`:                                       {http.StatusBadRequest, "version"},
		`{}`:                                                                  {http.StatusBadRequest, "version"},
		`{"version":"` + versions[0] + `","seed":1}`:                          {http.StatusBadRequest, "seed"},
		`not JSON`: {http.StatusBadRequest, "body"},
	} {
		var problem json.RawMessage
		if s.staff(http.MethodPost, "/trial", body, want.status, &problem); !strings.Contains(string(problem), want.says) {
			t.Errorf("%s: %s, want it to say %q", body, problem, want.says)
		}
	}
	var r compare.Report
	s.staff(http.MethodPost, "/trial", `{"version":"`+versions[0]+`","method":"interleave"}`, http.StatusCreated, &r)
	s.staff(http.MethodPost, "/trial", `{"version":"`+versions[0]+`"}`, http.StatusConflict, nil)
	s.end()
	s = serve(t, ServeOptions{Dir: dir, NoDemo: true})
	defer s.end()
	const visitors = 20
	var clicks [visitors][]clicked
	for n := range visitors {
		v := s.visitor()
		stranger := v.list("placement=for-you&limit=6") // A's alone
		list := v.list("placement=for-you&limit=6")
		if again := v.list("placement=for-you&limit=6"); n == 0 && !cmp.Equal(list.Items, again.Items) {
			t.Errorf("looked at again, %v is %v", list.Items, again.Items)
		}
		v.list("placement=trending&limit=2")
		v.click(stranger, 0)
		for place := range list.Items[:n%4] {
			v.click(list, place)
			clicks[n] = append(clicks[n], clicked{list.RecommendationID, place})
		}
	}
	want := []compare.Arm{{Name: "A", Version: versions[1], Visitors: visitors, Exposures: 3 * visitors}, {Name: "B", Version: versions[0], Visitors: visitors, Exposures: 3 * visitors}}
	preference := compare.Preference{}
	log := sharedLists(t, dir, 2*visitors)
	for _, made := range clicks {
		var of [2]int
		for _, c := range made {
			if arm := strings.IndexByte("ab", log(c)); arm >= 0 {
				of[arm]++
				want[arm].Clicks++
			}
		}
		switch {
		case of[0] > of[1]:
			preference.WinsA++
		case of[1] > of[0]:
			preference.WinsB++
		case of[0] > 0:
			preference.Ties++
		}
	}
	if want[0].Clicks+want[1].Clicks < visitors/2 {
		t.Errorf("%d clicks are credited: the models hardly differ", want[0].Clicks+want[1].Clicks)
	}
	r = s.settled(want)
	preference.Estimate = r.Preference.Estimate
	if diff := cmp.Diff(&preference, r.Preference); diff != "" || r.Verdict != compare.Early || len(r.Warnings) > 0 {
		t.Errorf("%+v\npreference (-want +got):\n%s", r, diff)
	}
	var kept struct{ Trial *struct{ ID string } }
	if s.staff(http.MethodDelete, "/trial", "", http.StatusOK, &kept); kept.Trial != nil {
		t.Error("it goes on")
	}
}

// clicked is a place of a list that was clicked.
type clicked struct {
	rec   string
	place int
}

// sharedLists reads the log until it has so many lists of both models, and tells whose the item at a place of one is.
func sharedLists(t *testing.T, dir string, n int) func(clicked) byte {
	t.Helper()
	l, err := Open(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	signer, err := recommend.NewSigner(l.Ring)
	if err != nil {
		t.Fatal(err)
	}
	teams := map[offpolicy.Answer]string{}
	for end := time.Now().Add(patience); len(teams) < n; {
		if _, err := l.Exposures(t.Context(), ShopID, time.Time{}, func(e offpolicy.Exposure) {
			if e.Teams != "" {
				teams[e.Answer(e.Shelves[0])] = e.Teams
			}
		}); err != nil {
			t.Fatal(err)
		}
		if time.Now().After(end) {
			t.Fatalf("the log has %d lists of both models, want %d", len(teams), n)
		}
	}
	return func(c clicked) byte {
		token, err := signer.Parse(ShopID, c.rec)
		if err != nil {
			t.Fatal(err)
		}
		return teams[offpolicy.Answer{Placement: token.Placement.String(), Model: token.Model, Seed: token.Seed, Second: token.At.Unix()}][c.place]
	}
}
