package local

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"shopkeeper/shared/fastlane"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/sending"
	"shopkeeper/shared/simulate"
)

// ServeOptions are what the serve command is told.
type ServeOptions struct {
	Dir      string
	Port     int       // on 127.0.0.1; 0: any free one
	Clock    time.Time // the time to begin with; zero: now
	NoDemo   bool      // an empty shop without pages
	SMTP     string    // address of the server that mail leaves by, see smtp.FromURL; empty: mail is kept in the outbox
	JSON     bool      // Out gets one JSON object instead of words
	Seed     uint64    // of the simulated shop; default 1
	Log      *slog.Logger
	Out      io.Writer // the address, when it is ready
	Progress Progress  // of the first start; nil: nobody looks

	size simulate.Options // of the simulated shop; tests make do with a small one
}

// Limits of the HTTP server.
const (
	headerTimeout   = 5 * time.Second
	readTimeout     = 30 * time.Second // a batch of 4 MB over a poor line
	writeTimeout    = 60 * time.Second
	idleTimeout     = 2 * time.Minute
	maxHeader       = 16 << 10 // the API Gateway takes 10 KB
	drainTimeout    = 10 * time.Second
	defaultSeed     = 1
	maintainEvery   = 10 * time.Minute
	lookForTraining = time.Minute
)

// Serve runs the product until ctx ends, then answers what is in progress, and returns nil. The first start of a folder makes up a shop and trains, unless NoDemo. Conflict: another
// process serves the folder. Invalid: the port is taken.
func Serve(ctx context.Context, o ServeOptions) (err error) {
	o.Log, o.Seed = cmp.Or(o.Log, slog.Default()), cmp.Or(o.Seed, defaultSeed)
	if o.Progress == nil {
		o.Progress = func(string, int, int) {}
	}
	var listening net.ListenConfig
	listener, err := listening.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(o.Port)))
	if err != nil {
		return fault.Wrap(fault.Invalid, err, fmt.Sprintf("port %d cannot be listened on: choose another with --port", o.Port))
	}
	defer func() { _ = listener.Close() }() // closed by then, unless the start failed
	l, err := Open(ctx, o.Dir, &Options{Log: o.Log, Now: clock(o.Clock)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }() //nolint:contextcheck // what is given back at the end is given back although the context has ended
	unlock, err := lock(l.Dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	l.size, l.mail.address = o.size, o.SMTP
	defer func() { err = errors.Join(err, l.closeMail()) }()
	p := &process{Local: l, options: o, url: "http://" + listener.Addr().String()}
	if err := p.prepare(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // told to stop before it was ready: the next start goes on
		}
		return err
	}
	return p.run(ctx, listener)
}

// clock is the time, moved so that it begins at a given moment.
func clock(begin time.Time) func() time.Time {
	if begin.IsZero() {
		return time.Now
	}
	started := time.Now()
	return func() time.Time { return begin.Add(time.Since(started)) }
}

// process is a running Serve.
type process struct {
	*Local
	options ServeOptions
	url     string
	handler http.Handler
	fast    map[string]http.Handler // by path, see fastPaths
	seen    *exposures
	works   works
	sending *sending.Worker

	password string // of the owner's account, unless it was changed
}

// prepare makes ready what must be there before the first request.
func (p *process) prepare(ctx context.Context) (err error) {
	if p.works, err = p.newWorks(); err != nil {
		return err
	}
	if p.sending, err = p.sender(p.url); err != nil {
		return err
	}
	if p.seen, err = openExposures(p.Log, filepath.Join(p.Dir, "exposures"), p.Now); err != nil {
		return err
	}
	api, recommend, err := p.api(p.seen, p.url)
	if err != nil {
		return err
	}
	p.fast = map[string]http.Handler{}
	for _, path := range fastPaths {
		p.fast[path] = recommend
	}
	pages, err := p.pages(ctx, api)
	if err != nil {
		return err
	}
	office, err := p.office(ctx)
	if err != nil {
		return err
	}
	p.handler, err = p.letterbox(ctx, p.site(api, office, pages))
	return err
}

// pages are the demonstration shop, which is made up first if the folder is new, or the status page.
func (p *process) pages(ctx context.Context, api http.Handler) (http.Handler, error) {
	if p.options.NoDemo {
		return p.status(p.url)
	}
	made, err := p.firstStart(ctx)
	if err != nil {
		return nil, err
	}
	return p.demonstration(ctx, api, made)
}

// run answers and works until ctx ends. The server goes first: what it has accepted is folded after the next start at the latest.
func (p *process) run(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler: p.handler, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(p.Log.Handler(), slog.LevelDebug),
	}
	lane := fastlane.New(listener, &fastlane.Options{
		Paths: p.fast, Log: p.Log, HeaderTimeout: headerTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
	})
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	all, working := errgroup.WithContext(working)
	p.works.start(working, all)
	all.Go(func() error { return p.runSending(working, p.sending) })
	all.Go(func() error { return p.seen.run(working) })
	all.Go(func() error {
		if err := server.Serve(lane); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve: %w", err)
		}
		return nil
	})
	all.Go(func() error {
		select {
		case <-ctx.Done():
		case <-working.Done():
		}
		defer stop()
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
		defer cancel()
		if err := errors.Join(server.Shutdown(drain), lane.Drain(drain)); err != nil {
			p.Log.Warn("some connections did not end in time", "err", err)
			return server.Close()
		}
		return nil
	})
	if err := p.ready(); err != nil {
		stop()
		return errors.Join(err, all.Wait())
	}
	return errors.Join(all.Wait(), p.seen.Close())
}
