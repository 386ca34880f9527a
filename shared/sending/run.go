package sending

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"shopkeeper/shared/campaign"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/mail"
)

// run is one job in progress. Its fields belong to the goroutine that runs all.
type run struct {
	*Worker
	job     campaign.Job
	lanes   chan []ledger.Row // batches to send
	done    chan []outcome    // what became of them
	working sync.WaitGroup

	definition atomic.Pointer[campaign.Definition] // lanes read it too
	looked     time.Time
	open       bool // the campaign is being sent and ctx has not ended
	page       []ledger.Row
	cursor     string
	read       bool // to the shard's end
	free       int  // lanes without a batch
	settle     []ledger.Settlement
	troubles   int // results in a row that the provider turned away for now
	report     Report
}

// outcome is what became of one claimed row.
type outcome struct {
	ledger.Settlement
	result mail.Result
	sent   bool // handed to the sender: result counts
}

// all runs the lanes and is the one that talks with the ledger.
func (r *run) all(ctx context.Context) (err error) {
	if err := r.look(ctx); err != nil || !r.open {
		return err
	}
	defer func() {
		close(r.lanes)
		r.working.Wait()
	}()
	r.free = r.o.Lanes
	for range r.o.Lanes {
		r.working.Go(func() { r.lane(ctx) })
	}
	for {
		if err == nil {
			err = r.exchange(ctx)
		} else if problem := r.settleAll(ctx); problem != nil {
			return problem
		}
		if r.free == r.o.Lanes && len(r.settle) == 0 && (err != nil || !r.open || r.read && len(r.page) == 0) {
			return err
		}
		if r.free < r.o.Lanes {
			r.collect()
		}
	}
}

// lane sends one batch after the other.
func (r *run) lane(ctx context.Context) {
	for batch := range r.lanes {
		r.done <- r.send(ctx, batch)
	}
}

// collect waits for a lane to finish, and a moment for as many as make an exchange worth its write: half of them, so that the other half sends meanwhile.
func (r *run) collect() {
	r.take(<-r.done)
	var moment <-chan time.Time
	for r.free < r.o.Lanes {
		select {
		case list := <-r.done:
			r.take(list)
			continue
		default:
		}
		if 2*r.free >= r.o.Lanes {
			return
		}
		if moment == nil {
			moment = time.After(together)
		}
		select {
		case list := <-r.done:
			r.take(list)
		case <-moment:
			return
		}
	}
}

func (r *run) take(list []outcome) {
	r.free++
	for _, o := range list {
		r.count(o)
		r.settle = append(r.settle, o.Settlement)
	}
}

func (r *run) count(o outcome) {
	if !o.sent {
		if o.To == ledger.Suppressed {
			r.report.Skipped++
		} else {
			r.report.Deferred++
		}
		return
	}
	switch o.result.Outcome {
	case mail.Accepted:
		r.report.Handed++
	case mail.Refused:
		r.report.Refused++
	case mail.Deferred:
		r.report.Deferred++
		r.troubles++
		return
	case mail.Unknown:
		r.report.Unknown++
	}
	r.troubles = 0
}

// exchange settles what is done and claims for the free lanes, in one write.
func (r *run) exchange(ctx context.Context) error {
	if r.troubles > 2*r.o.Lanes*r.sender.Batch() {
		r.open = false
		if err := r.settleAll(ctx); err != nil {
			return err
		}
		return fault.New(fault.Unavailable, "the provider takes no mail now")
	}
	if err := r.look(ctx); err != nil {
		return err
	}
	claims, err := r.claims(ctx)
	if err != nil {
		return err
	}
	if len(claims) == 0 {
		return r.settleAll(ctx)
	}
	writing, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience) // a write that is broken off leaves claims that nobody knows of
	defer cancel()
	r.offered(writing)
	out, err := r.ledger.Exchange(writing, r.settle, claims)
	r.settled(ctx, out, len(r.settle))
	r.report.Skipped += len(out.Capped)
	r.report.Deferred += len(out.Postponed)
	r.dispatch(out.Claimed)
	return err
}

// dispatch gives claimed rows to the free lanes. There are never more than fit.
func (r *run) dispatch(claimed []ledger.Row) {
	for len(claimed) > 0 {
		n := min(len(claimed), r.sender.Batch())
		r.lanes <- claimed[:n:n]
		claimed = claimed[n:]
		r.free--
	}
}

// settled takes out of what is to be settled what was, or what another settled first.
func (r *run) settled(ctx context.Context, out ledger.Exchanged, settlements int) {
	if len(out.Settled) == settlements {
		r.settle = r.settle[:0]
	} else {
		gone := map[string]bool{}
		for _, row := range out.Settled {
			gone[MessageID(row)] = true
		}
		for _, x := range out.Refused {
			gone[MessageID(x.Row)] = true
		}
		left := r.settle[:0]
		for _, s := range r.settle {
			if !gone[MessageID(s.Row)] {
				left = append(left, s)
			}
		}
		r.settle = left
	}
	for _, x := range out.Refused {
		if x.Row.Claim == "" || x.Row.State == ledger.Planned {
			r.report.Taken++
			continue
		}
		r.log.WarnContext(ctx, "a message was settled by another", "shop", r.job.Shop, "campaign", r.job.Campaign, "person", x.Row.Person, "err", x.Err)
	}
}

// offered tells which offers were handed over. It does so before the ledger knows: an offer that a crash leaves told but not settled was seen all the same.
func (r *run) offered(ctx context.Context) {
	if r.o.Offered == nil {
		return
	}
	var handed []ledger.Settlement
	for _, s := range r.settle {
		if s.To == ledger.Handed && s.Offer != "" {
			handed = append(handed, s)
		}
	}
	if len(handed) == 0 {
		return
	}
	if err := r.o.Offered(ctx, handed); err != nil {
		r.log.ErrorContext(ctx, "offers that were mailed are not counted", "shop", r.job.Shop, "campaign", r.job.Campaign, "count", len(handed), "err", err)
	}
}

// settleAll settles what is done, whether or not ctx has ended, and again while the ledger cannot be reached: what is not settled becomes uncertain.
func (r *run) settleAll(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	for pause := 50 * time.Millisecond; len(r.settle) > 0; pause = min(2*pause, 5*time.Second) {
		r.offered(ctx)
		out, err := r.ledger.Exchange(ctx, r.settle, nil)
		r.settled(ctx, out, len(r.settle))
		if err == nil {
			continue
		}
		if !fault.Retryable(err) || ctx.Err() != nil {
			r.log.ErrorContext(ctx, "messages that were handed over are not settled", "shop", r.job.Shop, "campaign", r.job.Campaign, "count", len(r.settle), "err", err)
			r.settle = nil
			return err
		}
		wait(ctx, pause)
	}
	return nil
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// look learns now and then whether the campaign is still being sent.
func (r *run) look(ctx context.Context) error {
	if ctx.Err() != nil {
		r.open = false
		return nil //nolint:nilerr // being told to stop is no failure
	}
	now := r.now()
	if !r.looked.IsZero() && now.Sub(r.looked) < lookEvery && !now.Before(r.looked) {
		return nil
	}
	d, err := r.campaigns.Get(ctx, r.job.Shop, r.job.Campaign)
	switch {
	case ctx.Err() != nil, fault.Is(err, fault.NotFound):
		r.open = false
		return nil //nolint:nilerr // being told to stop is no failure, and what is gone needs no sending
	case err != nil:
		return err
	}
	r.definition.Store(&d)
	r.looked = now
	r.open = d.Sends(now)
	return nil
}

// claims are the next due rows, as many as the free lanes can take.
func (r *run) claims(ctx context.Context) ([]ledger.Claim, error) {
	if !r.open {
		return nil, nil
	}
	want := r.free * r.sender.Batch()
	now, definition := r.now(), r.definition.Load()
	var list []ledger.Claim
	for len(list) < want {
		if len(r.page) == 0 {
			if r.read {
				break
			}
			page, next, err := r.ledger.Due(ctx, r.job.Shop, r.job.Campaign, r.job.Shard, now, r.cursor, pageSize)
			switch {
			case ctx.Err() != nil:
				return nil, nil //nolint:nilerr // the next look ends the run
			case err != nil:
				return nil, err
			}
			r.page, r.cursor, r.read = page, next, next == ""
			continue
		}
		row := r.page[0]
		r.page = r.page[1:]
		claim := ledger.Claim{Row: row, By: r.name, Lease: now.Add(r.o.Lease), Cap: ledger.Cap(definition.Cap)}
		if r.o.NotBefore != nil {
			var err error
			if claim.NotBefore, err = r.o.NotBefore(ctx, *definition, row); err != nil {
				return nil, err
			}
		}
		list = append(list, claim)
	}
	return list, nil
}
