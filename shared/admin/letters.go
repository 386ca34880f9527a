package admin

import (
	"context"
	"fmt"
	"slices"
	"time"

	"shopkeeper/shared/campaign"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/letter/compose"
	"shopkeeper/shared/mail"
	"shopkeeper/shared/staff"
)

// Composer makes letters for somebody to look at.
type Composer interface {
	Preview(ctx context.Context, d compose.Draft) (mail.Message, error)
	Test(ctx context.Context, d compose.Draft, to mail.Address) (mail.Message, error)
}

// Outbox keeps mail in place of a provider, where there is none.
type Outbox interface {
	// Letters are the newest messages of a shop, older than the one named before; at most limit.
	Letters(ctx context.Context, shop event.ShopID, before string, limit int) ([]Letter, error)
	// Letter is one message as it would have left; NotFound when the shop has none of that id.
	Letter(ctx context.Context, shop event.ShopID, id string) ([]byte, error)
}

// Letter is one message of the outbox.
type Letter struct {
	ID       string    `json:"id"`
	At       time.Time `json:"at"`
	From     string    `json:"from"`
	To       string    `json:"to"`
	Subject  string    `json:"subject"`
	Campaign string    `json:"campaign,omitempty"`
	Bytes    int64     `json:"bytes"`
}

// Preview is a letter as a customer would get it.
type Preview struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Subject string `json:"subject"`
	HTML    string `json:"html"`
	Text    string `json:"text"`
}

// PreviewCampaign shows the letter of a campaign as a customer would get it, whether or not they may be written to; for no customer as somebody made up would. d may be a draft that is not saved. Nothing is
// counted, and no link in it changes anything. Invalid: the template is wrong, by the campaign's fields. It shows personal data: who may not see customers sees the made-up one alone.
func (s *Service) PreviewCampaign(ctx context.Context, a staff.Actor, d campaign.Definition, variant string, person event.PersonID) (Preview, error) {
	if err := a.Check(staff.CampaignsRead); err != nil {
		return Preview{}, err
	}
	if person != "" {
		if err := a.Check(staff.CustomersRead); err != nil {
			return Preview{}, err
		}
	}
	d.Shop = a.Shop
	if err := s.named(ctx, d, variant, person); err != nil {
		return Preview{}, err
	}
	m, err := s.Composer.Preview(ctx, compose.Draft{Campaign: d, Variant: variant, Person: person})
	if err != nil {
		return Preview{}, err
	}
	return Preview{written(m.From), written(m.To), m.Subject, m.HTML, m.Text}, nil
}

// named is Invalid, and names the field, when the variant or the person of a draft does not exist: it is the campaign alone that would be not found.
func (s *Service) named(ctx context.Context, d campaign.Definition, variant string, person event.PersonID) error {
	if len(d.Variants) == 0 {
		return fault.InvalidField("variants", "are needed: what to write")
	}
	if variant != "" && !slices.ContainsFunc(d.Variants, func(v campaign.Variant) bool { return v.Name == variant }) {
		return fault.InvalidField("variant", "is none of the campaign's")
	}
	if person == "" {
		return nil
	}
	if err := s.known(ctx, d.Shop, person); fault.Is(err, fault.NotFound) {
		return fault.InvalidField("person", "is nobody of the shop's")
	} else if err != nil {
		return err
	}
	return nil
}

func written(a mail.Address) string {
	if a.Name == "" {
		return a.Email
	}
	return a.Name + " <" + a.Email + ">"
}

// TestCampaign sends the letter of a campaign to somebody of the shop, as a customer would get it: "[Test]" stands before its subject, and it is in no ledger. Unavailable: the provider does not take it now.
func (s *Service) TestCampaign(ctx context.Context, a staff.Actor, d campaign.Definition, variant string, person event.PersonID, to string) error {
	return s.change(ctx, a, staff.CampaignsSend, "campaign/"+string(d.ID)+"/test", func() (act, error) {
		d.Shop = a.Shop
		return act{}, s.sendTest(ctx, a, d, variant, person, to)
	})
}

func (s *Service) sendTest(ctx context.Context, a staff.Actor, d campaign.Definition, variant string, person event.PersonID, to string) error {
	if person != "" {
		if err := a.Check(staff.CustomersRead); err != nil {
			return err
		}
	}
	if err := s.named(ctx, d, variant, person); err != nil {
		return err
	}
	m, err := s.Composer.Test(ctx, compose.Draft{Campaign: d, Variant: variant, Person: person}, mail.Address{Email: to})
	if err != nil {
		return err
	}
	switch r := s.Mailer.Send(ctx, m)[0]; r.Outcome {
	case mail.Accepted:
		return nil
	case mail.Refused:
		return fault.InvalidField("to", "was refused by the provider: "+r.Detail)
	case mail.Unknown:
		return fault.New(fault.Unavailable, "the letter may have been sent: the provider did not answer")
	default:
		return fault.Newf(fault.Unavailable, "the provider does not take it now (%s)", r.Code)
	}
}

// Letters are the newest messages of the outbox, older than the cursor's. NotFound: mail goes to a provider, and no copy is kept.
func (s *Service) Letters(ctx context.Context, a staff.Actor, cursor string, limit int) (Page[Letter], error) {
	if err := a.Check(staff.OutboxRead); err != nil {
		return Page[Letter]{}, err
	}
	if s.Outbox == nil {
		return Page[Letter]{}, errNoOutbox
	}
	limit = pageSize(limit)
	list, err := s.Outbox.Letters(ctx, a.Shop, cursor, limit)
	if err != nil {
		return Page[Letter]{}, fmt.Errorf("list the outbox: %w", err)
	}
	next := ""
	if len(list) == limit {
		next = list[limit-1].ID
	}
	return page(list, next), nil
}

var errNoOutbox = fault.New(fault.NotFound, "mail goes to a provider, and no copy of it is kept here")

// Letter is one message of the outbox as it would have left (RFC 5322).
func (s *Service) Letter(ctx context.Context, a staff.Actor, id string) ([]byte, error) {
	if err := a.Check(staff.OutboxRead); err != nil {
		return nil, err
	}
	if s.Outbox == nil {
		return nil, errNoOutbox
	}
	return s.Outbox.Letter(ctx, a.Shop, id)
}
