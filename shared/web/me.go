package web

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/people"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/table"
)

// meView is what a shop knows of the visitor who asks, in plain words.
type meView struct {
	Visitor event.VisitorID `json:"visitor,omitempty"`
	Known   bool            `json:"known"` // something is kept
	Consent consentView     `json:"consent"`
	Person  *personView     `json:"person,omitempty"` // only where the shop vouched for this device, or what this device told itself
	Memory  *memoryView     `json:"memory,omitempty"`
	Events  []eventView     `json:"events,omitempty"`    // export only, by message id
	More    bool            `json:"more,omitempty"`      // export only: there are more events than were exported
	Said    []consentRecord `json:"decisions,omitempty"` // export only
	All     json.RawMessage `json:"all,omitempty"`       // export only, where the shop vouched for this device: everything about the person, on every device
}

type consentRecord = consent.Record

// personView is personal data, for the person alone.
type personView struct {
	UserID    string                     `json:"userId,omitempty"`
	Email     string                     `json:"email,omitempty"`
	Phone     string                     `json:"phone,omitempty"`
	Name      string                     `json:"name,omitempty"`
	FirstName string                     `json:"firstName,omitempty"`
	LastName  string                     `json:"lastName,omitempty"`
	Country   string                     `json:"country,omitempty"`
	Traits    map[string]json.RawMessage `json:"traits,omitempty"`

	Permissions []permissionView `json:"permissions,omitempty"` // what was decided on being written to, by channel
}

// permissionView is a standing decision.
type permissionView struct {
	Channel people.Channel `json:"channel"`
	Allowed bool           `json:"allowed"`
	Waiting bool           `json:"waiting,omitempty"` // for its confirmation
	Source  string         `json:"source,omitempty"`
	At      time.Time      `json:"at"`
}

// memoryView is the profile without its bookkeeping.
type memoryView struct {
	FirstSeen  time.Time      `json:"firstSeen"`
	LastSeen   time.Time      `json:"lastSeen"`
	Visits     int64          `json:"visits"`
	Recent     []recentView   `json:"recent,omitempty"`
	Categories []interestView `json:"categories,omitempty"`
	Brands     []interestView `json:"brands,omitempty"`
	Cart       []cartView     `json:"cart,omitempty"`
	Orders     *ordersView    `json:"orders,omitempty"`
	Dismissed  []event.ItemID `json:"dismissed,omitempty"`
	Folded     int64          `json:"events"` // how many events it was made of
}

type recentView struct {
	Item event.ItemID `json:"item"`
	Did  string       `json:"did"`
	At   time.Time    `json:"at"`
}

type interestView struct {
	Name   string  `json:"name"`
	Weight float64 `json:"weight"`
}

type cartView struct {
	Item     event.ItemID `json:"item"`
	Quantity int64        `json:"quantity"`
}

type ordersView struct {
	Count    int64     `json:"count"`
	Sum      int64     `json:"sum"`
	Currency string    `json:"currency"`
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
}

type eventView struct {
	ID event.ID `json:"messageId"`
	event.Event
}

// me says what is known of the cookie's visitor. Without a cookie nothing is: an anonymousId or userId opens nothing here.
func (c *collector) me(w http.ResponseWriter, r *http.Request) error {
	view, _, _, err := c.look(r)
	if err != nil {
		return err
	}
	return respond(w, view)
}

// look reads what GET /v1/me shows.
func (c *collector) look(r *http.Request) (meView, identity.Visitor, caller, error) {
	from, err := authenticate(r, c.Shops, "")
	if err != nil {
		return meView{}, identity.Visitor{}, caller{}, err
	}
	state := c.Cookies.Consent(r, from.ID)
	visitor, ok, err := c.visitor(r, from.ID)
	if err != nil {
		return meView{}, identity.Visitor{}, caller{}, err
	}
	if !ok {
		return meView{Consent: viewConsent(from.Consent, state, GPC(r))}, visitor, from, nil
	}
	view := meView{Visitor: visitor.ID}
	ctx := r.Context()
	own, err := c.profile(ctx, from.ID, string(visitor.ID), profile.Own)
	if err != nil {
		return meView{}, visitor, from, err
	}
	view.Consent = viewConsent(from.Consent, consent.Later(state, own.Consent), GPC(r))
	shown := own
	if visitor.Person != "" && visitor.Trusted {
		merged, err := c.profile(ctx, from.ID, string(visitor.Person), profile.Merged)
		if err != nil {
			return meView{}, visitor, from, err
		}
		if merged.Version > 0 {
			shown = merged
		}
	}
	if shown.Version > 0 && !shown.FirstSeen.IsZero() {
		view.Known, view.Memory = true, viewMemory(shown)
	}
	view.Person, err = c.person(ctx, from.ID, visitor)
	return view, visitor, from, err
}

// profile reads a profile; the zero Profile when there is none.
func (c *collector) profile(ctx context.Context, shop event.ShopID, id, sort string) (profile.Profile, error) {
	p, err := profile.NewStore(c.Store).Read(ctx, shop, id, sort)
	if fault.Is(err, fault.NotFound) {
		return profile.Profile{}, nil
	}
	return p, err
}

// person is the personal data that this device may see: all of it when the shop vouched for the device, else the name if this device told it; nil for nothing.
func (c *collector) person(ctx context.Context, shop event.ShopID, v identity.Visitor) (*personView, error) {
	if v.Person == "" {
		return nil, nil
	}
	it, err := c.Store.Get(ctx, people.PersonKey(shop, v.Person))
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read a person: %w", err)
	}
	var p people.Person
	if err := json.Unmarshal(it.Body, &p); err != nil {
		return nil, fmt.Errorf("decode a person: %w", err)
	}
	switch {
	case v.Trusted:
		return &personView{p.UserID, p.Email, p.Phone, p.Name, p.FirstName, p.LastName, p.Country, p.Traits, viewPermissions(p)}, nil
	case p.NameBy == v.ID && (p.Name != "" || p.FirstName != "" || p.LastName != ""):
		return &personView{Name: p.Name, FirstName: p.FirstName, LastName: p.LastName}, nil
	}
	return nil, nil
}

func viewPermissions(p people.Person) []permissionView {
	var list []permissionView
	for _, channel := range slices.Sorted(maps.Keys(p.Permissions)) {
		d := p.Permissions[channel]
		list = append(list, permissionView{Channel: channel, Allowed: d.Allows(), Waiting: d.Pending, Source: d.Source, At: d.At})
	}
	return list
}

var didWords = [...]string{profile.Viewed: "viewed", profile.Clicked: "clicked", profile.Wished: "wished", profile.Carted: "carted", profile.Bought: "bought"}

func viewMemory(p profile.Profile) *memoryView {
	m := &memoryView{FirstSeen: p.FirstSeen, LastSeen: p.LastSeen, Visits: p.Visits, Dismissed: p.Dismissed, Folded: p.Applied.Count}
	for _, r := range p.Recent {
		did := didWords[profile.Viewed]
		if int(r.Kind) < len(didWords) {
			did = didWords[r.Kind]
		}
		m.Recent = append(m.Recent, recentView{r.Item, did, r.At})
	}
	for _, i := range p.Categories {
		m.Categories = append(m.Categories, interestView{i.Key, i.Weight})
	}
	for _, i := range p.Brands {
		m.Brands = append(m.Brands, interestView{i.Key, i.Weight})
	}
	for _, l := range p.Cart {
		m.Cart = append(m.Cart, cartView{l.Item, l.Quantity})
	}
	if o := p.Orders; o.Count > 0 {
		m.Orders = &ordersView{o.Count, o.Sum, o.Currency, o.First, o.Last}
	}
	return m
}

// maxExport bounds the events of one export, so that it is answered within a request.
const maxExport = 5000

// export is everything kept about the cookie's visitor, as a file: what me shows, the events and the decisions.
func (c *collector) export(w http.ResponseWriter, r *http.Request) error {
	view, visitor, from, err := c.look(r)
	if err != nil {
		return err
	}
	if visitor.ID != "" {
		if view.Events, view.More, err = c.events(r.Context(), from.ID, visitor.ID); err != nil {
			return err
		}
		if view.Said, err = consent.NewRecords(c.Store).All(r.Context(), from.ID, visitor.ID); err != nil {
			return err
		}
	}
	if view.All, err = c.everything(r.Context(), from.ID, visitor); err != nil {
		return err
	}
	w.Header().Set("Content-Disposition", `attachment; filename="my-data.json"`)
	return respond(w, view)
}

// everything is what is kept about the person of a device that the shop vouched for; nil for any other.
func (c *collector) everything(ctx context.Context, shop event.ShopID, v identity.Visitor) (json.RawMessage, error) {
	if v.Person == "" || !v.Trusted || c.Privacy == nil {
		return nil, nil
	}
	all, err := c.Privacy.Export(ctx, shop, string(v.Person))
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(all[0])
	if err != nil {
		return nil, fmt.Errorf("encode an export: %w", err)
	}
	return text, nil
}

func (c *collector) events(ctx context.Context, shop event.ShopID, v event.VisitorID) ([]eventView, bool, error) {
	var all []eventView
	q := table.Query{Table: event.Table, Partition: event.Key(shop, v, "x").Partition, Strong: true}
	for {
		page, err := c.Store.Query(ctx, q)
		if err != nil {
			return nil, false, fmt.Errorf("read a visitor's events: %w", err)
		}
		for _, it := range page.Items {
			if len(all) == maxExport {
				return all, true, nil
			}
			e, err := event.FromItem(it)
			if err != nil {
				return nil, false, err
			}
			all = append(all, eventView{e.ID, e})
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return all, false, nil
		}
	}
}

// forgotten is the answer of DELETE /v1/me.
type forgotten struct {
	Forgotten bool   `json:"forgotten"`                  // at once
	Asked     bool   `json:"confirmationSent,omitempty"` // a mail asks to confirm
	Note      string `json:"note,omitempty"`
}

// The notes of an answer that forgot less than everything.
const (
	noteAccount = "What this device did is forgotten. Data of the account on other devices and the account itself are erased on request to the shop."
	noteMaybe   = "What this device did is forgotten. If the account has an address, a mail was sent there: everything about the account is erased when it is confirmed, within a day."
	noteAsked   = "A mail was sent to the address of the account. Everything about you is erased when you confirm it there, within a day."
)

// forget removes what is kept about the cookie's visitor at once. For a known person with an address, a mail there asks to confirm that all is to be erased: a device that the shop vouched for waits for that, any
// other forgets at once what it did itself. A no to personalization stays in the consent cookie: without it the next page would begin anew.
func (c *collector) forget(w http.ResponseWriter, r *http.Request) error {
	from, err := authenticate(r, c.Shops, "")
	if err != nil {
		return err
	}
	visitor, ok, err := c.visitor(r, from.ID)
	if err != nil {
		return err
	}
	asked, err := c.ask(r, from.ID, visitor)
	if err != nil {
		return err
	}
	answer := forgotten{Forgotten: ok}
	switch {
	case asked && visitor.Trusted:
		return respond(w, forgotten{Asked: true, Note: noteAsked})
	case visitor.Person != "" && c.Privacy != nil && c.Privacy.Sender != nil && !visitor.Trusted:
		answer.Note = noteMaybe // whether there is such an account, and whether it has an address, is nobody's business
	case visitor.Person != "":
		answer.Note = noteAccount
	}
	state := c.Cookies.Consent(r, from.ID)
	if ok {
		if err := c.Service.Forget(r.Context(), from.ID, visitor.ID, state); err != nil {
			return err
		}
	}
	c.Cookies.Clear(w)
	if state.Personalization != consent.Denied {
		c.Cookies.clearConsent(w)
	}
	return respond(w, answer)
}

// ask sends a known person the mail that asks to confirm, and says whether there is an address.
func (c *collector) ask(r *http.Request, shop event.ShopID, v identity.Visitor) (bool, error) {
	if v.Person == "" || c.Privacy == nil || c.Privacy.Sender == nil {
		return false, nil
	}
	return c.Privacy.Ask(r.Context(), shop, v.Person, r.Header.Get("Accept-Language"))
}
