// Package sqlite keeps tables with their feeds, queues and a bus in one SQLite file: the embedded engine behind the contracts table, queue and
// bus.
//
// Durability: the file is in WAL mode with synchronous=FULL; a call returns after its transaction is on the disk. One goroutine per DB
// writes, and commits together what callers asked for meanwhile (see writer), so that the cost of reaching the disk is shared.
//
// Reading: each reader has a connection of its own and sees what was committed. Items read by Get stay in a bounded cache, which is never
// stale: see cache and generation.
//
// Several processes may have the file open, also for writing. Beside it lie the engine's -wal and -shm, and -gen, by which processes tell each
// other that something changed: the three belong together with the file, and only programs that use this package may write to it while
// another one has it open.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// Defaults of Options.
const (
	DefaultBusyTimeout   = 5 * time.Second // an import in another process commits in far less
	DefaultCacheBytes    = 64 << 20        // some 20,000 profiles
	DefaultFeedRetention = 24 * time.Hour  // what DynamoDB's streams keep
)

// Options are a DB's settings. The zero value is right for one process that serves a shop.
type Options struct {
	Logger        *slog.Logger     // nil: slog.Default
	Now           func() time.Time // nil: time.Now
	Feeds         []table.Name     // tables whose changes are recorded, from now on and by whichever process; none is ever taken back
	FeedRetention time.Duration    // how long changes stay that every consumer has passed; 0 means the default
	BusyTimeout   time.Duration    // how long to wait for another process's transaction before Unavailable; 0 means the default
	CacheBytes    int              // for items read by Get; 0 means the default, negative none
	MaxBytes      int64            // largest size of the file; beyond it writes are Unavailable; 0 means the disk's
}

// DB is an open file. It is a table.Store and safe for concurrent use.
type DB struct {
	log       *slog.Logger
	now       func() time.Time
	retention time.Duration
	path      string
	busy      string // the pragma of every connection

	readers chan *conn
	writes  chan *call
	gen     *generation
	cache   *cache
	topics  topics

	closing context.Context // ends when Close is called
	stop    context.CancelFunc
	ended   chan struct{} // closed when the writer has answered its last call
	loops   sync.WaitGroup
}

var _ table.Store = (*DB)(nil)

// Open opens the file, creating it and its folder if need be. Close it.
func Open(path string, opts *Options) (*DB, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	o.setDefaults()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, unavailable(err, "the folder of the database cannot be made")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db := &DB{log: o.Logger, now: o.Now, retention: o.FeedRetention, writes: make(chan *call, maxBatch), ended: make(chan struct{})}
	db.closing, db.stop = context.WithCancel(context.Background())
	writer, err := db.connect(path, o)
	if err != nil {
		return nil, err
	}
	if db.gen, err = openGeneration(path + "-gen"); err != nil {
		return nil, errors.Join(err, writer.close(), db.closeReaders())
	}
	db.cache = newCache(db.gen, o.CacheBytes)
	db.loops.Go(func() { db.write(writer) })
	db.loops.Go(db.watch)
	return db, nil
}

func (o *Options) setDefaults() {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.FeedRetention == 0 {
		o.FeedRetention = DefaultFeedRetention
	}
	if o.BusyTimeout == 0 {
		o.BusyTimeout = DefaultBusyTimeout
	}
	if o.CacheBytes == 0 {
		o.CacheBytes = DefaultCacheBytes
	}
}

// connect opens the writer's connection, sets the file up, and fills the readers' pool.
func (db *DB) connect(path string, o Options) (*conn, error) {
	busy := fmt.Sprintf("PRAGMA busy_timeout=%d", o.BusyTimeout.Milliseconds())
	db.path, db.busy = path, busy
	pragmas := []string{busy, "PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA cache_size=-32000", "PRAGMA wal_autocheckpoint=4000", "PRAGMA journal_size_limit=67108864"}
	writer, err := connect(path, pragmas...)
	if err != nil {
		return nil, err
	}
	if err := setUp(writer, o.Feeds); err != nil {
		return nil, closing(writer, err)
	}
	if err := limit(writer, o.MaxBytes); err != nil {
		return nil, closing(writer, err)
	}
	n := 2 * runtime.GOMAXPROCS(0)
	db.readers = make(chan *conn, n)
	for range n {
		reader, err := connect(path, busy, "PRAGMA query_only=1", "PRAGMA cache_size=-8000")
		if err != nil {
			return nil, errors.Join(err, writer.close(), db.closeReaders())
		}
		db.readers <- reader
	}
	return writer, nil
}

func limit(c *conn, maxBytes int64) error {
	if maxBytes == 0 {
		return nil
	}
	page, err := c.number("PRAGMA page_size")
	if err != nil {
		return err
	}
	return c.run(fmt.Sprintf("PRAGMA max_page_count=%d", max(1, maxBytes/page)))
}

// Close waits for the calls in progress and closes the file. Calls after it are Unavailable.
func (db *DB) Close() error {
	if db.closing.Err() != nil {
		return nil //nolint:nilerr // closing again is no mistake
	}
	db.stop()
	db.loops.Wait()
	return db.closeReaders()
}

func (db *DB) closeReaders() error {
	var all []error
	for range cap(db.readers) {
		select {
		case c := <-db.readers:
			all = append(all, c.close())
		case <-time.After(DefaultBusyTimeout):
			return errors.Join(append(all, fault.New(fault.Internal, "a reader did not end"))...)
		}
	}
	return errors.Join(all...)
}

// open is Unavailable after Close.
func (db *DB) open() error {
	select {
	case <-db.closing.Done():
		return errClosed
	default:
		return nil
	}
}

// read lends a reader's connection to do.
func (db *DB) read(ctx context.Context, do func(c *conn) error) error {
	if err := db.open(); err != nil {
		return err
	}
	select {
	case c := <-db.readers:
		defer func() { db.readers <- c }()
		return do(c)
	case <-ctx.Done():
		return unavailable(context.Cause(ctx), "no time was left to read")
	}
}

var errClosed = unavailable(nil, "the database is closed")
