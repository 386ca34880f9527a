package ingest

import (
	"hash/maphash"

	"shopkeeper/shared/event"
	"shopkeeper/shared/order"
)

// Bounds of the orders that wait for more lines. The UCI file has its invoices torn apart by up to 327 lines.
const (
	windowLines = 4096   // an order without a new line for so long is complete
	windowTotal = 50_000 // lines waiting in all
)

// window puts the lines of an order together. Orders leave it in the order of their first lines. Lines that come after their order has left become a further part
// of it, numbered on, so that nothing is lost and nothing stored twice.
type window struct {
	shop   event.ShopID
	at     int // rows so far
	total  int // lines waiting
	open   map[string]*waiting
	queue  []*waiting
	seed   maphash.Seed
	closed map[uint64]int32 // parts stored of orders that have left; 20 bytes an order
}

type waiting struct {
	key   string
	order order.Order
	user  string
	last  int // row of the latest line
}

func newWindow(shop event.ShopID) *window {
	return &window{shop: shop, open: map[string]*waiting{}, seed: maphash.MakeSeed(), closed: map[uint64]int32{}}
}

// line adds one line. head describes the order; of several lines the first one's counts.
func (w *window) line(head order.Order, user string, l event.Line, emit func(unit) error) error {
	w.at++
	key := string(order.EventID(head.ID, head.Refund, 1))
	o := w.open[key]
	if o == nil {
		head.Shop, head.Visitor = w.shop, order.Anonymous(head.ID)
		o = &waiting{key: key, order: head, user: user}
		w.open[key] = o
		w.queue = append(w.queue, o)
	}
	o.order.Lines = append(o.order.Lines, l)
	o.last = w.at
	w.total++
	for len(w.queue) > 0 && (w.queue[0].last+windowLines < w.at || w.total > windowTotal) {
		if err := w.close(emit); err != nil {
			return err
		}
	}
	return nil
}

// end closes every order.
func (w *window) end(emit func(unit) error) error {
	for len(w.queue) > 0 {
		if err := w.close(emit); err != nil {
			return err
		}
	}
	return nil
}

func (w *window) close(emit func(unit) error) error {
	o := w.queue[0]
	w.queue[0] = nil
	w.queue = w.queue[1:]
	delete(w.open, o.key)
	w.total -= len(o.order.Lines)
	hash := maphash.String(w.seed, o.key)
	parts, err := o.order.Events(int(w.closed[hash]) + 1)
	if err != nil {
		return err
	}
	w.closed[hash] += int32(len(parts))
	for i := range parts {
		if err := emit(unit{rows: len(parts[i].Lines), event: &parts[i], user: o.user}); err != nil {
			return err
		}
	}
	return nil
}
