// Package ledger accounts for every message of every campaign: one Row per campaign, person and step, from the plan to what the person did.
//
// A row is claimed before the provider is called and settled after. What a crash left claimed is Uncertain: it may have been sent, so it is never
// sent again, and it is listed for people to see. Every person of the segment has a row; the rows of a campaign by state always add up to
// the segment.
//
//	planned ──> claimed ──> handed ──> delivered ──> opened, clicked
//	   │  ▲        │ │         └─────> bounced, complained
//	   │  └─defer──┘ ├──> uncertain ──> (what the provider tells later)
//	   └─> suppressed└──> bounced (refused)
package ledger

import (
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/table"
)

// Table holds the rows: partition shop#c#<campaign>#<shard, 2 hex digits of a hash of the person>, sort key person#step. Beside them, in partition
// shop#t#<person>, stands what was handed to a person lately ("touches"), which the frequency cap counts.
const Table table.Name = "ledger"

// Shards is how many partitions the rows of a campaign are spread over.
const Shards = 16

// CampaignID names a campaign within its shop: 1 to 64 characters of [a-z0-9-].
type CampaignID string

// State is where a message is.
type State string

// The states.
const (
	Planned    State = "planned"    // will be sent, not before NotBefore
	Claimed    State = "claimed"    // about to be handed, or handed and not settled yet
	Handed     State = "handed"     // the provider accepted it
	Delivered  State = "delivered"  // the recipient's server took it
	Opened     State = "opened"     // by a human, as far as can be told
	Clicked    State = "clicked"    // by a human, as far as can be told
	Bounced    State = "bounced"    // refused by the provider or the recipient's server
	Complained State = "complained" // the person called it spam
	Suppressed State = "suppressed" // will not be sent; Why says why
	Uncertain  State = "uncertain"  // may have been sent: claimed, and no answer was seen
)

// Why says why a row is suppressed.
type Why string

// The reasons.
const (
	ControlGroup  Why = "control-group"
	NoConsent     Why = "no-consent"
	NoAddress     Why = "no-address"
	BadAddress    Why = "bad-address"
	Unsubscribed  Why = "unsubscribed"
	HasBounced    Why = "bounced-before"
	HasComplained Why = "complained-before"
	Erased        Why = "erased"
	Barred        Why = "barred" // by staff
	FrequencyCap  Why = "frequency-cap"
	Stopped       Why = "stopped"      // the campaign ended before its turn
	TooLate       Why = "too-late"     // deferred or quiet until the campaign's end
	NotRendered   Why = "not-rendered" // the template failed for this person
	GaveUp        Why = "gave-up"      // deferred too often
)

// Row is one message to one person.
type Row struct {
	Shop     event.ShopID   `json:"-"`
	Campaign CampaignID     `json:"-"`
	Person   event.PersonID `json:"-"`
	Step     int            `json:"-"` // 0 in a campaign of one message
	Version  int64          `json:"-"`

	State     State     `json:"state"`
	Why       Why       `json:"why,omitempty"`
	Variant   string    `json:"variant,omitempty"` // "a", "b", ...; set for the control group too: what it would have got
	Control   bool      `json:"control,omitempty"`
	NotBefore time.Time `json:"notBefore,omitzero"`
	Zone      string    `json:"zone,omitempty"` // IANA time zone of the person, for quiet hours; empty: the shop's
	Attempts  int       `json:"attempts,omitempty"`
	Claim     string    `json:"claim,omitempty"` // who claimed it; random per run of a sender
	Lease     time.Time `json:"lease,omitzero"`  // the claim ends then: whoever finds it later makes it Uncertain
	Provider  string    `json:"provider,omitempty"`
	Code      string    `json:"code,omitempty"`
	Offer     string    `json:"offer,omitempty"` // the offer that the mail carried, for caps and results

	At            time.Time `json:"at"` // of the latest change of State
	PlannedAt     time.Time `json:"plannedAt,omitzero"`
	HandedAt      time.Time `json:"handedAt,omitzero"`
	DeliveredAt   time.Time `json:"deliveredAt,omitzero"`
	OpenedAt      time.Time `json:"openedAt,omitzero"`
	ClickedAt     time.Time `json:"clickedAt,omitzero"`
	BouncedAt     time.Time `json:"bouncedAt,omitzero"`
	ComplainedAt  time.Time `json:"complainedAt,omitzero"`
	UnsubscribeAt time.Time `json:"unsubscribedAt,omitzero"`
	MachineOpens  int       `json:"machineOpens,omitempty"`
	MachineClicks int       `json:"machineClicks,omitempty"`

	MachineOpenAt  time.Time `json:"machineOpenAt,omitzero"` // the latest counted: a repeated one is not later
	MachineClickAt time.Time `json:"machineClickAt,omitzero"`
}

// Sums counts the rows of a campaign by state; the counts of Whys add up to State[Suppressed], those of States to Rows.
type Sums struct {
	Rows     int            `json:"rows"`
	States   map[State]int  `json:"states"`
	Whys     map[Why]int    `json:"suppressed"`
	Reached  Reached        `json:"reached"`
	Variants map[string]int `json:"variants"`
}

// Reached counts rows that ever got that far, whatever their state is now: a clicked mail was delivered too.
type Reached struct {
	Handed       int `json:"handed"`
	Delivered    int `json:"delivered"`
	Opened       int `json:"opened"`
	Clicked      int `json:"clicked"`
	Bounced      int `json:"bounced"`
	Complained   int `json:"complained"`
	Unsubscribed int `json:"unsubscribed"`
	Control      int `json:"control"`
}
