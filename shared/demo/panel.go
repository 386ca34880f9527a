package demo

import (
	"cmp"
	"fmt"
	"math"
	"net/http"
	"time"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/event"
)

// meAnswer is what the shop shows of GET /v1/me.
type meAnswer struct {
	Visitor struct {
		ID      string
		Known   bool
		Trusted bool
		Name    string
	}
	Profile struct {
		FirstSeen time.Time
		LastSeen  time.Time
		Visits    int
		Recent    []struct {
			Item string
			Kind string
			At   time.Time
		}
		Interests struct {
			Categories []interestAnswer
			Brands     []interestAnswer
		}
		Orders struct {
			Count    int
			Sum      int64
			Currency string
			Last     time.Time
		}
		Dismissed []string
	}
	Consent consentAnswer
}

type interestAnswer struct {
	Key    string
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

// kinds says in words what a visitor did with an item.
var kinds = map[string]string{"viewed": "looked at", "clicked": "clicked", "wished": "wished for", "carted": "put in the basket", "bought": "bought"}

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
	p.Identity, p.Trusted = cmp.Or(me.Visitor.Name, "a visitor without a name"), me.Visitor.Trusted
	p.Visits = me.Profile.Visits
	p.Since = v.ago(me.Profile.FirstSeen)
	for _, r := range firstOf(me.Profile.Recent, 8) {
		if it, ok := v.stock.byID[event.ItemID(r.Item)]; ok {
			c := v.own([]catalog.Item{it})[0]
			p.Recent = append(p.Recent, recentRow{c, cmp.Or(kinds[r.Kind], r.Kind), v.ago(r.At)})
		}
	}
	p.Interests = bars(me.Profile.Interests.Categories)
	p.Orders, p.LastOrder = me.Profile.Orders.Count, v.ago(me.Profile.Orders.Last)
	if p.Orders > 0 {
		p.Spent = v.shop.money.format(me.Profile.Orders.Sum, me.Profile.Orders.Currency)
	}
	for _, id := range me.Profile.Dismissed {
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
			rows = append(rows, interestRow{i.Key, max(1, int(math.Round(100*i.Weight/strongest)))})
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
	return v.back("/", "%s will not be recommended to you again.", it.Title)
}

// forget asks the product to remove everything. For a known person it is confirmed by a link to the known address first.
func (v *visit) forget() error {
	if err := v.call(http.MethodDelete, "/v1/me", nil, nil); err != nil {
		v.without("forget me", err)
		return v.back("/", "That could not be done just now. Please try again.")
	}
	v.drop(customerCookie)
	v.drop(orderCookie)
	v.drop(basketCookie)
	return v.back("/", "Forgotten. You are a stranger here again.")
}
