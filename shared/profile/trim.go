package profile

import (
	"encoding/base64"
	"slices"
)

// Room that Fold and Merge leave for what is written into a profile afterwards: the sealed name and the person.
const (
	roomForName   = 170
	roomForPerson = 60
)

// trim drops the least entries until the profile fits MaxBytes. With usual ids it never does; with ids of 100 bytes the lists share the room.
func (p *Profile) trim() {
	var scratch [2 * MaxBytes]byte
	if p.size(scratch[:0]) <= MaxBytes {
		return
	}
	for p.size(scratch[:0]) > MaxBytes {
		if !p.dropLeast(scratch[:0]) {
			return
		}
	}
}

// size is the stored size with the room that must be left.
func (p *Profile) size(scratch []byte) int {
	sort := Own
	if p.isMerged() {
		sort = Merged
	}
	size := bodySize(p.AppendBody(scratch)) + keySize(Key(p.Shop, p.ID, sort))
	size += max(0, roomForName-base64.RawStdEncoding.EncodedLen(len(p.Name)))
	return size + max(0, roomForPerson-len(p.Person))
}

// dropLeast drops one entry of the list that is furthest beyond its share; false when there is nothing left to drop.
func (p *Profile) dropLeast(scratch []byte) bool {
	w := writer{out: scratch}
	lists := [...]struct {
		share int // bytes, when all lists are full
		write func()
		drop  func()
	}{
		{440, func() { w.recent(p.Recent) }, func() { p.Recent = p.Recent[:len(p.Recent)-1] }},
		{440, func() { w.interests(p.Items) }, func() { p.Items = dropFaintest(p.Items) }},
		{360, func() { w.interests(p.Categories) }, func() { p.Categories = dropFaintest(p.Categories) }},
		{200, func() { w.interests(p.Brands) }, func() { p.Brands = dropFaintest(p.Brands) }},
		{340, func() { w.counters(p.Counters) }, func() { p.Counters = p.Counters[:len(p.Counters)-1] }},
		{240, func() { w.cart(p.Cart) }, func() { p.Cart = slices.Delete(p.Cart, 0, 1) }},
		{400, func() { w.purchases(p.Purchases) }, func() {
			i := seldomest(p.Purchases)
			p.Purchases = slices.Delete(p.Purchases, i, i+1)
		}},
		{200, func() { w.dismissed(p.Dismissed) }, func() { p.Dismissed = p.Dismissed[:len(p.Dismissed)-1] }},
	}
	largest, most := -1, 0
	for i, l := range lists {
		w.out = scratch
		l.write()
		if relative := len(w.out) * 1000 / l.share; relative > most {
			largest, most = i, relative
		}
	}
	if largest < 0 {
		return false
	}
	lists[largest].drop()
	return true
}

func dropFaintest(list []Interest) []Interest {
	i := faintest(list)
	return slices.Delete(list, i, i+1)
}
