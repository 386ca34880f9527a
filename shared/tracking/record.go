package tracking

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/people"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/table"
)

// The names of the events that tell profiles and segments what a person did with a mail.
const (
	EmailOpened       event.Name = "Email Opened"
	EmailClicked      event.Name = "Email Link Clicked"
	EmailUnsubscribed event.Name = "Email Unsubscribed"
)

// Seen is something a person or machine did with a mail.
type Seen struct {
	Kind    Kind // Click, Open or Unsubscribe
	Mark    Mark
	At      time.Time
	Machine bool
	Link    string // of a Click

	Impression string // of a Click on an offer
}

// Notes takes what was seen of a message; the ledger does.
type Notes interface {
	Note(ctx context.Context, shop event.ShopID, campaign ledger.CampaignID, person event.PersonID, step int, o ledger.Observation) error
}

// Recorder keeps what was seen: in the ledger, and, when it was a person who has not refused to be remembered, as an event of that person's offline channel. It may be
// repeated: an event's id follows from the mail and what was done with it. It is safe for concurrent use.
type Recorder struct {
	now    func() time.Time
	tables table.Store
	people *people.Store
	shops  shop.Directory
	notes  Notes
}

// NewRecorder makes a Recorder.
func NewRecorder(now func() time.Time, tables table.Store, shops shop.Directory, notes Notes) *Recorder {
	return &Recorder{now, tables, people.New(tables), shops, notes}
}

var observed = map[Kind]ledger.Kind{Click: ledger.SeenClicked, Open: ledger.SeenOpened, Unsubscribe: ledger.SeenUnsubscribed}

var eventNames = map[Kind]event.Name{Click: EmailClicked, Open: EmailOpened, Unsubscribe: EmailUnsubscribed}

// Record keeps it. What is about a test mail, an erased person or a message that the ledger does not know is nothing to keep.
func (r *Recorder) Record(ctx context.Context, s Seen) error {
	if s.Mark.Test || s.Mark.Person == "" {
		return nil
	}
	var first error
	if s.Mark.Campaign != "" {
		first = r.notes.Note(ctx, s.Mark.Shop, s.Mark.Campaign, s.Mark.Person, s.Mark.Step, ledger.Observation{Kind: observed[s.Kind], At: s.At, Machine: s.Machine})
		if fault.Is(first, fault.NotFound) || fault.Is(first, fault.Conflict) {
			first = nil
		}
	}
	if s.Machine {
		return first
	}
	return errors.Join(first, r.tell(ctx, s))
}

// tell stores the event, unless nothing may be kept of the person.
func (r *Recorder) tell(ctx context.Context, s Seen) error {
	if _, err := r.people.Read(ctx, s.Mark.Shop, s.Mark.Person); err != nil {
		if fault.Is(err, fault.NotFound) {
			return nil // erased
		}
		return err
	}
	allowed, err := r.mayKeep(ctx, s.Mark)
	if err != nil || !allowed {
		return err
	}
	e, err := s.event(r.now())
	if err != nil {
		return err
	}
	if err := r.store(ctx, e); err != nil || s.Impression == "" {
		return err
	}
	e.ID, e.Name, e.Recommendation, e.Properties = e.ID+"-offer", event.PromotionClicked, s.Impression, nil
	return r.store(ctx, e)
}

func (r *Recorder) store(ctx context.Context, e event.Event) error {
	it, err := e.Item()
	if err != nil {
		return err
	}
	if err := r.tables.Write(ctx, table.Put(it, table.IfAbsent())); err != nil && !fault.Is(err, fault.Conflict) {
		return fmt.Errorf("store what was done with a mail: %w", err)
	}
	return nil
}

// mayKeep says whether what the person does may be remembered.
func (r *Recorder) mayKeep(ctx context.Context, m Mark) (bool, error) {
	settings, err := r.shops.Settings(ctx, m.Shop)
	if err != nil {
		return false, err
	}
	p, err := profile.NewStore(r.tables).Read(ctx, m.Shop, string(identity.Offline(m.Person)), profile.Own)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return false, err
	}
	return consent.Allows(settings.Consent, p.Consent, false), nil
}

// event is what happened, by the same id however often it is told. Of a link, only the path is kept: the rest may name somebody.
func (s Seen) event(received time.Time) (event.Event, error) {
	props := map[string]string{"campaign": string(s.Mark.Campaign)}
	path := ""
	if s.Kind == Click {
		path = event.PagePath(s.Link)
	}
	body, err := json.Marshal(props)
	if err != nil {
		return event.Event{}, fmt.Errorf("encode what was done with a mail: %w", err)
	}
	received = received.UTC().Truncate(time.Millisecond)
	sum := sha256.Sum256([]byte(string(eventNames[s.Kind]) + "\x00" + string(s.Mark.Campaign) + "\x00" + string(s.Mark.Person) + "\x00" + strconv.Itoa(s.Mark.Step) + "\x00" + s.Link))
	return event.Event{
		Shop: s.Mark.Shop, Visitor: identity.Offline(s.Mark.Person), ID: event.ID("mail-" + base64.RawURLEncoding.EncodeToString(sum[:15])), Person: s.Mark.Person, Trusted: true,
		Type: event.Track, Name: eventNames[s.Kind], At: event.Happened(received, s.At, time.Time{}), ReceivedAt: received, Path: path, Properties: body,
	}, nil
}
