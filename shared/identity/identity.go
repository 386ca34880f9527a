// Package identity knows who a request comes from: a signed first-party cookie makes a visitor, aliases (anonymousId, userId) lead server events to
// one, and a link ties visitors to a person.
//
// What a credential opens: the cookie opens its own visitor; a cookie whose link the shop vouched for (Trusted) opens the person's name and history on that device; an anonymousId or a
// userId alone opens nothing.
package identity

import (
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/table"
)

// Table holds aliases: partition shop#a#<hash of the anonymousId> or shop#u#<hash of the userId>, sort key "alias".
const Table table.Name = "identity"

// Visitor is what the cookie says, once its signature is good.
type Visitor struct {
	ID      event.VisitorID
	Person  event.PersonID // whom this browser identified as; empty for a stranger
	Trusted bool           // the shop vouched for it: the person's data may be shown here
	Issued  time.Time      // when the cookie was made, second precision
}

// Cookie names and life. On plain http at localhost the __Host- prefix is impossible.
const (
	CookieName      = "__Host-sk"
	LocalCookieName = "sk"
	CookieLife      = 395 * 24 * time.Hour
	RenewAfter      = 24 * time.Hour // a cookie older than this is issued again when used
)
