package campaign

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/people"
	"shopkeeper/shared/suppression"
)

// Barred says why a person may not be written to by e-mail, or "" when they may. The planner asks it, and whoever composes the message asks again: what was allowed when a
// campaign was planned may be forbidden when it is sent. entry is what suppression has of the address, nil for nothing.
func Barred(p people.Person, entry *suppression.Entry) ledger.Why {
	switch {
	case strings.TrimSpace(p.Email) == "":
		return ledger.NoAddress
	case p.EmailProblem() != "":
		return ledger.BadAddress
	case entry != nil && entry.Reason == suppression.Unsubscribed:
		return ledger.Unsubscribed
	case !p.Permissions[people.Email].Allows():
		return ledger.NoConsent
	case entry != nil:
		return barredBy(entry.Reason)
	}
	return ""
}

func barredBy(r suppression.Reason) ledger.Why {
	switch r {
	case suppression.Bounced:
		return ledger.HasBounced
	case suppression.Complained:
		return ledger.HasComplained
	case suppression.Erased:
		return ledger.Erased
	}
	return ledger.Barred
}

// Decide is the row of one person in the campaign: who is not barred gets a variant, in the control group the one that they would have got. The same person always falls into
// the same group and variant of a campaign.
func (d Definition) Decide(p people.Person, barred ledger.Why, now time.Time, shopZone *time.Location) ledger.Row {
	r := ledger.Row{Shop: d.Shop, Campaign: d.ID, Person: p.ID, State: ledger.Planned, Zone: ZoneName(p)}
	switch {
	case barred != "":
		r.State, r.Why, r.Zone = ledger.Suppressed, barred, ""
		return r
	case d.draw("control", p.ID) < d.Control:
		r.State, r.Why, r.Control = ledger.Suppressed, ledger.ControlGroup, true
	}
	r.Variant = d.variant(p.ID)
	if r.State == ledger.Planned {
		if free := d.Quiet.Free(now, 0, zoneOf(r, shopZone)); free.After(now) {
			r.NotBefore = free
		}
	}
	return r
}

// variant chooses by the shares.
func (d Definition) variant(person event.PersonID) string {
	total := 0.0
	for _, v := range d.Variants {
		total += v.Share
	}
	u := d.draw("variant", person) * total
	name := ""
	for _, v := range d.Variants {
		if v.Share <= 0 {
			continue
		}
		if name = v.Name; u < v.Share {
			break
		}
		u -= v.Share
	}
	return name
}

// draw is a number in [0, 1) that only shop, campaign, purpose and person decide.
func (d Definition) draw(purpose string, person event.PersonID) float64 {
	sum := sha256.Sum256([]byte(string(d.Shop) + "\x00" + string(d.ID) + "\x00" + purpose + "\x00" + string(person)))
	return float64(binary.BigEndian.Uint64(sum[:])>>11) / (1 << 53)
}

func zoneOf(r ledger.Row, shopZone *time.Location) *time.Location {
	if z := zone(r.Zone); r.Zone != "" && z != nil {
		return z
	}
	return shopZone
}

// Sends says whether messages of the campaign may be claimed now.
func (d Definition) Sends(now time.Time) bool { return d.Status == Sending && now.Before(d.Until) }

// NotBefore is the first time from now on at which a message that takes up to `takes` to hand over may begin, by the quiet hours where the person lives.
func (d Definition) NotBefore(r ledger.Row, now time.Time, takes time.Duration, shopZone *time.Location) time.Time {
	return d.Quiet.Free(now, takes, zoneOf(r, shopZone))
}

// QuietHours is what a sender asks before it claims a row: when it may go, see NotBefore.
func QuietHours(now func() time.Time, takes time.Duration, zone ShopZone) func(context.Context, Definition, ledger.Row) (time.Time, error) {
	return func(ctx context.Context, d Definition, r ledger.Row) (time.Time, error) {
		if d.Quiet.none() {
			return time.Time{}, nil
		}
		home, err := zone(ctx, d.Shop)
		if err != nil {
			return time.Time{}, err
		}
		return d.NotBefore(r, now(), takes, home), nil
	}
}

// ShopZone tells a shop's time zone.
type ShopZone func(ctx context.Context, shop event.ShopID) (*time.Location, error)
