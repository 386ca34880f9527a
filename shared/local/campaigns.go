package local

import (
	"context"
	"time"

	"shopkeeper/shared/app"
	"shopkeeper/shared/campaign"
	"shopkeeper/shared/queue"
)

// On one machine looking is cheap: a campaign goes on within a second of whatever it waited for.
const (
	lookAtCampaigns = time.Second
	jobsAgain       = 5 * time.Second
)

// sendJobs is the queue of jobs for senders.
func (l *Local) sendJobs() queue.Queue { return l.DB.Queue("send", nil) }

// Campaigns runs the shop's campaigns.
func (l *Local) Campaigns() (*campaign.Runner, error) {
	return app.Campaign(l.Log, l.Now, l.DB, l.sendJobs(), l.Ring, &app.CampaignOptions{Again: jobsAgain})
}

// runCampaigns ticks until ctx ends: every second, and as soon as a campaign has changed, whoever changed it.
func (l *Local) runCampaigns(ctx context.Context) error {
	runner, err := l.Campaigns()
	if err != nil {
		return err
	}
	tick := time.NewTicker(lookAtCampaigns)
	defer tick.Stop()
	for {
		changed := l.DB.Changed(campaign.Table)
		if err := runner.Tick(ctx, ShopID); err != nil && ctx.Err() == nil {
			l.Log.Error("campaigns do not go on", "err", err)
		}
		select {
		case <-changed:
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}
