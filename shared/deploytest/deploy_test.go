// Package deploytest deploys the product, as anybody would, onto an emulator of AWS that runs the real bootstraps and enforces the policies of their roles, and lives a visitor's story there.
//
// It takes minutes and needs Node and Python, so it runs only where SHOPKEEPER_REQUIRE names it: SHOPKEEPER_REQUIRE=deploy,ministack go test ./shared/deploytest
package deploytest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/exposure"
	"shopkeeper/shared/ministacktest"
	"shopkeeper/shared/offpolicy"
	"shopkeeper/shared/s3"
	"shopkeeper/shared/standin"
)

const (
	stacks      = "shopkeeper-emulator-"
	itemsPerKey = 2               // in the shops table: by hash, and in the list of its shop
	soon        = 3 * time.Minute // for what a stream, a rule or a queue brings about on a busy machine
)

// eventually asks until it is so; what is the last answer worth showing.
func eventually(t *testing.T, means string, so func() (ok bool, what any)) {
	t.Helper()
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(soon); ; <-tick.C {
		ok, what := so()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v: %+v", means, soon, what)
		}
	}
}

func TestDeployment(t *testing.T) {
	if !standin.Required("deploy") {
		t.Skip("takes minutes: set SHOPKEEPER_REQUIRE=deploy,ministack")
	}
	endpoint := ministacktest.Start(t, ministacktest.Options{Auth: true})
	p, owner := newProject(t, endpoint), newAccount(endpoint)

	p.run(t, "make", "--no-print-directory", "setup", "build-host")
	app := p.synth(t, "first")
	p.cdk(t, "bootstrap", "--app", app)
	owner.allowPlainHTTP(t)
	out := p.deploy(t, app)

	visitor := newBrowser(endpoint, out.Service.ApiID)
	openShop(t, owner, out, "tea", shopFile)
	importAndTrain(t, owner, out)
	comeBack(t, visitor)
	askOtherwise(t, visitor)
	wasShown(t, owner, out, visitor)
	market(t, owner, out, visitor)

	t.Run("nothing failed on the way", func(t *testing.T) {
		if failed := owner.failures(t, out.Service.Failures); len(failed) > 0 {
			t.Errorf("the failure queue has %v", failed)
		}
	})
	deployAChange(t, p, owner, visitor)
	forget(t, visitor)
	t.Run("destroyed, nothing is left", func(t *testing.T) {
		owner.empty(t, stacks)
		p.cdk(t, "destroy", "--all", "--force", "--app", app)
		if left := owner.left(t, stacks); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	})
}

// openShop drops a shop's file and waits until all of it is stored. It does not ask the API meanwhile: that remembers for a minute that a key is unknown.
func openShop(t *testing.T, owner account, out outputs, id, content string) {
	t.Helper()
	had := owner.items(t, "shops")
	owner.drop(t, out.Data.Bucket, "shops/"+id+".json", content)
	wanted := had + 1 + itemsPerKey*strings.Count(content, `"key"`)
	eventually(t, "the shop "+id+" is open", func() (bool, any) {
		now := owner.items(t, "shops")
		return now == wanted, now
	})
}

// importAndTrain drops a catalog and a past, waits until both are in and archived, and trains.
func importAndTrain(t *testing.T, owner account, out outputs) {
	t.Helper()
	views, orders, rows := history(time.Now())
	for name, content := range map[string]string{"items/teas.csv": catalog(), "events/views.csv": views, "orders/orders.csv": orders} {
		owner.drop(t, out.Data.Bucket, "imports/tea/"+name, content)
		eventually(t, name+" is imported", func() (bool, any) {
			var result struct {
				Rejected int
				Error    string
			}
			text := owner.read(t, out.Data.Bucket, "imports/_done/tea/"+name+".json")
			if text == nil {
				return false, "no result yet"
			}
			if err := json.Unmarshal(text, &result); err != nil || result.Error != "" || result.Rejected > 0 {
				t.Fatalf("%s: %s (%v)", name, text, err)
			}
			return true, nil
		})
	}
	eventually(t, "the archive has the whole past, and a model is made of it", func() (bool, any) {
		var trained map[string]struct {
			Interactions, Lines int
			Publish             bool
			Reason              string
		}
		owner.invoke(t, stacks+"train", map[string]string{"shop": "tea"}, &trained)
		r := trained["tea"]
		return r.Publish && r.Interactions+r.Lines >= rows, trained
	})
}

// comeBack is the story: a stranger looks at three teas, then says who they are, and the page knows both.
func comeBack(t *testing.T, visitor *browser) {
	t.Helper()
	visitor.send(t, view("t00"), view("t04"), view("t08"))
	eventually(t, "the front page shows what was viewed and recommends with reasons", func() (bool, any) {
		p := visitor.frontPage(t)
		return cmp.Equal(p.shelf("viewed-before"), []string{"t00", "t04", "t08"}) && len(p.shelf("for-you")) > 0 && p.reason("for-you", "Because you looked at Tea "), p
	})
	visitor.send(t, map[string]any{"type": "identify", "anonymousId": "anon-1", "userId": "u-1", "traits": map[string]any{"firstName": "Julien", "email": "julien@example.com"}})
	eventually(t, "the front page greets by name", func() (bool, any) {
		p := visitor.frontPage(t)
		return p.Visitor.Known && p.Greeting == "Julien's shop" && len(p.shelf("viewed-before")) == 3, p
	})
	t.Run("a second browser that only sends the same anonymousId learns nothing", func(t *testing.T) {
		other := &browser{endpoint: visitor.endpoint, host: visitor.host, cookies: map[string]string{}}
		other.send(t, view("t01"))
		if p := other.frontPage(t); p.Visitor.Known || p.Greeting != "" || len(p.shelf("viewed-before")) > 0 {
			t.Errorf("it learned %+v", p)
		}
	})
}

// askOtherwise uses what the story does not: each needs permissions of its own.
func askOtherwise(t *testing.T, visitor *browser) {
	t.Helper()
	server := &browser{endpoint: visitor.endpoint, host: visitor.host, secret: secretKey, cookies: map[string]string{}}
	tests := map[string]struct {
		who          *browser
		method, path string
		body         any
		want         int
	}{
		"the shop's server renders a person's page": {server, http.MethodGet, "/v1/front-page?user=u-1", nil, http.StatusOK},
		"a write key does not":                      {visitor, http.MethodGet, "/v1/front-page?user=u-1&writeKey=" + writeKey, nil, http.StatusForbidden},
		"the shop's server asks for several lists":  {server, http.MethodPost, "/v1/recommendations:batch", map[string]any{"requests": []any{map[string]any{"placement": "trending"}}}, http.StatusOK},
		"what is like an item":                      {visitor, http.MethodGet, "/v1/items/t00/similar?writeKey=" + writeKey, nil, http.StatusOK},
		"the visitor asks what is known":            {visitor, http.MethodGet, "/v1/me?writeKey=" + writeKey, nil, http.StatusOK},
		"the visitor takes it along":                {visitor, http.MethodGet, "/v1/me/export?writeKey=" + writeKey, nil, http.StatusOK},
		"the visitor agrees":                        {visitor, http.MethodPost, "/v1/consent?writeKey=" + writeKey, map[string]any{"purpose": "personalization", "granted": true, "version": "1"}, http.StatusOK},
		"an SDK starts":                             {visitor, http.MethodGet, "/sourceConfig/?writeKey=" + writeKey, nil, http.StatusOK},
		"an item that the shop has not":             {visitor, http.MethodGet, "/v1/items/nothing/similar?writeKey=" + writeKey, nil, http.StatusNotFound},
		"another method than the path has":          {visitor, http.MethodGet, "/v1/batch", nil, http.StatusMethodNotAllowed},
		"a path that nobody answers":                {visitor, http.MethodGet, "/admin", nil, http.StatusNotFound},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if status := tt.who.call(t, tt.method, tt.path, tt.body, nil); status != tt.want {
				t.Errorf("%s %s: %d, want %d", tt.method, tt.path, status, tt.want)
			}
		})
	}
}

// wasShown waits for what recommend wrote to its log: by the log's subscription it reaches the files that comparisons of models read, and names the visitor.
func wasShown(t *testing.T, owner account, out outputs, visitor *browser) {
	t.Helper()
	var me struct{ Visitor string }
	if visitor.call(t, http.MethodGet, "/v1/me?writeKey="+writeKey, nil, &me); me.Visitor == "" {
		t.Fatal("the visitor is not told its id")
	}
	log := exposure.New(s3.Open(owner.cfg, out.Data.Bucket, &s3.Options{PathStyle: true}))
	eventually(t, "what was shown can be read", func() (bool, any) {
		shown := 0
		broken, err := log.Exposures(t.Context(), "tea", time.Time{}, func(e offpolicy.Exposure) {
			if e.Visitor == me.Visitor && len(e.Shelves) > 0 {
				shown++
			}
		})
		if err != nil || broken > 0 {
			t.Fatalf("%d lines cannot be read (%v)", broken, err)
		}
		return shown > 0, shown
	})
}

// forget is the end of the story: who asks to be forgotten is a stranger on the next page.
func forget(t *testing.T, visitor *browser) {
	t.Helper()
	t.Run("forgotten, the visitor is a stranger", func(t *testing.T) {
		if status := visitor.call(t, http.MethodDelete, "/v1/me?writeKey="+writeKey, nil, nil); status/100 != 2 {
			t.Fatalf("DELETE /v1/me answered %d", status)
		}
		if p := visitor.frontPage(t); p.Visitor.Known || p.Greeting != "" || len(p.shelf("viewed-before")) > 0 {
			t.Errorf("front page %+v", p)
		}
		asked := slices.ContainsFunc(outgoing(t, visitor.endpoint), func(l letter) bool {
			return slices.Contains(l.To, "julien@example.com") && strings.Contains(l.Text, "/p/erase/")
		})
		if !asked {
			t.Error("no mail asks whether all of the account is to be erased")
		}
	})
}

// deployAChange deploys again with another rule of consent: the old shop stays as it was, a new one follows the rule.
func deployAChange(t *testing.T, p project, owner account, visitor *browser) {
	t.Helper()
	out := p.deploy(t, p.synth(t, "second", "-c", "consent=required"))
	t.Run("deployed again, the visitor is still known", func(t *testing.T) {
		if got := visitor.frontPage(t); got.Greeting != "Julien's shop" || !got.Consent.Personalization {
			t.Errorf("front page %+v", got)
		}
	})
	t.Run("a shop that opens now asks first", func(t *testing.T) {
		const key = "wk_mugs-0123456789abcdef"
		openShop(t, owner, out, "mugs", `{"name":"Mugs","currency":"GBP","keys":[{"kind":"write","key":"`+key+`"}]}`)
		var got page
		if status := newBrowser(p.endpoint, out.Service.ApiID).call(t, http.MethodGet, "/v1/front-page?writeKey="+key, nil, &got); status != http.StatusOK {
			t.Fatalf("front page answered %d", status)
		}
		if got.Consent.Personalization {
			t.Errorf("consent %+v", got.Consent)
		}
	})
}
