package admin

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/people"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/staff"
	"shopkeeper/shared/table"
)

// Customer is all that the shop knows of one person, or of a visitor who is nobody's yet.
type Customer struct {
	ID       string    `json:"id"` // a person ("p_...") or a visitor
	Person   *Contact  `json:"person,omitempty"`
	Memory   *Memory   `json:"memory,omitempty"` // absent when nothing is remembered: new, or against the customer's will
	Visitors []Visitor `json:"visitors"`         // whose doings count as the person's
}

// Contact is a person's own data.
type Contact struct {
	UserID      string                               `json:"userId,omitempty"`
	Email       string                               `json:"email,omitempty"`
	Phone       string                               `json:"phone,omitempty"`
	Name        string                               `json:"name,omitempty"`
	FirstName   string                               `json:"firstName,omitempty"`
	LastName    string                               `json:"lastName,omitempty"`
	Country     string                               `json:"country,omitempty"`
	Traits      map[string]json.RawMessage           `json:"traits,omitempty"`
	Permissions map[people.Channel]people.Permission `json:"permissions,omitempty"`
	Created     time.Time                            `json:"created,omitzero"`
	Updated     time.Time                            `json:"updated,omitzero"`
}

// Visitor is a device, or the offline channel, that belongs to a person.
type Visitor struct {
	ID      event.VisitorID `json:"id"`
	Since   time.Time       `json:"since"`
	Trusted bool            `json:"trusted"`         // the shop vouched for the device
	By      string          `json:"by"`              // "event" or "staff"
	Undone  time.Time       `json:"undone,omitzero"` // taken out of the person again
}

// Memory is a profile in plain words.
type Memory struct {
	FirstSeen  time.Time      `json:"firstSeen,omitzero"`
	LastSeen   time.Time      `json:"lastSeen,omitzero"`
	Visits     int64          `json:"visits"`
	Events     int64          `json:"events"`
	Orders     int64          `json:"orders"`
	Revenue    int64          `json:"revenue"` // minor units, net of refunds
	Currency   string         `json:"currency,omitempty"`
	FirstOrder time.Time      `json:"firstOrder,omitzero"`
	LastOrder  time.Time      `json:"lastOrder,omitzero"`
	Consent    Consent        `json:"consent"`
	Recent     []Deed         `json:"recent"`
	Categories []Weight       `json:"categories"`
	Brands     []Weight       `json:"brands"`
	Items      []Weight       `json:"items"`
	Cart       []Quantity     `json:"cart"`
	Purchases  []Times        `json:"purchases"`
	Dismissed  []event.ItemID `json:"dismissed"`
}

// Consent is the latest decision as words: "granted", "denied", "undecided".
type Consent struct {
	Personalization string    `json:"personalization"`
	Marketing       string    `json:"marketing"`
	At              time.Time `json:"at,omitzero"`
}

// Deed is what was done with an item last.
type Deed struct {
	Item event.ItemID `json:"item"`
	Did  string       `json:"did"`
	At   time.Time    `json:"at"`
}

// Weight is an interest as it is now.
type Weight struct {
	Name   string  `json:"name"`
	Weight float64 `json:"weight"`
}

// Quantity is a line of the basket.
type Quantity struct {
	Item     event.ItemID `json:"item"`
	Quantity int64        `json:"quantity"`
}

// Times is how often an item was bought.
type Times struct {
	Item  event.ItemID `json:"item"`
	Times int          `json:"times"`
	Last  time.Time    `json:"last"`
}

// Hit is a customer that a search found.
type Hit struct {
	ID       string    `json:"id"`
	Name     string    `json:"name,omitempty"`
	Email    string    `json:"email,omitempty"`
	Phone    string    `json:"phone,omitempty"`
	UserID   string    `json:"userId,omitempty"`
	Country  string    `json:"country,omitempty"`
	LastSeen time.Time `json:"lastSeen,omitzero"`
	Orders   int64     `json:"orders"`
	Revenue  int64     `json:"revenue"` // minor units, net of refunds
	Currency string    `json:"currency,omitempty"`
}

// Search finds persons of whom every word of the text begins a word of the name, the address, the user id or the telephone number; or one by the id. There is no next page: more words find fewer.
func (s *Service) Search(ctx context.Context, a staff.Actor, text string, limit int) ([]Hit, error) {
	if err := a.Check(staff.CustomersRead); err != nil {
		return nil, err
	}
	found, err := s.People.Search(ctx, a.Shop, text, pageSize(limit))
	if err != nil {
		return nil, err
	}
	return s.hits(ctx, a.Shop, found)
}

// hits are persons with what is remembered of them, in their order.
func (s *Service) hits(ctx context.Context, shop event.ShopID, found []people.Person) ([]Hit, error) {
	keys := make([]table.Key, len(found))
	for i, p := range found {
		keys[i] = profile.Key(shop, string(p.ID), profile.Merged)
	}
	items, err := s.Tables.GetAll(ctx, keys...)
	if err != nil {
		return nil, fmt.Errorf("read profiles of a search: %w", err)
	}
	remembered := map[string]profile.Profile{}
	for _, it := range items {
		p, err := profile.Decode(it)
		if err != nil {
			return nil, err
		}
		remembered[p.ID] = p
	}
	hits := make([]Hit, len(found))
	for i, p := range found {
		m := remembered[string(p.ID)]
		hits[i] = Hit{
			ID: string(p.ID), Name: cmp.Or(p.Name, strings.TrimSpace(p.FirstName+" "+p.LastName)), Email: p.Email, Phone: p.Phone, UserID: p.UserID, Country: p.Country,
			LastSeen: m.LastSeen, Orders: m.Orders.Count, Revenue: m.Orders.Sum, Currency: m.Orders.Currency,
		}
	}
	return hits, nil
}

// Customer is one person, or a visitor who is nobody's yet. NotFound: neither is known.
func (s *Service) Customer(ctx context.Context, a staff.Actor, id string) (Customer, error) {
	if err := a.Check(staff.CustomersRead); err != nil {
		return Customer{}, err
	}
	if isPerson(id) {
		return s.person(ctx, a.Shop, event.PersonID(id))
	}
	p, err := s.profile(ctx, a.Shop, id)
	if err != nil {
		return Customer{}, err
	}
	c := Customer{ID: id, Memory: s.memory(p), Visitors: []Visitor{{ID: event.VisitorID(id), Since: p.FirstSeen, By: "event"}}}
	return c, nil
}

// profile is a visitor's own profile; NotFound when there is no such visitor.
func (s *Service) profile(ctx context.Context, shop event.ShopID, id string) (profile.Profile, error) {
	p, err := profile.NewStore(s.Tables).Read(ctx, shop, id, profile.Own)
	if err != nil {
		return p, unknown(err)
	}
	return p, nil
}

func isPerson(id string) bool { return strings.HasPrefix(id, "p_") }

func unknown(err error) error {
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Invalid) {
		return fault.Wrap(fault.NotFound, err, "there is no such customer")
	}
	return err
}

func (s *Service) person(ctx context.Context, shop event.ShopID, id event.PersonID) (Customer, error) {
	c := Customer{ID: string(id), Visitors: []Visitor{}}
	file, err := s.People.Load(ctx, shop, id)
	if err != nil {
		return c, unknown(err)
	}
	p, err := profile.NewStore(s.Tables).Read(ctx, shop, string(id), profile.Merged)
	switch {
	case fault.Is(err, fault.NotFound):
	case err != nil:
		return c, unknown(err)
	default:
		c.Memory = s.memory(p)
	}
	if file.Person.Version == 0 && len(file.Merges) == 0 && c.Memory == nil {
		return c, fault.New(fault.NotFound, "there is no such customer")
	}
	for _, m := range file.Merges {
		by := "event"
		if m.Event == "" {
			by = "staff"
		}
		c.Visitors = append(c.Visitors, Visitor{ID: m.Visitor, Since: m.At, Trusted: m.Trusted, By: by, Undone: m.Undone})
	}
	c.Person = contact(file.Person)
	return c, nil
}

func contact(p people.Person) *Contact {
	return &Contact{
		UserID: p.UserID, Email: p.Email, Phone: p.Phone, Name: p.Name, FirstName: p.FirstName, LastName: p.LastName, Country: p.Country,
		Traits: p.Traits, Permissions: p.Permissions, Created: p.Created, Updated: p.Updated,
	}
}

var deeds = [...]string{profile.Viewed: "viewed", profile.Clicked: "clicked", profile.Wished: "wished", profile.Carted: "carted", profile.Bought: "bought"}

func (s *Service) memory(p profile.Profile) *Memory {
	now := s.now()
	m := &Memory{
		FirstSeen: p.FirstSeen, LastSeen: p.LastSeen, Visits: p.Visits, Events: p.Applied.Count,
		Orders: p.Orders.Count, Revenue: p.Orders.Sum, Currency: p.Orders.Currency, FirstOrder: p.Orders.First, LastOrder: p.Orders.Last,
		Consent: Consent{word(p.Consent.Personalization), word(p.Consent.Marketing), p.Consent.At},
		Recent:  []Deed{}, Categories: weights(p.Categories, now), Brands: weights(p.Brands, now), Items: weights(p.Items, now),
		Cart: []Quantity{}, Purchases: []Times{}, Dismissed: append([]event.ItemID{}, p.Dismissed...),
	}
	for _, r := range p.Recent {
		m.Recent = append(m.Recent, Deed{r.Item, deeds[min(int(r.Kind), len(deeds)-1)], r.At})
	}
	for _, l := range p.Cart {
		m.Cart = append(m.Cart, Quantity{l.Item, l.Quantity})
	}
	for _, b := range p.Purchases {
		m.Purchases = append(m.Purchases, Times{b.Item, b.Times, b.Last})
	}
	return m
}

func weights(list []profile.Interest, now time.Time) []Weight {
	all := make([]Weight, len(list))
	for i, x := range list {
		all[i] = Weight{x.Key, x.Now(now)}
	}
	return all
}

func word(c consent.Choice) string {
	switch c {
	case consent.Granted:
		return "granted"
	case consent.Denied:
		return "denied"
	}
	return "undecided"
}

// Merge makes a visitor's doings count as the person's. It can be undone.
func (s *Service) Merge(ctx context.Context, a staff.Actor, id event.PersonID, v event.VisitorID) error {
	return s.change(ctx, a, staff.CustomersEdit, "customer/"+string(id), func() (act, error) {
		if err := s.known(ctx, a.Shop, id); err != nil {
			return act{}, err
		}
		return act{nil, merged{v}}, s.Profiles.Merge(ctx, a.Shop, id, v)
	})
}

// Unmerge takes a visitor out of a person again.
func (s *Service) Unmerge(ctx context.Context, a staff.Actor, id event.PersonID, v event.VisitorID) error {
	return s.change(ctx, a, staff.CustomersEdit, "customer/"+string(id), func() (act, error) {
		if err := s.known(ctx, a.Shop, id); err != nil {
			return act{}, err
		}
		return act{merged{v}, nil}, s.Profiles.Unmerge(ctx, a.Shop, id, v)
	})
}

type merged struct {
	Visitor event.VisitorID `json:"visitor"`
}

// known is NotFound unless the person is one of the shop's.
func (s *Service) known(ctx context.Context, shop event.ShopID, id event.PersonID) error {
	if !isPerson(string(id)) {
		return fault.New(fault.NotFound, "there is no such customer")
	}
	file, err := s.People.Load(ctx, shop, id)
	if err != nil {
		return unknown(err)
	}
	if file.Person.Version == 0 && len(file.Merges) == 0 {
		return fault.New(fault.NotFound, "there is no such customer")
	}
	return nil
}
