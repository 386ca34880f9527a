package app

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/campaign"
	"shopkeeper/shared/evaluate"
	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/kpi"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/segment"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/table"
)

// membersPage is how many members of a segment are asked for at once.
const membersPage = 1000

// Evaluate says what came of the shops' campaigns, and how their segments do.
func Evaluate(log *slog.Logger, now func() time.Time, store table.Store, files blob.Store, shops shop.Directory) *evaluate.Evaluator {
	return evaluate.New(log, now, campaign.NewStore(now, store), ledger.New(now, store), memberships(segment.NewStore(now, store)), shops, files)
}

// memberships are the segments that each customer is in now.
func memberships(segments *segment.Store) evaluate.Groups {
	return func(ctx context.Context, id event.ShopID) (kpi.Members, error) {
		members := kpi.Members{}
		definitions, err := segments.List(ctx, id)
		if err != nil {
			return nil, err
		}
		for _, d := range definitions {
			for cursor := ""; ; {
				page, next, err := segments.Members(ctx, id, d.ID, cursor, membersPage)
				if err != nil {
					return nil, fmt.Errorf("members of %q: %w", d.ID, err)
				}
				for _, m := range page {
					members[m.Subject] = append(members[m.Subject], string(d.ID))
				}
				if cursor = next; next == "" {
					break
				}
			}
		}
		return members, nil
	}
}

// FinishedCampaigns takes over campaigns that were run elsewhere.
func FinishedCampaigns(now func() time.Time, store table.Store, files blob.Store) *evaluate.Importer {
	return evaluate.NewImporter(now, campaign.NewStore(now, store), ledger.New(now, store), identity.NewAliases(store), evaluate.NewReports(files))
}
