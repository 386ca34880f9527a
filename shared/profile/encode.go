package profile

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// A stored profile is one flat JSON object of short strings, one a list: DynamoDB charges 4 bytes and more for every element of a native list, and a
// flat string is read in one pass. Records end with ';', their fields with ','; numbers are base 36, times seconds since 1970, an absent time is
// empty. Text is escaped by percent so that neither these marks nor anything that JSON would escape ever stands in it.
//
//	a  applied: floor,count then per event 6 characters of hash and the minutes since the one before
//	b  brands, c categories, i items: key,thousandths,time
//	d  dismissed: item
//	e  counters: name,day,count ("~x" is the x-th of knownNames)
//	f  offers: id,shown,ordinal,clicked,ordered,dismissed,last
//	k  cart: item,quantity
//	m  members: visitor,since,trusted
//	n  sealed name, base64
//	o  orders: count,sum,currency,first,last then per order 6 characters of hash and its net
//	p  person
//	r  recent: item,kind,time,by
//	s  first seen,last seen,visits,personalization,marketing,decided (ms),forgotten (ms),name by
//	u  purchases: item,times,last,by

// knownNames get one character each in counters. Append only: the position is stored.
var knownNames = [...]event.Name{
	event.ProductListViewed, event.ProductListFiltered, event.ProductViewed, event.ProductClicked, event.ProductAdded, event.ProductRemoved,
	event.CartViewed, event.CheckoutStarted, event.CheckoutStepViewed, event.CheckoutStepComplete, event.PaymentInfoEntered, event.OrderCompleted,
	event.OrderUpdated, event.OrderRefunded, event.OrderCancelled, event.CouponApplied, event.PromotionViewed, event.PromotionClicked,
	event.ProductsSearched, event.AddedToWishlist, event.RemovedFromWishlist, event.ProductShared, event.ProductReviewed, event.ItemDismissed,
	event.RecommendationShown, event.RecommendationClick, "page", "screen", "identify", "group", "alias",
}

const (
	base       = 36
	digits     = "0123456789abcdefghijklmnopqrstuvwxyz"
	hashDigits = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz" // in byte order
	hashLen    = 6
	hashMask   = 1<<36 - 1
	grain      = 1000 // weights are stored in thousandths
)

// Item is the profile as it is stored. Times are cut to their precision and weights to thousandths, as Fold leaves them. It is Internal when the profile
// is larger than MaxBytes, which Fold and Merge never leave.
func (p Profile) Item() (table.Item, error) {
	sort := Own
	if p.isMerged() {
		sort = Merged
	}
	it := table.Item{Key: Key(p.Shop, p.ID, sort), Body: p.AppendBody(nil)}
	if n := bodySize(it.Body) + keySize(it.Key); n > MaxBytes {
		return table.Item{}, fault.Newf(fault.Internal, "a profile of %d bytes", n)
	}
	return it, nil
}

// isMerged tells the two apart: only a merged profile is its person's. A person's offline channel has the person's id too, but no members.
func (p *Profile) isMerged() bool { return len(p.Members) > 0 }

// AppendBody appends the stored form to dst. It is canonical: members sorted, no escapes.
func (p *Profile) AppendBody(dst []byte) []byte {
	w := writer{out: append(dst, '{')}
	w.list("a", func() { w.applied(&p.Applied) })
	w.list("b", func() { w.interests(p.Brands) })
	w.list("c", func() { w.interests(p.Categories) })
	w.list("d", func() { w.dismissed(p.Dismissed) })
	w.list("e", func() { w.counters(p.Counters) })
	w.list("f", func() { w.offers(p.Offers) })
	w.list("i", func() { w.interests(p.Items) })
	w.list("k", func() { w.cart(p.Cart) })
	w.list("m", func() { w.members(p.Members) })
	w.list("n", func() { w.out = base64.RawStdEncoding.AppendEncode(w.out, p.Name) })
	w.list("o", func() { w.orders(&p.Orders) })
	w.list("p", func() { w.text(string(p.Person)) })
	w.list("r", func() { w.recent(p.Recent) })
	w.list("s", func() { w.scalars(p) })
	w.list("u", func() { w.purchases(p.Purchases) })
	if last := len(w.out) - 1; w.out[last] == ',' {
		w.out[last] = '}'
		return w.out
	}
	return append(w.out, '}')
}

// bodySize is what a body of AppendBody takes in DynamoDB: its names and values, without quotes, colons and commas.
func bodySize(body []byte) int {
	members := strings.Count(string(body), `":"`)
	return max(0, len(body)-6*members-1)
}

// keySize is what an item takes beside its body.
func keySize(k table.Key) int { return table.Size(table.Item{Key: k, Body: emptyBody}) }

var emptyBody = []byte(`{}`)

// writer appends records. Every record method leaves the last separator standing; list removes it.
type writer struct{ out []byte }

// list writes one member, or nothing when its content is empty.
func (w *writer) list(name string, content func()) {
	start := len(w.out)
	w.out = append(append(append(w.out, '"'), name...), '"', ':', '"')
	from := len(w.out)
	content()
	for len(w.out) > from && (w.out[len(w.out)-1] == ';' || w.out[len(w.out)-1] == ',') {
		w.out = w.out[:len(w.out)-1]
	}
	if len(w.out) == from {
		w.out = w.out[:start]
		return
	}
	w.out = append(w.out, '"', ',')
}

// end closes a record; fields that are empty at its end are left out.
func (w *writer) end() {
	for w.out[len(w.out)-1] == ',' {
		w.out = w.out[:len(w.out)-1]
	}
	w.out = append(w.out, ';')
}

func (w *writer) sep() { w.out = append(w.out, ',') }

// num writes a number, nothing for 0.
func (w *writer) num(n int64) {
	if n != 0 {
		w.out = strconv.AppendInt(w.out, n, base)
	}
	w.sep()
}

// time writes seconds, nothing for the zero time.
func (w *writer) time(t time.Time) {
	if !t.IsZero() {
		w.out = strconv.AppendInt(w.out, t.Unix(), base)
	}
	w.sep()
}

// milli is time in milliseconds.
func (w *writer) milli(t time.Time) {
	if !t.IsZero() {
		w.out = strconv.AppendInt(w.out, t.UnixMilli(), base)
	}
	w.sep()
}

func (w *writer) hash(h uint64) {
	for shift := 30; shift >= 0; shift -= 6 {
		w.out = append(w.out, hashDigits[h>>shift&63])
	}
}

// special bytes are escaped: our marks, what JSON escapes, and the escape itself.
var special = func() (t [256]bool) {
	for _, b := range []byte(`%,;~"\`) {
		t[b] = true
	}
	for b := range 0x20 {
		t[b] = true
	}
	return t
}()

// text writes an escaped string and no separator. Bytes that are no UTF-8 are escaped too, so that every string comes back as it was.
func (w *writer) text(s string) {
	const hex = "0123456789ABCDEF"
	from := 0
	for i := 0; i < len(s); {
		n := 1
		if s[i] >= utf8.RuneSelf {
			var r rune
			if r, n = utf8.DecodeRuneInString(s[i:]); r != utf8.RuneError || n > 1 {
				i += n
				continue
			}
		} else if !special[s[i]] {
			i++
			continue
		}
		w.out = append(w.out, s[from:i]...)
		w.out = append(w.out, '%', hex[s[i]>>4], hex[s[i]&15])
		i += n
		from = i
	}
	w.out = append(w.out, s[from:]...)
}

func (w *writer) applied(a *Applied) {
	w.time(a.Floor)
	w.num(a.Count)
	w.end()
	before := int64(0)
	for _, id := range a.IDs {
		w.hash(id.Hash)
		minute := floorDiv(id.Received.Unix(), 60)
		if minute != before {
			w.out = strconv.AppendInt(w.out, minute-before, base)
			before = minute
		}
		w.out = append(w.out, ';')
	}
}

func (w *writer) interests(list []Interest) {
	for _, x := range list {
		w.text(x.Key)
		w.sep()
		w.num(int64(math.Round(x.Weight * grain)))
		w.time(x.At)
		w.end()
	}
}

func (w *writer) dismissed(list []event.ItemID) {
	for _, x := range list {
		w.text(string(x))
		w.out = append(w.out, ';')
	}
}

func (w *writer) counters(list []Counter) {
	for _, x := range list {
		if code := nameCode(x.Name); code >= 0 {
			w.out = append(w.out, '~', digits[code])
		} else {
			w.text(string(x.Name))
		}
		w.sep()
		w.num(int64(x.Day))
		w.num(x.Count)
		w.end()
	}
}

func nameCode(n event.Name) int {
	for i := range knownNames {
		if knownNames[i] == n {
			return i
		}
	}
	return -1
}

func (w *writer) offers(list []OfferSeen) {
	for _, x := range list {
		w.text(x.Offer)
		w.sep()
		w.num(int64(x.Shown))
		w.num(int64(x.Ordinal))
		w.num(int64(x.Clicked))
		w.num(int64(x.Ordered))
		w.flag(x.Dismissed)
		w.time(x.Last)
		w.end()
	}
}

func (w *writer) cart(list []CartLine) {
	for _, x := range list {
		w.text(string(x.Item))
		w.sep()
		w.num(x.Quantity)
		w.end()
	}
}

func (w *writer) members(list []Member) {
	for _, x := range list {
		w.text(string(x.Visitor))
		w.sep()
		w.time(x.Since)
		w.flag(x.Trusted)
		w.end()
	}
}

func (w *writer) flag(b bool) {
	if b {
		w.num(1)
		return
	}
	w.num(0)
}

func (w *writer) orders(o *Orders) {
	w.num(o.Count)
	w.num(o.Sum)
	w.text(o.Currency)
	w.sep()
	w.time(o.First)
	w.time(o.Last)
	w.end()
	for _, x := range o.Latest {
		w.hash(x.Hash)
		if x.Net != 0 {
			w.out = strconv.AppendInt(w.out, x.Net, base)
		}
		w.out = append(w.out, ';')
	}
}

func (w *writer) recent(list []Recent) {
	for _, x := range list {
		w.text(string(x.Item))
		w.sep()
		w.num(int64(x.Kind))
		w.time(x.At)
		w.num(int64(x.By))
		w.end()
	}
}

func (w *writer) purchases(list []Purchase) {
	for _, x := range list {
		w.text(string(x.Item))
		w.sep()
		w.num(int64(x.Times))
		w.time(x.Last)
		w.num(int64(x.By))
		w.num(int64(x.Over))
		w.end()
	}
}

func (w *writer) scalars(p *Profile) {
	w.time(p.FirstSeen)
	w.time(p.LastSeen)
	w.num(p.Visits)
	w.num(int64(p.Consent.Personalization))
	w.num(int64(p.Consent.Marketing))
	w.milli(p.Consent.At)
	w.milli(p.Forgotten)
	w.num(int64(p.NameBy))
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
