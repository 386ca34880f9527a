package offer

import (
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
)

// A mail's offer counts as seen when the mail was handed to the provider. Whoever hands it then stores MailSeen: like a page's "Promotion Viewed" it reaches the person's profile and the results
// by the feed of events, so caps on the site and in mails are one. Its message id follows from the impression, so storing it twice is storing it once.

// MailSeen is the event that says so. impressionID is the id that stood in the mail's links, at when it was handed.
func MailSeen(shop event.ShopID, person event.PersonID, impressionID string, at time.Time) event.Event {
	at = at.UTC().Truncate(time.Millisecond)
	return event.Event{
		Shop: shop, Visitor: identity.Offline(person), ID: event.ID("mail-offer-" + hashOf(impressionID)), Person: person, Trusted: true,
		Type: event.Track, Name: event.PromotionViewed, At: at, ReceivedAt: at, Recommendation: impressionID,
	}
}
