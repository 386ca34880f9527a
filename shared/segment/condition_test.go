package segment

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/people"
	"shopkeeper/shared/profile"
)

var noon = time.Date(2026, time.May, 1, 12, 0, 0, 0, time.UTC)

func ago(days int) time.Time { return noon.AddDate(0, 0, -days) }

// anna is a customer with something of everything.
func anna() *Customer {
	p := &profile.Profile{
		Shop: "tea", ID: "p_anna", Person: "p_anna", Members: []profile.Member{{Visitor: "v_anna"}}, FirstSeen: ago(300), LastSeen: ago(2), Visits: 9,
		Orders:     profile.Orders{Count: 4, Sum: 32050, Currency: "GBP", First: ago(200), Last: ago(40)},
		Cart:       []profile.CartLine{{Item: "mug", Quantity: 2}, {Item: "pot", Quantity: 1}},
		Purchases:  []profile.Purchase{{Item: "green", Times: 3, Last: ago(40)}},
		Recent:     []profile.Recent{{Item: "mug", At: ago(2)}},
		Categories: []profile.Interest{{Key: "Tea > Green", Weight: 6, At: ago(2)}, {Key: "Tea", Weight: 2, At: ago(2)}, {Key: "Teapots", Weight: 2, At: ago(2)}, {Key: "Cups", Weight: -4, At: ago(2)}},
		Brands:     []profile.Interest{{Key: "Uji", Weight: 1, At: ago(2)}},
		Items:      []profile.Interest{{Key: "mug", Weight: 1, At: ago(2)}, {Key: "pot", Weight: 2, At: ago(2)}},
		Counters: []profile.Counter{
			{Name: event.ProductViewed, Day: dayOf(noon), Count: 2}, {Name: event.ProductViewed, Day: dayOf(noon) - 6, Count: 3}, {Name: event.ProductViewed, Day: dayOf(noon) - 7, Count: 5}, {Name: "Quiz Taken", Day: dayOf(noon) - 1, Count: 1},
		},
	}
	person := &people.Person{
		ID: "p_anna", Email: "anna@shop.example", Country: "FR", Created: ago(290),
		Traits: map[string]json.RawMessage{
			"plan": json.RawMessage(`"gold"`), "points": json.RawMessage(`120.5`), "tags": json.RawMessage(`["VIP","press"]`), "locale": json.RawMessage(`"fr-CA"`), "broken": json.RawMessage(`{"a":1}`),
		},
		Permissions: map[people.Channel]people.Permission{people.Email: {Channel: people.Email, Choice: consent.Granted}, people.SMS: {Channel: people.SMS, Choice: consent.Granted, Pending: true}},
	}
	return Of(p, person, Frame{Now: noon, Currency: "GBP", Values: Values{Large: 30000, Medium: 10000}})
}

func compile(t testing.TB, condition string) *Condition {
	t.Helper()
	c, err := Compile(condition)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestMatch(t *testing.T) {
	stranger := Of(&profile.Profile{ID: "v_x", FirstSeen: ago(1), LastSeen: ago(1), Visits: 1}, nil, Frame{Now: noon, Currency: "GBP", Values: Values{Large: 30000, Medium: 10000}})
	contact := Of(nil, &people.Person{ID: "p_ben", Email: "ben@shop.example", Created: ago(3), Traits: map[string]json.RawMessage{"tags": json.RawMessage(`"vip, news"`)}}, Frame{Now: noon, Currency: "GBP"})
	foreign := Of(&profile.Profile{LastSeen: ago(1), Orders: profile.Orders{Count: 1, Sum: 5000, Currency: "EUR", Last: ago(1)}}, nil, Frame{Now: noon, Currency: "GBP", Values: Values{Large: 30000, Medium: 10000}})
	yen := Of(&profile.Profile{LastSeen: ago(1), Orders: profile.Orders{Count: 1, Sum: 5000, Currency: "JPY"}}, nil, Frame{Now: noon, Currency: "JPY"})
	tests := map[string]struct {
		who       *Customer
		condition string
		want      bool
	}{
		"revenue is in major units":             {anna(), `revenue == 320.5 && average_order == 80.125`, true},
		"of a currency without minor units":     {yen, `revenue == 5000`, true},
		"another currency is not in it":         {foreign, `revenue == 0 && orders.count == 1 && value == "none"`, true},
		"value by the shop's cuts":              {anna(), `value == "large"`, true},
		"no value before the first sweep":       {contact, `value == ""`, true},
		"a list of countries":                   {anna(), `country in ["FR", "BE"]`, true},
		"a language":                            {anna(), `language == "fr"`, true},
		"an address that mail can reach":        {anna(), `deliverable`, true},
		"nobody can be reached":                 {nobody, `deliverable || has_email`, false},
		"never ordered is long ago":             {stranger, `days_since_order > 90 && orders.count == 0`, true},
		"never ordered is not lately":           {stranger, `days_since_first_order <= 30`, false},
		"a person's trait":                      {anna(), `trait("plan") == "gold" && trait("none") == "" && trait("broken") == ""`, true},
		"a number of a trait":                   {anna(), `number("points") > 120 && number("plan") == 0`, true},
		"an address is no trait":                {anna(), `trait("email") == ""`, true},
		"a tag of a list":                       {anna(), `tag("vip") && tag("Press") && !tag("pre")`, true},
		"a tag of a text":                       {contact, `tag("news") && tag("VIP") && not tag("new")`, true},
		"a permission":                          {anna(), `permission("email") && !permission("post")`, true},
		"one that waits is none":                {anna(), `permission("sms")`, false},
		"a category has what is below it":       {anna(), `interest("category:Tea") == 0.8`, true},
		"not what only begins so":               {anna(), `interest("category:Teapots") == 0.2`, true},
		"a dislike is no interest":              {anna(), `interest("category:Cups") == 0`, true},
		"a brand and an item":                   {anna(), `interest("brand:Uji") == 1 && interest("item:pot") > 0.6`, true},
		"the last seven days have today":        {anna(), `did("Product Viewed", 7) == 5 && did("Product Viewed", 1) == 2 && did("Quiz Taken", 366) == 1`, true},
		"what was bought was viewed":            {anna(), `viewed("green") && viewed("mug") && !viewed("pot")`, true},
		"what was bought":                       {anna(), `bought("green") && times_bought("green") == 3 && !bought("mug")`, true},
		"the basket":                            {anna(), `cart.items == 2 && cart.quantity == 3 && in_cart("pot")`, true},
		"a date":                                {anna(), `orders.first >= date("2025-10-13") && orders.first < date("2025-10-14")`, true},
		"text operators":                        {anna(), `trait("plan") startsWith "go" && trait("plan") matches "^g.*d$" && lower(country) == "fr" && "x" != trait("plan")`, true},
		"known is a person":                     {contact, `known && has_email && !has_phone && days_since_created == 3`, true},
		"a stranger is not known":               {stranger, `known || has_email || days_since_created < 99999`, false},
		"arithmetic":                            {anna(), `(orders.count * 2 - 1) / 2 == 3.5 && max(visits, 3) == 9 && -1 < 0`, true},
		"a choice":                              {anna(), `known ? revenue > 100 : false`, true},
		"in words":                              {anna(), `known and not (orders.count < 2 or false)`, true},
		"what cannot be reckoned does not hold": {anna(), `orders.count % (orders.count - 4) == 0`, false},
		"over several lines":                    {anna(), "known\n  && visits > 3 // a comment\n  && revenue > 1", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := compile(t, tt.condition)
			if got := c.Match(tt.who); got != tt.want {
				t.Errorf("%s is %v\n%+v", tt.condition, got, c.Why(tt.who))
			}
		})
	}
}

func TestCompileRefuses(t *testing.T) {
	tests := map[string]struct {
		condition    string
		line, column int
		reason       string
	}{
		"nothing":                     {" \n", 1, 1, "is empty"},
		"a novel":                     {"known" + strings.Repeat(" ", MaxCondition), 1, 1, "at most 4096"},
		"half a character":            {"country == \"\xff\"", 1, 1, "UTF-8"},
		"an unknown name":             {"known &&\n  revenu > 10", 2, 3, "unknown name revenu; did you mean revenue?"},
		"an unknown part":             {"orders.cont > 1", 1, 1, "unknown name orders.cont; did you mean orders.count?"},
		"a group":                     {"orders > 1", 1, 1, "orders has parts: orders.count, orders.first, orders.last"},
		"a name like no other":        {"xyzzy > 1", 1, 1, "unknown name xyzzy"},
		"an unknown function":         {`interes("item:x") > 1`, 1, 1, "unknown function interes; did you mean interest(what)?"},
		"a function without call":     {"did > 1", 1, 1, "did is a function: write did(event, days)"},
		"a call of no function":       {"revenue(1) > 1", 1, 1, "unknown function revenue; revenue is no function"},
		"a missing argument":          {`did("x") > 1`, 1, 1, "write did(event, days)"},
		"days that are none":          {`did("x", 0) > 1`, 1, 10, "this must be 1 to 366 days"},
		"days as text":                {`did("x", "7") > 1`, 1, 10, "this must be a number"},
		"an argument that varies":     {`trait(country) == "x"`, 1, 7, "this must be a text in quotes"},
		"a channel that is none":      {`permission("pigeon")`, 1, 12, "must be \"email\""},
		"an interest in what":         {`interest("Tea") > 0`, 1, 10, `must be "category:..."`},
		"a day that is none":          {`created > date("2026-02-30")`, 1, 16, "must be a day"},
		"a number":                    {"revenue + 1", 1, 1, "expected true or false, but got number"},
		"text and number":             {`known && country > 3`, 1, 18, "mismatched types text and number"},
		"half an expression":          {"known &&", 1, 8, "ends too early"},
		"a loop":                      {"all([1,2], # > 1)", 1, 1, "all is not available"},
		"a range":                     {"1 in 1..1000000000", 1, 7, "in needs a list"},
		"a variable":                  {"let x = 1; x == 1", 1, 5, "not available"},
		"a pattern that varies":       {`country matches country`, 1, 17, "a pattern in quotes"},
		"a pattern that is none":      {`country matches "("`, 1, 9, "missing closing"},
		"a list of what varies":       {`revenue in [visits]`, 1, 13, "only constants"},
		"a method of a time":          {`created.Year() == 2026`, 1, 9, "not available"},
		"a member of the library":     {`$env["Revenue"] > 1`, 1, 1, "unknown name $env.Revenue"},
		"a field by its Go name":      {`Revenue > 1`, 1, 1, "unknown name Revenue; did you mean revenue?"},
		"something inside":            {`profile != nil`, 1, 1, "unknown name profile"},
		"a builtin of the library":    {`now() > created`, 1, 1, "unknown function now"},
		"a repetition":                {`repeat("x", 1000000000) == ""`, 1, 1, "unknown function repeat"},
		"too many parts":              {strings.Repeat("known&&", 300) + "known", 1, 0, "exceeds maximum"},
		"characters count, not bytes": {`trait("été") == "é" && x`, 1, 24, "unknown name x"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Compile(tt.condition)
			e, ok := errors.AsType[*SyntaxError](err)
			if !ok || !fault.Is(err, fault.Invalid) {
				t.Fatalf("%v is no fault of the condition", err)
			}
			if e.Line != tt.line || tt.column != 0 && e.Column != tt.column || !strings.Contains(e.Reason, tt.reason) {
				t.Errorf("%v, want line %d, column %d: %s", e, tt.line, tt.column, tt.reason)
			}
			if f, _ := errors.AsType[*fault.Error](err); f.Fields[0].Path != "condition" {
				t.Errorf("the fault names %q", f.Fields[0].Path)
			}
		})
	}
}

func TestWhy(t *testing.T) {
	c := compile(t, `(days_since_order > 90 || revenue >= 300) && did("Product Viewed", 7) >= 9 && orders.last > date("2026-01-01")`)
	want := []Reason{
		{Clause: "days_since_order > 90", Values: []Value{{"days_since_order", "40"}}},
		{Clause: "revenue >= 300", Holds: true, Values: []Value{{"revenue", "320.5"}}},
		{Clause: `did("Product Viewed", 7) >= 9`, Values: []Value{{`did("Product Viewed", 7)`, "5"}}},
		{Clause: `orders.last > date("2026-01-01")`, Holds: true, Values: []Value{{"orders.last", "2026-03-22"}}},
	}
	if diff := cmp.Diff(want, c.Why(anna())); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
	never := compile(t, "not (days_since_order < 5) or orders.last > created")
	if got := never.Why(nobody); got[0].Values[0].Value != "never" || got[1].Values[0].Value != "never" || !got[0].Holds {
		t.Errorf("of nobody: %+v", got)
	}
}

// TestAttributes holds that every example of the manual is a condition about its attribute, and that every field of a Customer is in the manual.
func TestAttributes(t *testing.T) {
	for _, a := range Attributes() {
		c, err := Compile(a.Example)
		name, _, _ := strings.Cut(a.Name, "(")
		if err != nil || !strings.Contains(a.Example, name) || a.Doc == "" || a.Type == "" {
			t.Errorf("%s: %v", a.Name, err)
			continue
		}
		c.Match(anna())
		if len(c.Why(anna())) == 0 {
			t.Errorf("%s: no reasons", a.Name)
		}
	}
}

func TestConditionsAreSharedSafely(t *testing.T) {
	c := compile(t, `interest("category:Tea") > 0.5 && did("Product Viewed", 7) == 5 && country in ["FR"]`)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			if _, err := Compile(fmt.Sprintf("visits > %d", i)); err != nil { // beside another
				t.Error(err)
			}
			for range 500 {
				if !c.Match(anna()) || c.Match(nobody) || len(c.Why(nobody)) != 3 {
					t.Error("another answer")
					return
				}
			}
		})
	}
	all.Wait()
}

func FuzzCompile(f *testing.F) {
	for _, a := range Attributes() {
		f.Add(a.Example)
	}
	for _, s := range []string{"", "((((", "!!!!known", "1..2", `"\u0000" == country`, "known ? 1 : 2", "-9223372036854775808 == visits", `country matches "(a+)+$"`, "#", "let x = 1; x", "orders?.count", "visits ** 9", "1 % 0 == 1", "[1][0]", "{}", "a;b"} {
		f.Add(s)
	}
	who := anna()
	f.Fuzz(func(t *testing.T, text string) {
		begun := time.Now()
		c, err := Compile(text)
		if err != nil {
			e, ok := errors.AsType[*SyntaxError](err)
			if !ok || e.Line < 1 || e.Column < 1 || e.Reason == "" {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		if first, again := c.Match(who), c.Match(who); first != again {
			t.Errorf("%q holds and does not", text)
		}
		c.Why(who)
		if took := time.Since(begun); took > 2*time.Second {
			t.Errorf("%q takes %v", text, took)
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	c, who := compile(b, `orders.count >= 2 && days_since_order <= 90 && interest("category:Tea") > 0.3 && permission("email")`), anna()
	b.ReportAllocs()
	for b.Loop() {
		if !c.Match(who) {
			b.Fatal("no match")
		}
	}
}
