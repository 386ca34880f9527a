package simulate

import (
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/offer"
)

// Offered is an offer of the made-up shop with the truth about it.
type Offered struct {
	offer.Definition
	Department string  // whose lovers it speaks to; empty: everybody alike
	Response   float64 // the chance that a customer with an even taste clicks it
}

// Responds is the true chance that a customer clicks the offer when it is shown: it rises with the taste for the offer's department, up to one in two.
func (o Offered) Responds(c *Customer) float64 {
	if o.Department == "" {
		return o.Response
	}
	return min(o.Response*c.Tastes[o.Department]*float64(len(c.Tastes)), 0.5)
}

// offersLast is how long after the end of the history the offers stay open.
const offersLast = 90 * 24 * time.Hour

// offers are what the shop has on offer when its history ends: for everybody, for the lovers of one department, and for its regulars.
func offers(o Options, all []goods) []Offered {
	picture := func(kind string) string {
		i := slices.IndexFunc(all, func(g goods) bool { return kinds[g.kind].name == kind && !g.Hidden && !g.SoldOut })
		if i < 0 {
			return ""
		}
		return all[i].Image
	}
	made := []Offered{
		{Definition: offer.Definition{
			ID: "tea-for-two", Title: "Tea for two", Text: "A tin of loose leaves comes free with any teapot this season.",
			Image: picture("Teapot"), URL: "/department/tea", Category: "Tea", PerPerson: 6, Control: 0.1,
		}, Department: "Tea", Response: 0.06},
		{Definition: offer.Definition{
			ID: "candlelight", Title: "Three candles for two", Text: "Choose any three from the candle shelf; the one of least price is ours.",
			Image: picture("Candles"), URL: "/department/light", Category: "Light", PerPerson: 6, Control: 0.1,
		}, Department: "Light", Response: 0.04},
		{Definition: offer.Definition{
			ID: "free-delivery", Title: "We carry it home", Text: "Delivery is free on every order this season.",
			Image: picture("Wrapping Paper"), URL: "/", PerPerson: 8, Control: 0.1,
		}, Response: 0.03},
		{Definition: offer.Definition{
			ID: "for-regulars", Title: "A thank-you to regulars", Text: "A hand-printed card goes into your next parcel.", Image: picture("Greeting Cards"), URL: "/department/paper", Segment: "loyal", PerPerson: 4,
		}, Department: "Paper", Response: 0.08},
	}
	for i := range made {
		d := &made[i].Definition
		d.Shop, d.Status, d.Ends = o.ID, offer.Active, o.End.Add(offersLast)
		if d.Image != "" && !strings.HasPrefix(d.Image, "/") {
			d.Image = ""
		}
	}
	return made
}

// Showing is an offer on the screen of a customer on a visit of the history. The history has no event of it: its id needs the shop's keys.
type Showing struct {
	Customer int // of Made.Customers
	Offer    int // of Made.Offers
	Ordinal  int // how-manieth of the offer to the customer
	At       time.Time
	Session  string
	Clicked  bool
}

// shownFor is how long the offers had been made when the history ends: two weeks.
const shownFor = 14 * 24 * time.Hour

// showings has every visit of a customer in the last two weeks begin with an offer that the customer may have, each as likely as the others, and clicked as the truth says.
func showings(rng *rand.Rand, made *Made, end time.Time) []Showing {
	index := map[event.PersonID]int{}
	for i := range made.Customers {
		index[made.Customers[i].Person] = i
	}
	type visit struct {
		customer int
		session  string
	}
	type pair struct{ customer, offer int }
	begun, shown := map[visit]bool{}, map[pair]int{}
	var list []Showing
	for i := range made.Events {
		e := &made.Events[i]
		if e.Person == "" || e.Session == "" || e.At.Before(end.Add(-shownFor)) {
			continue
		}
		who := index[e.Person]
		v := visit{who, e.Session}
		if begun[v] {
			continue
		}
		begun[v] = true
		var open []int
		for k, o := range made.Offers {
			if o.Segment == "" && !o.Controlled(string(e.Person)) && shown[pair{who, k}] < o.PerPerson {
				open = append(open, k)
			}
		}
		if len(open) == 0 {
			continue
		}
		k := open[rng.IntN(len(open))]
		shown[pair{who, k}]++
		list = append(list, Showing{
			Customer: who, Offer: k, Ordinal: shown[pair{who, k}], At: e.At, Session: e.Session, Clicked: rng.Float64() < made.Offers[k].Responds(&made.Customers[who]),
		})
	}
	return list
}
