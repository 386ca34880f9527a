package offer

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// An order counts for one offer: the one whose code it was made with; else the one that was clicked last within the Window; else the one that was seen last within it. An order that names no
// offer's code, by somebody who saw none, counts for nobody; so does
// one that is delivered before the impression that led to it, which only happens between different devices of a person.

func sameCode(a, b string) bool { return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b)) }

// orderHash names an order; a message without an order's id is its own order.
func orderHash(e *event.Event) string {
	if e.Order != nil && e.Order.ID != "" {
		return hashOf("order " + e.Order.ID)
	}
	return hashOf("message " + string(e.ID))
}

// worth is the order's total, else the sum of its lines.
func worth(e *event.Event) (amount int64, currency string) {
	const most = 1 << 46
	if e.Order != nil {
		amount, currency = e.Order.Total, e.Order.Currency
	}
	if amount == 0 {
		for _, l := range e.Lines {
			amount = min(amount+min(max(l.Price, 0), most)*min(max(l.Quantity, 1), 9999), most)
		}
	}
	return min(max(amount, 0), most), currency
}

func (f *Folder) counted(ctx context.Context, shop event.ShopID, hash string) (counted, int64, error) {
	var c counted
	it, err := f.tables.Get(ctx, countedKey(shop, hash), table.Strong)
	if err == nil {
		err = json.Unmarshal(it.Body, &c)
	}
	return c, it.Version, err
}

func countedOp(shop event.ShopID, hash string, c counted, version int64, expires time.Time) (table.Op, error) {
	body, err := json.Marshal(c)
	if err != nil {
		return table.Op{}, fmt.Errorf("encode an order of offer %s: %w", c.Offer, err)
	}
	return table.Put(table.Item{Key: countedKey(shop, hash), Body: body, Expires: expires}, versionCond(version)), nil
}

// ordered counts an order for the offer it belongs to, once.
func (f *Folder) ordered(ctx context.Context, e *event.Event, subjects []string) error {
	at, hash := happened(e), orderHash(e)
	if _, _, err := f.counted(ctx, e.Shop, hash); !fault.Is(err, fault.NotFound) {
		return err // known, or not to be read now
	}
	var coupon string
	if e.Order != nil {
		coupon = e.Order.Coupon
	}
	coded, err := f.withCode(ctx, e.Shop, coupon, at)
	if err != nil {
		return err
	}
	all, err := f.histories(ctx, e.Shop, subjects)
	if err != nil {
		return err
	}
	h, ok := attribute(all, coded, at)
	if !ok {
		if coded == "" {
			return nil
		}
		h = stored{subject: subjects[0], offer: coded}
		if i := slices.IndexFunc(all, func(x stored) bool { return x.offer == coded }); i >= 0 {
			h = all[i]
		}
	}
	amount, currency := worth(e)
	order := counted{Offer: h.offer, Day: dayText(at), Shard: h.shard(), Net: amount, Currency: currency, Delay: -1}
	more := Cohort{Orders: 1, Value: amount, Currency: currency}
	if !h.seenBy(at).IsZero() {
		order.Day = dayText(h.First)
		if part := bucketOf(at.Sub(h.First)); h.RewardedBy == "" && part >= 0 {
			order.Delay, order.Met = part, h.Met
			more.reward(part, h.Met, 1)
			h.RewardedBy = hash
		}
	} else {
		order.Coded, more.Coded = true, 1
	}
	h.Orders = append(h.Orders, hash)
	h.Orders = h.Orders[max(0, len(h.Orders)-maxRemembered):]
	historyOp, err := h.op(e.Shop)
	if err != nil {
		return err
	}
	orderOp, err := countedOp(e.Shop, hash, order, 0, e.ReceivedAt.Add(countedLife))
	if err != nil {
		return err
	}
	return f.count(ctx, e.Shop, h.offer, order.Day, order.Shard, more, historyOp, orderOp)
}

// histories are what the subjects had to do with offers.
func (f *Folder) histories(ctx context.Context, shop event.ShopID, subjects []string) ([]stored, error) {
	var all []stored
	for _, subject := range subjects {
		q := table.Query{Table: Table, Partition: historyPartition(shop, subject), Strong: true}
		for {
			page, err := f.tables.Query(ctx, q)
			if err != nil {
				return nil, fmt.Errorf("read what was offered: %w", err)
			}
			for _, it := range page.Items {
				s := stored{subject: subject, offer: ID(strings.Join(table.Split(it.Key.Sort), "#")), version: it.Version}
				if err := json.Unmarshal(it.Body, &s.history); err != nil {
					return nil, fmt.Errorf("decode the history of offer %s: %w", s.offer, err)
				}
				all = append(all, s)
			}
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
		}
	}
	return all, nil
}

// seenBy is the latest impression known not to be after a time; zero when there is none.
func (h *history) seenBy(at time.Time) time.Time {
	switch {
	case !h.Last.After(at):
		return h.Last
	case !h.First.After(at):
		return h.First
	default:
		return time.Time{}
	}
}

// attribute chooses whose an order is.
func attribute(all []stored, coded ID, at time.Time) (stored, bool) {
	best, found := stored{}, false
	var bestClick, bestSeen time.Time
	for _, h := range all {
		seen, click := h.seenBy(at), h.Click
		if click.After(at) || at.Sub(click) > Window {
			click = time.Time{}
		}
		switch {
		case seen.IsZero() || coded != "" && h.offer != coded:
			continue
		case coded == "" && click.IsZero() && at.Sub(seen) > Window:
			continue
		}
		if !found || cmp.Or(click.Compare(bestClick), seen.Compare(bestSeen), cmp.Compare(best.offer, h.offer), cmp.Compare(best.subject, h.subject)) > 0 {
			best, bestClick, bestSeen, found = h, click, seen, true
		}
	}
	return best, found
}

// changed folds what became of an order that counts: a new value, a part taken back, or all of it. A refund takes the reward back.
func (f *Folder) changed(ctx context.Context, e *event.Event, subjects []string) error {
	hash, message := orderHash(e), hashOf(string(e.ID))
	order, version, err := f.counted(ctx, e.Shop, hash)
	if fault.Is(err, fault.NotFound) || err == nil && (order.Gone || slices.Contains(order.Refunds, message)) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read an order of an offer: %w", err)
	}
	more := Cohort{Currency: order.Currency}
	amount, currency := worth(e)
	switch {
	case e.Name == event.OrderUpdated && (e.Order == nil || e.Order.Total == 0 || currency != order.Currency):
		return nil
	case e.Name == event.OrderUpdated:
		more.Value = amount - order.Net
	case e.Name == event.OrderRefunded && e.Order != nil && e.Order.Total > 0 && e.Order.Total < order.Net:
		more.Value = -e.Order.Total
	default:
		order.Gone, more.Value, more.Orders = true, -order.Net, -1
		if order.Coded {
			more.Coded = -1
		}
		if order.Delay >= 0 {
			more.reward(order.Delay, order.Met, -1)
		}
	}
	order.Net += more.Value
	order.Refunds = append(order.Refunds, message)
	order.Refunds = order.Refunds[max(0, len(order.Refunds)-maxRemembered):]
	op, err := countedOp(e.Shop, hash, order, version, e.ReceivedAt.Add(countedLife))
	if err != nil {
		return err
	}
	ops := []table.Op{op}
	if order.Gone && order.Delay >= 0 {
		taken, err := f.unreward(ctx, e.Shop, subjects, hash)
		if err != nil {
			return err
		}
		ops = append(ops, taken...)
	}
	return f.count(ctx, e.Shop, order.Offer, order.Day, order.Shard, more, ops...)
}

// unreward lets a later order of the subject be the reward.
func (f *Folder) unreward(ctx context.Context, shop event.ShopID, subjects []string, hash string) ([]table.Op, error) {
	all, err := f.histories(ctx, shop, subjects)
	if err != nil {
		return nil, err
	}
	var ops []table.Op
	for _, h := range all {
		if h.RewardedBy != hash {
			continue
		}
		h.RewardedBy = ""
		op, err := h.op(shop)
		if err != nil {
			return nil, err
		}
		ops = append(ops, op)
	}
	return ops, nil
}
