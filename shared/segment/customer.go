package segment

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/people"
	"shopkeeper/shared/profile"
)

// Never is the "days since" of what never happened: longer ago than anything, so that "days_since_order > 90" holds for who never ordered, too.
const Never = 99999

// Customer is what conditions are stated over; the attribute table says what each field means. It holds on to the profile and person it was made of, which must
// not change while it is in use. Names and addresses of a person are out of its reach.
type Customer struct {
	Known               bool       `expr:"known"`
	HasEmail            bool       `expr:"has_email"`
	HasPhone            bool       `expr:"has_phone"`
	Deliverable         bool       `expr:"deliverable"`
	Country             string     `expr:"country"`
	Language            string     `expr:"language"`
	Created             time.Time  `expr:"created"`
	DaysSinceCreated    int        `expr:"days_since_created"`
	FirstSeen           time.Time  `expr:"first_seen"`
	LastSeen            time.Time  `expr:"last_seen"`
	DaysSinceFirstSeen  int        `expr:"days_since_first_seen"`
	DaysSinceSeen       int        `expr:"days_since_seen"`
	Visits              int        `expr:"visits"`
	Orders              OrderFacts `expr:"orders"`
	Revenue             float64    `expr:"revenue"`
	AverageOrder        float64    `expr:"average_order"`
	DaysSinceOrder      int        `expr:"days_since_order"`
	DaysSinceFirstOrder int        `expr:"days_since_first_order"`
	Value               string     `expr:"value"`
	Cart                CartFacts  `expr:"cart"`

	profile *profile.Profile
	person  *people.Person
	today   int32
	minor   int64 // revenue in minor units
}

// OrderFacts are the orders of a Customer.
type OrderFacts struct {
	Count int       `expr:"count"`
	First time.Time `expr:"first"`
	Last  time.Time `expr:"last"`
}

// CartFacts are the basket of a Customer.
type CartFacts struct {
	Items    int `expr:"items"`
	Quantity int `expr:"quantity"`
}

// Frame is what a Customer is seen in: the time, and what a shop counts in.
type Frame struct {
	Now      time.Time
	Currency string // ISO 4217, of the shop
	Values   Values // what makes a customer large, medium or small
}

// Of is a customer as the profile and the person say; either may be nil.
func Of(p *profile.Profile, person *people.Person, f Frame) *Customer {
	c := &Customer{profile: p, person: person, today: dayOf(f.Now)}
	if p == nil {
		c.profile = new(profile.Profile)
	}
	c.readProfile(f)
	c.readPerson()
	c.DaysSinceCreated = c.daysSince(c.Created)
	return c
}

func (c *Customer) readProfile(f Frame) {
	p := c.profile
	c.Known = p.Person != ""
	c.FirstSeen, c.LastSeen, c.Visits = p.FirstSeen, p.LastSeen, int(p.Visits)
	c.DaysSinceFirstSeen, c.DaysSinceSeen = c.daysSince(p.FirstSeen), c.daysSince(p.LastSeen)
	c.Orders = OrderFacts{Count: int(p.Orders.Count), First: p.Orders.First, Last: p.Orders.Last}
	c.DaysSinceOrder, c.DaysSinceFirstOrder = c.daysSince(p.Orders.Last), c.daysSince(p.Orders.First)
	if p.Orders.Currency == "" || p.Orders.Currency == f.Currency {
		c.minor = p.Orders.Sum
		c.Revenue = float64(p.Orders.Sum) / math.Pow10(event.Exponent(f.Currency))
	}
	if c.Orders.Count > 0 {
		c.AverageOrder = c.Revenue / float64(c.Orders.Count)
	}
	c.Value = f.Values.of(c.minor)
	c.Cart.Items = len(p.Cart)
	for _, l := range p.Cart {
		c.Cart.Quantity += int(l.Quantity)
	}
}

func (c *Customer) readPerson() {
	p := c.person
	if p == nil {
		c.person = new(people.Person)
		return
	}
	c.Known = true
	c.HasEmail, c.HasPhone = p.Email != "", p.Phone != ""
	c.Country, c.Created = p.Country, p.Created
	c.Deliverable = p.EmailProblem() == ""
	language, _, _ := strings.Cut(p.Locale(""), "-")
	c.Language = strings.ToLower(language)
}

func dayOf(t time.Time) int32 {
	const seconds = 24 * 60 * 60
	s := t.Unix()
	if s < 0 {
		s -= seconds - 1
	}
	return int32(s / seconds)
}

// daysSince counts midnights (UTC) from then to now; what lies in the future happened today.
func (c *Customer) daysSince(t time.Time) int {
	if t.IsZero() {
		return Never
	}
	return max(0, int(c.today-dayOf(t)))
}

// The functions of conditions. Their arguments were checked by Compile.

func (c *Customer) trait(name string) string { return traitText(c.person.Traits[name]) }

func traitText(raw json.RawMessage) string {
	var v any
	if len(raw) == 0 || json.Unmarshal(raw, &v) != nil {
		return ""
	}
	switch v := v.(type) {
	case string:
		return strings.TrimSpace(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

func (c *Customer) number(name string) float64 {
	n, err := strconv.ParseFloat(c.trait(name), 64)
	if err != nil || math.IsNaN(n) {
		return 0
	}
	return n
}

// tag looks into the trait "tags": a list of texts, or one text with commas.
func (c *Customer) tag(name string) bool {
	raw := c.person.Traits["tags"]
	var list []string
	if json.Unmarshal(raw, &list) != nil {
		list = strings.Split(traitText(raw), ",")
	}
	for _, t := range list {
		if t = strings.TrimSpace(t); t != "" && strings.EqualFold(t, name) {
			return true
		}
	}
	return false
}

func (c *Customer) permission(channel string) bool {
	return c.person.Permissions[people.Channel(channel)].Allows()
}

// interest is the share of a thing in all that the customer is drawn to of its kind. All interests decay alike, so waiting does not change it.
func (c *Customer) interest(what string) float64 {
	kind, key, _ := strings.Cut(what, ":")
	list := c.profile.Items
	switch kind {
	case "category":
		list = c.profile.Categories
	case "brand":
		list = c.profile.Brands
	}
	var of, all float64
	for _, x := range list {
		w := x.Now(c.profile.LastSeen)
		if w <= 0 {
			continue
		}
		all += w
		if x.Key == key || kind == "category" && within(x.Key, key) {
			of += w
		}
	}
	if all == 0 {
		return 0
	}
	return of / all
}

// within says whether a category lies below another: "Tea > Green" and "Tea/Green" are within "Tea".
func within(category, above string) bool {
	rest, ok := strings.CutPrefix(category, above)
	rest = strings.TrimLeft(rest, " ")
	return ok && above != "" && (strings.HasPrefix(rest, ">") || strings.HasPrefix(rest, "/"))
}

func (c *Customer) viewed(item string) bool {
	for _, x := range c.profile.Recent {
		if string(x.Item) == item {
			return true
		}
	}
	return c.timesBought(item) > 0
}

func (c *Customer) bought(item string) bool { return c.timesBought(item) > 0 }

func (c *Customer) timesBought(item string) int {
	for _, x := range c.profile.Purchases {
		if string(x.Item) == item {
			return x.Times
		}
	}
	return 0
}

func (c *Customer) inCart(item string) bool {
	for _, x := range c.profile.Cart {
		if string(x.Item) == item {
			return true
		}
	}
	return false
}

// did counts an event on the last days, today among them.
func (c *Customer) did(name string, days int) int {
	n := int64(0)
	for _, x := range c.profile.Counters {
		if string(x.Name) == name && int(c.today-x.Day) < days {
			n += x.Count
		}
	}
	return int(n)
}
