// Package crashtest kills what must survive being killed: the whole way of an event, at any moment, and the real bootstraps under a stream that repeats, interleaves and
// has poison in it.
package crashtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"shopkeeper/shared/app"
	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/sqlite"
	"shopkeeper/shared/stream"
	"shopkeeper/shared/table"
)

// folderVariable makes the test binary the process that is killed: it serves the shop in that folder.
const folderVariable = "SHOPKEEPER_CRASHTEST_FOLDER"

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		exit(mailRole(role, os.Getenv(folderVariable)))
	}
	if dir := os.Getenv(folderVariable); dir != "" {
		fmt.Fprintln(os.Stderr, serve(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// serve collects events over HTTP and folds them, as the local product does, until it is killed or its standard input ends. Its first line says where it listens.
func serve(dir string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	db, keys, err := open(dir)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	collect, err := app.Collect(log, time.Now, db, keys, &app.HTTPOptions{Plain: true})
	if err != nil {
		return err
	}
	loop, err := folding(log, db, keys)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	failed := make(chan error, 3)
	go func() { failed <- loop.Run(ctx) }()
	go func() { failed <- http.Serve(listener, collect) }()
	go func() {
		_, err := io.Copy(io.Discard, os.Stdin)
		failed <- errors.Join(errors.New("standard input ended"), err)
	}()
	fmt.Println("listening on", listener.Addr())
	return <-failed
}

func open(dir string) (*sqlite.DB, *identity.Keyring, error) {
	text, err := os.ReadFile(filepath.Join(dir, "keys.json"))
	if err != nil {
		return nil, nil, err
	}
	keys, err := identity.ParseKeyring(text)
	if err != nil {
		return nil, nil, err
	}
	db, err := sqlite.Open(filepath.Join(dir, "shop.db"), &sqlite.Options{Feeds: []table.Name{event.Table}})
	return db, keys, err
}

// folding is the loop that folds the events feed.
func folding(log *slog.Logger, db *sqlite.DB, keys *identity.Keyring) (*stream.Loop, error) {
	fold, err := app.Profile(log, time.Now, db, db.Queue("failures", nil), keys)
	if err != nil {
		return nil, err
	}
	changed := db.Changed(event.Table)
	wait := func(ctx context.Context) error {
		select {
		case <-changed:
			changed = db.Changed(event.Table)
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	m := stream.Mapping{BatchSize: profile.MaxApplied, MaxAttempts: -1, Bisect: true}
	return stream.NewLoop(log, time.Now, "profile", db.Feed(event.Table), db.Queue("failures", nil), fold, m, &stream.LoopOptions{Wait: wait}), nil
}
