package app

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"shopkeeper/shared/campaign"
	"shopkeeper/shared/feedback"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/mail"
	"shopkeeper/shared/offer"
	"shopkeeper/shared/sending"
	"shopkeeper/shared/suppression"
	"shopkeeper/shared/table"
)

// Send hands the messages of campaigns to the provider: composer makes them, sender takes them. opts may be nil; what it says of quiet hours and bad addresses is this function's.
func Send(log *slog.Logger, now func() time.Time, store table.Store, keys *identity.Keyring, composer sending.Composer, sender mail.Sender, opts *sending.Options) (*sending.Worker, error) {
	hasher, err := identity.NewHasher(keys)
	if err != nil {
		return nil, err
	}
	zone, err := ShopZone(now, store, keys)
	if err != nil {
		return nil, err
	}
	suppressed := suppression.New(store, hasher)
	o := sending.Options{Lease: sending.DefaultLease}
	if opts != nil {
		o = *opts
	}
	o.NotBefore = campaign.QuietHours(now, cmp.Or(o.Lease, sending.DefaultLease), zone)
	o.BadAddress = func(ctx context.Context, r ledger.Row, email, _ string) error {
		return suppressed.Add(ctx, r.Shop, email, suppression.Entry{Reason: suppression.Bounced, Source: string(r.Campaign), At: now()})
	}
	o.Offered = func(ctx context.Context, handed []ledger.Settlement) error {
		items := make([]table.Item, len(handed))
		for i, s := range handed {
			it, err := offer.MailSeen(s.Row.Shop, s.Row.Person, s.Offer, cmp.Or(s.At, now())).Item()
			if err != nil {
				return err
			}
			items[i] = it
		}
		return store.PutAll(ctx, items...)
	}
	return sending.New(log, now, ledger.New(now, store), campaign.NewStore(now, store), composer, sender, &o), nil
}

// Feedback takes what SES tells of messages to the ledger and the list of addresses that are not written to.
func Feedback(log *slog.Logger, now func() time.Time, store table.Store, keys *identity.Keyring) (*feedback.Handler, error) {
	hasher, err := identity.NewHasher(keys)
	if err != nil {
		return nil, err
	}
	return feedback.New(log, now, ledger.New(now, store), suppression.New(store, hasher)), nil
}
