package segment

import (
	"cmp"
	"math"
	"slices"
)

// Values are the revenues, in minor units of the shop's currency, from which on a customer is large or medium. They follow the ABC analysis by revenue: the large
// together bring LargeShare of it, large and medium MediumShare; who brought less, but anything, is small. The sweep computes them anew every night. The zero
// Values are of a shop that nobody bought in yet.
type Values struct {
	Large  int64 `json:"large"`
	Medium int64 `json:"medium"`
}

// The shares of the shop's revenue: of A, and of A and B together.
const (
	LargeShare  = 0.80
	MediumShare = 0.95
)

// of is "large", "medium", "small", or "none" for who brought nothing; "" where no values are known yet.
func (v Values) of(revenue int64) string {
	switch {
	case v.Medium == 0:
		return ""
	case revenue >= v.Large:
		return "large"
	case revenue >= v.Medium:
		return "medium"
	case revenue > 0:
		return "small"
	}
	return "none"
}

// spread counts customers by revenue in steps of 2 %, so that a night may gather it page by page: some hundred steps hold the revenues of any shop.
type spread map[int]step

type step struct {
	Customers int   `json:"n"`
	Revenue   int64 `json:"sum"`
}

const stepWidth = 1.02

// add counts one customer's revenue. Customers who brought nothing are not counted.
func (s spread) add(revenue int64) {
	if revenue <= 0 {
		return
	}
	i := int(math.Floor(math.Log(float64(revenue)) / math.Log(stepWidth)))
	at := s[i]
	at.Customers++
	at.Revenue += revenue
	s[i] = at
}

// values are the cuts: whole steps, so that a day's orders move them seldom.
func (s spread) values() Values {
	var steps []int
	var all, sum float64
	for i, at := range s {
		steps = append(steps, i)
		all += float64(at.Revenue)
	}
	slices.SortFunc(steps, func(a, b int) int { return cmp.Compare(b, a) })
	var v Values
	for _, i := range steps {
		from := int64(math.Ceil(math.Pow(stepWidth, float64(i))))
		if sum < LargeShare*all {
			v.Large = from
		}
		if sum < MediumShare*all {
			v.Medium = from
		}
		sum += float64(s[i].Revenue)
	}
	return v
}
