package profile

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/offer/impression"
)

var impressions = func() *impression.Signer {
	keys, err := identity.ParseKeyring([]byte(`{"current":"k1","keys":{"k1":"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}}`))
	if err != nil {
		panic(err)
	}
	s, err := impression.NewSigner(keys)
	if err != nil {
		panic(err)
	}
	return s
}()

func impressionID(offer, subject string, ordinal int) string {
	return string(impressions.Append(nil, "demo", &impression.Impression{Offer: offer, Subject: subject, Ordinal: ordinal, At: noon}))
}

// promoted is the n-th event of the visitor, n minutes after noon, about an impression.
func promoted(n int, name event.Name, id string) event.Event {
	at := noon.Add(time.Duration(n) * time.Minute)
	return event.Event{Shop: "demo", Visitor: "v1", ID: event.ID(fmt.Sprintf("p%d", n)), Type: event.Track, Name: name, At: at, ReceivedAt: at, Recommendation: id}
}

func TestOffers(t *testing.T) {
	tea := func(n int) string { return impressionID("tea", "v1", n) }
	at := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }
	tests := map[string]struct {
		events []event.Event
		want   []OfferSeen
	}{
		"seen twice": {
			[]event.Event{promoted(1, event.PromotionViewed, tea(1)), promoted(2, event.PromotionViewed, tea(2))},
			[]OfferSeen{{Offer: "tea", Shown: 2, Ordinal: 2, Last: at(2)}},
		},
		"one impression on two pages is one": {
			[]event.Event{promoted(1, event.PromotionViewed, tea(1)), promoted(2, event.PromotionViewed, tea(1))},
			[]OfferSeen{{Offer: "tea", Shown: 1, Ordinal: 1, Last: at(2)}},
		},
		"the same event twice": {
			[]event.Event{promoted(1, event.PromotionClicked, tea(1)), promoted(1, event.PromotionClicked, tea(1))},
			[]OfferSeen{{Offer: "tea", Shown: 1, Ordinal: 1, Clicked: 1, Last: at(1)}},
		},
		"a click alone was seen too": {
			[]event.Event{promoted(1, event.PromotionClicked, tea(1)), promoted(2, event.PromotionViewed, tea(1))},
			[]OfferSeen{{Offer: "tea", Shown: 1, Ordinal: 1, Clicked: 1, Last: at(2)}},
		},
		"not wanted": {
			[]event.Event{promoted(1, event.ItemDismissed, tea(1))},
			[]OfferSeen{{Offer: "tea", Shown: 1, Ordinal: 1, Dismissed: true, Last: at(1)}},
		},
		"an order after the click": {
			[]event.Event{promoted(1, event.PromotionClicked, tea(1)), promoted(2, event.PromotionViewed, impressionID("mugs", "v1", 1)), promoted(3, event.OrderCompleted, "")},
			[]OfferSeen{{Offer: "mugs", Shown: 1, Ordinal: 1, Last: at(2)}, {Offer: "tea", Shown: 1, Ordinal: 1, Clicked: 1, Ordered: 1, Last: at(1)}},
		},
		"an order that names the impression": {
			[]event.Event{promoted(3, event.OrderCompleted, tea(1))},
			[]OfferSeen{{Offer: "tea", Shown: 1, Ordinal: 1, Ordered: 1, Last: at(3)}},
		},
		"an order long after the click": {
			[]event.Event{promoted(1, event.PromotionClicked, tea(1)), promoted(8*24*60, event.OrderCompleted, "")},
			[]OfferSeen{{Offer: "tea", Shown: 1, Ordinal: 1, Clicked: 1, Last: at(1)}},
		},
		"somebody else's":   {[]event.Event{promoted(1, event.PromotionViewed, impressionID("tea", "v2", 1))}, nil},
		"nobody's":          {[]event.Event{promoted(1, event.PromotionViewed, impressionID("tea", "", 1))}, nil},
		"a recommendation":  {[]event.Event{promoted(1, event.PromotionViewed, "k1.AQID")}, nil},
		"no impression":     {[]event.Event{promoted(1, event.PromotionViewed, "")}, nil},
		"an order of a bot": {[]event.Event{{Shop: "demo", Visitor: "v1", ID: "b", Type: event.Track, Name: event.PromotionViewed, Verdict: event.Bot, ReceivedAt: noon, Recommendation: tea(1)}}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := Profile{Shop: "demo", ID: "v1"}
			for _, e := range tt.events {
				Fold(&p, e, DefaultWeights)
			}
			if diff := cmp.Diff(tt.want, p.Offers, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("offers (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheListOfOffersIsBounded(t *testing.T) {
	p := Profile{Shop: "demo", ID: "v1"}
	for i := range 3 * MaxOffers {
		Fold(&p, promoted(i, event.PromotionViewed, impressionID(fmt.Sprintf("%s%02d", strings.Repeat("o", 62), i), "v1", 1)), DefaultWeights)
	}
	if len(p.Offers) != MaxOffers || !strings.HasSuffix(p.Offers[0].Offer, "29") || !strings.HasSuffix(p.Offers[MaxOffers-1].Offer, "20") {
		t.Errorf("%d offers, first %+v", len(p.Offers), p.Offers[0])
	}
	it, err := p.Item()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes with the longest names", len(it.Body))
}

func TestMergedOffersGoOn(t *testing.T) {
	day := noon
	part := func(visitor string, offers ...OfferSeen) Part {
		return Part{Member{Visitor: event.VisitorID(visitor), Since: day}, Profile{Shop: "demo", ID: visitor, Offers: offers}}
	}
	got := Merge("demo", "p_ann", []Part{
		part("v1", OfferSeen{Offer: "tea", Shown: 2, Ordinal: 2, Clicked: 1, Last: day}),
		part("v2", OfferSeen{Offer: "tea", Shown: 1, Ordinal: 1, Dismissed: true, Last: day.Add(time.Hour)}, OfferSeen{Offer: "mugs", Shown: 1, Ordinal: 1, Last: day}),
	}).Offers
	want := []OfferSeen{{Offer: "tea", Shown: 3, Ordinal: 3, Clicked: 1, Dismissed: true, Last: day.Add(time.Hour)}, {Offer: "mugs", Shown: 1, Ordinal: 1, Last: day}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("offers of the person (-want +got):\n%s", diff)
	}
}
