package app

import (
	"context"
	"log/slog"
	"time"

	"shopkeeper/shared/archive"
	"shopkeeper/shared/blob"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/people"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/queue"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/stream"
	"shopkeeper/shared/table"
)

// Archive keeps the events feed as Parquet.
func Archive(log *slog.Logger, files blob.Store, failures queue.Queue) stream.Handler {
	return archive.Handler(log, files, failures)
}

// Profile folds the events feed into profiles.
func Profile(log *slog.Logger, now func() time.Time, store table.Store, failures queue.Queue, keys *identity.Keyring) (stream.Handler, error) {
	f, err := Folder(log, now, store, keys)
	if err != nil {
		return nil, err
	}
	return f.Handler(failures), nil
}

// Folder is what folds, forgets, unmerges and rebuilds profiles, for whoever needs more of it than the handler.
func Folder(log *slog.Logger, now func() time.Time, store table.Store, keys *identity.Keyring) (*profile.Folder, error) {
	seal, err := identity.NewSealer(keys)
	if err != nil {
		return nil, err
	}
	hasher, err := identity.NewHasher(keys)
	if err != nil {
		return nil, err
	}
	shops := shop.NewStore(now, store, seal)
	weights := func(ctx context.Context, id event.ShopID) (profile.Weights, error) {
		s, err := shops.Settings(ctx, id)
		if err != nil {
			return profile.Weights{}, err
		}
		return profile.WeightsOf(s.Weights), nil
	}
	return profile.New(log, now, store, people.New(store), seal, weights).Refusing(consent.NewErased(store, hasher, nil)), nil
}
