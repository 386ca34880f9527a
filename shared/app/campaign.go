package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"shopkeeper/shared/campaign"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/letter"
	"shopkeeper/shared/queue"
	"shopkeeper/shared/segment"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/suppression"
	"shopkeeper/shared/table"
)

// CampaignOptions change how campaigns run. nil is right on AWS.
type CampaignOptions struct {
	Again time.Duration // how long a shard of a campaign is left to its job; 0 for the default
}

// Campaign plans campaigns and brings them to their end; jobs is the queue that send reads.
func Campaign(log *slog.Logger, now func() time.Time, store table.Store, jobs queue.Queue, keys *identity.Keyring, opts *CampaignOptions) (*campaign.Runner, error) {
	var o CampaignOptions
	if opts != nil {
		o = *opts
	}
	hasher, err := identity.NewHasher(keys)
	if err != nil {
		return nil, err
	}
	zone, err := ShopZone(now, store, keys)
	if err != nil {
		return nil, err
	}
	return campaign.New(campaign.Deps{
		Log: log, Now: now, Tables: store, Segments: segment.NewStore(now, store), Suppression: suppression.New(store, hasher), Jobs: jobs, Zone: zone, Again: o.Again,
		Check: checkLetter,
	}), nil
}

// checkLetter says what is wrong with the templates of a variant. A draft may lack its subject.
func checkLetter(_ context.Context, _ event.ShopID, v campaign.Variant) []fault.Field {
	subject := v.Subject
	if strings.TrimSpace(subject) == "" {
		subject = "-"
	}
	_, err := letter.Parse(letter.Source{Subject: subject, Preheader: v.Preheader, HTML: v.HTML, Text: v.Text}) //nolint:contextcheck // its trial rendering has a time of its own
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f.Fields
	}
	return nil
}

// ShopZone tells shops' time zones from their settings.
func ShopZone(now func() time.Time, store table.Store, keys *identity.Keyring) (campaign.ShopZone, error) {
	seal, err := identity.NewSealer(keys)
	if err != nil {
		return nil, err
	}
	shops := shop.NewStore(now, store, seal)
	return func(ctx context.Context, id event.ShopID) (*time.Location, error) {
		s, err := shops.Settings(ctx, id)
		if err != nil {
			return nil, err
		}
		zone, err := time.LoadLocation(s.TimeZone)
		if err != nil {
			return nil, fmt.Errorf("time zone of shop %s: %w", id, err)
		}
		return zone, nil
	}, nil
}
