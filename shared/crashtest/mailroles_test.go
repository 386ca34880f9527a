package crashtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"shopkeeper/shared/app"
	"shopkeeper/shared/disk"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/mail"
	"shopkeeper/shared/ministacktest"
	"shopkeeper/shared/queue"
	"shopkeeper/shared/sending"
	"shopkeeper/shared/ses"
	"shopkeeper/shared/ses/sestest"
	"shopkeeper/shared/smtp"
	"shopkeeper/shared/sqlite"
	"shopkeeper/shared/sqs"
)

// The variables that make the test binary one of the processes that a campaign needs.
const (
	roleVariable   = "SHOPKEEPER_CRASHTEST_ROLE"   // planner, sender or feedback
	mailerVariable = "SHOPKEEPER_CRASHTEST_MAILER" // smtp://... or the endpoint of SES
	queueVariable  = "SHOPKEEPER_CRASHTEST_QUEUE"  // of jobs: "emulator endpoint queue-URL", or empty for one in the folder
)

// The settings of senders: leases so short that the test sees them end, and time-outs within them.
const (
	mailLanes = 8
	mailLease = 8 * time.Second
)

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// mailRole does one part of a campaign's work until it is told to stop, killed, or its standard input ends.
func mailRole(role, dir string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(1) // the test is gone
	}()
	db, keys, err := open(dir)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	jobs := jobsQueue(db)
	work, err := map[string]func(context.Context) (func(context.Context) error, error){
		"planner":  func(context.Context) (func(context.Context) error, error) { return planning(log, db, keys, jobs) },
		"sender":   func(context.Context) (func(context.Context) error, error) { return handing(log, dir, db, keys, jobs) },
		"feedback": func(context.Context) (func(context.Context) error, error) { return hearing(log, db, keys) },
	}[role](ctx)
	if err != nil {
		return errors.Join(err, db.Close())
	}
	fmt.Println("started", role)
	for ctx.Err() == nil {
		if err := work(ctx); err != nil && ctx.Err() == nil {
			log.Warn("again", "role", role, "err", err)
			pause(ctx, 50*time.Millisecond)
		}
	}
	return db.Close()
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

func jobsQueue(db *sqlite.DB) queue.Queue {
	var endpoint, url string
	if n, _ := fmt.Sscan(os.Getenv(queueVariable), &endpoint, &url); n == 2 {
		return sqs.Open(ministacktest.Config(endpoint), url)
	}
	return db.Queue("send", &sqlite.QueueOptions{Visibility: 5 * time.Second, MaxReceive: 1000})
}

func planning(log *slog.Logger, db *sqlite.DB, keys *identity.Keyring, jobs queue.Queue) (func(context.Context) error, error) {
	runner, err := app.Campaign(log, time.Now, db, jobs, keys, &app.CampaignOptions{Again: 2 * time.Second})
	return func(ctx context.Context) error {
		defer pause(ctx, 100*time.Millisecond)
		return runner.Tick(ctx, demo)
	}, err
}

func handing(log *slog.Logger, dir string, db *sqlite.DB, keys *identity.Keyring, jobs queue.Queue) (func(context.Context) error, error) {
	models, err := disk.Open(dir + "/blobs")
	if err != nil {
		return nil, err
	}
	composer, err := app.Composer(log, time.Now, db, models, keys, "https://shop.example", nil)
	if err != nil {
		return nil, err
	}
	sender, lanes, err := mailerOf(log, os.Getenv(mailerVariable))
	if err != nil {
		return nil, err
	}
	worker, err := app.Send(log, time.Now, db, keys, composer, sender, &sending.Options{Lanes: lanes, Lease: mailLease, BackOff: time.Second})
	return func(ctx context.Context) error { return handleAll(ctx, jobs, worker.Handle) }, err
}

// mailerOf is the sender that an address names, and how many batches it has in hand at once.
func mailerOf(log *slog.Logger, address string) (mail.Sender, int, error) {
	if address[:4] == "http" {
		return ses.Open(time.Now, sestest.Config(address), &ses.Options{Log: log, Timeout: mailLease / 4}), 2, nil
	}
	sender, err := smtp.FromURL(time.Now, address, smtp.Options{Connections: mailLanes, Log: log, Dial: time.Second, Command: time.Second, Data: time.Second})
	return sender, mailLanes, err
}

func hearing(log *slog.Logger, db *sqlite.DB, keys *identity.Keyring) (func(context.Context) error, error) {
	handler, err := app.Feedback(slog.New(slog.DiscardHandler), time.Now, db, keys)
	news := newsQueue(db)
	return func(ctx context.Context) error { return handleAll(ctx, news, handler.Handle) }, err
}

// newsQueue is where the test puts what SES would tell.
func newsQueue(db *sqlite.DB) queue.Queue {
	return db.Queue("news", &sqlite.QueueOptions{Visibility: 2 * time.Second, MaxReceive: 1000})
}

// handleAll handles what a queue has now.
func handleAll(ctx context.Context, q queue.Queue, handle func(context.Context, []byte) error) error {
	messages, err := q.Receive(ctx, 10, 200*time.Millisecond)
	if err != nil {
		return err
	}
	for i := 0; i < len(messages) && ctx.Err() == nil; i++ { // what is left of the batch comes again
		m := messages[i]
		if err := handle(ctx, m.Body); err != nil {
			return err
		}
		if err := q.Done(context.WithoutCancel(ctx), m); err != nil && !fault.Is(err, fault.Conflict) {
			return err
		}
	}
	return nil
}
