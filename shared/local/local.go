// Package local is the whole product in one process on one machine: the same handlers that the Lambdas start, over a folder of files.
//
// The folder holds shopkeeper.db (SQLite: tables, feeds, queues, bus), blobs/ (models, archive, imports), exposures/ (what was shown, a file a day) and
// keys.json (readable by its owner alone). One process serves a folder; imports and training may run beside it in processes of their own.
// Whatever was acknowledged is on the disk: a process that is killed goes on where it stopped.
package local

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"shopkeeper/shared/app"
	"shopkeeper/shared/catalog"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/disk"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/offer"
	"shopkeeper/shared/people"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/recommend"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/simulate"
	"shopkeeper/shared/sqlite"
	"shopkeeper/shared/table"
)

// ShopID is the one shop of a folder.
const ShopID event.ShopID = "local"

// Options are how a folder is opened. The zero value is right for a command.
type Options struct {
	Log      *slog.Logger     // nil: slog.Default
	Now      func() time.Time // nil: time.Now
	Currency string           // of a new shop; default "GBP"
	Locale   string           // of a new shop; default "en-GB"
}

// Local is an open folder. Close it.
type Local struct {
	Dir   string
	Log   *slog.Logger
	Now   func() time.Time
	Keys  Keys
	Ring  *identity.Keyring
	DB    *sqlite.DB
	Blobs *disk.Store
	Shops *shop.Store
	Items *catalog.Store

	size   simulate.Options // of a simulated shop
	offers *offer.Chooser   // see chooser
	models *recommend.Models
	mail   mailing
}

// Open opens a folder and makes what it lacks: the database, the keys, the shop. Several processes may have one folder open.
func Open(ctx context.Context, dir string, opts *Options) (*Local, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("folder %s: %w", dir, err)
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the folder "+dir+" cannot be made")
	}
	l := &Local{Dir: dir, Log: o.Log, Now: o.Now}
	if l.Keys, err = loadKeys(filepath.Join(dir, "keys.json")); err != nil {
		return nil, err
	}
	if l.Ring, err = identity.ParseKeyring(l.Keys.Keyring); err != nil {
		return nil, fmt.Errorf("keys.json: %w", err)
	}
	seal, err := identity.NewSealer(l.Ring)
	if err != nil {
		return nil, err
	}
	if l.Blobs, err = disk.Open(filepath.Join(dir, "blobs")); err != nil {
		return nil, err
	}
	l.DB, err = sqlite.Open(filepath.Join(dir, "shopkeeper.db"), &sqlite.Options{
		Logger: o.Log, Now: o.Now, Feeds: []table.Name{event.Table, profile.Table, people.Table},
	})
	if err != nil {
		return nil, err
	}
	l.models = app.Models(o.Log, o.Now, l.DB, l.Blobs, nil)
	l.Shops, l.Items = shop.NewStore(o.Now, l.DB, seal), catalog.NewStore(o.Now, l.DB)
	if err := l.found(ctx, o); err != nil {
		return nil, errors.Join(err, l.DB.Close())
	}
	return l, nil
}

// found makes the shop of a new folder and its keys; repeated, it changes nothing.
func (l *Local) found(ctx context.Context, o Options) error {
	_, err := l.Shops.Settings(ctx, ShopID)
	if fault.Is(err, fault.NotFound) {
		// Implied, so that a first curl works; a deployment must choose.
		err = l.Shops.Put(ctx, shop.Settings{
			ID: ShopID, Name: "Juniper & Hob", Currency: cmp.Or(o.Currency, "GBP"), Locale: cmp.Or(o.Locale, "en-GB"), Consent: consent.Implied,
		})
	}
	if err != nil {
		return fmt.Errorf("found the shop: %w", err)
	}
	for kind, key := range map[shop.KeyKind]string{shop.WriteKey: l.Keys.Write, shop.SecretKey: l.Keys.Secret} {
		if _, err := l.Shops.Key(ctx, key); err == nil {
			continue
		}
		if err := l.Shops.AddKey(ctx, ShopID, kind, "keys.json", key); err != nil {
			return fmt.Errorf("give the shop its keys: %w", err)
		}
	}
	return nil
}

// Close closes the database after the calls in progress.
func (l *Local) Close() error {
	if l.offers == nil {
		return l.DB.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	return errors.Join(l.offers.Close(ctx), l.DB.Close())
}

// closeTimeout is how long what is left of leases may take to go back.
const closeTimeout = 5 * time.Second
