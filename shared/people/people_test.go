package people

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/sqlite/sqlitetest"
	"shopkeeper/shared/table"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

func at(second int) time.Time { return noon.Add(time.Duration(second) * time.Second) }

func TestGreeting(t *testing.T) {
	tests := map[string]struct {
		who  Person
		want string
	}{
		"nobody":                              {Person{}, ""},
		"the first name as told":              {Person{FirstName: " Mary Ann ", Name: "X Y"}, "Mary Ann"},
		"the first word of a full name":       {Person{Name: "Julien Sorel"}, "Julien"},
		"in Cyrillic":                         {Person{Name: "Анна Каренина"}, "Анна"},
		"a single word":                       {Person{Name: "Madonna"}, "Madonna"},
		"Chinese is not cut":                  {Person{Name: "王 小明"}, "王 小明"},
		"Japanese is not cut":                 {Person{Name: "山田 太郎"}, "山田 太郎"},
		"Arabic is not cut":                   {Person{Name: "عبد الله محمد"}, "عبد الله محمد"},
		"nor where families come first":       {Person{Name: "Nagy Anna", Country: "hu"}, "Nagy Anna"},
		"written family first":                {Person{Name: "Sorel Julien", LastName: "Sorel"}, "Julien"},
		"a title is no given name":            {Person{Name: "Dr. Ada Lovelace"}, "Dr. Ada Lovelace"},
		"a comma turns names round":           {Person{Name: "Lovelace, Ada"}, "Lovelace, Ada"},
		"an initial is no name":               {Person{Name: "J Smith"}, "J Smith"},
		"a Persian name keeps its joiner":     {Person{FirstName: "علی\u200cرضا"}, "علی\u200cرضا"},
		"turned letters are no name":          {Person{FirstName: "Ann\u202e"}, ""},
		"an address is no name":               {Person{FirstName: "ann@example.org"}, ""},
		"a number is no name":                 {Person{Name: "12346"}, ""},
		"markup is no name":                   {Person{FirstName: "<b>Ann</b>"}, ""},
		"emoji alone are no name":             {Person{FirstName: "🐱"}, ""},
		"a novel is no name":                  {Person{FirstName: string(make([]byte, 500))}, ""},
		"a broken first name gives way":       {Person{FirstName: "x1", Name: "Ann Perkins"}, "Ann"},
		"an apostrophe and a hyphen are fine": {Person{FirstName: "Anne-Marie O’Hara"}, "Anne-Marie O’Hara"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got, _ := tt.who.Greeting(); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestGreetingBy(t *testing.T) {
	p := Person{ID: "p_ann"}
	text := func(s string) json.RawMessage { return jsonOf(s) }
	p.apply(Pending{Visitor: "phone", At: at(2), Traits: map[string]json.RawMessage{"name": text("Nagy Anna"), "country": text("HU")}})
	p.apply(Pending{Visitor: "laptop", At: at(3), Traits: map[string]json.RawMessage{"firstName": text("Ann")}})
	p.apply(Pending{Visitor: "laptop", At: at(1), Traits: map[string]json.RawMessage{"firstName": text("Anne")}})
	for i := range MaxTold - 2 {
		p.apply(Pending{Visitor: event.VisitorID(string(rune('a' + i))), At: at(3), Traits: map[string]json.RawMessage{"firstName": text("Ann")}})
	}
	for v, want := range map[event.VisitorID]string{"laptop": "Ann", "phone": "Nagy Anna", "other": ""} {
		if got := p.GreetingBy(v); got != want {
			t.Errorf("by %s: %q, want %q", v, got, want)
		}
	}
	p.apply(Pending{Visitor: "another", At: at(4), Traits: map[string]json.RawMessage{"firstName": text("Ana")}})
	if name, by := p.Greeting(); name != "Ana" || by != "another" {
		t.Errorf("the greeting %q was told by %s", name, by)
	}
	if len(p.Told) != MaxTold || p.GreetingBy("phone") != "" {
		t.Errorf("%d devices are remembered, the first one too: %q", len(p.Told), p.GreetingBy("phone"))
	}
}

// TestApply holds that the order in which traits arrive, and how often, makes no difference.
func TestApply(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var told []Pending
		for i := range rapid.IntRange(1, 6).Draw(t, "pending") {
			p := Pending{
				Event: event.ID(rapid.StringMatching(`[a-z]`).Draw(t, "event")), Visitor: rapid.SampledFrom([]event.VisitorID{"laptop", "phone", "p_ann"}).Draw(t, "visitor"),
				Trusted: rapid.Bool().Draw(t, "trusted"), At: at(rapid.IntRange(0, 3).Draw(t, "at")), Traits: map[string]json.RawMessage{},
			}
			p.Visitor += event.VisitorID(rune('0' + i)) // of two that say the same at once, either may have told it
			for _, name := range rapid.SliceOfDistinct(rapid.SampledFrom([]string{"name", "firstName", "email", "city"}), rapid.ID).Draw(t, "names") {
				p.Traits[name] = json.RawMessage(rapid.SampledFrom([]string{`"Ann"`, `"Bea"`, `null`, `7`}).Draw(t, "value"))
			}
			told = append(told, p)
		}
		apply := func(list []Pending) Person {
			p := Person{ID: "p_ann"}
			for _, x := range list {
				p.apply(x)
			}
			return p
		}
		twice := append(rapid.Permutation(told).Draw(t, "order"), rapid.Permutation(told).Draw(t, "again")...)
		ignore := cmpopts.IgnoreFields(Person{}, "NameBy", "FirstBy")
		if diff := cmp.Diff(apply(told), apply(twice), ignore, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("person (-once +otherwise):\n%s", diff)
		}
	})
}

func TestApplyVouched(t *testing.T) {
	raw := func(s string) map[string]json.RawMessage {
		return map[string]json.RawMessage{"email": json.RawMessage(`"` + s + `"`), "city": json.RawMessage(`"` + s + `"`)}
	}
	p := Person{ID: "p_ann"}
	p.apply(Pending{Visitor: "laptop", At: at(1), Traits: raw("a@claimed.example")})
	p.apply(Pending{Visitor: "laptop", At: at(2), Traits: raw("b@claimed.example")})
	if p.Email != "b@claimed.example" {
		t.Errorf("the later claim does not count: %s", p.Email)
	}
	p.apply(Pending{Visitor: "p_ann", At: at(0), Trusted: true, Traits: raw("ann@shop.example")})
	p.apply(Pending{Visitor: "laptop", At: at(9), Traits: raw("thief@claimed.example")})
	if p.Email != "ann@shop.example" || string(p.Traits["city"]) != `"ann@shop.example"` {
		t.Errorf("a claim replaced what the shop told: %s %s", p.Email, p.Traits["city"])
	}
	big := json.RawMessage(`"` + string(make([]byte, maxTraitBytes)) + `"`)
	p.apply(Pending{At: at(10), Trusted: true, Traits: map[string]json.RawMessage{"huge": big}})
	if _, ok := p.Traits["huge"]; ok {
		t.Error("a trait without bounds was kept")
	}
}

func newStore(t *testing.T) (*Store, table.Store) {
	t.Helper()
	db := sqlitetest.Open(t, nil)
	return New(db), db
}

func TestStoreApply(t *testing.T) {
	s, db := newStore(t)
	var items []table.Item
	for i := range 150 { // more than one write takes
		told := Pending{Shop: "demo", Person: "p_ann", Event: event.ID(string(rune('0'+i%10)) + string(rune('A'+i/10))), Visitor: "laptop", UserID: "u1", At: at(i), Traits: map[string]json.RawMessage{"n": {'1' + byte(i%9)}}}
		it, err := told.Item()
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, it)
	}
	if err := db.PutAll(t.Context(), items...); err != nil {
		t.Fatal(err)
	}
	f, err := s.Apply(t.Context(), "demo", "p_ann")
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.Load(t.Context(), "demo", "p_ann")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(f, again, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("file (-returned +stored):\n%s", diff)
	}
	if len(again.Pending) != 0 || again.Person.UserID != "u1" || string(again.Person.Traits["n"]) != "6" || !again.Person.Updated.Equal(at(149)) {
		t.Errorf("person %+v with %d pending", again.Person, len(again.Pending))
	}
}

func TestStoreMerge(t *testing.T) {
	s, _ := newStore(t)
	ctx := t.Context()
	link := Link{Event: "e1", Received: at(10)}
	merge := func(links ...Link) (bool, error) { return s.Merge(ctx, "demo", "p_ann", "laptop", links...) }
	steps := []struct {
		name   string
		do     func() (bool, error)
		merged bool
	}{
		{"a track event merges a newcomer", func() (bool, error) { return merge(link) }, true},
		{"again changes nothing", func() (bool, error) { return merge(link) }, true},
		{"undone", func() (bool, error) { return false, s.Undo(ctx, "demo", "p_ann", "laptop", at(20)) }, false},
		{"undone again", func() (bool, error) { return false, s.Undo(ctx, "demo", "p_ann", "laptop", at(25)) }, false},
		{"the old event comes again", func() (bool, error) { return merge(link) }, false},
		{"a later track event does not renew it", func() (bool, error) { l := link; l.Received = at(30); return merge(l) }, false},
		{"an earlier identify does not renew it", func() (bool, error) { l := link; l.Identify, l.Received = true, at(20); return merge(l) }, false},
		{"a later identify does", func() (bool, error) { l := link; l.Identify, l.Received = true, at(21); return merge(l) }, true},
		{"and may be vouched for", func() (bool, error) { l := link; l.Trusted = true; return merge(l) }, true},
	}
	for _, step := range steps {
		if merged, err := step.do(); err != nil || merged != step.merged {
			t.Errorf("%s: %v, %v", step.name, merged, err)
		}
	}
	f, err := s.Load(ctx, "demo", "p_ann")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Merge{{Visitor: "laptop", Event: "e1", At: at(21), Trusted: true}}, f.Members(16)); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	if err := s.Forget(ctx, "demo", "p_ann", "laptop"); err != nil {
		t.Fatal(err)
	}
	if f, err = s.Load(ctx, "demo", "p_ann"); err != nil || len(f.Merges) != 0 {
		t.Errorf("after forgetting: %+v, %v", f, err)
	}
	if err := s.Undo(ctx, "demo", "p_ann", "laptop", at(40)); !fault.Is(err, fault.NotFound) {
		t.Errorf("undo of nothing: %v", err)
	}
}

func FuzzGreeting(f *testing.F) {
	for _, s := range []string{"Julien Sorel", "山田 太郎", "Dr. Ada", "<b>", "a\x00b", "\u202eevil", ""} {
		f.Add(s, s, "HU")
	}
	f.Fuzz(func(t *testing.T, first, full, country string) {
		name, _ := Person{FirstName: first, Name: full, Country: country}.Greeting()
		if len(name) > MaxGreetingBytes || !utf8.ValidString(name) || strings.ContainsAny(name, "<>\"\n\x00@") {
			t.Errorf("%q and %q greet %q", first, full, name)
		}
	})
}
