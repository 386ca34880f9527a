package privacy

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/locale"
	"shopkeeper/shared/mail"
	"shopkeeper/shared/people"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/suppression"
	"shopkeeper/shared/table"
	"shopkeeper/shared/tracking"
)

// AskAgain is how long a person who was sent a confirmation is sent no other: so nobody's mailbox can be flooded.
const AskAgain = 10 * time.Minute

// Requests are erasures that people ask for themselves: a mail to the address that is known asks them to confirm.
type Requests struct {
	*Service
	Shops  shop.Directory
	Tokens *tracking.Tokens
	Words  *locale.Catalog
	Sender mail.Sender
	Base   string // address of the deployment that the link begins with, without a slash at the end
}

// Ask sends the person a mail with the link that erases them, unless one was sent lately, and says whether there is an address to send it to.
func (r *Requests) Ask(ctx context.Context, id event.ShopID, person event.PersonID, language string) (bool, error) {
	p, err := r.People.Read(ctx, id, person)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	settings, err := r.Shops.Settings(ctx, id)
	if err != nil {
		return false, err
	}
	if p.EmailProblem() != "" || settings.From.Email == "" {
		return false, nil
	}
	asked := table.Item{
		Key:  table.Key{Table: suppression.Table, Partition: table.Partition(string(id), r.Hasher.Address(id, p.Email)), Sort: "erase"},
		Body: json.RawMessage(`{}`), Expires: r.Now().Add(AskAgain),
	}
	err = r.Tables.Write(ctx, table.Put(asked, table.IfAbsent()))
	if fault.Is(err, fault.Conflict) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("remember who was asked: %w", err)
	}
	if res := r.Sender.Send(ctx, r.letter(settings, p, language))[0]; res.Outcome == mail.Deferred || res.Outcome == mail.Refused {
		return true, fault.Newf(fault.Unavailable, "the mail that asks for your confirmation could not be sent (%s)", res.Code)
	}
	return true, nil
}

func (r *Requests) letter(settings shop.Settings, p people.Person, language string) mail.Message {
	words := r.Words.Choose(p.Locale(language), settings.Locale)
	token := r.Tokens.Make(tracking.Token{Kind: tracking.Erase, Mark: tracking.Mark{Shop: settings.ID, Person: p.ID, At: r.Now()}})
	sum := sha256.Sum256([]byte(token))
	link := r.Base + "/p/erase/" + token
	return mail.Message{
		ID:   "erase-" + base64.RawURLEncoding.EncodeToString(sum[:15]),
		From: settings.From, To: mail.Address{Email: p.Email}, Subject: words.Text(locale.EraseSubject).With(settings.Name),
		Text: words.Text(locale.EraseMail).With(settings.Name) + "\n\n" + link + "\n\n" + words.Text(locale.EraseIgnore).Before + "\n\n--\n" + settings.Name + "\n" + settings.Address + "\n",
		Tags: mail.Tags{Shop: string(settings.ID), Person: string(p.ID)},
	}
}

// Confirmed begins the erasure of the person of a link; Resume finishes it. Repeating it changes nothing.
func (r *Requests) Confirmed(ctx context.Context, token tracking.Token) error {
	subjects, err := r.Find(ctx, token.Shop, string(token.Person))
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return r.Begin(ctx, token.Shop, r.Hasher.Hash(token.Shop, "asked", string(token.Person)), subjects...)
}
