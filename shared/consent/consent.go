// Package consent holds what a visitor allowed: an append-only record of every decision, and the small state that follows from it.
package consent

import "time"

// Mode is a shop's rule for visitors who have not decided. A deployment must choose one.
type Mode string

// The modes.
const (
	Required Mode = "required" // nothing about a person is kept before they agree
	Implied  Mode = "implied"  // until they object
)

// Purpose is what a decision is about.
type Purpose string

// The purposes.
const (
	Personalization Purpose = "personalization"
	Marketing       Purpose = "marketing"
)

// Choice is a decision, or none yet.
type Choice int8

// The choices. The zero Choice is no decision.
const (
	Undecided Choice = 0
	Granted   Choice = 1
	Denied    Choice = -1
)

// Source says where a state comes from, as the front page reports it.
type Source string

// The sources.
const (
	FromCookie  Source = "cookie"
	FromGPC     Source = "gpc"
	FromDefault Source = "default"
)

// State is what is known of one visitor's decisions.
type State struct {
	Personalization Choice    `json:"p,omitempty"`
	Marketing       Choice    `json:"m,omitempty"`
	At              time.Time `json:"at,omitzero"` // of the latest decision
}

// Allows says whether data for personalization may be kept and used: GPC is a no in both modes, a decision counts before the mode.
func Allows(mode Mode, s State, gpc bool) bool {
	if gpc || s.Personalization == Denied {
		return false
	}
	return s.Personalization == Granted || mode == Implied
}

// AllowsMarketing says whether messages may be sent: never without a yes.
func AllowsMarketing(s State, gpc bool) bool { return !gpc && s.Marketing == Granted }

// Later is the state that follows when both were decided: per state, the later decision wins.
func Later(a, b State) State {
	if b.At.After(a.At) {
		return b
	}
	return a
}
