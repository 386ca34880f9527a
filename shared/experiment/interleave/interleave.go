// Package interleave compares two rankings on one list: what visitors click says whose items they prefer.
//
// # The list
//
// Team draft (Radlinski, Kurup and Joachims, CIKM 2008) works as two captains pick teams: in every round a coin says who picks first, and each takes the best of its ranking that is not
// on the list yet. Either ranking puts as many items on the list as the other, at as good places on average, so that under equal worth a click is as likely to fall to one
// team as to the other. One thing is added: where both rankings begin alike, place by place, the coin alone says who picked, and a click there tells nothing about which is better;
// these places belong to nobody, and so do those that only one ranking could fill. What is left out falls out of both sides evenly.
//
// # Who wins
//
// A visitor's clicks depend on each other, so the visitor counts and not the click: +1 when more of the credited clicks went to B, -1 when to A, 0 when they are even; visitors without a
// credited click do not count. The mean of these lies in [-1, 1], 0 means that neither is preferred. Its interval is the always-valid one of package experiment with the visitors that
// count as the clock: it may be looked at after every click.
//
// # Why
//
// In an A/B test the difference between visitors drowns the difference between rankings; here every visitor compares. The price: the list that is judged is neither of the two, and
// only the preference is measured, not what it is worth in orders. TestPower prints how many visitors an A/B test of the same two rankings needs beside this.
package interleave

import (
	"shopkeeper/shared/recommend/item"
)

// Team says which ranking put an item on the list.
type Team uint8

// The teams.
const (
	Nobody Team = iota // both would have it here, or one alone had items left: a click tells nothing
	A
	B
)

// Place is one place of the list.
type Place struct {
	item.Scored // as the ranking scored it whose turn it was
	Team        Team
	Chance      float32 // of the item to get this place, given the places before and the rankings: 1 where no coin decides, else 0.5
}

// Draft appends to dst the list of at most n items that two rankings pick in turn, best first; equal rankings and seed give an equal list. Rankings hold no item twice. It allocates
// nothing where dst has room, and costs about n comparisons an item.
func Draft(dst []Place, a, b []item.Scored, n int, seed uint64) []Place {
	from := len(dst)
	for len(dst)-from < n && len(a) > 0 && len(b) > 0 && a[0].Item == b[0].Item {
		dst = append(dst, Place{a[0], Nobody, 1})
		a, b = a[1:], b[1:]
	}
	for round := uint64(0); len(dst)-from < n; round++ {
		a, b = unpicked(dst[from:], a), unpicked(dst[from:], b)
		switch {
		case len(a) == 0 && len(b) == 0:
			return dst
		case len(a) == 0:
			dst, b = append(dst, Place{b[0], Nobody, 1}), b[1:]
			continue
		case len(b) == 0:
			dst, a = append(dst, Place{a[0], Nobody, 1}), a[1:]
			continue
		}
		first, second, last := a, b, B
		team := A
		if mix(mix(seed)+round)&1 == 1 {
			first, second, team, last = b, a, B, A
		}
		alike, chance := first[0].Item == second[0].Item, float32(.5)
		if alike {
			chance = 1
		}
		dst = append(dst, Place{first[0], team, chance})
		second = unpicked(dst[from:], second)
		if len(second) == 0 {
			dst[len(dst)-1].Team = Nobody // the other has no answer to this pick
			continue
		}
		if len(dst)-from < n {
			dst = append(dst, Place{second[0], last, answered(dst[from:], first, second[0].Item, alike)})
		}
	}
	return dst
}

// answered is the chance of the second pick of a round, given the first. Where both wanted the same item, the coin also decided who has to take another one.
func answered(list []Place, first []item.Scored, second item.Ordinal, alike bool) float32 {
	if rest := unpicked(list, first); alike && len(rest) > 0 && rest[0].Item != second {
		return .5
	}
	return 1
}

// unpicked is the ranking from its first item on that is not on the list.
func unpicked(list []Place, ranking []item.Scored) []item.Scored {
	for len(ranking) > 0 && holds(list, ranking[0].Item) {
		ranking = ranking[1:]
	}
	return ranking
}

func holds(list []Place, i item.Ordinal) bool {
	for at := range list {
		if list[at].Item == i {
			return true
		}
	}
	return false
}

// mix spreads the bits of a number (SplitMix64).
func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
