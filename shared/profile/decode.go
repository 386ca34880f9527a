package profile

import (
	"encoding/base64"
	"strings"
	"time"
	"unsafe"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// Decode undoes Item. The profile's strings share the item's body, which must not change afterwards. A body of another shape is Internal.
func Decode(it table.Item) (Profile, error) {
	var p Profile
	owner := table.Split(it.Key.Partition)
	if len(owner) != 2 || it.Key.Sort != Own && it.Key.Sort != Merged {
		return p, fault.Newf(fault.Internal, "profile key %q/%q has another shape", it.Key.Partition, it.Key.Sort)
	}
	if err := decode(&p, it.Body, true); err != nil {
		return Profile{}, err
	}
	p.Shop, p.ID, p.Version = event.ShopID(owner[0]), owner[1], it.Version
	return p, nil
}

// DecodeInto reads a stored body into p for showing: all but Applied, which only folding needs, and Shop, ID and Version, which are not in the body. The slices
// of p are reused; its strings share body, which must not change while p is in use. After an error p is of no use.
func DecodeInto(p *Profile, body []byte) error { return decode(p, body, false) }

func decode(p *Profile, body []byte, applied bool) error {
	p.reset()
	s := unsafe.String(unsafe.SliceData(body), len(body))
	if len(s) < 2 || s[0] != '{' || s[len(s)-1] != '}' {
		return notProfile()
	}
	for s = s[1:]; s != "}"; {
		// "x":"value" then a comma or the end
		if len(s) < 7 || s[0] != '"' {
			return notProfile()
		}
		n := strings.IndexByte(s[1:], '"')
		if n < 1 || len(s) < n+5 || s[n+2] != ':' || s[n+3] != '"' {
			return notProfile()
		}
		name, value := s[1:n+1], s[n+4:]
		if n = strings.IndexByte(value, '"'); n < 0 || n+1 >= len(value) {
			return notProfile()
		}
		value, s = value[:n], value[n+1:]
		if len(name) == 1 && (applied || name[0] != 'a') {
			r := reader{s: value}
			if p.member(&r, name[0]); r.bad {
				return fault.Newf(fault.Internal, "profile attribute %s is broken", name)
			}
		}
		if s[0] == ',' {
			s = s[1:]
		} else if s != "}" {
			return notProfile()
		}
	}
	return nil
}

func notProfile() error { return fault.New(fault.Internal, "a stored profile is not readable") }

// reset empties p and keeps the memory of its slices.
func (p *Profile) reset() {
	*p = Profile{
		Members: p.Members[:0], Name: p.Name[:0], Recent: p.Recent[:0], Items: p.Items[:0], Categories: p.Categories[:0], Brands: p.Brands[:0],
		Counters: p.Counters[:0], Cart: p.Cart[:0], Purchases: p.Purchases[:0], Dismissed: p.Dismissed[:0], Offers: p.Offers[:0],
		Orders: Orders{Latest: p.Orders.Latest[:0]}, Applied: Applied{IDs: p.Applied.IDs[:0]},
	}
}

// member reads one attribute; unknown ones, which a later version may write, are left alone.
func (p *Profile) member(r *reader, name byte) {
	switch name {
	case 'a':
		r.applied(&p.Applied)
	case 'b':
		p.Brands = r.interests(p.Brands)
	case 'c':
		p.Categories = r.interests(p.Categories)
	case 'd':
		p.Dismissed = records(r, p.Dismissed, func(x *event.ItemID) { *x = event.ItemID(r.text()) })
	case 'e':
		p.Counters = records(r, p.Counters, func(x *Counter) { *x = Counter{Name: r.name(), Day: int32(r.num()), Count: r.num()} })
	case 'f':
		p.Offers = records(r, p.Offers, func(x *OfferSeen) {
			*x = OfferSeen{Offer: r.text(), Shown: int(r.num()), Ordinal: int(r.num()), Clicked: int(r.num()), Ordered: int(r.num()), Dismissed: r.num() != 0, Last: r.time()}
		})
	case 'i':
		p.Items = r.interests(p.Items)
	case 'k':
		p.Cart = records(r, p.Cart, func(x *CartLine) { *x = CartLine{Item: event.ItemID(r.text()), Quantity: r.num()} })
	case 'm':
		p.Members = records(r, p.Members, func(x *Member) {
			*x = Member{Visitor: event.VisitorID(r.text()), Since: r.time(), Trusted: r.num() != 0}
		})
	case 'n':
		var err error
		p.Name, err = base64.RawStdEncoding.AppendDecode(p.Name, []byte(r.s))
		r.bad = err != nil
	case 'o':
		r.orders(&p.Orders)
	case 'p':
		p.Person = event.PersonID(r.text())
	case 'r':
		p.Recent = records(r, p.Recent, func(x *Recent) {
			*x = Recent{Item: event.ItemID(r.text()), Kind: Kind(r.num()), At: r.time(), By: uint8(r.num())}
		})
	case 's':
		p.FirstSeen, p.LastSeen, p.Visits = r.time(), r.time(), r.num()
		p.Consent = consent.State{Personalization: consent.Choice(r.num()), Marketing: consent.Choice(r.num()), At: r.milli()}
		p.Forgotten, p.NameBy = r.milli(), uint8(r.num())
	case 'u':
		p.Purchases = records(r, p.Purchases, func(x *Purchase) {
			*x = Purchase{Item: event.ItemID(r.text()), Times: int(r.num()), Last: r.time(), By: uint8(r.num()), Over: int(r.num())}
		})
	}
}

// records reads every record of a list, growing it once.
func records[T any](r *reader, list []T, read func(*T)) []T {
	if r.s == "" {
		return list
	}
	if n := strings.Count(r.s, ";") + 1; cap(list) < n {
		list = make([]T, 0, n)
	}
	for {
		list = list[:len(list)+1]
		read(&list[len(list)-1])
		if !r.next() {
			return list
		}
	}
}

// reader walks over the records of one attribute. A wrong number marks it bad and reads as 0.
type reader struct {
	s   string
	pos int
	bad bool
}

// next steps over what is left of a record and says whether another follows.
func (r *reader) next() bool {
	for r.pos < len(r.s) {
		r.pos++
		if r.s[r.pos-1] == ';' {
			return true
		}
	}
	return false
}

// text is the next field of the record.
func (r *reader) text() string {
	rest, escaped := r.s[r.pos:], false
	for i := range len(rest) {
		switch b := rest[i]; b {
		case ',':
			r.pos += i + 1
			return r.plain(rest[:i], escaped)
		case ';':
			r.pos += i
			return r.plain(rest[:i], escaped)
		case '%':
			escaped = true
		}
	}
	r.pos = len(r.s)
	return r.plain(rest, escaped)
}

func (r *reader) plain(s string, escaped bool) string {
	if !escaped {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		if i+2 >= len(s) || values[s[i+1]|0x20] > 15 || values[s[i+2]|0x20] > 15 {
			r.bad = true
			return ""
		}
		b.WriteByte(values[s[i+1]|0x20]<<4 | values[s[i+2]|0x20])
		i += 2
	}
	return b.String()
}

const none = 0xff

// values of base 36 digits.
var values = func() (t [256]byte) {
	for i := range t {
		t[i] = none
	}
	for i := range digits {
		t[digits[i]] = byte(i)
	}
	return t
}()

// number reads an optional number; ok is false when the field is empty.
func (r *reader) number() (n int64, ok bool) {
	rest, from := r.s[r.pos:], 0
	if rest != "" && rest[0] == '-' {
		from = 1
	}
	i := from
	for ; i < len(rest); i++ {
		v := values[rest[i]]
		if v == none {
			break
		}
		n = n*base + int64(v)
	}
	length := i - from
	if i < len(rest) && rest[i] == ',' {
		i++
	} else if i < len(rest) && rest[i] != ';' {
		r.bad = true
	}
	r.pos += i
	if length > 12 || length < from { // 36^12 < 2^63; a sign needs digits
		r.bad = true
		return 0, false
	}
	if from == 1 {
		n = -n
	}
	return n, length > 0
}

func (r *reader) num() int64 {
	n, _ := r.number()
	return n
}

func (r *reader) time() time.Time {
	n, ok := r.number()
	if !ok {
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}

func (r *reader) milli() time.Time {
	n, ok := r.number()
	if !ok {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}

func (r *reader) name() event.Name {
	if r.pos >= len(r.s) || r.s[r.pos] != '~' {
		return event.Name(r.text())
	}
	code := r.text()
	if len(code) != 2 || int(values[code[1]]) >= len(knownNames) {
		r.bad = true
		return ""
	}
	return knownNames[values[code[1]]]
}

func (r *reader) hash() uint64 {
	if len(r.s)-r.pos < hashLen {
		r.bad = true
		r.pos = len(r.s)
		return 0
	}
	var h uint64
	for _, b := range []byte(r.s[r.pos : r.pos+hashLen]) {
		v := hashValues[b]
		if v == none {
			r.bad = true
		}
		h = h<<6 | uint64(v&63)
	}
	r.pos += hashLen
	return h
}

var hashValues = func() (t [256]byte) {
	for i := range t {
		t[i] = none
	}
	for i := range hashDigits {
		t[hashDigits[i]] = byte(i)
	}
	return t
}()

func (r *reader) interests(list []Interest) []Interest {
	return records(r, list, func(x *Interest) {
		*x = Interest{Key: r.text(), Weight: float64(r.num()) / grain, At: r.time()}
	})
}

func (r *reader) applied(a *Applied) {
	a.Floor, a.Count = r.time(), r.num()
	if !r.next() {
		return
	}
	r.s, r.pos = r.s[r.pos:], 0
	minute := int64(0)
	a.IDs = records(r, a.IDs, func(x *AppliedID) {
		h := r.hash()
		minute += r.num()
		*x = AppliedID{Hash: h, Received: time.Unix(minute*60, 0).UTC()}
	})
}

func (r *reader) orders(o *Orders) {
	o.Count, o.Sum, o.Currency, o.First, o.Last = r.num(), r.num(), r.text(), r.time(), r.time()
	if !r.next() {
		return
	}
	r.s, r.pos = r.s[r.pos:], 0
	o.Latest = records(r, o.Latest, func(x *OrderRef) { *x = OrderRef{Hash: r.hash(), Net: r.num()} })
}
