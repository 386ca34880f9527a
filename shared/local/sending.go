package local

import (
	"context"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"shopkeeper/shared/app"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/mail"
	"shopkeeper/shared/mime"
	"shopkeeper/shared/outbox"
	"shopkeeper/shared/queue"
	"shopkeeper/shared/sending"
	"shopkeeper/shared/smtp"
)

// outboxFolder is where mail is kept that no server was named for.
const outboxFolder = "outbox"

// How the queue of jobs is read: a job is a hint, and one that is lost comes again.
const (
	jobsAtOnce  = 2
	waitForJobs = 5 * time.Second
	pauseOfJobs = time.Second // after one that failed
)

// mailing is where the folder's mail goes.
type mailing struct {
	address string // of an SMTP server; empty: the outbox
	once    sync.Once
	outbox  *outbox.Outbox
	sender  *smtp.Sender
	err     error
}

func (l *Local) openMail() error {
	l.mail.once.Do(func() {
		if l.mail.outbox, l.mail.err = outbox.Open(l.Now, filepath.Join(l.Dir, outboxFolder), mime.Options{}); l.mail.err == nil && l.mail.address != "" {
			l.mail.sender, l.mail.err = smtp.FromURL(l.Now, l.mail.address, smtp.Options{Log: l.Log})
		}
	})
	return l.mail.err
}

// Outbox is the folder of mail that was kept instead of sent.
func (l *Local) Outbox() (*outbox.Outbox, error) {
	err := l.openMail()
	return l.mail.outbox, err
}

// Mailer takes the folder's mail: the SMTP server that serve was told of, else the outbox.
func (l *Local) Mailer() (mail.Sender, error) {
	if err := l.openMail(); err != nil {
		return nil, err
	}
	if l.mail.sender != nil {
		return l.mail.sender, nil
	}
	return l.mail.outbox, nil
}

// closeMail says goodbye to the SMTP server.
func (l *Local) closeMail() error {
	if l.mail.sender == nil {
		return nil
	}
	return l.mail.sender.Close()
}

// sender is the worker that hands over the messages of campaigns; base is the address that links in mail begin with.
func (l *Local) sender(base string) (*sending.Worker, error) {
	mailer, err := l.Mailer()
	if err != nil {
		return nil, err
	}
	composer, err := app.Composer(l.Log, l.Now, l.DB, l.Blobs, l.Ring, base, l.chooser())
	if err != nil {
		return nil, err
	}
	return app.Send(l.Log, l.Now, l.DB, l.Ring, composer, mailer, nil)
}

// runSending does the jobs of the queue until ctx ends; then it settles what is in flight.
func (l *Local) runSending(ctx context.Context, worker *sending.Worker) error {
	jobs := l.sendJobs()
	all, ctx := errgroup.WithContext(ctx)
	for range jobsAtOnce {
		all.Go(func() error {
			for ctx.Err() == nil {
				l.sendSome(ctx, jobs, worker)
			}
			return nil
		})
	}
	return all.Wait()
}

// sendSome does one job, if there is one soon.
func (l *Local) sendSome(ctx context.Context, jobs queue.Queue, worker *sending.Worker) {
	messages, err := jobs.Receive(ctx, 1, waitForJobs)
	for _, m := range messages {
		err = worker.Handle(ctx, m.Body)
		if err == nil || fault.Is(err, fault.Invalid) {
			// A job that ended with ctx too: the next tick of the campaign sends another for what is left.
			if done := jobs.Done(context.WithoutCancel(ctx), m); err == nil && !fault.Is(done, fault.Conflict) {
				err = done
			}
		}
	}
	if err == nil || ctx.Err() != nil {
		return
	}
	l.Log.Error("mail does not go on", "err", err)
	pause := time.NewTimer(pauseOfJobs)
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-ctx.Done():
	}
}
