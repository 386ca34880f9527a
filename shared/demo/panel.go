package demo

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"net/http"
	"slices"
	"time"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/event"
)

// meAnswer is what the shop shows of GET /v1/me.
type meAnswer struct {
	Consent consentAnswer
	Person  *struct{ UserID, Name, FirstName string }
	Memory  struct {
		FirstSeen  time.Time
		Visits     int
		Recent     []recentAnswer
		Categories []interestAnswer
		Orders     struct {
			Count    int
			Sum      int64
			Currency string
			Last     time.Time
		}
		Dismissed []string
	}
}

type recentAnswer struct {
	Item string
	Did  string
	At   time.Time
}

type interestAnswer struct {
	Name   string
	Weight float64
}

// panel is "What this shop knows about you".
type panel struct {
	Open      bool
	Asked     bool // the visitor has decided about consent
	Consent   consentAnswer
	Banner    bool
	Identity  string
	Trusted   bool
	Since     string
	Visits    int
	Recent    []recentRow
	Interests []interestRow
	Orders    int
	Spent     string
	LastOrder string
	Dismissed []string
	Why       []shelf
	Silent    bool // the product does not answer
}

type recentRow struct {
	Card card
	What string
	When string
}

type interestRow struct {
	Name  string
	Share int // of the strongest, 1 to 100
}

// deeds says in words what a visitor did with an item.
var deeds = map[string]string{"viewed": "looked at", "clicked": "clicked", "wished": "wished for", "carted": "put in the basket", "bought": "bought"}

// panel asks the product what it knows and puts it into words.
func (v *visit) panel(open bool) panel {
	p := panel{Open: open, Why: v.shown}
	var me meAnswer
	if err := v.call(http.MethodGet, "/v1/me", nil, &me); err != nil {
		v.without("panel", err)
		p.Silent = true
		return p
	}
	p.Consent, p.Asked = me.Consent, me.Consent.Source != "default"
	p.Banner = !p.Asked
	p.Identity, p.Visits, p.Since = "a visitor without a name", me.Memory.Visits, v.ago(me.Memory.FirstSeen)
	if me.Person != nil {
		p.Identity, p.Trusted = cmp.Or(me.Person.Name, me.Person.FirstName, p.Identity), me.Person.UserID != ""
	}
	for _, r := range firstOf(me.Memory.Recent, 8) {
		if it, ok := v.stock.byID[event.ItemID(r.Item)]; ok {
			c := v.own([]catalog.Item{it})[0]
			p.Recent = append(p.Recent, recentRow{c, cmp.Or(deeds[r.Did], r.Did), v.ago(r.At)})
		}
	}
	p.Interests = bars(me.Memory.Categories)
	p.Orders, p.LastOrder = me.Memory.Orders.Count, v.ago(me.Memory.Orders.Last)
	if p.Orders > 0 {
		p.Spent = v.shop.money.format(me.Memory.Orders.Sum, me.Memory.Orders.Currency)
	}
	for _, id := range me.Memory.Dismissed {
		if it, ok := v.stock.byID[event.ItemID(id)]; ok {
			p.Dismissed = append(p.Dismissed, it.Title)
		}
	}
	return p
}

// bars scales interests to the strongest.
func bars(interests []interestAnswer) []interestRow {
	var rows []interestRow
	strongest := 0.0
	for _, i := range interests {
		strongest = max(strongest, i.Weight)
	}
	for _, i := range firstOf(interests, 6) {
		if i.Weight > 0 {
			rows = append(rows, interestRow{i.Name, max(1, int(math.Round(100*i.Weight/strongest)))})
		}
	}
	return rows
}

// ago puts a time into words; nothing for the zero time.
func (v *visit) ago(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	d := v.shop.now().Sub(t)
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{365 * 24 * time.Hour, "year"}, {30 * 24 * time.Hour, "month"}, {24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		if n := int(d / u.unit); n == 1 {
			return "a " + u.name + " ago"
		} else if n > 1 {
			return fmt.Sprintf("%d %ss ago", n, u.name)
		}
	}
	return "just now"
}

// decideConsent answers the banner and the panel.
func (v *visit) decideConsent() error {
	granted := v.r.PostFormValue("granted") == "yes"
	decision := consentCall{Purpose: "personalization", Granted: granted, Version: consentText}
	if err := v.call(http.MethodPost, "/v1/consent", decision, nil); err != nil {
		v.without("consent", err)
		return v.back("/", "Your choice could not be kept just now. Please try again.")
	}
	if granted {
		return v.back("/", "Thank you. From now on the shop remembers what you look at.")
	}
	return v.back("/", "Understood. The shop remembers nothing about you.")
}

// consentText names the wording that the visitor agreed to; the record of consent keeps it.
const consentText = "demo-2026-01"

type consentCall struct {
	Purpose string `json:"purpose"`
	Granted bool   `json:"granted"`
	Version string `json:"version"`
}

// dismiss answers "not for me".
func (v *visit) dismiss() error {
	it, ok := v.stock.byID[event.ItemID(v.r.PostFormValue("item"))]
	if !ok {
		return v.back("/", "That is no longer here.")
	}
	v.send(track(event.ItemDismissed, properties{product: productOf(it, 0)}))
	v.settle(func() (bool, error) {
		var me meAnswer
		err := v.call(http.MethodGet, "/v1/me", nil, &me)
		return slices.Contains(me.Memory.Dismissed, string(it.ID)) || !me.Consent.Personalization, err
	})
	return v.back("/", "%s will not be recommended to you again.", it.Title)
}

// forget asks the product to remove what this browser did. The note says what it cannot remove by itself.
func (v *visit) forget() error {
	var answer struct{ Note string }
	if err := v.call(http.MethodDelete, "/v1/me", nil, &answer); err != nil {
		v.without("forget me", err)
		return v.back("/", "That could not be done just now. Please try again.")
	}
	v.drop(customerCookie)
	v.drop(orderCookie)
	v.drop(basketCookie)
	v.drop(sessionCookie)
	v.drop(deviceCookie)
	return v.back("/", "%s", cmp.Or(answer.Note, "Forgotten. You are a stranger here again."))
}

// settleWithin is how long a form waits for the product's memory before it goes on.
const settleWithin = time.Second

// settle waits until the product's memory shows what was just sent, so that the page that follows shows it too. Usually it is there at once. done asks the product; an
// error of it ends the waiting.
func (v *visit) settle(done func() (bool, error)) {
	ctx, cancel := context.WithTimeout(v.r.Context(), settleWithin)
	defer cancel()
	for wait := 5 * time.Millisecond; ; wait *= 2 {
		if ok, err := done(); ok || err != nil {
			v.without("memory", err)
			return
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}
