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
}

// DefaultSettings are those that Serenade's authors found best on their shop's clicks.
var DefaultSettings = Settings{Newest: 1502, Neighbours: 288, Last: 4, IDF: 1, Longest: 0.995}

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
