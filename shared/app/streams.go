package app

import (
	"context"
	"log/slog"
	"time"

	"shopkeeper/shared/archive"
	"shopkeeper/shared/blob"
	"shopkeeper/shared/clicks"
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
	recent, err := Clicks(now, store, keys)
	if err != nil {
		return nil, err
	}
	fold := f.Telling(recent.Hear, recent.Forget).Handler(failures)
	return func(ctx context.Context, batch []table.Change) (string, error) {
		from, err := fold(ctx, batch)
		if noted := recent.Flush(ctx); err == nil && noted != nil {
			return "", noted // the whole batch comes again: folding it twice is folding it once
		}
		return from, err
	}, nil
}

// Clicks are what visitors do now, on the way from the events feed to the processes that recommend.
func Clicks(now func() time.Time, store table.Store, keys *identity.Keyring) (*clicks.Store, error) {
	hasher, err := identity.NewHasher(keys)
	if err != nil {
		return nil, err
	}
	return clicks.NewStore(now, store, hasher), nil
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
	forget := clicks.NewStore(now, store, hasher).Forget
	return profile.New(log, now, store, people.New(store), seal, weights).Refusing(consent.NewErased(store, hasher, nil)).Telling(func([]event.Event) {}, forget), nil
}
