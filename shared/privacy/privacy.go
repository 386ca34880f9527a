// Package privacy carries out what a person may ask of a shop: to be told everything that is kept, and to be erased, with a certificate that proves it.
//
// Whoever keeps something about persons brings an Eraser. An erasure first leaves tombstones, which are keyed hashes of what the person was known by: from then on collect and the profile
// function drop what happened before, however late it arrives. Then every eraser removes what it has, and last a scan reads whatever the deployment stores and looks for the person's own words
// and ids. Every step may be repeated: an erasure that was cut short goes on where it stopped.
package privacy

import (
	"context"
	"time"

	"shopkeeper/shared/event"
)

// Subject is who is erased, under every name. It lives in memory only: nothing of it is stored but keyed hashes.
type Subject struct {
	Person    event.PersonID    // empty for a visitor who is nobody's
	Visitors  []event.VisitorID // every device and the offline channel (which has the person's id)
	Named     []event.VisitorID // visitors of somebody else that said to be the person: only what they did as the person goes
	Also      []event.PersonID  // persons without an account that the devices stood for before they identified
	Devices   []string          // the visitors' anonymousIds, as identity.DeviceAlias names them
	Users     []string          // the shop's own ids
	Emails    []string          // normalized addresses, as the people table had them
	Phones    []string
	Addresses []string  // keyed hashes of Emails, as the tables beside the people table have them
	Needles   []string  // words and ids that the scan looks for
	At        time.Time // of the erasure: what happened later is not its business
}

// IDs are the opaque ids that ledgers, segments, profiles and logs know: the persons' and the visitors', the person's first.
func (s Subject) IDs() []string {
	var ids []string
	if s.Person != "" {
		ids = append(ids, string(s.Person))
	}
	for _, p := range s.Also {
		ids = append(ids, string(p))
	}
	for _, v := range s.Visitors {
		if string(v) != string(s.Person) {
			ids = append(ids, string(v))
		}
	}
	return ids
}

// Eraser removes what one part of the product keeps about a subject.
type Eraser interface {
	// Name is the part, as the certificate calls it: "events", "ledger".
	Name() string

	// Erase removes everything that is kept about the subject and returns how many records that was. It is repeated whole after an error and finds less then. What must stay for the books,
	// such as the count of a campaign, stays under no id of the subject.
	Erase(ctx context.Context, shop event.ShopID, s Subject) (found int, err error)
}
