// Package sending hands the planned messages of a campaign to the provider: at most once each, and none without a row that says what became of it.
//
// A job names one shard of a campaign. Its due rows go through lanes: a lane has one batch of the provider in hand (one message for SMTP, fifty for SES). Whenever lanes have finished,
// one exchange with the ledger settles what they did and claims what they do next, together in one durable write: claimed comes before the provider is called, settled after, and what a crash
// leaves in between is at most what the lanes had in hand. That becomes uncertain when its lease ends, and is never sent again.
//
// A job that is delivered twice, or to two workers at once, is harmless: a row is claimed by one of them.
package sending

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"shopkeeper/shared/campaign"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/mail"
)

// Defaults of Options.
const (
	DefaultLanes     = 20 // of a provider that takes single messages: twice its connections, so that half wait for the ledger while the others send
	DefaultBulkLanes = 3  // of one that takes many at once
	DefaultTries     = 10 // with DefaultBackOff they span half a day
	DefaultBackOff   = time.Minute
	DefaultMaxBack   = 4 * time.Hour
	DefaultLease     = 10 * time.Minute // half of it must be left when a batch is handed over, and no Send takes longer than that
	DefaultHeadroom  = 15 * time.Second
)

const (
	together  = 10 * time.Millisecond  // how long a lane that is done may wait for others
	lookEvery = 250 * time.Millisecond // at whether the campaign was paused
	pageSize  = 500
	patience  = 30 * time.Second // with a ledger that cannot be reached, before what was sent is left to become uncertain
)

// Composer makes the message of a row.
type Composer interface {
	// Compose returns the message, but for its ID and Tags, and the offer in it, if any. A *Skip says that the person is not to be written to after all, or not now; a fault that can be repeated
	// (Throttled, Unavailable) puts the row off; after any other error the row is suppressed as not rendered.
	Compose(ctx context.Context, row ledger.Row) (m mail.Message, offer string, err error)
}

// Skip is a Composer's word that a row is not to be sent: for good (Why), or before Until.
type Skip struct {
	Why   ledger.Why
	Until time.Time
}

// Error says why.
func (s *Skip) Error() string {
	if s.Why == "" {
		return "not before " + s.Until.Format(time.RFC3339)
	}
	return string(s.Why)
}

// Campaigns tells how a campaign stands.
type Campaigns interface {
	Get(ctx context.Context, shop event.ShopID, id ledger.CampaignID) (campaign.Definition, error)
}

// Options are a worker's settings. The zero Options are usable.
type Options struct {
	Lanes    int           // batches in hand at the same time
	Tries    int           // how often a row is tried before it is given up
	BackOff  time.Duration // before the second try; doubled for each one after it
	MaxBack  time.Duration
	Lease    time.Duration // of a claim
	Headroom time.Duration // before the context's deadline, for settling

	// NotBefore is asked before a row is claimed, such as campaign.QuietHours: a later time than now leaves it planned until then. nil: now is always good.
	NotBefore func(ctx context.Context, d campaign.Definition, r ledger.Row) (time.Time, error)
	// BadAddress is told of addresses that the provider refuses for good, so that nobody writes to them again. It may be told twice. nil: nobody wants to know.
	BadAddress func(ctx context.Context, r ledger.Row, email, code string) error
	// Offered is told of messages with an offer that the provider has accepted, before they are settled; it may be told twice. nil: nobody wants to know.
	Offered func(ctx context.Context, handed []ledger.Settlement) error
}

// Worker sends. It is safe for concurrent use.
type Worker struct {
	log       *slog.Logger
	now       func() time.Time
	ledger    *ledger.Store
	campaigns Campaigns
	composer  Composer
	sender    mail.Sender
	o         Options
	name      string // of this run: who claims
}

// New makes a worker.
func New(log *slog.Logger, now func() time.Time, rows *ledger.Store, campaigns Campaigns, composer Composer, sender mail.Sender, opts *Options) *Worker {
	var o Options
	if opts != nil {
		o = *opts
	}
	lanes := DefaultLanes
	if sender.Batch() > 1 {
		lanes = DefaultBulkLanes
	}
	o.Lanes, o.Tries, o.BackOff, o.MaxBack = cmp.Or(o.Lanes, lanes), cmp.Or(o.Tries, DefaultTries), cmp.Or(o.BackOff, DefaultBackOff), cmp.Or(o.MaxBack, DefaultMaxBack)
	o.Lease, o.Headroom = cmp.Or(o.Lease, DefaultLease), cmp.Or(o.Headroom, DefaultHeadroom)
	var id [8]byte
	rand.Read(id[:]) // never fails
	return &Worker{log: log, now: now, ledger: rows, campaigns: campaigns, composer: composer, sender: sender, o: o, name: hex.EncodeToString(id[:])}
}

// Report is what became of the rows of one job.
type Report struct {
	Handed, Refused, Deferred, Unknown, Skipped, Taken int // Taken: another worker had them
}

func (r Report) total() int {
	return r.Handed + r.Refused + r.Deferred + r.Unknown + r.Skipped + r.Taken
}

// Handle deals with the body of a message of the queue: a campaign.Job. A queue calls it; a repeated call sends nothing twice. Invalid: a body that is none. Unavailable: the rest of the
// job should come again.
func (w *Worker) Handle(ctx context.Context, body []byte) error {
	var job campaign.Job
	if err := json.Unmarshal(body, &job); err != nil {
		return fault.Wrap(fault.Invalid, err, "the message is no job")
	}
	if job.Shop == "" || job.Campaign == "" || job.Shard < 0 || job.Shard >= ledger.Shards {
		return fault.New(fault.Invalid, "the job names no shard of a campaign")
	}
	_, err := w.Shard(ctx, job)
	return err
}

// Shard sends what is due of one shard, until nothing is, the campaign is not being sent any more, or ctx ends. What was sent is settled even then.
func (w *Worker) Shard(ctx context.Context, job campaign.Job) (Report, error) {
	if deadline, ok := ctx.Deadline(); ok {
		early, cancel := context.WithDeadline(ctx, deadline.Add(-w.o.Headroom))
		defer cancel()
		ctx = early
	}
	r := &run{Worker: w, job: job, lanes: make(chan []ledger.Row), done: make(chan []outcome, w.o.Lanes)}
	err := r.all(ctx)
	if r.report.total() > 0 {
		w.log.InfoContext(ctx, "campaign sent on", "shop", job.Shop, "campaign", job.Campaign, "shard", job.Shard, "handed", r.report.Handed, "refused", r.report.Refused,
			"deferred", r.report.Deferred, "unknown", r.report.Unknown, "skipped", r.report.Skipped, "taken", r.report.Taken)
	}
	if err != nil {
		return r.report, fmt.Errorf("send shard %d of %s: %w", job.Shard, job.Campaign, err)
	}
	return r.report, nil
}

// MessageID is the mail.Message.ID of a row.
func MessageID(r ledger.Row) string {
	return string(r.Shop) + "." + string(r.Campaign) + "." + string(r.Person) + "." + strconv.Itoa(r.Step)
}

// TagsOf are the mail.Message.Tags of a row: what the provider tells later comes back with them.
func TagsOf(r ledger.Row) mail.Tags {
	return mail.Tags{Shop: string(r.Shop), Campaign: string(r.Campaign), Person: string(r.Person), Step: strconv.Itoa(r.Step)}
}
