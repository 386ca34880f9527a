package sending

import (
	"context"
	"errors"
	"time"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/mail"
)

// send composes and sends one batch of claimed rows and says what became of each.
func (r *run) send(ctx context.Context, batch []ledger.Row) []outcome {
	outcomes := make([]outcome, 0, len(batch))
	messages := make([]mail.Message, 0, len(batch))
	var places []int // of the messages among the outcomes
	for _, row := range batch {
		m, o := r.compose(ctx, row)
		if o.To == "" {
			places = append(places, len(outcomes))
			messages = append(messages, m)
		}
		outcomes = append(outcomes, o)
	}
	if len(messages) == 0 {
		return outcomes
	}
	left := batch[0].Lease.Sub(r.now()) - r.o.Lease/2
	if left <= 0 { // something took very long: what is handed now could be taken for uncertain
		for _, i := range places {
			r.later(&outcomes[i], r.now())
		}
		return outcomes
	}
	sending, cancel := context.WithTimeout(ctx, left)
	defer cancel()
	for i, result := range r.sender.Send(sending, messages...) {
		o := &outcomes[places[i]]
		o.result, o.sent = result, true
		r.settleSent(ctx, o, messages[i])
	}
	return outcomes
}

// compose makes the message of a row, or says why there is none.
func (r *run) compose(ctx context.Context, row ledger.Row) (mail.Message, outcome) {
	o := outcome{Settlement: ledger.Settlement{Row: row}}
	if ctx.Err() != nil {
		r.later(&o, r.now())
		return mail.Message{}, o
	}
	m, offer, err := r.composer.Compose(ctx, row)
	o.Offer = offer
	skip, skipped := errors.AsType[*Skip](err)
	switch {
	case err == nil:
		m.ID, m.Tags = MessageID(row), TagsOf(row)
		return m, o
	case skipped && skip.Why != "":
		o.To, o.Why = ledger.Suppressed, skip.Why
	case skipped:
		r.later(&o, skip.Until)
	case fault.Retryable(err) || ctx.Err() != nil:
		r.log.WarnContext(ctx, "a message is put off", "shop", row.Shop, "campaign", row.Campaign, "person", row.Person, "err", err)
		r.later(&o, r.now().Add(r.o.BackOff))
	default:
		r.log.ErrorContext(ctx, "a message cannot be composed", "shop", row.Shop, "campaign", row.Campaign, "person", row.Person, "err", err)
		o.To, o.Why = ledger.Suppressed, ledger.NotRendered
	}
	return mail.Message{}, o
}

// later plans a row again, unless the campaign is over by then.
func (r *run) later(o *outcome, at time.Time) {
	o.To, o.NotBefore = ledger.Planned, at
	if until := r.definition.Load().Until; !until.IsZero() && !at.Before(until) {
		o.To, o.Why = ledger.Suppressed, ledger.TooLate
	}
}

// settleSent says what a result means to the ledger.
func (r *run) settleSent(ctx context.Context, o *outcome, m mail.Message) {
	o.Code, o.Provider = o.result.Code, o.result.ProviderID
	switch o.result.Outcome {
	case mail.Accepted:
		o.To = ledger.Handed
	case mail.Refused:
		o.To = ledger.Bounced
		r.log.InfoContext(ctx, "a message was refused", "shop", o.Row.Shop, "campaign", o.Row.Campaign, "person", o.Row.Person, "code", o.result.Code, "detail", o.result.Detail)
		if o.result.BadAddress && r.o.BadAddress != nil {
			if err := r.o.BadAddress(context.WithoutCancel(ctx), o.Row, m.To.Email, o.result.Code); err != nil {
				r.log.ErrorContext(ctx, "a bad address is not marked", "shop", o.Row.Shop, "person", o.Row.Person, "err", err)
			}
		}
	case mail.Unknown:
		o.To = ledger.Uncertain
	case mail.Deferred:
		r.again(ctx, o)
	}
}

// again plans a deferred row for later, or gives it up. A worker that is told to stop has not tried.
func (r *run) again(ctx context.Context, o *outcome) {
	switch {
	case ctx.Err() != nil:
		r.later(o, r.now())
	case o.Row.Attempts >= r.o.Tries:
		o.To, o.Why = ledger.Suppressed, ledger.GaveUp
	default:
		r.later(o, r.now().Add(max(r.backOff(o.Row.Attempts), o.result.RetryAfter)))
	}
}

// backOff is the pause after a number of tries.
func (r *run) backOff(tries int) time.Duration {
	pause := r.o.BackOff
	for range tries - 1 {
		if pause >= r.o.MaxBack {
			break
		}
		pause *= 2
	}
	return min(pause, r.o.MaxBack)
}
