package app

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/archive"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/exposure"
	"shopkeeper/shared/offpolicy"
)

func TestAVisitorComesBack(t *testing.T) {
	w := newWorld(t)
	a := w.browser()

	stranger := a.frontPage("")
	if stranger.Visitor.Known || stranger.Greeting != "" || len(stranger.shelf("viewed-before")) > 0 {
		t.Errorf("a stranger is greeted: %+v", stranger.Visitor)
	}
	if len(stranger.shelf("trending")) == 0 {
		t.Error("a stranger is shown nothing")
	}

	a.send(teaKey, view("anon-a", "t00"), view("anon-a", "t04"), view("anon-a", "t08"))
	w.fold()
	page := a.frontPage("")
	if got := page.shelf("viewed-before"); len(got) != 3 || !slices.Contains(got, "t00") || !slices.Contains(got, "t04") || !slices.Contains(got, "t08") {
		t.Errorf("viewed before: %v", got)
	}
	named := false
	for _, s := range page.Shelves {
		for _, i := range s.Items {
			named = named || s.Placement == "for-you" && strings.HasPrefix(i.Reason.Text, "Because you looked at Tea ")
		}
	}
	if !named || len(page.shelf("for-you")) == 0 {
		t.Errorf("for-you gives no reason: %+v", page.Shelves)
	}

	a.send(teaKey, track{Type: "identify", AnonymousID: "anon-a", UserID: "u-1", Traits: map[string]any{"firstName": "Julien", "email": "julien@example.com"}})
	w.fold()
	page = a.frontPage("")
	if !page.Visitor.Known || page.Greeting != "Julien's shop" || len(page.shelf("viewed-before")) != 3 {
		t.Errorf("after identify: %+v %q %v", page.Visitor, page.Greeting, page.shelf("viewed-before"))
	}
	if fr := a.frontPage("&locale=fr"); fr.Greeting != "La boutique de Julien" {
		t.Errorf("in French: %q", fr.Greeting)
	}

	t.Run("a second browser with the same anonymousId learns nothing", func(t *testing.T) {
		b := w.browser()
		b.send(teaKey, view("anon-a", "t01"))
		w.fold()
		if p := b.frontPage(""); p.Visitor.Known || p.Greeting != "" || len(p.shelf("viewed-before")) > 0 {
			t.Errorf("it learned %+v %v", p.Visitor, p.shelf("viewed-before"))
		}
	})
	t.Run("a second browser that claims the userId is not shown name or history", func(t *testing.T) {
		b := w.browser()
		b.frontPage("")
		b.send(teaKey, track{Type: "identify", AnonymousID: "anon-b", UserID: "u-1"})
		w.fold()
		p := b.frontPage("")
		if p.Visitor.Name != "" || p.Greeting != "" || len(p.shelf("viewed-before")) > 0 {
			t.Errorf("it was shown %+v %v", p.Visitor, p.shelf("viewed-before"))
		}
		for _, s := range p.Shelves {
			for _, i := range s.Items {
				if slices.Contains(i.Reason.Items, "t00") || slices.Contains(i.Reason.Items, "t04") || slices.Contains(i.Reason.Items, "t08") {
					t.Errorf("a reason names what the person viewed: %+v", i.Reason)
				}
			}
		}
	})
	t.Run("a second browser that the shop vouches for sees all of it, also what others wrote to the anonymousId", func(t *testing.T) {
		mac := hmac.New(sha256.New, []byte(teaSecret))
		mac.Write([]byte("u-1"))
		b := w.browser()
		b.frontPage("")
		b.send(teaKey, track{Type: "identify", AnonymousID: "anon-c", UserID: "u-1", Context: map[string]any{"userHash": hex.EncodeToString(mac.Sum(nil))}})
		w.fold()
		if p := b.frontPage(""); p.Greeting != "Julien's shop" || len(p.shelf("viewed-before")) != 4 {
			t.Errorf("it was shown %+v %q %v", p.Visitor, p.Greeting, p.shelf("viewed-before"))
		}
	})
	t.Run("the shop's server asks with the secret key", func(t *testing.T) {
		server := w.browser()
		server.header.Set("Authorization", "Bearer "+teaSecret)
		var p frontPage
		if status := server.call(http.MethodGet, "/v1/front-page?user=u-1", nil, &p); status != http.StatusOK || p.Greeting != "Julien's shop" {
			t.Errorf("%d %+v", status, p.Visitor)
		}
		if status := w.browser().call(http.MethodGet, "/v1/front-page?user=u-1&writeKey="+teaKey, nil, nil); status != http.StatusForbidden {
			t.Errorf("with the write key: %d", status)
		}
	})
}

func TestKeysAndShopsStayApart(t *testing.T) {
	w := newWorld(t)
	a := w.browser()
	a.send(teaKey, view("anon-a", "t00"))
	w.fold()
	tests := map[string]struct {
		path, authorization string
		want                int
	}{
		"no key":                               {"/v1/front-page", "", http.StatusUnauthorized},
		"an unknown key":                       {"/v1/front-page?writeKey=wk_nobody-0123456789", "", http.StatusUnauthorized},
		"a write key does not batch":           {"/v1/recommendations:batch", "Bearer " + teaKey, http.StatusForbidden},
		"a placement that is none":             {"/v1/recommendations?placement=best&writeKey=" + teaKey, "", http.StatusBadRequest},
		"an item that the shop does not have":  {"/v1/items/nothing/similar?writeKey=" + teaKey, "", http.StatusNotFound},
		"slots that are none":                  {"/v1/front-page?slots=a:b&writeKey=" + teaKey, "", http.StatusBadRequest},
		"a limit that is none":                 {"/v1/recommendations?limit=0&writeKey=" + teaKey, "", http.StatusBadRequest},
		"a filter that is none":                {"/v1/recommendations?filter=x&writeKey=" + teaKey, "", http.StatusBadRequest},
		"similar of a known item":              {"/v1/items/t00/similar?writeKey=" + teaKey, "", http.StatusOK},
		"a shop without a model answers empty": {"/v1/front-page?writeKey=" + mugKey, "", http.StatusOK},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := w.browser()
			if tt.authorization != "" {
				b.header.Set("Authorization", tt.authorization)
			}
			method := http.MethodGet
			if strings.HasSuffix(tt.path, ":batch") {
				method = http.MethodPost
			}
			var problem struct{ Type, RequestID string }
			if status := b.call(method, tt.path, nil, &problem); status != tt.want || status >= 400 && (problem.Type == "" || problem.RequestID == "") {
				t.Errorf("%d, want %d; %+v", status, tt.want, problem)
			}
		})
	}
	t.Run("a cookie of one shop is a stranger's in another", func(t *testing.T) {
		var p frontPage
		if status := a.call(http.MethodGet, "/v1/front-page?writeKey="+mugKey, nil, &p); status != http.StatusOK || p.Visitor.Known || len(p.shelf("viewed-before")) > 0 {
			t.Errorf("%d %+v", status, p)
		}
	})
	t.Run("a forged cookie is a stranger's", func(t *testing.T) {
		b := w.browser()
		b.header.Set("Cookie", "sk=k1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
		if p := b.frontPage(""); p.Visitor.Known || len(p.shelf("viewed-before")) > 0 {
			t.Errorf("%+v", p)
		}
	})
}

func TestConsent(t *testing.T) {
	w := newWorld(t)
	a := w.browser()
	a.frontPage("")
	a.send(teaKey, view("anon-a", "t00"))
	w.fold()

	t.Run("a browser that asks not to be followed is not known", func(t *testing.T) {
		a.header.Set("Sec-GPC", "1")
		defer a.header.Del("Sec-GPC")
		p := a.frontPage("")
		if p.Consent.Personalization || p.Consent.Source != "gpc" || len(p.shelf("viewed-before")) > 0 || len(p.shelf("trending")) == 0 {
			t.Errorf("%+v %v", p.Consent, p.shelf("viewed-before"))
		}
	})
	t.Run("who withdraws is forgotten, and later events are not kept", func(t *testing.T) {
		if status := a.call(http.MethodPost, "/v1/consent?writeKey="+teaKey, map[string]any{"purpose": "personalization", "granted": false, "version": "1"}, nil); status/100 != 2 {
			t.Fatalf("consent answered %d", status)
		}
		a.send(teaKey, view("anon-a", "t04"))
		w.fold()
		if p := a.frontPage(""); p.Consent.Personalization || len(p.shelf("viewed-before")) > 0 {
			t.Errorf("%+v %v", p.Consent, p.shelf("viewed-before"))
		}
	})
	t.Run("who agrees again begins anew", func(t *testing.T) {
		a.call(http.MethodPost, "/v1/consent?writeKey="+teaKey, map[string]any{"purpose": "personalization", "granted": true, "version": "1"}, nil)
		a.frontPage("")
		a.send(teaKey, view("anon-a", "t08"))
		w.fold()
		if diff := cmp.Diff([]string{"t08"}, a.frontPage("").shelf("viewed-before")); diff != "" {
			t.Errorf("viewed before (-want +got):\n%s", diff)
		}
	})
}

func TestTheNightForgetsInTheArchive(t *testing.T) {
	w := newWorld(t)
	a := w.browser()
	a.frontPage("")
	a.send(teaKey, view("anon-a", "t00"))
	var me struct{ Visitor string }
	a.call(http.MethodGet, "/v1/me?writeKey="+teaKey, nil, &me)
	if me.Visitor == "" {
		t.Fatal("the visitor is not told its id")
	}
	stored := []event.Event{{Shop: "tea", Visitor: event.VisitorID(me.Visitor), ID: "e1", Type: event.Track, Name: event.ProductViewed, At: time.Now(), ReceivedAt: time.Now(), Lines: []event.Line{{Item: "t00"}}}}
	if err := archive.Append(t.Context(), w.files, "live", stored...); err != nil {
		t.Fatal(err)
	}
	shown := exposure.New(w.files)
	line := fmt.Sprintf(`{"at":%d,"shop":"tea","visitor":%q,"model":7,"seed":1,"shelves":[]}`, time.Now().UnixMilli(), me.Visitor)
	if _, err := shown.Keep(t.Context(), exposure.Delivery{Events: []exposure.Event{{ID: "1", Line: line}}}); err != nil {
		t.Fatal(err)
	}
	lines := func() (n int) {
		if _, err := shown.Exposures(t.Context(), "tea", time.Time{}, func(offpolicy.Exposure) { n++ }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	rows := func() (n int) {
		if err := archive.Read(t.Context(), w.files, "tea", time.Time{}, time.Time{}, func(r archive.Row) error {
			if r.Visitor == me.Visitor {
				n++
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if rows() != 1 || lines() != 1 {
		t.Fatalf("%d rows in the archive, %d exposures", rows(), lines())
	}
	if status := a.call(http.MethodDelete, "/v1/me?writeKey="+teaKey, nil, nil); status/100 != 2 {
		t.Fatalf("forgetting answered %d", status)
	}
	later := time.Now
	for _, pass := range []string{"the same hour", "the next night"} {
		if _, err := Train(quiet(), later, w.store, w.files, nil).Night(t.Context(), "tea", nil); err != nil {
			t.Fatal(err)
		}
		if rows, lines := rows(), lines(); rows != 0 || lines != 0 {
			t.Errorf("%s: %d rows and %d exposures are left", pass, rows, lines)
		}
		later = func() time.Time { return time.Now().Add(24 * time.Hour) }
	}
	list, err := consent.NewRecords(w.store).ListForgotten(t.Context(), "tea")
	if err != nil || len(list) != 0 {
		t.Errorf("still on the list: %v, %v", list, err)
	}
}
