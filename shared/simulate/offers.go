package simulate

import (
	"slices"
	"strings"
	"time"

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
