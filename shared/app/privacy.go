package app

import (
	"log/slog"
	"strings"
	"time"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/campaign"
	"shopkeeper/shared/clicks"
	"shopkeeper/shared/exposure"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/locale"
	"shopkeeper/shared/mail"
	"shopkeeper/shared/offer"
	"shopkeeper/shared/people"
	"shopkeeper/shared/privacy"
	"shopkeeper/shared/segment"
	"shopkeeper/shared/staff"
	"shopkeeper/shared/suppression"
	"shopkeeper/shared/table"
	"shopkeeper/shared/tracking"
)

// Privacy exports and erases persons. ground is where the deployment's bytes lie, nil in the cloud; others are the erasers of what lies outside the tables, such as an outbox.
func Privacy(log *slog.Logger, now func() time.Time, store table.Store, files blob.Store, keys *identity.Keyring, ground privacy.Ground, others ...privacy.Eraser) (*privacy.Service, error) {
	c, err := newCredentials(now, store, keys, false)
	if err != nil {
		return nil, err
	}
	folder, err := Folder(log, now, store, keys)
	if err != nil {
		return nil, err
	}
	accounts, err := staff.New(now, store, keys)
	if err != nil {
		return nil, err
	}
	if ground == nil {
		others = append(others, exposuresEraser{exposure.New(files)})
	}
	return privacy.New(privacy.Deps{
		Log: log, Now: now, Tables: store, Files: files, Aliases: c.aliases, Hasher: c.hasher, Sealer: c.sealer, Folder: folder, People: people.New(store),
		Suppression: suppression.New(store, c.hasher), Erased: c.erased, Erasers: append(others, campaign.NewEraser(now, store), segmentEraser{segment.NewStore(now, store)}, offerEraser{offer.NewResults(store)}, clicksEraser{clicks.NewStore(now, store, c.hasher)}, auditEraser{accounts}), Ground: ground,
	}), nil
}

// Requests take the erasures that people ask for themselves; Privacy's Resume carries out those that were confirmed. base is the address that the links begin with.
func Requests(log *slog.Logger, now func() time.Time, store table.Store, keys *identity.Keyring, sender mail.Sender, base string) (*privacy.Requests, error) {
	c, err := newCredentials(now, store, keys, false)
	if err != nil {
		return nil, err
	}
	tokens, err := tracking.NewTokens(keys)
	if err != nil {
		return nil, err
	}
	service, err := Privacy(log, now, store, nil, keys, nil)
	if err != nil {
		return nil, err
	}
	return &privacy.Requests{Service: service, Shops: c.shops, Tokens: tokens, Words: locale.New(nil), Sender: sender, Base: strings.TrimSuffix(base, "/")}, nil
}
