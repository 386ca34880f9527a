package segment

import (
	"slices"
	"strings"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/people"
)

// attribute is a row of the table of what conditions may name. A new one is a row here and a field or method of Customer.
type attribute struct {
	name    string
	kind    string
	doc     string
	example string
	person  bool // needs the people table
	of      *function
}

// function is what a condition may call: with the customer, then the arguments as they stand in the condition.
type function struct {
	params string // as the manual names them
	args   []argument
	call   func(c *Customer, args []any) any
	sig    any // the type of the function, the customer as any
}

// argument checks a constant; "" is right.
type argument struct {
	number bool
	check  func(text string, n int) string
}

// The kinds of attributes.
const (
	aNumber = "number"
	aText   = "text"
	aBool   = "true or false"
	aTime   = "time"
)

var attributes = []attribute{
	{name: "known", kind: aBool, doc: "Whether the customer is a person the shop knows, not only a browser.", example: `known && orders.count == 0`},
	{name: "has_email", kind: aBool, doc: "Whether an e-mail address is known.", example: `has_email && permission("email")`, person: true},
	{name: "has_phone", kind: aBool, doc: "Whether a telephone number is known.", example: `has_phone && value == "large"`, person: true},
	{name: "deliverable", kind: aBool, doc: "Whether the e-mail address is one that mail can reach, by its form.", example: `has_email && !deliverable`, person: true},
	{name: "country", kind: aText, doc: "The country as it was told.", example: `country in ["FR", "BE"]`, person: true},
	{name: "language", kind: aText, doc: `The language of the person's locale, such as "fr".`, example: `language == "fr"`, person: true},
	{name: "created", kind: aTime, doc: "When the shop first heard of the person.", example: `created >= date("2026-01-01")`, person: true},
	{name: "days_since_created", kind: aNumber, doc: "Days since the shop first heard of the person; 99999 for who is no known person.", example: `days_since_created <= 7`, person: true},
	{name: "first_seen", kind: aTime, doc: "When the customer first did anything.", example: `first_seen < date("2026-01-01")`},
	{name: "last_seen", kind: aTime, doc: "When the customer last did anything.", example: `last_seen >= date("2026-06-01")`},
	{name: "days_since_first_seen", kind: aNumber, doc: "Days since the customer first did anything; 99999 when nothing is known.", example: `days_since_first_seen <= 14`},
	{name: "days_since_seen", kind: aNumber, doc: "Days since the customer last did anything; 99999 when nothing is known.", example: `days_since_seen > 60`},
	{name: "visits", kind: aNumber, doc: "How often the customer came: visits are 30 minutes apart.", example: `visits >= 5 && orders.count == 0`},
	{name: "orders.count", kind: aNumber, doc: "How many orders stand.", example: `orders.count >= 2`},
	{name: "orders.first", kind: aTime, doc: "When the first order was placed.", example: `orders.count > 0 && orders.first >= date("2026-01-01")`},
	{name: "orders.last", kind: aTime, doc: "When the last order was placed.", example: `orders.count > 0 && orders.last < date("2026-01-01")`},
	{name: "revenue", kind: aNumber, doc: "What the customer's orders brought, net of refunds, in the shop's currency (12.5 is twelve and a half); orders in other currencies are not in it.", example: `revenue >= 500`},
	{name: "average_order", kind: aNumber, doc: "Revenue by order; 0 without orders.", example: `average_order > 80`},
	{name: "days_since_order", kind: aNumber, doc: "Days since the last order; 99999 for who never ordered.", example: `orders.count > 0 && days_since_order > 90`},
	{name: "days_since_first_order", kind: aNumber, doc: "Days since the first order; 99999 for who never ordered.", example: `days_since_first_order <= 30`},
	{name: "value", kind: aText, doc: `"large" for the customers who together bring 80 % of the revenue, "medium" for the next 15 %, "small" for the others who bought, "none" for who did not; reckoned every night.`, example: `value == "large"`},
	{name: "cart.items", kind: aNumber, doc: "How many different items lie in the basket.", example: `cart.items > 0 && days_since_seen >= 1`},
	{name: "cart.quantity", kind: aNumber, doc: "How many pieces lie in the basket.", example: `cart.quantity >= 10`},
	{name: "trait", kind: aText, doc: "A trait of the person as text, empty when it is not known; never a name or address.", example: `trait("plan") == "gold"`, person: true, of: &function{
		params: "name", args: []argument{text}, sig: new(func(any, string) string), call: func(c *Customer, a []any) any { return c.trait(a[0].(string)) },
	}},
	{name: "number", kind: aNumber, doc: "A trait of the person as a number, 0 when it is none.", example: `number("points") >= 100`, person: true, of: &function{
		params: "name", args: []argument{text}, sig: new(func(any, string) float64), call: func(c *Customer, a []any) any { return c.number(a[0].(string)) },
	}},
	{name: "tag", kind: aBool, doc: `Whether the trait "tags" has a tag, whatever its capitals.`, example: `tag("vip")`, person: true, of: &function{
		params: "name", args: []argument{text}, sig: new(func(any, string) bool), call: func(c *Customer, a []any) any { return c.tag(a[0].(string)) },
	}},
	{name: "permission", kind: aBool, doc: `Whether the person agreed to be written to: "email", "sms", "phone" or "post".`, example: `permission("email")`, person: true, of: &function{
		params: "channel", args: []argument{{check: channel}}, sig: new(func(any, string) bool), call: func(c *Customer, a []any) any { return c.permission(a[0].(string)) },
	}},
	{name: "interest", kind: aNumber, doc: `The share, 0 to 1, of a category (with all below it), brand or item in all categories, brands or items the customer is drawn to.`, example: `interest("category:Lighting") >= 0.3`, of: &function{
		params: "what", args: []argument{{check: interesting}}, sig: new(func(any, string) float64), call: func(c *Customer, a []any) any { return c.interest(a[0].(string)) },
	}},
	{name: "viewed", kind: aBool, doc: "Whether the customer had to do with an item lately: the latest 24 are remembered, and what was bought.", example: `viewed("85123A") && !bought("85123A")`, of: &function{
		params: "item", args: []argument{text}, sig: new(func(any, string) bool), call: func(c *Customer, a []any) any { return c.viewed(a[0].(string)) },
	}},
	{name: "bought", kind: aBool, doc: "Whether the customer bought an item: the 24 bought most often and latest are remembered.", example: `bought("85123A")`, of: &function{
		params: "item", args: []argument{text}, sig: new(func(any, string) bool), call: func(c *Customer, a []any) any { return c.bought(a[0].(string)) },
	}},
	{name: "times_bought", kind: aNumber, doc: "In how many orders the customer bought an item.", example: `times_bought("85123A") >= 3`, of: &function{
		params: "item", args: []argument{text}, sig: new(func(any, string) int), call: func(c *Customer, a []any) any { return c.timesBought(a[0].(string)) },
	}},
	{name: "in_cart", kind: aBool, doc: "Whether an item lies in the basket.", example: `in_cart("85123A")`, of: &function{
		params: "item", args: []argument{text}, sig: new(func(any, string) bool), call: func(c *Customer, a []any) any { return c.inCart(a[0].(string)) },
	}},
	{name: "did", kind: aNumber, doc: "How often an event happened on the last days, today among them; a profile remembers its latest 40 pairs of event and day. Mail counts too: \"Email Opened\", \"Email Link Clicked\".", example: `did("Product Viewed", 7) >= 3`, of: &function{
		params: "event, days", args: []argument{text, {number: true, check: lastDays}}, sig: new(func(any, string, int) int),
		call: func(c *Customer, a []any) any { return c.did(a[0].(string), a[1].(int)) },
	}},
}

var text = argument{check: func(s string, _ int) string {
	if strings.TrimSpace(s) == "" {
		return "is empty"
	}
	return ""
}}

func channel(s string, _ int) string {
	if slices.Contains([]people.Channel{people.Email, people.SMS, people.Phone, people.Post}, people.Channel(s)) {
		return ""
	}
	return `must be "email", "sms", "phone" or "post"`
}

func interesting(s string, _ int) string {
	kind, key, _ := strings.Cut(s, ":")
	if key != "" && (kind == "category" || kind == "brand" || kind == "item") {
		return ""
	}
	return `must be "category:...", "brand:..." or "item:..."`
}

// maxDays is how far did looks back.
const maxDays = 366

func lastDays(_ string, n int) string {
	if n >= 1 && n <= maxDays {
		return ""
	}
	return "must be 1 to 366 days"
}

// byName finds an attribute or function.
var byName = func() map[string]*attribute {
	m := map[string]*attribute{}
	for i := range attributes {
		m[attributes[i].name] = &attributes[i]
	}
	return m
}()

// Attributes are all names that a condition may use, in the order of the manual.
func Attributes() []Attribute {
	list := make([]Attribute, len(attributes))
	for i, a := range attributes {
		list[i] = Attribute{Name: a.name, Type: a.kind, Doc: a.doc, Example: a.example}
		if a.of != nil {
			list[i].Name += "(" + a.of.params + ")"
		}
	}
	return list
}

// invalid is the fault of a condition: the field, and where in it.
func invalid(e *SyntaxError) error {
	f := fault.Wrap(fault.Invalid, e, "the condition is not valid")
	f.Fields = []fault.Field{{Path: "condition", Reason: e.Error()}}
	return f
}
