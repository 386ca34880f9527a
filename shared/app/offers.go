package app

import (
	"context"
	"log/slog"
	"time"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/offer"
	"shopkeeper/shared/offer/impression"
	"shopkeeper/shared/queue"
	"shopkeeper/shared/segment"
	"shopkeeper/shared/stream"
	"shopkeeper/shared/table"
)

// Offers counts what comes back of offers from the events feed.
func Offers(log *slog.Logger, now func() time.Time, store table.Store, failures queue.Queue, keys *identity.Keyring) (stream.Handler, error) {
	signer, err := impression.NewSigner(keys)
	if err != nil {
		return nil, err
	}
	hasher, err := identity.NewHasher(keys)
	if err != nil {
		return nil, err
	}
	return offer.NewFolder(log, now, store, signer).Refusing(consent.NewErased(store, hasher, nil)).Handler(failures), nil
}

// Chooser chooses offers for pages and mails; every 0 means offer.RefreshEvery. Whoever makes one closes it.
func Chooser(log *slog.Logger, now func() time.Time, store table.Store, every time.Duration) *offer.Chooser {
	audiences := audiences{Segments(log, now, store, nil), segment.NewStore(now, store)}
	return offer.NewChooser(log, now, offer.NewStore(now, store), offer.NewResults(store), audiences, every)
}

// audiences are segments as offers ask for them.
type audiences struct {
	keeper *segment.Keeper
	store  *segment.Store
}

// Audience is a segment's condition; see offer.Segments.
func (a audiences) Audience(ctx context.Context, shop event.ShopID, id segment.ID) (offer.Audience, error) {
	audience, err := a.keeper.Audience(ctx, shop, id)
	if err != nil || audience == nil {
		return nil, err
	}
	return audience, nil
}

// Of is one read; see offer.Segments.
func (a audiences) Of(ctx context.Context, shop event.ShopID, subject string) ([]segment.ID, error) {
	return a.store.Of(ctx, shop, subject)
}
