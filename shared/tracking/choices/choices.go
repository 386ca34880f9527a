// Package choices is what people decide about being written to, by the links of mails and the forms of the shop: unsubscribing, choosing, subscribing.
//
// Whoever follows a link from a mail need not log in: the link is signed, for one person and one purpose, and ends. Nothing changes before a button is pressed or a mail
// program posts for its user (RFC 8058). A newsletter's form keeps nothing about anybody before the address confirmed it: what was typed travels, encrypted, in the link that
// the address gets. Whoever types somebody's address learns nothing of it: the answer and the work are the same for every address.
package choices

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"shopkeeper/shared/collect"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/locale"
	"shopkeeper/shared/mail"
	"shopkeeper/shared/people"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/suppression"
	"shopkeeper/shared/table"
	"shopkeeper/shared/tracking"
)

// TextVersion names the words of the pages and forms, which a decision keeps as what was shown.
const TextVersion = "pages-1"

// Where decisions were made, as they are kept.
const (
	FromOneClick    = "one-click"         // a mail program posted for its user
	FromPage        = "unsubscribe-page"  // a person pressed the button
	FromPreferences = "preference-centre" //
	FromNewsletter  = "newsletter-form"   // and confirmed by mail
)

// Decider keeps decisions about being remembered; collect.Service does.
type Decider interface {
	Decide(ctx context.Context, shop event.ShopID, v event.VisitorID, known consent.State, d collect.Decision) (consent.State, error)
}

// Watcher is told of unsubscriptions; tracking.Recorder is one.
type Watcher interface {
	Record(ctx context.Context, s tracking.Seen) error
}

// Deps is what the service stands on.
type Deps struct {
	Log        *slog.Logger
	Now        func() time.Time
	Tables     table.Store
	Shops      shop.Directory
	People     *people.Store
	Suppressed *suppression.Store
	Aliases    *identity.Aliases // that know addresses
	Hasher     *identity.Hasher
	Sealer     *identity.Sealer
	Tokens     *tracking.Tokens
	Words      *locale.Catalog
	Decider    Decider
	Watcher    Watcher
	Sender     mail.Sender // of confirmations
	Base       string      // address of the deployment, without a slash at the end
}

// Service carries decisions out. Every method may be repeated. It is safe for concurrent use.
type Service struct{ Deps }

// New makes a Service.
func New(d Deps) *Service { return &Service{d} }

// Channels are what a person may decide on, in the order of the page.
var Channels = []people.Channel{people.Email, people.SMS, people.Phone, people.Post}

// Standing is how a person's decisions stand.
type Standing struct {
	Shop            shop.Settings
	Words           *locale.Words
	Channels        map[people.Channel]people.Permission // those the person can be reached by, or has decided on
	Personalization bool
	History         []people.Permission // oldest first
}

// Look tells how a person's decisions stand; NotFound for somebody who was erased, or never was.
func (s *Service) Look(ctx context.Context, m tracking.Mark) (Standing, error) {
	out, person, err := s.look(ctx, m)
	if err != nil {
		return out, err
	}
	for _, c := range Channels {
		_, decided := person.Permissions[c]
		reachable := c == people.Email && person.Email != "" || (c == people.SMS || c == people.Phone) && person.Phone != ""
		if decided || reachable {
			out.Channels[c] = person.Permission(c)
		}
	}
	if entry, ok, err := s.suppressed(ctx, m.Shop, person.Email); err != nil {
		return out, err
	} else if ok && entry.Reason == suppression.Unsubscribed {
		out.Channels[people.Email] = people.Permission{Channel: people.Email, Choice: consent.Denied, At: entry.At}
	}
	if out.History, err = s.People.History(ctx, m.Shop, m.Person); err != nil {
		return out, err
	}
	state, err := s.state(ctx, m)
	out.Personalization = consent.Allows(out.Shop.Consent, state, false)
	return out, err
}

// look reads shop and person.
func (s *Service) look(ctx context.Context, m tracking.Mark) (Standing, people.Person, error) {
	settings, err := s.Shops.Settings(ctx, m.Shop)
	if err != nil {
		return Standing{}, people.Person{}, err
	}
	out := Standing{Shop: settings, Channels: map[people.Channel]people.Permission{}}
	person, err := s.People.Read(ctx, m.Shop, m.Person, table.Strong)
	out.Words = s.Words.Choose(person.Locale(settings.Locale), settings.Locale)
	return out, person, err
}

func (s *Service) suppressed(ctx context.Context, shop event.ShopID, email string) (suppression.Entry, bool, error) {
	if email == "" {
		return suppression.Entry{}, false, nil
	}
	found, err := s.Suppressed.Check(ctx, shop, email)
	entry, ok := found[email]
	return entry, ok, err
}

// state is what the person decided about being remembered: the latest word on any device.
func (s *Service) state(ctx context.Context, m tracking.Mark) (consent.State, error) {
	var state consent.State
	profiles := profile.NewStore(s.Tables)
	for _, sort := range [...]string{profile.Own, profile.Merged} { // the offline channel has the person's id
		p, err := profiles.Read(ctx, m.Shop, string(m.Person), sort)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return state, err
		}
		state = consent.Later(state, p.Consent)
	}
	return state, nil
}

// Unsubscribe ends mail to the person. The address is suppressed too, so that no list and no import writes to it. For a test mail nothing changes; for somebody who was erased
// nothing is left to change.
func (s *Service) Unsubscribe(ctx context.Context, m tracking.Mark, source string) error {
	if m.Test {
		return nil
	}
	person, err := s.People.Read(ctx, m.Shop, m.Person, table.Strong)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	now := s.Now()
	if err := s.refuseMail(ctx, m, person, source, now); err != nil {
		return err
	}
	if err := s.Watcher.Record(ctx, tracking.Seen{Kind: tracking.Unsubscribe, Mark: m, At: now}); err != nil {
		s.Log.Error("an unsubscription is carried out, but not counted", "shop", m.Shop, "campaign", m.Campaign, "err", err)
	}
	return nil
}

func (s *Service) refuseMail(ctx context.Context, m tracking.Mark, person people.Person, source string, now time.Time) error {
	if person.Email != "" {
		if err := s.Suppressed.Add(ctx, m.Shop, person.Email, suppression.Entry{Reason: suppression.Unsubscribed, Source: source, At: now}); err != nil {
			return err
		}
	}
	if last := person.Permission(people.Email); last.Choice == consent.Denied {
		return nil
	}
	return s.People.Permit(ctx, m.Shop, m.Person, people.Permission{Channel: people.Email, Choice: consent.Denied, Text: TextVersion, Source: source, At: now})
}

// Choice is what the preference centre's form said.
type Choice struct {
	Allowed         map[people.Channel]bool // of the channels that were shown
	Personalization bool
}

// Choose carries out what changed. For a test mail nothing does.
func (s *Service) Choose(ctx context.Context, m tracking.Mark, c Choice) error {
	if m.Test {
		return nil
	}
	standing, err := s.Look(ctx, m)
	if err != nil {
		return err
	}
	now := s.Now()
	for _, channel := range slices.Sorted(maps.Keys(standing.Channels)) {
		allowed, said := c.Allowed[channel]
		if last := standing.Channels[channel]; !said || allowed == last.Allows() && last.Choice != consent.Undecided {
			continue
		}
		if err := s.permit(ctx, m, channel, allowed, now); err != nil {
			return err
		}
	}
	if c.Personalization == standing.Personalization {
		return nil
	}
	return s.remember(ctx, m, c.Personalization)
}

// permit changes one channel. Who allows mail by a link that only the address has, has confirmed it.
func (s *Service) permit(ctx context.Context, m tracking.Mark, channel people.Channel, allowed bool, now time.Time) error {
	person, err := s.People.Read(ctx, m.Shop, m.Person, table.Strong)
	if err != nil {
		return err
	}
	if channel == people.Email && !allowed {
		return s.refuseMail(ctx, m, person, FromPreferences, now)
	}
	p := people.Permission{Channel: channel, Choice: consent.Denied, Text: TextVersion, Source: FromPreferences, At: now}
	if allowed {
		p.Choice = consent.Granted
	}
	if allowed && channel == people.Email {
		p.Confirmed = now
		if err := s.Suppressed.Lift(ctx, m.Shop, person.Email, suppression.Unsubscribed); err != nil {
			return err
		}
	}
	return s.People.Permit(ctx, m.Shop, m.Person, p)
}

// remember decides about personalization on every device of the person. A no forgets what they did.
func (s *Service) remember(ctx context.Context, m tracking.Mark, granted bool) error {
	file, err := s.People.Load(ctx, m.Shop, m.Person)
	if err != nil {
		return err
	}
	visitors := []event.VisitorID{identity.Offline(m.Person)}
	for _, merge := range file.Members(profile.MaxMembers) {
		if !slices.Contains(visitors, merge.Visitor) {
			visitors = append(visitors, merge.Visitor)
		}
	}
	d := collect.Decision{Purposes: []consent.Purpose{consent.Personalization}, Granted: granted, Version: TextVersion, Source: "preferences"}
	for _, v := range visitors {
		if _, err := s.Decider.Decide(ctx, m.Shop, v, consent.State{}, d); err != nil {
			return fmt.Errorf("decide for a device: %w", err)
		}
	}
	return nil
}
