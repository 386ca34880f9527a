package app

import (
	"log/slog"
	"net/http"
	"time"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/console"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/table"
)

// Console answers the staff's pages, console.Path.
func (o *Office) Console() (http.Handler, error) {
	return console.New(o.log, o.now, console.Deps{Admin: o.Service, Staff: o.Staff, Shops: o.Door.Shops, Shop: o.Door.Only, Plain: o.Door.Plain})
}

// Desk is all that staff need: the pages and the admin API.
func Desk(log *slog.Logger, now func() time.Time, store table.Store, files blob.Store, keys *identity.Keyring, opts *OfficeOptions) (http.Handler, error) {
	office, err := NewOffice(log, now, store, files, keys, opts)
	if err != nil {
		return nil, err
	}
	pages, err := office.Console()
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/admin/v1/", office.Admin())
	mux.Handle(console.Path, pages)
	return mux, nil
}
