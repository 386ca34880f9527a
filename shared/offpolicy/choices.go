package offpolicy

import "slices"

// Choice is one logged place with everything that could have stood there.
type Choice struct {
	Unit       int
	Place      int
	Shown      string
	Propensity float64
	Reward     float64
	Among      []string // what was chosen from, Shown included; the order is the logging policy's, best first
}

// Policy says what it would choose: it sets the probability of each of among. dst has the length of among and holds zeros.
type Policy func(dst []float64, among []string)

// Uniform chooses each equally often.
func Uniform(dst []float64, among []string) {
	for i := range dst {
		dst[i] = 1 / float64(len(among))
	}
}

// First chooses what the logging policy had first.
func First(dst []float64, _ []string) {
	if len(dst) > 0 {
		dst[0] = 1
	}
}

// Best chooses what scores the highest; of equal ones the earlier.
func Best(score func(string) float64) Policy {
	return func(dst []float64, among []string) {
		best := -1
		for i, a := range among {
			if best < 0 || score(a) > score(among[best]) {
				best = i
			}
		}
		if best >= 0 {
			dst[best] = 1
		}
	}
}

// Decide makes decisions of choices for a policy, with Rates as the reward model.
func Decide(choices []Choice, policy Policy) []Decision {
	halves := [2]*Rates{NewRates(), NewRates()}
	for _, c := range choices {
		halves[half(c.Unit)].Add(c)
	}
	out := make([]Decision, 0, len(choices))
	var chances []float64
	for _, c := range choices {
		rates := halves[1-half(c.Unit)]
		chances = slices.Grow(chances[:0], len(c.Among))[:len(c.Among)]
		clear(chances)
		policy(chances, c.Among)
		d := Decision{Unit: c.Unit, Place: c.Place, Reward: c.Reward, Propensity: c.Propensity, Predicted: rates.Of(c.Shown, c.Place)}
		for i, a := range c.Among {
			if a == c.Shown {
				d.Policy = chances[i]
			}
			if chances[i] > 0 {
				d.Value += chances[i] * rates.Of(a, c.Place)
			}
		}
		out = append(out, d)
	}
	return out
}

// half splits units into two, whatever their numbers follow from.
func half(unit int) uint64 { return uint64(unit) * 0x9e3779b97f4a7c15 >> 63 }

// Rates is what items earn by place: the mean reward where an item was shown often, the place's mean where it was not.
type Rates struct {
	items  map[rateKey]rate
	places map[int]rate
}

type rateKey struct {
	item  string
	place int
}

type rate struct{ n, reward float64 }

// prior is how many showings of the average item an item is taken to have had before its first.
const prior = 20

// NewRates makes an empty model, which says 0.
func NewRates() *Rates { return &Rates{map[rateKey]rate{}, map[int]rate{}} }

// Add learns from a choice.
func (r *Rates) Add(c Choice) {
	key := rateKey{c.Shown, c.Place}
	i, p := r.items[key], r.places[c.Place]
	r.items[key], r.places[c.Place] = rate{i.n + 1, i.reward + c.Reward}, rate{p.n + 1, p.reward + c.Reward}
}

// Of is what an item is expected to earn at a place.
func (r *Rates) Of(item string, place int) float64 {
	p := r.places[place]
	if p.n == 0 {
		return 0
	}
	i := r.items[rateKey{item, place}]
	return (i.reward + prior*p.reward/p.n) / (i.n + prior)
}
