package archive

import (
	"context"
	"time"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/event"
	"shopkeeper/shared/order"
	"shopkeeper/shared/profile"
)

// Signal says what an interaction tells of the item, in the words of profile.Kind and two more.
type Signal uint8

// The signals. The first five equal profile's kinds.
const (
	Viewed    = Signal(profile.Viewed)
	Clicked   = Signal(profile.Clicked)
	Wished    = Signal(profile.Wished)
	Carted    = Signal(profile.Carted)
	Bought    = Signal(profile.Bought)
	Returned  = Bought + 1
	Dismissed = Bought + 2
)

// Interaction is one item in one event, as models learn it.
type Interaction struct {
	User     string // the person when the visitor is known, else the visitor; empty for an imported basket that nobody put a name to
	Session  string // visitor and session id, or visitor and order number: what was done together; empty when nothing says
	Basket   string // the order number, empty unless Bought
	Item     event.ItemID
	Signal   Signal
	Quantity int64
	Price    int64
	Category string
	At       time.Time
	Line     int32 // the item's place in its event
}

var signals = map[event.Name]Signal{
	event.ProductViewed: Viewed, event.ProductClicked: Clicked, event.RecommendationClick: Clicked, event.AddedToWishlist: Wished, event.ProductAdded: Carted,
	event.OrderCompleted: Bought, event.OrderUpdated: Bought, event.OrderRefunded: Returned, event.ItemDismissed: Dismissed,
}

// Training hands what people did with items to each, day by day; bots are left out, and so is what is no signal. Anonymous doings of a visitor who became known count as the
// person's. Memory: one entry per known visitor besides what Read needs.
func Training(ctx context.Context, files blob.Store, shop event.ShopID, from, to time.Time, each func(Interaction) error) error {
	owners, err := owners(ctx, files, shop, from, to)
	if err != nil {
		return err
	}
	return Read(ctx, files, shop, from, to, func(r Row) error {
		signal, known := signals[event.Name(r.Name)]
		if !known || r.Item == "" || r.Verdict == string(event.Bot) {
			return nil
		}
		in := Interaction{User: r.Person, Item: event.ItemID(r.Item), Signal: signal, Quantity: r.Quantity, Price: r.Price, Category: r.Category, At: r.At, Line: r.Line}
		if in.User == "" {
			in.User = owners[r.Visitor]
		}
		if in.User == "" && !order.IsAnonymous(event.VisitorID(r.Visitor)) {
			in.User = r.Visitor
		}
		if in.User == "" && signal != Bought {
			return nil
		}
		if r.Session != "" {
			in.Session = r.Visitor + "#" + r.Session
		}
		if r.Order != "" && signal == Bought {
			in.Basket = r.Order
			if in.Session == "" {
				in.Session = r.Visitor + "#" + r.Order
			}
		}
		return each(in)
	})
}

// ownerRow reads three columns of a file and no other.
type ownerRow struct {
	Visitor string    `parquet:"visitor,dict"`
	Person  string    `parquet:"person,dict"`
	At      time.Time `parquet:"at,timestamp(millisecond:local)"`
}

// owners is whom each visitor identified as; of several, the last, and of those of one moment the last by name: it does not matter which file says so.
func owners(ctx context.Context, files blob.Store, shop event.ShopID, from, to time.Time) (map[string]string, error) {
	found, when := map[string]string{}, map[string]int64{}
	err := days(ctx, files, shop, from, to, func(date string) error {
		return readDay(ctx, files, shop, date, func(rows []ownerRow) error {
			for _, r := range rows {
				if r.Person == "" || r.Person == r.Visitor {
					continue
				}
				at, before := r.At.UnixMilli(), when[r.Visitor]
				if one := found[r.Visitor]; one == "" || at > before || at == before && r.Person > one {
					found[r.Visitor], when[r.Visitor] = r.Person, at
				}
			}
			return nil
		})
	})
	return found, err
}
