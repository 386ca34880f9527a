package evaluate

import (
	"fmt"
	"math"
	"time"

	"shopkeeper/shared/campaign"
	"shopkeeper/shared/experiment"
)

// Warning is something that whoever reads the result must know, in words.
type Warning struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// The codes.
const (
	NoControl      = "no-control"      // nothing to compare with
	BrokenDraw     = "broken-draw"     // sample ratio mismatch
	MailedControl  = "mailed-control"  // the control group got the message
	TooSmall       = "too-small"       // too few outcomes for an interval that can be believed
	StillOpen      = "still-open"      // the window is not over
	EndedEarly     = "ended-early"     // stopped before everybody had their turn
	Unsent         = "unsent"          // many of a group never got the message
	MaybeSent      = "maybe-sent"      // rows that are uncertain
	ForeignOrders  = "foreign-orders"  // orders in other currencies have no revenue
	NoMargin       = "no-margin"       // profit is not known
	UncertainLifts = "not-significant" // no metric tells the groups apart
)

// unsentShare is the share of a group, left out after the draw, from which on the effect that is measured is noticeably smaller than that of the message.
const unsentShare = 0.1

// warn lists what is wrong, the worst first.
func (r *Report) warn(foreign int, mailedControl int64) {
	say := func(code, text string, args ...any) {
		r.Warnings = append(r.Warnings, Warning{code, fmt.Sprintf(text, args...)})
	}
	control := len(r.Groups) > 0 && r.Groups[0].Control
	if !control {
		say(NoControl, "There is no control group: nobody can say what these customers would have done without the campaign. Give the next one a control share of 10 %% or more.")
	}
	if r.Ratio != nil && r.Ratio.Broken {
		say(BrokenDraw, "The sizes of the groups do not fit the shares they were drawn with (p = %.2g): people were lost on the way in one of them. Do not trust the comparison.", r.Ratio.P)
	}
	if mailedControl > 0 {
		say(MailedControl, "%s of the control group got the message. The lift is too small by that.", people(mailedControl))
	}
	if r.Status == campaign.Stopped {
		say(EndedEarly, "The campaign was stopped before everybody had their turn. If it was stopped because the numbers looked good, read the always-valid interval, not the fixed one.")
	}
	if !r.Over {
		say(StillOpen, "Orders count until %s. Until then read the always-valid interval: it may be looked at every day.", r.Until.UTC().Format(time.DateOnly))
	}
	r.tooSmall(say)
	for _, g := range r.Groups {
		if !g.Control && float64(g.Kept) > unsentShare*float64(g.People) {
			say(Unsent, "%s of %q were never sent the message (frequency cap, quiet hours, errors) and count in it all the same: the effect on those who got it is larger than the lift.", people(g.Kept), g.Name)
		}
		if g.Uncertain > 0 {
			say(MaybeSent, "%s of %q may or may not have been sent the message: the provider's answer was not seen.", people(g.Uncertain), g.Name)
		}
	}
	if foreign > 0 {
		say(ForeignOrders, "Of the orders, %d are in another currency than the shop's %s and count without revenue.", foreign, r.Currency)
	}
	if r.Margin == 0 && !r.Imported {
		say(NoMargin, "Profit is not known: set the shop's margin (shopkeeper shop set --margin 0.3).")
	}
}

// tooSmall warns of groups with too few buyers, and says what they could have found; else it says when nothing was found.
func (r *Report) tooSmall(say func(code, text string, args ...any)) {
	if len(r.Groups) < 2 {
		return
	}
	fewest := r.Groups[0]
	for _, g := range r.Groups {
		if g.Buyers < fewest.Buyers {
			fewest = g
		}
	}
	if fewest.Buyers < experiment.Enough {
		say(TooSmall, "Only %s of %q ordered; below %d in each group no interval of revenue can be believed.%s", people(fewest.Buyers), fewest.Name, experiment.Enough, r.needed())
		return
	}
	for _, l := range r.Lifts {
		if l.Against == r.Groups[0].Name && (l.Always.Excludes(0) || r.Over && l.Fixed.Excludes(0)) {
			return
		}
	}
	say(UncertainLifts, "No difference between the groups is proven.%s", r.needed())
}

// needed says how many people would have found a lift of a tenth in the share who order.
func (r *Report) needed() string {
	base := r.Groups[0]
	if base.People == 0 || base.Buyers == 0 {
		return ""
	}
	rate := float64(base.Buyers) / float64(base.People)
	if rate*1.1 >= 1 {
		return ""
	}
	n := experiment.SampleSize(rate, rate/10, experiment.Level, .8)
	return fmt.Sprintf(" To find 10 %% more buyers takes about %s in each group.", people(int64(math.Ceil(n))))
}

func people(n int64) string {
	if n == 1 {
		return "1 person"
	}
	return grouped(n) + " people"
}

// grouped writes a number with commas between thousands.
func grouped(n int64) string {
	s := fmt.Sprint(n)
	start := 0
	if n < 0 {
		start = 1
	}
	for i := len(s) - 3; i > start; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
