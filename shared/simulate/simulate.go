// Package simulate makes up a shop with a year of history whose truth is known: what each customer likes, what is bought together, what runs out and is bought again, how the
// week and the year move. The demonstration shop starts with it, and tests of models know from it what there is to find.
//
// Everything follows from the seed: the same seed and options make the same shop, byte for byte. Nothing in it is taken from a real shop or person.
package simulate

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/shop"
)

// Defaults of Options.
const (
	DefaultItems     = 400
	DefaultCustomers = 2000
	DefaultDays      = 365
)

// Options size the shop. The zero value is the demonstration shop up to now.
type Options struct {
	ID        event.ShopID // default "demo"
	Items     int          // default DefaultItems
	Customers int          // default DefaultCustomers
	Days      int          // default DefaultDays
	End       time.Time    // where history ends; default now
}

func (o *Options) setDefaults() {
	o.ID = cmp.Or(o.ID, "demo")
	o.Items = cmp.Or(o.Items, DefaultItems)
	o.Customers = cmp.Or(o.Customers, DefaultCustomers)
	o.Days = cmp.Or(o.Days, DefaultDays)
	if o.End.IsZero() {
		o.End = time.Now()
	}
	o.End = o.End.UTC().Truncate(time.Second)
}

// Made is a made-up shop: its settings, range, customers with their truth, and history in order of time.
type Made struct {
	Settings  shop.Settings
	Items     []catalog.Item
	Customers []Customer
	Events    []event.Event
	Together  map[event.ItemID][]event.ItemID // what is bought with an item, best first
	Offers    []Offered                       // open when the history ends
	Shown     []Showing                       // of the offers, in order of time
}

// Shop makes up a shop.
func Shop(seed uint64, opts Options) Made {
	opts.setDefaults()
	begin := opts.End.Add(-time.Duration(opts.Days) * 24 * time.Hour)
	all := stock(rand.New(rand.NewPCG(seed, 1)), opts.Items, begin, opts.End)
	customers := population(seed, opts.Customers, all, begin, opts.End)
	made := Made{
		Settings: shop.Settings{ID: opts.ID, Name: "Juniper & Hob", Currency: currency, Locale: "en", TimeZone: "Europe/London", Consent: consent.Implied},
		Together: map[event.ItemID][]event.ItemID{},
	}
	for i := range customers {
		l := life{rng: rand.New(rand.NewPCG(seed, 2_000_000+uint64(i))), shop: opts.ID, visitor: event.VisitorID(customers[i].Person), all: all, who: &customers[i], known: true}
		l.live(begin, opts.End, customers[i].Visits)
		made.Events = append(made.Events, l.events...)
	}
	made.Events = append(made.Events, passersBy(seed, opts, all, begin)...)
	slices.SortFunc(made.Events, inTime)
	for _, g := range all {
		made.Items = append(made.Items, g.Item)
		for _, j := range g.partner {
			made.Together[g.ID] = append(made.Together[g.ID], all[j].ID)
		}
	}
	made.Customers = customers
	made.Offers = offers(opts, all)
	made.Shown = showings(rand.New(rand.NewPCG(seed, 4_000_000)), &made, opts.End)
	return made
}

// passersBy are visitors nobody knows, each with one to three visits.
func passersBy(seed uint64, opts Options, all []goods, begin time.Time) []event.Event {
	var events []event.Event
	n := int(float64(opts.Customers) * anonymous * 2)
	for i := range n {
		rng := rand.New(rand.NewPCG(seed, 3_000_000+uint64(i)))
		who := newCustomer(rng, seed, 1_000_000+i, all, begin, opts.End)
		who.UserID = "n" + opaque(seed, "order", i)[:8]
		who.favourites = nil
		l := life{rng: rng, shop: opts.ID, visitor: event.VisitorID("v_" + opaque(seed, "visitor", i)), all: all, who: &who, ranOut: map[int]time.Time{}}
		day := begin.Add(time.Duration(rng.Float64() * float64(opts.End.Sub(begin)-24*time.Hour)))
		for range 1 + rng.IntN(3) {
			if at := hourOf(rng, day); at.After(begin) && at.Before(opts.End.Add(-time.Hour)) {
				l.visit(at)
			}
			day = day.Add(time.Duration(1+rng.IntN(9)) * 24 * time.Hour)
		}
		events = append(events, l.events...)
	}
	return events
}

// inTime orders history: by time, then visitor, then message.
func inTime(a, b event.Event) int {
	return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Visitor, b.Visitor), cmp.Compare(len(a.ID), len(b.ID)), cmp.Compare(a.ID, b.ID))
}
