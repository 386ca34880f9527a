// Package compose makes the mail of a ledger row: the campaign's template filled in with what is known of the person, as things stand when it is sent.
//
// A person is asked about once more: whoever unsubscribed, bounced or was erased since the plan was made is skipped. The same row makes the same choices again: recommendations
// and offer are drawn by a seed that follows from the row.
package compose

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"log/slog"
	"strconv"
	"time"

	"shopkeeper/shared/campaign"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/letter"
	"shopkeeper/shared/locale"
	"shopkeeper/shared/mail"
	"shopkeeper/shared/offer"
	"shopkeeper/shared/offer/impression"
	"shopkeeper/shared/people"
	"shopkeeper/shared/recommend"
	"shopkeeper/shared/sending"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/suppression"
	"shopkeeper/shared/table"
	"shopkeeper/shared/tracking"
)

// Campaigns reads campaigns.
type Campaigns interface {
	Get(ctx context.Context, shop event.ShopID, id ledger.CampaignID) (campaign.Definition, error)
}

// Offers chooses what a person is offered.
type Offers interface {
	Choose(ctx context.Context, ask *offer.Ask, to *offer.Chosen) error
}

// Deps is what a Composer stands on.
type Deps struct {
	Log         *slog.Logger
	Now         func() time.Time
	Tables      table.Store
	Shops       shop.Directory
	Campaigns   Campaigns
	Suppressed  *suppression.Store
	Models      *recommend.Models
	Offers      Offers
	Impressions *impression.Signer
	Tokens      *tracking.Tokens
	Words       *locale.Catalog
	Base        string // address of the deployment that links lead to, without a slash at the end
}

// Composer composes. It is safe for concurrent use.
type Composer struct {
	Deps
	people *people.Store
	memory memory
}

var _ sending.Composer = (*Composer)(nil)

// New makes a Composer.
func New(d Deps) *Composer {
	return &Composer{Deps: d, people: people.New(d.Tables), memory: newMemory()}
}

// Compose makes the row's message; see sending.Composer. The offer is its impression id.
func (c *Composer) Compose(ctx context.Context, row ledger.Row) (mail.Message, string, error) {
	d, err := c.campaign(ctx, row.Shop, row.Campaign)
	if err != nil {
		return mail.Message{}, "", err
	}
	person, err := c.people.Read(ctx, row.Shop, row.Person)
	if fault.Is(err, fault.NotFound) {
		return mail.Message{}, "", &sending.Skip{Why: ledger.Erased}
	}
	if err != nil {
		return mail.Message{}, "", err
	}
	if err := c.barred(ctx, row.Shop, person); err != nil {
		return mail.Message{}, "", err
	}
	template, err := c.template(d, row.Variant) //nolint:contextcheck // its trial rendering has a time of its own
	if err != nil {
		return mail.Message{}, "", err
	}
	j := job{campaign: d, template: template, person: person, zone: row.Zone, mark: tracking.Mark{Shop: row.Shop, Campaign: row.Campaign, Person: row.Person, Step: row.Step, At: c.Now()}}
	return c.letter(ctx, j)
}

// barred is a *sending.Skip when the person must not be written to, as things stand now.
func (c *Composer) barred(ctx context.Context, shop event.ShopID, person people.Person) error {
	var entry *suppression.Entry
	if person.Email != "" {
		found, err := c.Suppressed.Check(ctx, shop, person.Email)
		if err != nil {
			return err
		}
		if e, ok := found[person.Email]; ok {
			entry = &e
		}
	}
	if why := campaign.Barred(person, entry); why != "" {
		return &sending.Skip{Why: why}
	}
	return nil
}

// job is one letter to make.
type job struct {
	campaign campaign.Definition
	template *letter.Template
	person   people.Person
	zone     string // of the person; empty: the shop's
	mark     tracking.Mark
}

// letter fills the template in and puts it into a message.
func (c *Composer) letter(ctx context.Context, j job) (mail.Message, string, error) {
	data, links, impressionID, err := c.data(ctx, j)
	if err != nil {
		return mail.Message{}, "", err
	}
	r, err := j.template.Render(ctx, data)
	if err != nil {
		return mail.Message{}, "", err
	}
	text := r.Text
	if text == "" {
		text = letter.FollowText(letter.SuggestText(r.HTML), letter.Data{})
	}
	return mail.Message{
		From: j.campaign.From, ReplyTo: j.campaign.ReplyTo, To: mail.Address{Name: j.person.Name, Email: j.person.Email},
		Subject: r.Subject, Text: text, HTML: r.HTML, Unsubscribe: links.Unsubscribe(),
	}, impressionID, nil
}

// data gathers what the letter may say.
func (c *Composer) data(ctx context.Context, j job) (letter.Data, tracking.Links, string, error) {
	links := tracking.Links{Base: c.Base, Tokens: c.Tokens, Mark: j.mark}
	settings, err := c.Shops.Settings(ctx, j.mark.Shop)
	if err != nil {
		return letter.Data{}, links, "", err
	}
	words := c.Words.Choose(j.person.Locale(settings.Locale), settings.Locale)
	name, _ := j.person.Greeting()
	d := letter.Data{
		Customer: letter.Customer{FirstName: name, Name: j.person.Name, Language: words.Tag, Country: j.person.Country},
		Shop:     letter.Shop{Name: settings.Name, URL: settings.URL, Address: settings.Address, Currency: settings.Currency},
		Campaign: j.campaign.Name, Now: j.mark.At.In(c.memory.location(j.zone, settings.TimeZone)), Words: words,
		UnsubscribeURL: links.Unsubscribe(), PreferencesURL: links.Preferences(), Pixel: links.Open(),
	}
	seed := seedOf(j.mark)
	known, err := c.remembered(ctx, settings, j.mark.Person)
	if err != nil {
		return d, links, "", err
	}
	if err := c.recommend(ctx, &d, j.template, known, seed, j.mark.Shop); err != nil {
		return d, links, "", err
	}
	impressionID, offered := "", ""
	if j.template.UsesOffer() {
		if impressionID, err = c.offer(ctx, &d, j.mark, known, seed); err != nil {
			return d, links, "", err
		}
		if d.Offer != nil {
			offered = letter.Absolute(d.Shop.URL, d.Offer.URL)
		}
	}
	d.Follow = func(link string) string {
		if link == offered {
			return links.Click(link, impressionID)
		}
		return links.Click(link, "")
	}
	return d, links, impressionID, nil
}

// seedOf is the same for the same row, however often it is composed.
func seedOf(m tracking.Mark) uint32 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(string(m.Shop) + "\x00" + string(m.Campaign) + "\x00" + string(m.Person) + "\x00" + strconv.Itoa(m.Step))) // never fails
	return binary.BigEndian.Uint32(h.Sum(nil)[2:])
}

// Draft is what a preview or a test shows: a campaign as the marketer has it before them, saved or not.
type Draft struct {
	Campaign campaign.Definition
	Variant  string         // empty: the first
	Person   event.PersonID // empty: a customer who is made up
}

// Preview makes the letter as the person would get it, whether or not they may be written to. Nothing is counted and no link of it changes anything. Invalid: the template is wrong, by
// the names of the campaign's fields; NotFound: no such person or variant.
func (c *Composer) Preview(ctx context.Context, d Draft) (mail.Message, error) {
	d.Campaign.Version = 0
	template, err := c.template(d.Campaign, d.Variant) //nolint:contextcheck // its trial rendering has a time of its own
	if err != nil {
		return mail.Message{}, err
	}
	j := job{campaign: d.Campaign, template: template, mark: tracking.Mark{Shop: d.Campaign.Shop, Campaign: d.Campaign.ID, Person: d.Person, At: c.Now(), Test: true}}
	if d.Person == "" {
		sample := letter.Sample().Customer
		j.person = people.Person{FirstName: sample.FirstName, Name: sample.Name, Country: sample.Country, Email: "julien@example.org"}
	} else if j.person, err = c.people.Read(ctx, d.Campaign.Shop, d.Person); err != nil {
		return mail.Message{}, err
	}
	j.zone = campaign.ZoneName(j.person)
	m, _, err := c.letter(ctx, j)
	return m, err
}

// Test is a Preview to send to somebody of the shop: with "[Test]" before the subject, an id of its own, and links that change nothing.
func (c *Composer) Test(ctx context.Context, d Draft, to mail.Address) (mail.Message, error) {
	if problem := people.AddressProblem(to.Email); problem != "" {
		return mail.Message{}, fault.InvalidField("to", problem)
	}
	m, err := c.Preview(ctx, d)
	if err != nil {
		return m, err
	}
	m.ID = fmt.Sprintf("test-%d-%08x", c.Now().UnixMilli(), seedOf(tracking.Mark{Shop: d.Campaign.Shop, Campaign: d.Campaign.ID, Person: event.PersonID(to.Email)}))
	m.Subject, m.To, m.Tags = "[Test] "+m.Subject, to, mail.Tags{Shop: string(d.Campaign.Shop)}
	return m, nil
}
