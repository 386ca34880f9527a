package app

import (
	"log/slog"
	"strings"
	"time"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/campaign"
	"shopkeeper/shared/catalog"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/letter/compose"
	"shopkeeper/shared/locale"
	"shopkeeper/shared/offer/impression"
	"shopkeeper/shared/recommend"
	"shopkeeper/shared/recommend/rules"
	"shopkeeper/shared/suppression"
	"shopkeeper/shared/table"
	"shopkeeper/shared/tracking"
)

// Composer makes the letters of campaigns, previews and test mails. base is the address of the deployment that links in mail lead to; offers is nil for a chooser of its own.
func Composer(log *slog.Logger, now func() time.Time, store table.Store, models blob.Store, keys *identity.Keyring, base string, offers compose.Offers) (*compose.Composer, error) {
	c, err := newCredentials(now, store, keys, false)
	if err != nil {
		return nil, err
	}
	impressions, err := impression.NewSigner(keys)
	if err != nil {
		return nil, err
	}
	tokens, err := tracking.NewTokens(keys)
	if err != nil {
		return nil, err
	}
	if offers == nil {
		offers = Chooser(log, now, store, 0)
	}
	return compose.New(compose.Deps{
		Log: log, Now: now, Tables: store, Shops: c.shops, Campaigns: campaign.NewStore(now, store), Suppressed: suppression.New(store, c.hasher),
		Models: recommend.NewModels(log, now, models, catalog.NewStore(now, store), rules.NewStore(now, store, recommend.Placements()), nil), Offers: offers, Impressions: impressions, Tokens: tokens, Words: locale.New(nil), Base: strings.TrimSuffix(base, "/"),
	}), nil
}
