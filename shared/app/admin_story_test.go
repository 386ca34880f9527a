package app

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/staff"
	"shopkeeper/shared/web"
)

// answered is an answer of the admin API.
type answered struct {
	status int
	head   http.Header
	body   string
}

// server asks with the secret key of lamps.
func (o *office) server(method, path, body string, header ...string) answered {
	o.t.Helper()
	r := httptest.NewRequestWithContext(o.t.Context(), method, "https://admin.example/admin/v1/"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+o.keys["lamps"])
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	o.Admin().ServeHTTP(w, r)
	return answered{w.Code, w.Header(), w.Body.String()}
}

// TestAdminStory edits as two people at once do, and repeats what a broken line left open.
func TestAdminStory(t *testing.T) {
	o := newOffice(t)
	want := func(got answered, status int) answered {
		t.Helper()
		if got.status != status {
			t.Fatalf("%d %s, want %d", got.status, got.body, status)
		}
		return got
	}
	made := want(o.server("POST", "segments", `{"id":"often","name":"Often","condition":"visits > 10"}`), 201)
	if tag := made.head.Get("ETag"); tag != `"1"` {
		t.Errorf("ETag %q of a new segment", tag)
	}
	want(o.server("POST", "segments", `{"id":"often","name":"Often","condition":"visits > 10"}`), 409)
	want(o.server("PUT", "segments/often", `{"name":"Often","condition":"visits > 20"}`), 428)
	changed := want(o.server("PUT", "segments/often", `{"name":"Often","condition":"visits > 20"}`, "If-Match", `"1"`), 200)
	want(o.server("PUT", "segments/often", `{"name":"Often","condition":"visits > 30"}`, "If-Match", `"1"`), 412)
	want(o.server("DELETE", "segments/often", "", "If-Match", `"1"`), 412)
	got := want(o.server("GET", "segments/often", ""), 200)
	if diff := cmp.Diff(changed.body+changed.head.Get("ETag"), got.body+got.head.Get("ETag")); diff != "" {
		t.Errorf("answered and stored differ (-answered +stored):\n%s", diff)
	}
	want(o.server("PUT", "segments/often", `{"name":"Often","condition":"visits > 30"}`, "If-Match", `*`), 200)
	want(o.server("DELETE", "segments/often", "", "If-Match", got.head.Get("ETag")), 412)
	want(o.server("DELETE", "segments/often", "", "If-Match", "*"), 204)
	want(o.server("GET", "segments/often", ""), 404)

	want(o.server("POST", "campaigns", `{"id":"once","name":"Once"}`), 201)
	want(o.server("GET", "campaigns/once/report", ""), 404)
	want(o.server("POST", "campaigns/once/evaluate", ""), 200)
	want(o.server("GET", "campaigns/once/report", ""), 200)
	want(o.server("DELETE", "campaigns/once", "", "If-Match", "*"), 204)
	want(o.server("GET", "campaigns/once/report", ""), 404)
	time.Sleep(2 * time.Millisecond) // campaigns know when they were made to the millisecond
	want(o.server("POST", "campaigns", `{"id":"once","name":"Once more"}`), 201)
	want(o.server("GET", "campaigns/once/report", ""), 404) // the one before had one

	wrong := want(o.server("POST", "segments", `{"id":"x","name":"X","condition":"visits >"}`), 400)
	if !strings.Contains(wrong.body, `"path":"condition"`) || !strings.Contains(wrong.body, "line 1, column") {
		t.Errorf("a condition with a mistake: %s", wrong.body)
	}
	var log struct{ Items []staff.Entry }
	if err := json.Unmarshal([]byte(want(o.server("GET", "audit?limit=200", ""), 200).body), &log); err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, e := range log.Items {
		if e.Target == "segment/often" {
			line := string(e.Outcome) + " " + e.Why
			for _, c := range e.Changes {
				if c.Field == "condition" {
					line += c.Before + " to " + c.After
				}
			}
			told = append(told, line)
		}
	}
	if diff := cmp.Diff([]string{
		`done "visits > 30" to `, "refused conflict", `done "visits > 20" to "visits > 30"`, "refused conflict", "refused conflict",
		`done "visits > 10" to "visits > 20"`, "refused conflict", `done  to "visits > 10"`,
	}, told); diff != "" {
		t.Errorf("the log (-want +got):\n%s", diff)
	}
}

func TestARepeatedRequestIsDoneOnce(t *testing.T) {
	o := newOffice(t)
	key := []string{web.IdempotencyHeader, "a1"}
	first := o.server("POST", "users", `{"login":"ada","role":"analyst"}`, key...)
	again := o.server("POST", "users", `{"login":"ada","role":"analyst"}`, key...)
	if first.status != 201 || again.status != 201 || first.body != again.body || again.head.Get("Idempotency-Replayed") != "true" || again.head.Get("ETag") != first.head.Get("ETag") {
		t.Errorf("first %d %s, again %d %s %v", first.status, first.body, again.status, again.body, again.head)
	}
	for name, tt := range map[string]struct {
		got  answered
		want int
	}{
		"another body":              {o.server("POST", "users", `{"login":"eve","role":"analyst"}`, key...), 409},
		"another address":           {o.server("POST", "keys", `{"kind":"write"}`, key...), 409},
		"an empty key":              {o.server("POST", "keys", `{"kind":"write"}`, web.IdempotencyHeader, ""), 400},
		"a key with spaces":         {o.server("POST", "keys", `{"kind":"write"}`, web.IdempotencyHeader, "a b"), 400},
		"a key of 256":              {o.server("POST", "keys", `{"kind":"write"}`, web.IdempotencyHeader, strings.Repeat("a", 256)), 400},
		"a refused request":         {o.server("POST", "keys", `{"kind":"golden"}`, web.IdempotencyHeader, "a2"), 400},
		"the key of a refused one":  {o.server("POST", "keys", `{"kind":"write"}`, web.IdempotencyHeader, "a2"), 201},
		"without a key, done again": {o.server("POST", "keys", `{"kind":"write"}`), 201},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.got.status != tt.want {
				t.Errorf("%d %s, want %d", tt.got.status, tt.got.body, tt.want)
			}
		})
	}
	t.Run("somebody else's same key", func(t *testing.T) {
		in := o.sessions[staff.Owner]
		status, body := o.do(asked{method: "POST", path: "/admin/v1/users", body: `{"login":"grace","role":"analyst"}`, cookie: in.Token, csrf: in.CSRF, header: map[string]string{web.IdempotencyHeader: "a1"}})
		if status != 201 {
			t.Errorf("%d %s, want 201", status, body)
		}
	})
	t.Run("many at once", func(t *testing.T) {
		var all sync.WaitGroup
		var mu sync.Mutex
		keys := map[string]bool{}
		for range 20 {
			all.Go(func() {
				a := o.server("POST", "keys", `{"kind":"write"}`, web.IdempotencyHeader, "a3")
				mu.Lock()
				defer mu.Unlock()
				if a.status == 201 {
					keys[a.body] = true
				} else if a.status != 409 {
					t.Errorf("%d %s", a.status, a.body)
				}
			})
		}
		all.Wait()
		if len(keys) != 1 {
			t.Errorf("%d keys were made, want one", len(keys))
		}
	})
}

// TestSealedAnswers looks at what is stored of an answer that has a password in it.
func TestSealedAnswers(t *testing.T) {
	o := newOffice(t)
	first := o.server("POST", "users", `{"login":"ada","role":"analyst"}`, web.IdempotencyHeader, "a1")
	var made struct{ Password string }
	if err := json.Unmarshal([]byte(first.body), &made); err != nil || made.Password == "" {
		t.Fatalf("%s: %v", first.body, err)
	}
	for _, words := range o.dump() {
		if strings.Contains(words, made.Password) {
			t.Errorf("the password is stored: %s", words)
		}
	}
}
