package snippet

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// page is a browser page for testdata/page.mjs.
type page struct {
	Attributes map[string]string `json:"attributes,omitempty"`
	Storage    map[string]string `json:"storage,omitempty"`
	Cookie     string            `json:"cookie,omitempty"`
	GPC        bool              `json:"gpc,omitempty"`
	NoStorage  bool              `json:"noStorage,omitempty"`
	Queue      [][]any           `json:"queue,omitempty"`
	Statuses   []int             `json:"statuses,omitempty"` // of the answers, 0 for none; then 200
}

type result struct {
	Sent []struct {
		How, Method, URL, Credentials string
		Body                          struct {
			WriteKey string
			Batch    []message
			Purposes []string
			Granted  bool
		}
	}
	Kept    map[string]string
	Answers []struct{ Status int }
	Failed  string
}

type message struct {
	Type, Event, MessageID, AnonymousID, UserID string
	Context                                     struct {
		UserHash string
		Page     struct{ Path, URL string }
	}
}

// visit runs the snippet in a page and then the steps.
func visit(t *testing.T, p page, steps ...[]any) result {
	t.Helper()
	in, err := json.Marshal(map[string]any{"script": string(JS), "page": p, "steps": steps})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "testdata/page.mjs")
	cmd.Stdin = strings.NewReader(string(in))
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var r result
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatal(err)
	}
	if r.Failed != "" {
		t.Fatalf("the page broke: %s", r.Failed)
	}
	return r
}

func step(name string, args ...any) []any { return append([]any{name}, args...) }

// names are the messages sent, by type or event.
func (r result) names() []string {
	var all []string
	for _, s := range r.Sent {
		for _, m := range s.Body.Batch {
			all = append(all, m.Type+" "+m.Event)
		}
	}
	return all
}

func TestPage(t *testing.T) {
	track := step("track", "Product Viewed", map[string]any{"product_id": "1"})
	tests := map[string]struct {
		page  page
		steps [][]any
		want  []string
		id    bool // an anonymousId stays in the browser
	}{
		"a page and what happens on it":           {page{}, [][]any{track, step("tick")}, []string{"page ", "track Product Viewed"}, false},
		"what was called before it loaded":        {page{Queue: [][]any{track}}, [][]any{step("tick")}, []string{"page ", "track Product Viewed"}, false},
		"no page of its own":                      {page{Attributes: map[string]string{"page": "off"}}, [][]any{track, step("tick")}, []string{"track Product Viewed"}, false},
		"implied consent keeps the id":            {page{Attributes: map[string]string{"consent": "implied"}}, [][]any{step("tick")}, []string{"page "}, true},
		"required consent, undecided, is silent":  {page{Attributes: map[string]string{"consent": "required"}}, [][]any{track, step("tick")}, nil, false},
		"required consent, by the cookie":         {page{Attributes: map[string]string{"consent": "required"}, Cookie: "x=1; sk_consent=shop.1.0.1790000000"}, [][]any{step("tick")}, []string{"page "}, true},
		"a no in the cookie is silent":            {page{Cookie: "sk_consent=shop.-1.0.1790000000", Storage: map[string]string{"sk_consent": "1"}}, [][]any{track, step("tick")}, nil, false},
		"GPC is silent":                           {page{GPC: true, Attributes: map[string]string{"consent": "implied"}}, [][]any{track, step("tick"), step("leave")}, nil, false},
		"without storage it works":                {page{NoStorage: true, Attributes: map[string]string{"consent": "implied"}}, [][]any{step("tick")}, []string{"page "}, false},
		"a call that does not exist":              {page{}, [][]any{step("explode"), step("hasOwnProperty", "x"), step("tick")}, []string{"page "}, false},
		"the server is away, then comes back":     {page{Statuses: []int{503, 0}}, [][]any{step("tick"), step("tick"), step("tick")}, []string{"page ", "page ", "page "}, false},
		"what the server refuses is not repeated": {page{Statuses: []int{400}}, [][]any{step("tick"), step("tick")}, []string{"page "}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := visit(t, tt.page, tt.steps...)
			if diff := cmp.Diff(tt.want, r.names()); diff != "" {
				t.Errorf("sent (-want +got):\n%s", diff)
			}
			if _, kept := r.Kept["sk_id"]; kept != tt.id {
				t.Errorf("kept in the browser: %v, want an id: %v", r.Kept, tt.id)
			}
			ids := map[string]bool{}
			for _, s := range r.Sent {
				if s.Body.WriteKey != "wk_test" || s.URL != "https://collect.example/v1/batch" || s.Credentials != "include" {
					t.Errorf("sent %+v", s)
				}
				for _, m := range s.Body.Batch {
					ids[m.AnonymousID] = true
					if m.MessageID == "" || m.Context.Page.URL != "https://shop.example/p/1" {
						t.Errorf("message %+v", m)
					}
				}
			}
			if len(tt.want) > 0 && (len(ids) != 1 || ids[""]) {
				t.Errorf("anonymousIds %v, want one", ids)
			}
		})
	}
}

func TestLeavingSendsABeacon(t *testing.T) {
	r := visit(t, page{}, step("track", "Cart Viewed"), step("leave"))
	if len(r.Sent) != 1 || r.Sent[0].How != "beacon" || len(r.Sent[0].Body.Batch) != 2 {
		t.Errorf("sent %+v, want one beacon with both messages", r.Sent)
	}
}

func TestRepeatedMessageKeepsItsID(t *testing.T) {
	r := visit(t, page{Statuses: []int{503}}, step("tick"), step("tick"))
	if len(r.Sent) != 2 || r.Sent[0].Body.Batch[0].MessageID != r.Sent[1].Body.Batch[0].MessageID {
		t.Errorf("sent %+v, want the same message twice", r.Sent)
	}
}

func TestIdentifyAndReset(t *testing.T) {
	r := visit(t, page{Attributes: map[string]string{"page": "off", "consent": "implied"}},
		step("identify", "u1", map[string]any{"name": "Jo"}, "signature"), step("reset"), step("track", "x"), step("tick"))
	if len(r.Sent) != 3 || r.Sent[1].URL != "https://collect.example/v1/reset" {
		t.Fatalf("sent %+v; want identify, reset, track", r.Sent)
	}
	first, last := r.Sent[0].Body.Batch[0], r.Sent[2].Body.Batch[0]
	if first.UserID != "u1" || first.Context.UserHash != "signature" || last.UserID != "" || last.AnonymousID == first.AnonymousID {
		t.Errorf("first %+v, last %+v; want another anonymousId and no userId after the reset", first, last)
	}
}

func TestConsentAndFrontPage(t *testing.T) {
	r := visit(t, page{Attributes: map[string]string{"consent": "implied"}}, step("consent", false), step("tick"), step("frontPage", "CALLBACK", "for-you:8"))
	if len(r.Sent) != 2 || r.Sent[0].Body.Granted || len(r.Sent[0].Body.Purposes) != 1 {
		t.Fatalf("sent %+v; want the decision and the front page, and no event that waited", r.Sent)
	}
	if got, want := r.Sent[1].URL, "https://collect.example/v1/front-page?key=wk_test&url=%2Fp%2F1&slots=for-you%3A8"; got != want {
		t.Errorf("asked for %s, want %s", got, want)
	}
	if r.Kept["sk_consent"] != "-1" || r.Kept["sk_id"] != "" || len(r.Answers) != 1 || r.Answers[0].Status != 200 {
		t.Errorf("kept %v, answers %v", r.Kept, r.Answers)
	}
}
