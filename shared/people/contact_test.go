package people

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/sqlite/sqlitetest"
	"shopkeeper/shared/table"
)

func traits(pairs ...string) map[string]json.RawMessage {
	all := map[string]json.RawMessage{}
	for i := 0; i < len(pairs); i += 2 {
		all[pairs[i]] = jsonOf(pairs[i+1])
	}
	return all
}

// tell applies traits as an event with them does.
func tell(t *testing.T, s *Store, id event.PersonID, told Pending) File {
	t.Helper()
	told.Shop, told.Person, told.Visitor = "shop", id, event.VisitorID(id)
	it, err := told.Item()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.tables.PutAll(t.Context(), it); err != nil {
		t.Fatal(err)
	}
	f, err := s.Apply(t.Context(), "shop", id)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestPermitKeepsTheLatestAndEveryRecord(t *testing.T) {
	ctx, s := t.Context(), New(sqlitetest.Open(t, nil))
	yes := Permission{Channel: Email, Choice: consent.Granted, Text: "v3", Source: "checkout", At: at(10)}
	no := Permission{Channel: Email, Choice: consent.Denied, Source: "one-click", At: at(20)}
	for _, p := range []Permission{no, yes, yes, no} { // late, and twice
		if err := s.Permit(ctx, "shop", "p_1", p); err != nil {
			t.Fatal(err)
		}
	}
	history, err := s.History(ctx, "shop", "p_1")
	if diff := cmp.Diff([]Permission{yes, no}, history); err != nil || diff != "" {
		t.Errorf("history: %v (-want +got):\n%s", err, diff)
	}
	p, err := s.Read(ctx, "shop", "p_1")
	if err != nil || p.Permission(Email) != no || p.Permission(Email).Allows() || p.Permission(SMS).Allows() {
		t.Errorf("the person has %+v, %v", p.Permissions, err)
	}
	for name, wrong := range map[string]Permission{"no time": {Channel: Email}, "no channel": {At: at(1)}, "another channel": {Channel: "fax", At: at(1)}} {
		if err := s.Permit(ctx, "shop", "p_1", wrong); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v, want invalid", name, err)
		}
	}
}

func TestADoubleOptInThatWaits(t *testing.T) {
	waits := Permission{Channel: Email, Choice: consent.Granted, Pending: true, At: at(5)}
	tests := map[string]struct {
		before []Permission
		next   Permission
		want   bool
	}{
		"is no yes":                             {nil, waits, false},
		"takes back no yes that stands":         {[]Permission{{Channel: Email, Choice: consent.Granted, At: at(1)}}, waits, true},
		"becomes one when it is confirmed":      {[]Permission{waits}, Permission{Channel: Email, Choice: consent.Granted, At: at(6), Confirmed: at(6)}, true},
		"does not outlive a no":                 {[]Permission{{Channel: Email, Choice: consent.Denied, At: at(9)}}, Permission{Channel: Email, Choice: consent.Granted, At: at(6)}, false},
		"a no of the same moment counts before": {[]Permission{{Channel: Email, Choice: consent.Denied, At: at(6)}}, Permission{Channel: Email, Choice: consent.Granted, At: at(6)}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var p Person
			for _, before := range tt.before {
				p.permit(before)
			}
			p.permit(tt.next)
			if got := p.Permission(Email).Allows(); got != tt.want {
				t.Errorf("allowed %v, want %v: %+v", got, tt.want, p.Permissions)
			}
		})
	}
}

func TestPermissionsDoNotDependOnTheirOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		made := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Permission {
			return Permission{
				Channel: Email, At: at(rapid.IntRange(0, 4).Draw(t, "at")),
				Choice: rapid.SampledFrom([]consent.Choice{consent.Granted, consent.Denied}).Draw(t, "choice"),
			}
		}), 1, 6).Draw(t, "decisions")
		var one, other Person
		for _, p := range made {
			one.permit(p)
		}
		for _, p := range rapid.Permutation(made).Draw(t, "another order") {
			other.permit(p)
		}
		if one.Permission(Email) != other.Permission(Email) {
			t.Fatalf("%+v in one order, %+v in another", one.Permission(Email), other.Permission(Email))
		}
	})
}

func TestADecisionComesWithTraits(t *testing.T) {
	ctx, s := t.Context(), New(sqlitetest.Open(t, nil))
	given := Permission{Channel: Email, Choice: consent.Granted, Source: "import", At: at(1)}
	for i := range 40 { // more than one step applies
		told := Pending{Shop: "shop", Person: "p_1", Event: event.ID(fmt.Sprint("e", i)), Trusted: true, At: at(i), Traits: traits("email", "ann@example.org"), Permission: &given}
		it, err := told.Item()
		if err != nil {
			t.Fatal(err)
		}
		if err := s.tables.PutAll(ctx, it); err != nil {
			t.Fatal(err)
		}
	}
	f, err := s.Apply(ctx, "shop", "p_1")
	if err != nil || len(f.Pending) != 0 || !f.Person.Permission(Email).Allows() {
		t.Errorf("applied: %+v, %v", f, err)
	}
	if history, err := s.History(ctx, "shop", "p_1"); err != nil || len(history) != 1 {
		t.Errorf("one decision told 40 times is on record %d times, %v", len(history), err)
	}
}

func TestSearch(t *testing.T) {
	ctx, s := t.Context(), New(sqlitetest.Open(t, nil))
	tell(t, s, "p_1", Pending{Event: "e1", UserID: "Customer-77", At: at(1), Traits: traits("name", "Zoë Ångström", "email", "Zoe@Example.org", "phone", "+44 20 7946 0018")})
	tell(t, s, "p_2", Pending{Event: "e2", At: at(1), Traits: traits("firstName", "Zoe", "lastName", "Miller", "email", "zm@example.org")})
	tell(t, s, "p_3", Pending{Event: "e3", At: at(1), Traits: traits("name", "王小明", "email", "a#b%c@example.org")})
	tests := map[string]struct {
		text string
		want []event.PersonID
	}{
		"a first name, without accents":    {"zoe", []event.PersonID{"p_1", "p_2"}},
		"with them":                        {"Zoë", []event.PersonID{"p_1", "p_2"}},
		"both names, in any order":         {"angstrom ZOE", []event.PersonID{"p_1"}},
		"the beginning of a name":          {"mil", []event.PersonID{"p_2"}},
		"an address":                       {"ZM@example.org", []event.PersonID{"p_2"}},
		"the beginning of an address":      {"zoe@ex", []event.PersonID{"p_1"}},
		"an address with our own marks":    {"a#b%", []event.PersonID{"p_3"}},
		"a user id":                        {"customer-77", []event.PersonID{"p_1"}},
		"a telephone number":               {"+44 (20) 7946", []event.PersonID{"p_1"}},
		"a name in another script":         {"王小", []event.PersonID{"p_3"}},
		"a person's id":                    {"p_2", []event.PersonID{"p_2"}},
		"nobody":                           {"zoex", nil},
		"one word right and another wrong": {"zoe smith", nil},
		"nothing":                          {"  ", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			found, err := s.Search(t.Context(), "shop", tt.text, 10)
			if err != nil {
				t.Fatal(err)
			}
			var got []event.PersonID
			for _, p := range found {
				got = append(got, p.ID)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
		})
	}
	if found, err := s.Search(ctx, "other", "zoe", 10); err != nil || len(found) != 0 {
		t.Errorf("another shop finds %v, %v", found, err)
	}
	if found, err := s.Search(ctx, "shop", "zoe", 1); err != nil || len(found) != 1 {
		t.Errorf("at most one: %v, %v", found, err)
	}
	tell(t, s, "p_2", Pending{Event: "e4", At: at(2), Traits: traits("firstName", "Nora", "email", "nora@example.org")})
	for text, want := range map[string]int{"zoe miller": 0, "nora": 1, "zm@": 0} {
		if found, err := s.Search(ctx, "shop", text, 10); err != nil || len(found) != want {
			t.Errorf("after the name changed, %q finds %d, %v; want %d", text, len(found), err, want)
		}
	}
}

func TestEraseLeavesNothing(t *testing.T) {
	db := sqlitetest.Open(t, nil)
	ctx, s := t.Context(), New(db)
	tell(t, s, "p_1", Pending{Event: "e1", UserID: "u1", At: at(1), Traits: traits("name", "Zoë Ångström", "email", "zoe@example.org")})
	tell(t, s, "p_2", Pending{Event: "e2", At: at(1), Traits: traits("name", "Zoë Miller")})
	if err := s.Permit(ctx, "shop", "p_1", Permission{Channel: Email, Choice: consent.Granted, At: at(1)}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Merge(ctx, "shop", "p_1", "v_1", Link{Event: "e1", Received: at(1), Identify: true}); err != nil {
		t.Fatal(err)
	}
	n, err := s.Erase(ctx, "shop", "p_1")
	if err != nil || n != 3+4 { // person, permission, merge; address, user id and two names in the index
		t.Errorf("erased %d records, %v; want 7", n, err)
	}
	if n, err := s.Erase(ctx, "shop", "p_1"); err != nil || n != 0 {
		t.Errorf("again: %d, %v", n, err)
	}
	if page, err := db.Query(ctx, table.Query{Table: Table, Partition: PersonKey("shop", "p_1").Partition}); err != nil || len(page.Items) != 0 {
		t.Errorf("left: %v, %v", page.Items, err)
	}
	if found, err := s.Search(ctx, "shop", "zoe", 10); err != nil || len(found) != 1 || found[0].ID != "p_2" {
		t.Errorf("the search finds %v, %v", found, err)
	}
}

func TestAddressProblem(t *testing.T) {
	for address, good := range map[string]bool{
		"ann@example.org": true, "Ann.O'Hara+shop@mail.example.co.uk": true, "анна@почта.рф": true, "a@xn--e1afmkfd.xn--p1ai": true, "@": false, "ann": false, "ann@": false, "@example.org": false,
		"ann@example": false, "ann@@example.org": false, "an n@example.org": false, "ann@exa mple.org": false, "ann@.org": false, "ann@example..org": false, "ann@-example.org": false,
		".ann@example.org": false, "ann.@example.org": false, "a..n@example.org": false, "ann@10.0.0.1": false, "ann@example.invalid": false, "ann@example.org, bob@example.org": false,
		"ann@example.org\n": false, "Ann <ann@example.org>": false, "\xff@example.org": false, "ann@exam_ple.org": false,
	} {
		if got := AddressProblem(address); (got == "") != good {
			t.Errorf("AddressProblem(%q) = %q, want good: %v", address, got, good)
		}
	}
	if (Person{}).EmailProblem() == "" || (Person{Email: "nonsense"}).EmailProblem() == "" || (Person{Email: "ann@example.org"}).EmailProblem() != "" {
		t.Error("a person's address is not judged by its form")
	}
}

func FuzzAddressProblem(f *testing.F) {
	for _, s := range []string{"ann@example.org", "@", "a@b.c", "a@[::1]", "\x00@\xff", "a@b..c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, address string) {
		if AddressProblem(address) == "" && (len(address) > maxAddress || len(address) < len("a@b.c")) {
			t.Errorf("%q is called good", address)
		}
	})
}

func TestTimeZoneAndLocale(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		traits       map[string]json.RawMessage
		zone, locale string
	}{
		"the shop's without a word":     {nil, "Europe/Paris", "en"},
		"the person's own":              {traits("timezone", "Asia/Tokyo", "locale", "ja_JP"), "Asia/Tokyo", "ja-JP"},
		"by other names":                {traits("timeZone", "UTC", "language", "fr"), "UTC", "fr"},
		"nonsense is not followed":      {traits("timezone", "../../etc/passwd", "locale", "<b>"), "Europe/Paris", "en"},
		"nor is the machine's own zone": {traits("timezone", "Local"), "Europe/Paris", "en"},
	} {
		t.Run(name, func(t *testing.T) {
			p := Person{Traits: tt.traits}
			if got := p.TimeZone(paris).String(); got != tt.zone {
				t.Errorf("zone %q, want %q", got, tt.zone)
			}
			if got := p.Locale("en"); got != tt.locale {
				t.Errorf("locale %q, want %q", got, tt.locale)
			}
		})
	}
}
