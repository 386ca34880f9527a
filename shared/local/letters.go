package local

import (
	"context"

	"shopkeeper/shared/admin"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/mail"
	"shopkeeper/shared/outbox"
)

// letters is the outbox as the console reads it.
type letters struct{ kept *outbox.Outbox }

// Letters are the newest messages of a shop.
func (l letters) Letters(ctx context.Context, shop event.ShopID, before string, limit int) ([]admin.Letter, error) {
	list, err := l.kept.List(ctx, before, limit, func(e outbox.Entry) bool { return of(e, shop) })
	found := make([]admin.Letter, len(list))
	for i, e := range list {
		found[i] = admin.Letter{ID: e.ID, At: e.At, From: address(e.From), To: address(e.To), Subject: e.Subject, Campaign: e.Tags.Campaign, Bytes: e.Bytes}
	}
	return found, err
}

// Letter is one message, if it is the shop's.
func (l letters) Letter(ctx context.Context, shop event.ShopID, id string) ([]byte, error) {
	found, err := l.kept.List(ctx, "", 1, func(e outbox.Entry) bool { return e.ID == id && of(e, shop) })
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fault.New(fault.NotFound, "there is no such letter")
	}
	return l.kept.Read(ctx, id)
}

// of says whether a message is a shop's. What was sent for no campaign, such as a confirmation, is the folder's only shop's.
func of(e outbox.Entry, shop event.ShopID) bool {
	return e.Tags.Shop == string(shop) || e.Tags.Shop == "" && shop == ShopID
}

func address(a mail.Address) string {
	if a.Name == "" {
		return a.Email
	}
	return a.Name + " <" + a.Email + ">"
}
