package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"shopkeeper/shared/admin"
	"shopkeeper/shared/app"
	"shopkeeper/shared/console"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/sqlite"
	"shopkeeper/shared/staff"
)

// ownerLogin is the account that the first start makes.
const ownerLogin = "owner"

// office is the staff's part of the product, and the owner's account.
func (p *process) office(ctx context.Context) (http.Handler, error) {
	mailer, err := p.Mailer()
	if err != nil {
		return nil, err
	}
	kept, err := p.Outbox()
	if err != nil {
		return nil, err
	}
	private, err := p.Privacy()
	if err != nil {
		return nil, err
	}
	office, err := app.NewOffice(p.Log, p.Now, p.DB, p.Blobs, p.Ring, &app.OfficeOptions{Plain: true, Only: ShopID, Base: p.url, Mailer: mailer, Outbox: letters{kept}, Privacy: private, Backlogs: backlogs{p.DB}, Shown: p.Local})
	if err != nil {
		return nil, err
	}
	if p.password, err = p.owner(ctx, office.Staff); err != nil {
		return nil, fmt.Errorf("make the owner's account: %w", err)
	}
	pages, err := office.Console() //nolint:contextcheck // handlers take the context of their request
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/admin/v1/", office.Admin())
	mux.Handle(console.Path, pages)
	return mux, nil
}

// owner makes the owner's account if there is none, and returns its password as long as it is the one of keys.json.
func (l *Local) owner(ctx context.Context, accounts *staff.Store) (string, error) {
	if l.Keys.Console == "" {
		l.Keys.Console = staff.NewPassword()
		if err := l.storeKeys(); err != nil {
			return "", err
		}
	}
	_, err := accounts.Add(ctx, staff.User{Shop: ShopID, Login: ownerLogin, Name: "Owner", Role: staff.Owner}, l.Keys.Console)
	if err == nil {
		return l.Keys.Console, nil
	}
	if !fault.Is(err, fault.Conflict) {
		return "", err
	}
	good, err := accounts.Matches(ctx, ShopID, ownerLogin, l.Keys.Console)
	if !good || err != nil {
		return "", err
	}
	return l.Keys.Console, nil
}

// storeKeys replaces keys.json, whole. Only the process that serves the folder does it.
func (l *Local) storeKeys() error {
	text, err := json.MarshalIndent(l.Keys, "", "  ")
	if err != nil {
		return fmt.Errorf("encode keys: %w", err)
	}
	f, err := os.CreateTemp(l.Dir, ".new-*") // mode 0600
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "the keys cannot be stored")
	}
	_, err = f.Write(append(text, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), filepath.Join(l.Dir, "keys.json"))
	}
	if err != nil {
		return errors.Join(fault.Wrap(fault.Unavailable, err, "the keys cannot be stored"), os.Remove(f.Name()))
	}
	return nil
}

// backlogs tells what waits in the folder's feeds and queues.
type backlogs struct{ db *sqlite.DB }

// Backlogs is admin.Backlogs'.
func (b backlogs) Backlogs(ctx context.Context) ([]admin.Backlog, error) {
	waiting, err := b.db.Backlogs(ctx)
	all := make([]admin.Backlog, len(waiting))
	for i, w := range waiting {
		all[i] = admin.Backlog{Name: w.Queue, Kind: "queue", Waiting: w.Waiting, Oldest: w.Oldest}
		if w.Feed != "" {
			all[i].Name, all[i].Kind = w.Feed+" for "+w.Consumer, "feed"
		}
	}
	return all, err
}
