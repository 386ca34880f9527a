// Package campaign plans and runs messages to a segment: who gets what, when, and who is left out and why.
package campaign

import (
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/mail"
	"shopkeeper/shared/segment"
	"shopkeeper/shared/table"
)

// Table holds campaigns in partition shop: the campaign at "c#<id>", how far planning and sending have come at "p#<id>", and at "a#<id>" a mark while the product has
// something to do for it, so that a tick reads no more than it needs.
const Table table.Name = "campaigns"

// Status is where a campaign is.
type Status string

// The statuses. Starting moves draft to scheduled; planner and sender do the rest, but for pause, resume and stop.
const (
	Draft     Status = "draft"
	Scheduled Status = "scheduled"
	Planning  Status = "planning" // rows are being written
	Sending   Status = "sending"
	Paused    Status = "paused"
	Finished  Status = "finished" // every row is settled
	Stopped   Status = "stopped"  // by staff: what was planned is suppressed
	Missed    Status = "missed"   // its time passed while nothing could run: it is not started late
)

// Variant is one version of the message. Shares of a campaign's variants are relative weights.
type Variant struct {
	Name      string  `json:"name"` // "a", "b", ...
	Share     float64 `json:"share"`
	Subject   string  `json:"subject"`             // Liquid
	Preheader string  `json:"preheader,omitempty"` // Liquid
	HTML      string  `json:"html"`                // Liquid
	Text      string  `json:"text"`                // Liquid; required to start
}

// Definition is a campaign as the marketer made it and where it is.
type Definition struct {
	Shop     event.ShopID      `json:"-"`
	ID       ledger.CampaignID `json:"id"`
	Version  int64             `json:"-"` // of the stored item: what If-Match compares
	Status   Status            `json:"status"`
	Why      string            `json:"why,omitempty"` // of Missed, Paused by the product itself
	Name     string            `json:"name"`
	Segment  segment.ID        `json:"segment"`
	From     mail.Address      `json:"from"`
	ReplyTo  mail.Address      `json:"replyTo,omitzero"`
	Variants []Variant         `json:"variants"`
	Control  float64           `json:"control"`          // share of the segment that gets nothing, to compare with
	Cap      Cap               `json:"cap,omitzero"`     // of messages to one person, over all campaigns
	Quiet    Quiet             `json:"quiet,omitzero"`   // no message then, where the recipient lives
	At       time.Time         `json:"at,omitzero"`      // when to begin; zero: when it is started
	Until    time.Time         `json:"until,omitzero"`   // what was not sent by then is not sent; zero: At plus DefaultLife
	LateBy   time.Duration     `json:"lateBy,omitempty"` // how late it may begin; 0: DefaultLateness
	Window   time.Duration     `json:"window,omitempty"` // how long orders count for its result; 0: DefaultWindow
	Created  time.Time         `json:"created"`
	Updated  time.Time         `json:"updated"`
	Started  time.Time         `json:"started,omitzero"`
	Ended    time.Time         `json:"ended,omitzero"`
	Begun    time.Time         `json:"begun,omitzero"`     // when planning began
	Planned  time.Time         `json:"planned,omitzero"`   // when the last row was planned
	Audience int               `json:"audience,omitempty"` // rows planned: members of the segment who are persons
	Nobodies int               `json:"nobodies,omitempty"` // members of the segment who are visitors and nobody's yet: they have no row, and cannot be written to
}

// Defaults of a campaign.
const (
	DefaultLife     = 7 * 24 * time.Hour
	DefaultLateness = time.Hour
	DefaultWindow   = 14 * 24 * time.Hour
)

// Cap bounds the messages to one person. The zero Cap is none.
type Cap struct {
	Messages int           `json:"messages,omitempty"`
	Within   time.Duration `json:"within,omitempty"`
}

// Quiet is a time of day in which nobody is written to. From and To are minutes since midnight in the recipient's time zone; From may be after To. The zero
// Quiet is none.
type Quiet struct {
	From int `json:"from,omitempty"`
	To   int `json:"to,omitempty"`
}
