package choices

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"strings"
	"time"
	"unicode"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/locale"
	"shopkeeper/shared/mail"
	"shopkeeper/shared/people"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/suppression"
	"shopkeeper/shared/table"
	"shopkeeper/shared/tracking"
)

// AskAgain is how long an address that was sent a confirmation is sent no other: so a form cannot be used to flood a mailbox.
const AskAgain = 10 * time.Minute

// Form is what was typed into a newsletter's form.
type Form struct {
	Email     string
	FirstName string
	Language  string // of the page: BCP 47 or an Accept-Language list
}

const maxName = 100

// sealed is what travels in the link of a confirmation, encrypted.
type sealed struct {
	Email     string `json:"e"`
	FirstName string `json:"n,omitempty"`
	Language  string `json:"l,omitempty"`
}

// owner binds the sealed words to confirmations.
const owner = "newsletter"

// Ask sends the address a mail with a link that confirms the subscription. Nothing else is kept. Invalid names the field: "email". The answer says nothing of the address: one
// that was asked lately, or that must not be written to, gets no mail, and whoever asked does not learn it. NotFound: the shop sends no mail.
func (s *Service) Ask(ctx context.Context, id event.ShopID, f Form) error {
	settings, err := s.Shops.Settings(ctx, id)
	if err != nil {
		return err
	}
	if settings.From.Email == "" {
		return fault.New(fault.NotFound, "this shop has no newsletter")
	}
	f.Email = strings.TrimSpace(f.Email)
	if problem := people.AddressProblem(f.Email); problem != "" {
		return fault.InvalidField("email", problem)
	}
	first, err := s.first(ctx, id, f.Email)
	if err != nil || !first {
		return err
	}
	entry, found, err := s.suppressed(ctx, id, f.Email)
	if err != nil || found && (entry.Reason == suppression.Complained || entry.Reason == suppression.Manual) {
		return err
	}
	m, err := s.confirmation(settings, f)
	if err != nil {
		return err
	}
	if r := s.Sender.Send(ctx, m)[0]; r.Outcome == mail.Deferred || r.Outcome == mail.Refused {
		s.Log.Warn("a confirmation was not sent", "shop", id, "outcome", r.Outcome, "code", r.Code)
	}
	return nil
}

// first says whether the address was not asked within AskAgain. It is known by its keyed hash.
func (s *Service) first(ctx context.Context, id event.ShopID, email string) (bool, error) {
	asked := table.Item{
		Key:  table.Key{Table: suppression.Table, Partition: table.Partition(string(id), s.Hasher.Address(id, email)), Sort: "asked"},
		Body: json.RawMessage(`{}`), Expires: s.Now().Add(AskAgain),
	}
	err := s.Tables.Write(ctx, table.Put(asked, table.IfAbsent()))
	if fault.Is(err, fault.Conflict) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("remember who was asked: %w", err)
	}
	return true, nil
}

// confirmation is the mail that asks.
func (s *Service) confirmation(settings shop.Settings, f Form) (mail.Message, error) {
	words := s.Words.Choose(f.Language, settings.Locale)
	body, err := json.Marshal(sealed{f.Email, cleanName(f.FirstName), words.Tag})
	if err != nil {
		return mail.Message{}, fmt.Errorf("encode a confirmation: %w", err)
	}
	token := s.Tokens.Make(tracking.Token{Kind: tracking.Confirm, Mark: tracking.Mark{Shop: settings.ID, At: s.Now()}, Extra: string(s.Sealer.Seal(settings.ID, owner, body))})
	link := s.Base + "/p/confirm/" + token
	sum := sha256.Sum256([]byte(token))
	return mail.Message{
		ID:   "confirm-" + base64.RawURLEncoding.EncodeToString(sum[:15]),
		From: settings.From, To: mail.Address{Email: f.Email},
		Subject: words.Text(locale.ConfirmSubject).With(settings.Name),
		Text:    confirmText(words, settings, link),
		HTML:    confirmHTML(words, settings, link),
		Tags:    mail.Tags{Shop: string(settings.ID)},
	}, nil
}

// cleanName keeps a name's letters and nothing that looks like an address or markup: a stranger typed it, and somebody else may read it.
func cleanName(name string) string {
	name = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || strings.ContainsRune(`<>{}"/\:@`, r) {
			return -1
		}
		return r
	}, name)), " ")
	if len([]rune(name)) > maxName {
		return ""
	}
	return name
}

func confirmText(w *locale.Words, settings shop.Settings, link string) string {
	return w.Text(locale.ConfirmMail).With(settings.Name) + "\n\n" + link + "\n\n" + w.Text(locale.ConfirmIgnore).Before + "\n\n--\n" + settings.Name + "\n" + settings.Address + "\n"
}

func confirmHTML(w *locale.Words, settings shop.Settings, link string) string {
	e := html.EscapeString
	const p = `<p style="margin:0 0 20px;font:16px/25px -apple-system,'Segoe UI',Roboto,Arial,sans-serif;color:#33403a">`
	return `<!DOCTYPE html><html lang="` + e(w.Tag) + `"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark"></head><body style="margin:0;padding:32px 16px;background:#f3f1ec">` +
		`<table role="presentation" align="center" width="560" cellpadding="0" cellspacing="0" border="0" style="max-width:100%;background:#ffffff;border-radius:10px"><tr><td style="padding:32px 36px">` +
		p + e(w.Text(locale.ConfirmMail).With(settings.Name)) + `</p>` +
		`<p style="margin:0 0 20px"><a href="` + e(link) + `" style="display:inline-block;padding:13px 26px;border-radius:6px;background:#1f5c3f;color:#ffffff;font:600 16px/20px -apple-system,'Segoe UI',Roboto,Arial,sans-serif;text-decoration:none">` + e(w.Text(locale.ConfirmButton).Before) + `</a></p>` +
		p + e(w.Text(locale.ConfirmIgnore).Before) + `</p>` +
		`<p style="margin:0;font:12px/18px -apple-system,'Segoe UI',Roboto,Arial,sans-serif;color:#6a716c">` + e(settings.Name) + ` ` + e(strings.ReplaceAll(settings.Address, "\n", ", ")) + `</p>` +
		`</td></tr></table></body></html>`
}

// Asked is who a confirmation's page speaks for; NotFound when the link is none.
func (s *Service) Asked(ctx context.Context, t tracking.Token) (Standing, error) {
	words, err := s.open(t)
	if err != nil {
		return Standing{}, err
	}
	settings, err := s.Shops.Settings(ctx, t.Shop)
	if err != nil {
		return Standing{}, err
	}
	return Standing{Shop: settings, Words: s.Words.Choose(words.Language, settings.Locale)}, nil
}

func (s *Service) open(t tracking.Token) (sealed, error) {
	var words sealed
	text, err := s.Sealer.Open(t.Shop, owner, []byte(t.Extra))
	if err == nil {
		err = json.Unmarshal(text, &words)
	}
	if err != nil {
		return words, fault.Wrap(fault.NotFound, err, "this link does not work")
	}
	return words, nil
}

// Confirm makes the address's owner a subscriber: the person it leads to, or a new one. Repeating it changes nothing: decisions carry the time of the link.
func (s *Service) Confirm(ctx context.Context, t tracking.Token) (event.PersonID, error) {
	words, err := s.open(t)
	if err != nil {
		return "", err
	}
	person, err := s.Aliases.EnsureByEmail(ctx, t.Shop, words.Email, "")
	if err != nil {
		return "", err
	}
	if err := s.introduce(ctx, t, person, words); err != nil {
		return "", err
	}
	now := s.Now()
	last, err := s.People.Read(ctx, t.Shop, person, table.Strong)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return "", err
	}
	if p := last.Permission(people.Email); p.Source == FromNewsletter && p.Confirmed.After(t.At) {
		return person, nil // this link did it before; a later no is not undone by it
	} else if p.Choice == consent.Denied && p.At.After(t.At) {
		return "", fault.New(fault.NotFound, "this link does not work: the address was unsubscribed later")
	}
	err = s.People.Permit(ctx, t.Shop, person, people.Permission{Channel: people.Email, Choice: consent.Granted, Text: TextVersion, Source: FromNewsletter, At: now, Confirmed: now})
	if err != nil {
		return "", err
	}
	return person, s.Suppressed.Lift(ctx, t.Shop, words.Email, suppression.Unsubscribed, suppression.Bounced, suppression.Erased)
}

// introduce tells the shop's memory who the person is, as an identify would.
func (s *Service) introduce(ctx context.Context, t tracking.Token, person event.PersonID, words sealed) error {
	sum := sha256.Sum256([]byte(t.Extra))
	id := event.ID("newsletter-" + base64.RawURLEncoding.EncodeToString(sum[:15]))
	traits := map[string]json.RawMessage{}
	for name, text := range map[string]string{"email": words.Email, "firstName": words.FirstName, "locale": words.Language} {
		if text == "" {
			continue
		}
		raw, err := json.Marshal(text)
		if err != nil {
			return fmt.Errorf("encode a trait: %w", err)
		}
		traits[name] = raw
	}
	at := t.At.UTC().Truncate(time.Millisecond)
	offline := identity.Offline(person)
	pending, err := people.Pending{Shop: t.Shop, Person: person, Event: id, Visitor: offline, Trusted: true, At: at, Traits: traits}.Item()
	if err != nil {
		return err
	}
	received := s.Now().UTC().Truncate(time.Millisecond)
	ev, err := event.Event{Shop: t.Shop, Visitor: offline, ID: id, Person: person, Trusted: true, Type: event.Identify, At: event.Happened(received, at, time.Time{}), ReceivedAt: received}.Item()
	if err != nil {
		return err
	}
	if err := s.Tables.Write(ctx, table.Put(ev, table.IfAbsent()), table.Put(pending, table.Always())); err != nil && !fault.Is(err, fault.Conflict) {
		return fmt.Errorf("introduce a subscriber: %w", err)
	}
	return nil
}
