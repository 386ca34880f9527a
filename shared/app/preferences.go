package app

import (
	"log/slog"
	"net/http"
	"strings"
	"time"

	"shopkeeper/shared/collect"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/locale"
	"shopkeeper/shared/mail"
	"shopkeeper/shared/people"
	"shopkeeper/shared/suppression"
	"shopkeeper/shared/table"
	"shopkeeper/shared/tracking"
	"shopkeeper/shared/tracking/choices"
	"shopkeeper/shared/web"
)

// Preferences answers the links of mails and the pages behind them. base is the address that its links begin with, sender takes confirmations.
func Preferences(log *slog.Logger, now func() time.Time, store table.Store, keys *identity.Keyring, sender mail.Sender, base string) (http.Handler, error) {
	c, err := newCredentials(now, store, keys, false)
	if err != nil {
		return nil, err
	}
	folder, err := Folder(log, now, store, keys)
	if err != nil {
		return nil, err
	}
	tokens, err := tracking.NewTokens(keys)
	if err != nil {
		return nil, err
	}
	requests, err := Requests(log, now, store, keys, sender, base)
	if err != nil {
		return nil, err
	}
	recorder := tracking.NewRecorder(now, store, c.shops, ledger.New(now, store))
	words := locale.New(nil)
	decided := choices.New(choices.Deps{
		Log: log, Now: now, Tables: store, Shops: c.shops, People: people.New(store), Suppressed: suppression.New(store, c.hasher), Aliases: c.aliases, Hasher: c.hasher, Sealer: c.sealer,
		Tokens: tokens, Words: words, Decider: collect.New(now, store, c.shops, c.aliases, folder), Watcher: recorder, Sender: sender, Base: strings.TrimSuffix(base, "/"),
	})
	return web.NewPreferences(web.PreferencesDeps{
		Log: log, Now: now, Shops: c.shops, Tokens: tokens, Recent: tracking.NewRecent(), Watcher: recorder, Choices: decided, Words: words,
		Requests: requests,
	}), nil
}
