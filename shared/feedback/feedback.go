// Package feedback takes what Amazon SES tells of a message after it was handed over, to the message's row of the ledger and to the list of addresses that are not written to any more.
//
// SES tells it through EventBridge: best effort, in any order, some of it twice. The message is known by the tags that it was sent with; the address, which is personal, is read to be
// suppressed and goes nowhere else.
package feedback

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/suppression"
	"shopkeeper/shared/tracking"
)

// Source names SES in entries of the suppression list.
const Source = "ses"

// Notes are the ledger's rows.
type Notes interface {
	Note(ctx context.Context, shop event.ShopID, campaign ledger.CampaignID, person event.PersonID, step int, o ledger.Observation) error
}

// Suppressions are the addresses that are not written to.
type Suppressions interface {
	Add(ctx context.Context, shop event.ShopID, address string, e suppression.Entry) error
}

// Handler deals with events. It is safe for concurrent use.
type Handler struct {
	log        *slog.Logger
	now        func() time.Time
	notes      Notes
	suppressed Suppressions
}

// New makes a Handler.
func New(log *slog.Logger, now func() time.Time, notes Notes, suppressed Suppressions) *Handler {
	return &Handler{log: log, now: now, notes: notes, suppressed: suppressed}
}

// told is the detail of an event, as SES publishes it; what we do not use is left out.
type told struct {
	Type string `json:"eventType"`
	Mail struct {
		MessageID   string              `json:"messageId"`
		Timestamp   time.Time           `json:"timestamp"` // of sending
		Destination []string            `json:"destination"`
		Tags        map[string][]string `json:"tags"`
	} `json:"mail"`
	Delivery stamp `json:"delivery"`
	Bounce   struct {
		stamp
		Kind       string `json:"bounceType"`
		SubKind    string `json:"bounceSubType"`
		Recipients []struct {
			Status string `json:"status"`
		} `json:"bouncedRecipients"`
	} `json:"bounce"`
	Complaint stamp  `json:"complaint"`
	Open      viewed `json:"open"`
	Click     viewed `json:"click"`
}

type stamp struct {
	At time.Time `json:"timestamp"`
}

type viewed struct {
	stamp
	Agent string `json:"userAgent"`
}

// Handle deals with the detail of one event. EventBridge's rule calls it; a repeated event changes nothing. An event of a message that nobody knows is logged and done, for people
// send through the same account by other ways too. The fault is Invalid when the detail is none of SES's, Throttled or Unavailable when it should come again.
func (h *Handler) Handle(ctx context.Context, detail []byte) error {
	var t told
	if err := json.Unmarshal(detail, &t); err != nil {
		return fault.New(fault.Invalid, "the event is none of SES's") // the cause may quote an address
	}
	if t.Type == "" {
		return fault.New(fault.Invalid, "the event does not say what happened")
	}
	shop := event.ShopID(t.tag("shop"))
	if shop == "" {
		h.log.InfoContext(ctx, "news of a message that is not ours", "event", t.Type, "message", t.Mail.MessageID)
		return nil
	}
	if err := h.suppress(ctx, shop, t); err != nil {
		return fmt.Errorf("suppress an address: %w", err)
	}
	return h.note(ctx, shop, t)
}

func (t *told) tag(name string) string {
	if list := t.Mail.Tags[name]; len(list) > 0 {
		return list[0]
	}
	return ""
}

// suppress ends writing to an address that bounces for good or complains.
func (h *Handler) suppress(ctx context.Context, shop event.ShopID, t told) error {
	e := suppression.Entry{Source: Source}
	switch {
	case t.Type == "Bounce" && t.Bounce.Kind == "Permanent":
		e.Reason, e.At = suppression.Bounced, t.Bounce.At
	case t.Type == "Complaint":
		e.Reason, e.At = suppression.Complained, t.Complaint.At
	default:
		return nil
	}
	if e.At.IsZero() {
		e.At = h.now()
	}
	for _, address := range t.Mail.Destination {
		if err := h.suppressed.Add(ctx, shop, address, e); err != nil && !fault.Is(err, fault.Invalid) {
			return err
		}
	}
	return nil
}

// note puts what happened into the message's row.
func (h *Handler) note(ctx context.Context, shop event.ShopID, t told) error {
	o, counts := h.observation(ctx, t)
	campaign, person, step, named := t.row()
	if !counts || !named {
		return nil // a confirmation or a test has no row
	}
	err := h.notes.Note(ctx, shop, campaign, person, step, o)
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Conflict) || fault.Is(err, fault.Invalid) {
		h.log.WarnContext(ctx, "news of a message that the ledger does not know as sent", "event", t.Type, "message", t.Mail.MessageID, "shop", shop, "campaign", campaign, "person", person, "err", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("note %s of %s in %s: %w", o.Kind, person, campaign, err)
	}
	return nil
}

// row names the message's row of the ledger, if it has one.
func (t *told) row() (campaign ledger.CampaignID, person event.PersonID, step int, named bool) {
	campaign, person = ledger.CampaignID(t.tag("campaign")), event.PersonID(t.tag("person"))
	step, err := strconv.Atoi(t.tag("step"))
	return campaign, person, step, campaign != "" && person != "" && err == nil
}

// The events that are heard and need nothing: acceptance was seen when sending, a delay ends in a delivery or a bounce, and nobody subscribes at SES.
var passing = []string{"Send", "DeliveryDelay", "Subscription"}

func (h *Handler) observation(ctx context.Context, t told) (o ledger.Observation, counts bool) {
	switch t.Type {
	case "Delivery":
		return ledger.Observation{Kind: ledger.SeenDelivered, At: t.Delivery.At}, true
	case "Bounce":
		return ledger.Observation{Kind: ledger.SeenBounced, At: t.Bounce.At, Code: t.bounceCode()}, true
	case "Complaint":
		return ledger.Observation{Kind: ledger.SeenComplained, At: t.Complaint.At}, true
	case "Reject":
		return ledger.Observation{Kind: ledger.SeenBounced, Code: "rejected"}, true
	case "Rendering Failure":
		return ledger.Observation{Kind: ledger.SeenBounced, Code: "rendering"}, true
	case "Open":
		return ledger.Observation{Kind: ledger.SeenOpened, At: t.Open.At, Machine: t.machine(tracking.Open, t.Open)}, true
	case "Click":
		return ledger.Observation{Kind: ledger.SeenClicked, At: t.Click.At, Machine: t.machine(tracking.Click, t.Click)}, true
	}
	if !slices.Contains(passing, t.Type) {
		h.log.WarnContext(ctx, "an event of SES that is not known", "event", t.Type, "message", t.Mail.MessageID)
	}
	return o, false
}

// bounceCode is the recipient's server's status, such as 5.1.1, or SES's word.
func (t *told) bounceCode() string {
	for _, r := range t.Bounce.Recipients {
		if r.Status != "" {
			return r.Status
		}
	}
	return t.Bounce.SubKind
}

func (t *told) machine(kind tracking.Kind, v viewed) bool {
	return tracking.Judge(tracking.Hit{Kind: kind, Method: "GET", UserAgent: v.Agent, After: v.At.Sub(t.Mail.Timestamp)}).Machine
}

// Permanent says whether an error of Handle will not be better when the event comes again.
func Permanent(err error) bool {
	return err != nil && !fault.Retryable(err) && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled)
}
