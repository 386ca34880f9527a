package profile

import (
	"cmp"
	"math"
	"slices"
	"time"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
)

// MaxMembers bounds the visitors of a merged profile: of many, the latest that were merged.
const MaxMembers = 16

// Part is a visitor's own profile, and how it belongs to the person.
type Part struct {
	Member
	Own Profile
}

// Merge is the profile of a person: what its visitors did, as if one had done all of it. It is pure, and the order of parts does not matter. Every list is merged by its own rule and
// bounded as Fold bounds it; an order that two members told (the browser and the shop's server) counts once while both still know it. The name is left
// to the caller. Parts beyond MaxMembers, those merged first, are left out, and so are those whose visitor said no.
func Merge(shop event.ShopID, person event.PersonID, parts []Part) Profile {
	parts = slices.DeleteFunc(slices.Clone(parts), func(x Part) bool { return x.Own.Consent.Personalization == consent.Denied })
	slices.SortFunc(parts, func(a, b Part) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Visitor, b.Visitor)) })
	parts = parts[max(0, len(parts)-MaxMembers):]
	p := Profile{Shop: shop, ID: string(person), Person: person, NameBy: NoMember}
	known := map[uint64]bool{} // orders
	for i, part := range parts {
		p.Members = append(p.Members, Member{Visitor: part.Visitor, Since: part.Since.UTC().Truncate(time.Second), Trusted: part.Trusted})
		p.takeTimes(&part.Own)
		p.takeOrders(&part.Own.Orders, known)
		p.takeLists(&part.Own, uint8(i))
		p.takeOffers(part.Own.Offers)
	}
	p.Items = sumInterests(parts, maxItems, func(own *Profile) []Interest { return own.Items })
	p.Categories = sumInterests(parts, maxCategories, func(own *Profile) []Interest { return own.Categories })
	p.Brands = sumInterests(parts, maxBrands, func(own *Profile) []Interest { return own.Brands })
	p.bound()
	p.trim()
	return p
}

func (p *Profile) takeTimes(own *Profile) {
	p.Consent = consent.Later(p.Consent, own.Consent)
	p.Visits += own.Visits
	p.Applied.Count += own.Applied.Count
	if !own.FirstSeen.IsZero() && (p.FirstSeen.IsZero() || own.FirstSeen.Before(p.FirstSeen)) {
		p.FirstSeen = own.FirstSeen
	}
	if own.LastSeen.After(p.LastSeen) {
		p.LastSeen = own.LastSeen
	}
}

// takeOrders adds a member's orders, less those that a member before had too.
func (p *Profile) takeOrders(own *Orders, known map[uint64]bool) {
	o := &p.Orders
	count, sum := own.Count, own.Sum
	for _, ref := range own.Latest {
		if !known[ref.Hash] {
			known[ref.Hash] = true
			o.Latest = append(o.Latest, ref)
		} else if ref.Net != cancelled {
			count--
			sum -= ref.Net
		}
	}
	o.Count += count
	if !o.foreign(own.Currency) {
		o.Sum += sum
	}
	if !own.First.IsZero() && (o.First.IsZero() || own.First.Before(o.First)) {
		o.First = own.First
	}
	if own.Last.After(o.Last) {
		o.Last = own.Last
	}
}

// takeLists joins what needs no sum of weights; the lists are bounded when all members are in.
func (p *Profile) takeLists(own *Profile, by uint8) {
	for _, x := range own.Recent {
		x.By = by
		if i := slices.IndexFunc(p.Recent, func(y Recent) bool { return y.Item == x.Item }); i < 0 {
			p.Recent = append(p.Recent, x)
		} else if old := &p.Recent[i]; x.At.After(old.At) {
			x.Kind = max(x.Kind, old.Kind)
			*old = x
		} else {
			old.Kind = max(x.Kind, old.Kind)
		}
	}
	for _, x := range own.Purchases {
		x.By = by
		if i := slices.IndexFunc(p.Purchases, func(y Purchase) bool { return y.Item == x.Item }); i < 0 {
			p.Purchases = append(p.Purchases, x)
		} else {
			p.Purchases[i] = p.Purchases[i].with(x)
		}
	}
	for _, x := range own.Counters {
		if i := slices.IndexFunc(p.Counters, func(y Counter) bool { return y.Day == x.Day && y.Name == x.Name }); i < 0 {
			p.Counters = append(p.Counters, x)
		} else {
			p.Counters[i].Count += x.Count
		}
	}
	for _, x := range own.Cart {
		if i := slices.IndexFunc(p.Cart, func(y CartLine) bool { return y.Item == x.Item }); i < 0 {
			p.Cart = append(p.Cart, x)
		} else {
			p.Cart[i].Quantity = max(p.Cart[i].Quantity, x.Quantity)
		}
	}
	for _, x := range own.Dismissed {
		if !slices.Contains(p.Dismissed, x) {
			p.Dismissed = append(p.Dismissed, x)
		}
	}
}

// bound orders and cuts the joined lists as Fold does.
func (p *Profile) bound() {
	slices.SortFunc(p.Recent, compareRecent)
	p.Recent = p.Recent[:min(len(p.Recent), maxRecent)]
	slices.SortFunc(p.Counters, compareCounter)
	p.Counters = p.Counters[:min(len(p.Counters), maxCounters)]
	for len(p.Purchases) > maxPurchases {
		i := seldomest(p.Purchases)
		p.Purchases = slices.Delete(p.Purchases, i, i+1)
	}
	slices.SortFunc(p.Purchases, comparePurchase)
	p.Cart = p.Cart[max(0, len(p.Cart)-maxCart):]
	p.Dismissed = p.Dismissed[:min(len(p.Dismissed), maxDismissed)]
	slices.SortFunc(p.Offers, compareOffer)
	p.Offers = p.Offers[:min(len(p.Offers), MaxOffers)]
	p.Orders.Latest = p.Orders.Latest[max(0, len(p.Orders.Latest)-maxLatest):]
}

// sumInterests adds up the members' interests by key, each brought to the key's latest time.
func sumInterests(parts []Part, limit int, of func(*Profile) []Interest) []Interest {
	index := map[string]int{}
	var list []Interest
	for i := range parts {
		for _, x := range of(&parts[i].Own) {
			at, ok := index[x.Key]
			if !ok {
				index[x.Key] = len(list)
				list = append(list, x)
				continue
			}
			y := &list[at]
			late := y.At
			if x.At.After(late) {
				late = x.At
			}
			y.Weight, y.At = min(max(y.Now(late)+x.Now(late), -maxWeight), maxWeight), late
		}
	}
	for i := range list {
		list[i].Weight = math.Round(list[i].Weight*grain) / grain
	}
	list = slices.DeleteFunc(list, func(x Interest) bool { return x.Weight == 0 })
	for len(list) > limit {
		list = dropFaintest(list)
	}
	slices.SortFunc(list, compareInterest)
	return list
}

// Member is the index of a visitor in a merged profile; ok is false when it is not, or no more, a member: then its own profile is all that it may be shown.
func (p *Profile) Member(v event.VisitorID) (index uint8, ok bool) {
	i := slices.IndexFunc(p.Members, func(m Member) bool { return m.Visitor == v })
	return uint8(max(i, 0)), i >= 0
}
