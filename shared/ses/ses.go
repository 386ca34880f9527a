// Package ses hands mail to Amazon SES, up to fifty messages a call, and says honestly what became of each.
//
// SES takes no idempotency token: a call that is repeated sends twice. So the SDK's own retries are off, and what is not answered is Unknown, unless the request surely never left. Each message is
// composed here, whole; the template that a bulk call needs is but three placeholders. A 200 does not mean sent: every entry has a status of its own.
package ses

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"shopkeeper/shared/mail"
)

// Limits of SES.
const (
	maxEntries = 50
	maxBytes   = 900 << 10 // of the messages of one call: SES takes 1 MB of JSON with an inline template
)

// DefaultTimeout is how long a call may take.
const DefaultTimeout = 30 * time.Second

// Options are a sender's settings. The zero Options are usable.
type Options struct {
	ConfigurationSet string        // that publishes what happens to messages; empty: the identity's default
	Share            float64       // of the account's sending rate that this process may use, for deployments in which several send at once; 0: all of it
	Timeout          time.Duration // of one call
	Log              *slog.Logger  // nil: slog.Default
}

// Sender sends through one account and Region.
type Sender struct {
	log    *slog.Logger
	client *sesv2.Client
	rate   *rate
	o      Options
}

var _ mail.Sender = (*Sender)(nil)

// Open returns a sender; no call is made yet.
func Open(now func() time.Time, cfg aws.Config, opts *Options) *Sender {
	var o Options
	if opts != nil {
		o = *opts
	}
	o.Timeout, o.Log, o.Share = cmp.Or(o.Timeout, DefaultTimeout), cmp.Or(o.Log, slog.Default()), cmp.Or(o.Share, 1)
	client := sesv2.NewFromConfig(cfg, func(so *sesv2.Options) { so.Retryer = aws.NopRetryer{} })
	return &Sender{log: o.Log, client: client, o: o, rate: newRate(now, o.Share, func(ctx context.Context) (float64, error) { return quota(ctx, client) })}
}

// quota is how many messages a second the account may send.
func quota(ctx context.Context, client *sesv2.Client) (float64, error) {
	out, err := client.GetAccount(ctx, &sesv2.GetAccountInput{})
	if err != nil {
		return 0, err
	}
	if out.SendQuota == nil {
		return 0, nil
	}
	return out.SendQuota.MaxSendRate, nil
}

// Batch is 50.
func (s *Sender) Batch() int { return maxEntries }

// Send makes one call for messages with the same sender and kinds of parts, more when they are large. It waits as the account's sending rate wants.
func (s *Sender) Send(ctx context.Context, messages ...mail.Message) []mail.Result {
	results := make([]mail.Result, len(messages))
	for _, c := range split(messages, results) {
		s.call(ctx, c, results)
	}
	return results
}

// call makes one call and fills in the results of its entries.
func (s *Sender) call(ctx context.Context, c call, results []mail.Result) {
	all := func(r mail.Result) {
		for _, i := range c.places {
			results[i] = r
		}
	}
	if err := s.rate.wait(ctx, s.log, len(c.entries)); err != nil || ctx.Err() != nil {
		all(mail.Result{Outcome: mail.Deferred, Code: "ended", Detail: "the sender was stopped before the messages were handed over"})
		return
	}
	// A call that has begun is not broken off by the end of the context: its answer is worth waiting for.
	calling, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.o.Timeout)
	defer cancel()
	calling, sent := watch(calling)
	out, err := s.client.SendBulkEmail(calling, s.input(c))
	if err != nil {
		r, apart := failure(err, sent.Load())
		if apart && len(c.places) > 1 { // one entry is wrong, and SES refused all for it: nothing was sent
			for _, half := range c.halves() {
				s.call(ctx, half, results)
			}
			return
		}
		s.log.WarnContext(ctx, "a call of SES failed", "messages", len(c.places), "code", r.Code, "err", err)
		all(r)
		return
	}
	for n, i := range c.places {
		if n >= len(out.BulkEmailEntryResults) {
			results[i] = mail.Result{Outcome: mail.Unknown, Code: "unanswered", Detail: "SES did not say what became of the message"}
			continue
		}
		results[i] = entry(out.BulkEmailEntryResults[n])
	}
}

func (s *Sender) input(c call) *sesv2.SendBulkEmailInput {
	in := &sesv2.SendBulkEmailInput{
		BulkEmailEntries: c.entries, FromEmailAddress: &c.from,
		DefaultContent: &types.BulkEmailContent{Template: &types.Template{TemplateContent: c.template(), TemplateData: aws.String("{}")}},
	}
	if c.replyTo != "" {
		in.ReplyToAddresses = []string{c.replyTo}
	}
	if s.o.ConfigurationSet != "" {
		in.ConfigurationSetName = &s.o.ConfigurationSet
	}
	return in
}
