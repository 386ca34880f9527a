package offer

import (
	"slices"
	"time"

	"shopkeeper/shared/profile"
)

// Situation is in what state a customer meets an offer: how well the shop knows the customer, and whether the offer is about what the customer cares for. It is what the choice
// learns apart: a voucher may win strangers, and the tea of the month those who drink tea. There are few, because each must be learned, and each follows from the profile that a page
// reads anyway.
type Situation uint8

// Situations is how many there are.
const Situations = 6

// The parts of a situation: one of three degrees of acquaintance, and interested beside it.
const (
	stranger   Situation = 0 // nothing is known, or this is the first visit
	returning  Situation = 1 // came back, never ordered
	buyer      Situation = 2 // ordered before
	interested Situation = 3 // added: the offer's goods are among what the customer looked at, or its category is a tenth of the customer's interest
)

// Name is how well the customer is known, and whether the offer's goods are what the customer cares for.
func (s Situation) Name() (known string, cares bool) {
	return [...]string{stranger: "stranger", returning: "returning", buyer: "buyer"}[s%interested], s >= interested
}

// interestShare is how much of all interest in categories makes somebody interested in one.
const interestShare = 0.1

func acquaintance(p *profile.Profile) Situation {
	switch {
	case p == nil:
		return stranger
	case p.Orders.Count > 0 || len(p.Purchases) > 0:
		return buyer
	case p.Visits > 1:
		return returning
	default:
		return stranger
	}
}

// situation is the one in which the asker meets an offer.
func (o *open) situation(ask *Ask, known Situation, shares []float64) Situation {
	if ask.Profile != nil && (o.caresForItems(ask.Profile) || o.caresForCategory(ask.Profile, shares)) {
		return known + interested
	}
	return known
}

func (o *open) caresForItems(p *profile.Profile) bool {
	for _, it := range o.Items {
		if slices.ContainsFunc(p.Recent, func(r profile.Recent) bool { return r.Item == it }) ||
			slices.ContainsFunc(p.Items, func(i profile.Interest) bool { return i.Key == string(it) }) {
			return true
		}
	}
	return false
}

func (o *open) caresForCategory(p *profile.Profile, shares []float64) bool {
	if o.Category == "" {
		return false
	}
	sum := 0.0
	for i, c := range p.Categories {
		if i < len(shares) && within(c.Key, o.Category) {
			sum += shares[i]
		}
	}
	return sum >= interestShare
}

// interests appends the share of each of the profile's categories in all its interest as of a time.
func interests(dst []float64, p *profile.Profile, now time.Time) []float64 {
	if p == nil {
		return dst
	}
	sum := 0.0
	for _, c := range p.Categories {
		weight := max(c.Now(now), 0)
		dst = append(dst, weight)
		sum += weight
	}
	if sum > 0 {
		for i := range dst {
			dst[i] /= sum
		}
	}
	return dst
}

// Part is what the subjects of one situation did.
type Part struct {
	Subjects int64               `json:"n,omitempty"`
	Clicked  int64               `json:"c,omitempty"`
	Delays   [DelayBuckets]int64 `json:"d,omitzero"`
}

// Rewarded is how many of them ordered within the window of their first impression.
func (p *Part) Rewarded() (n int64) {
	for _, d := range p.Delays {
		n += d
	}
	return n
}

func (p *Part) add(x Part) {
	p.Subjects += x.Subjects
	p.Clicked += x.Clicked
	for i := range p.Delays {
		p.Delays[i] += x.Delays[i]
	}
}

// How far situations may differ before there is evidence. An effect that all offers share is pulled to none by effectRewards expected rewards; how much single offers differ from it is
// learned (empirical Bayes) within the bounds on the weight.
const (
	effectRewards = 4
	effectRounds  = 3
	leastSame     = 10
	mostSame      = 2000
)

// Situated are the beliefs of each offer in each situation, from the evidence of each offer as a whole and of its situations; what the whole has beyond its situations (rewards
// told before situations were kept) counts for the offer alone.
//
// The rate of offer o in situation c is believed near base_o x effect_c: buyers order more whatever is offered, and whoever cares for the goods orders more of any offer, so a cold offer begins with what was
// learned from the others. A belief is that prior, worth as many trials as the offers' own differences and the offer's other situations allow, and the evidence of the cell itself:
//
//	weight = 1 / (1/same + 1/trials of the offer elsewhere)
//
// With one situation that has everything it is Posteriors.
func Situated(offers []Evidence, cells [][Situations]Evidence) [][Situations]Beta {
	prior := priorOf(offers)
	base, effect := effects(prior, offers, cells)
	same := sameness(base, effect, cells)
	list := make([][Situations]Beta, len(offers))
	for o := range offers {
		for c := range Situations {
			own := cells[o][c]
			rewards, trials := prior.Alpha+offers[o].Rewards-own.Rewards, prior.Alpha+prior.Beta+unsituated(offers[o], cells[o])
			for other := range Situations {
				if other != c {
					trials += cells[o][other].Trials * effect[other]
				}
			}
			mean := min(max(rewards, prior.Alpha)/trials*effect[c], 0.99)
			weight := 1 / (1/same + 1/trials)
			list[o][c] = Beta{mean*weight + own.Rewards, (1-mean)*weight + max(own.Trials-own.Rewards, 0)}
		}
	}
	return list
}

// unsituated are an offer's trials that no situation has.
func unsituated(all Evidence, cells [Situations]Evidence) float64 {
	left := all.Trials
	for _, c := range cells {
		left -= c.Trials
	}
	return max(left, 0)
}

// effects fits base_o and effect_c in turns (iterative proportional fitting).
func effects(prior Beta, offers []Evidence, cells [][Situations]Evidence) (base []float64, effect [Situations]float64) {
	base = make([]float64, len(offers))
	for c := range effect {
		effect[c] = 1
	}
	for range effectRounds {
		for o, e := range offers {
			trials := prior.Alpha + prior.Beta + unsituated(e, cells[o])
			for c, cell := range cells[o] {
				trials += cell.Trials * effect[c]
			}
			base[o] = (prior.Alpha + e.Rewards) / trials
		}
		for c := range effect {
			found, expected := float64(effectRewards), float64(effectRewards)
			for o := range cells {
				found += cells[o][c].Rewards
				expected += cells[o][c].Trials * base[o]
			}
			effect[c] = found / expected
		}
	}
	return base, effect
}

// sameness is how many trials the expectation base x effect is worth as a prior: by moments, as in priorOf.
func sameness(base []float64, effect [Situations]float64, cells [][Situations]Evidence) float64 {
	spread, chance, trials, squares, mean := 0.0, 0.0, 0.0, 0.0, 0.0
	for o := range cells {
		for c, e := range cells[o] {
			if e.Trials <= 0 {
				continue
			}
			expected := min(base[o]*effect[c], 0.99)
			rate := e.Rewards / e.Trials
			spread += e.Trials * (rate - expected) * (rate - expected)
			chance += expected * (1 - expected)
			trials += e.Trials
			squares += e.Trials * e.Trials
			mean += e.Trials * expected
		}
	}
	if trials == 0 {
		return leastSame
	}
	mean /= trials
	between := (spread - chance) / max(trials-squares/trials, 1)
	if between <= 0 {
		return mostSame
	}
	return min(max(mean*(1-mean)/between-1, leastSame), mostSame)
}

// arm is where a sampler has an offer in a situation.
func arm(offer int, s Situation) int { return offer*Situations + int(s) }
