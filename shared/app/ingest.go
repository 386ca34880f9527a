package app

import (
	"context"
	"log/slog"
	"time"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/catalog"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/ingest"
	"shopkeeper/shared/table"
)

// Ingest deals with a file that was dropped in the bucket, by its name: see ingest.Dropped. standard is the consent mode of shops whose file chooses none.
func Ingest(log *slog.Logger, now func() time.Time, store table.Store, files blob.Store, keys *identity.Keyring, standard consent.Mode) (func(context.Context, string) error, error) {
	c, err := newCredentials(now, store, keys, false)
	if err != nil {
		return nil, err
	}
	return ingest.NewDropped(log, importer(log, now, store, c), files, c.shops, standard).Object, nil
}

// Importer imports files that are given by their content.
func Importer(log *slog.Logger, now func() time.Time, store table.Store, keys *identity.Keyring) (*ingest.Importer, error) {
	c, err := newCredentials(now, store, keys, false)
	if err != nil {
		return nil, err
	}
	return importer(log, now, store, c), nil
}

func importer(log *slog.Logger, now func() time.Time, store table.Store, c credentials) *ingest.Importer {
	return ingest.New(log, now, store, c.aliases, catalog.NewStore(now, store)).Refusing(c.erased)
}
