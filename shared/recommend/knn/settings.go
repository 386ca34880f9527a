package knn

import (
	"math"
	"time"

	"shopkeeper/shared/fault"
)

// Decay is how a weight falls with the distance of a click from the end of the session.
type Decay uint8

// The decays. Which one wins differs from shop to shop: a backtest chooses. As the position's weight in the similarity (L clicks, p = 0 for the
// newest) and as the vote's weight (f = 1 for the newest):
const (
	Linear      Decay = iota // (L-p)      and 1-0.1f below f = 100, negative from f = 11 on: VMIS-kNN
	Quadratic                // (L-p)^2    and 1/f^2: V-SKNN
	Exponential              // 64 e^(-p/2), rounded, and e^(-(f-1)/2): STAN
	Same                     // 1          and 1: plain S-kNN
)

var decays = [...]string{"linear", "quadratic", "exponential", "same"}

// String is the decay's name as ParseDecay reads it.
func (d Decay) String() string {
	if int(d) < len(decays) {
		return decays[d]
	}
	return "unknown"
}

// ParseDecay reads a decay's name; Invalid for any other.
func ParseDecay(name string) (Decay, error) {
	for d, known := range decays {
		if name == known {
			return Decay(d), nil
		}
	}
	return 0, fault.Newf(fault.Invalid, "decay %q is none of %v", name, decays)
}

// MaxLast bounds Settings.Last, and with it the work of one answer.
const MaxLast = 32

// Settings are what a backtest may vary. The zero value is not usable; start from DefaultSettings.
type Settings struct {
	Newest     int           // m: sessions kept per item, and candidates per answer
	Neighbours int           // k: candidates that vote
	Last       int           // items of the evolving session that are looked at, at most MaxLast
	IDF        float64       // exponent-free weight of rarity: an item's votes count ln(postings of all / its own) times this; 0 makes all items equal
	Longest    float64       // sessions longer than this quantile of lengths are left out: crawlers and shared terminals
	Position   Decay         // similarity by position in the evolving session
	Vote       Decay         // a neighbour's vote by the newest item shared with it
	HalfLife   time.Duration // a neighbour's vote halves with each such age; 0 means age does not matter

	// Near is how far, in items, a neighbour's vote reaches from the newest item it shares: one d places behind that counts 1/(1+d/Near), one d places before it
	// 1/(1+2d/Near). 0 means that all items of a neighbour count alike. It needs sessions whose items are in order: visits, not baskets.
	Near float64

	// Long is the exponent of a neighbour's number of items, from -2 to 2: above 0 long sessions speak louder, which makes up for what Near takes from
	// them; -0.5 is the neighbour's part of a cosine. 0 means that length does not matter.
	Long float64
}

// DefaultSettings are those that Serenade's authors found best on their shop's clicks.
var DefaultSettings = Settings{Newest: 1502, Neighbours: 288, Last: 4, IDF: 1, Longest: 0.995}

// SequenceSettings make more of the order of clicks and of age, after STAN: chosen on the validation part of Serenade's clicks, and on its test part better than
// DefaultSettings beyond chance. For sessions that are visits. Longest is 1 because Near keeps long sessions from drowning the others.
var SequenceSettings = Settings{Newest: 1502, Neighbours: 288, Last: 8, IDF: 1, Longest: 1, Position: Exponential, Vote: Exponential,
	HalfLife: 30 * 24 * time.Hour, Near: 0.5, Long: 0.25}

// Check refuses settings that mean nothing (Invalid, all wrong fields named).
func (s Settings) Check() error {
	var wrong []fault.Field
	refuse := func(bad bool, path, reason string) {
		if bad {
			wrong = append(wrong, fault.Field{Path: path, Reason: reason})
		}
	}
	const most = 1 << 20
	refuse(s.Newest < 1 || s.Newest > most, "newest", "from 1 to 1048576 sessions")
	refuse(s.Neighbours < 1 || s.Neighbours > most, "neighbours", "from 1 to 1048576 sessions")
	refuse(s.Last < 1 || s.Last > MaxLast, "last", "from 1 to 32 items")
	refuse(!(s.IDF >= 0 && s.IDF <= 100), "idf", "from 0 to 100")
	refuse(!(s.Longest > 0 && s.Longest <= 1), "longest", "a quantile above 0, at most 1")
	refuse(s.Position > Same, "position", "linear, quadratic, exponential or same")
	refuse(s.Vote > Same, "vote", "linear, quadratic, exponential or same")
	refuse(s.HalfLife < 0, "halfLife", "not negative")
	refuse(!(s.Near == 0 || s.Near >= 0.01 && s.Near <= 1000), "near", "0, or from 0.01 to 1000 items")
	refuse(!(s.Long >= -2 && s.Long <= 2), "long", "from -2 to 2")
	if len(wrong) > 0 {
		return fault.InvalidFields(wrong...)
	}
	return nil
}

// position is the weight of the click at distance p from the end of length clicks: a whole number, so that similarities can be counted instead of sorted.
func (d Decay) position(p, length int) uint32 {
	switch d {
	case Quadratic:
		return uint32((length - p) * (length - p))
	case Exponential:
		return uint32(max(1, math.Round(64*math.Exp(-float64(p)/2))))
	case Same:
		return 1
	default:
		return uint32(length - p)
	}
}

// vote is the weight of a neighbour whose newest shared item is the f-th from the end.
func (d Decay) vote(f int) float32 {
	switch d {
	case Quadratic:
		return float32(1 / float64(f*f))
	case Exponential:
		return float32(math.Exp(-float64(f-1) / 2))
	case Same:
		return 1
	default:
		return float32(1 - 0.1*float64(f))
	}
}
