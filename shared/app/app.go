// Package app wires domains to contracts: one constructor for each function. The Lambdas, the local runner and the tests start the same handlers; they differ in the adapters they pass.
package app

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/catalog"
	"shopkeeper/shared/clicks"
	"shopkeeper/shared/collect"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/locale"
	"shopkeeper/shared/mail"
	"shopkeeper/shared/offer"
	"shopkeeper/shared/offer/impression"
	"shopkeeper/shared/recommend"
	"shopkeeper/shared/recommend/rules"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/table"
	"shopkeeper/shared/web"
)

// HTTPOptions change how the HTTP functions answer. nil is right on AWS.
type HTTPOptions struct {
	Plain     bool                        // plain http on localhost: the cookie is called sk and is not Secure
	Exposures web.Exposures               // where lines of what was shown go; nil drops them
	Refresh   time.Duration               // how old a model in memory may be; 0 for the default
	Offers    *offer.Chooser              // nil: Recommend makes one of its own, whose leases end with the process
	Models    *recommend.Models           // nil: Recommend makes its own, see Models
	Memory    int64                       // bytes that models in memory may take; 0: recommend.DefaultMemory
	Ready     func(context.Context) error // what the health route asks; nil: answering is enough
	Sender    mail.Sender                 // takes the mails that ask a person to confirm an erasure
	Base      string                      // address that the links in them begin with; without it, or without a Sender, people ask the shop
}

func (o *HTTPOptions) orDefault() HTTPOptions {
	if o == nil {
		return HTTPOptions{}
	}
	return *o
}

// credentials is what every HTTP function makes of the keyring.
type credentials struct {
	cookies *web.Cookies
	sealer  *identity.Sealer
	shops   *shop.Store
	aliases *identity.Aliases
	hasher  *identity.Hasher
	erased  *consent.Erased
}

func newCredentials(now func() time.Time, store table.Store, keys *identity.Keyring, plain bool) (credentials, error) {
	codec, err := identity.NewCodec(keys)
	if err != nil {
		return credentials{}, err
	}
	sealer, err := identity.NewSealer(keys)
	if err != nil {
		return credentials{}, err
	}
	hasher, err := identity.NewHasher(keys)
	if err != nil {
		return credentials{}, err
	}
	aliases := identity.NewAddressedAliases(store, hasher)
	return credentials{
		web.NewCookies(codec, now, plain), sealer, shop.NewStore(now, store, sealer), aliases, hasher, consent.NewErased(store, hasher, aliases.Forget),
	}, nil
}

// Collect takes events, consent and privacy requests, and serves the snippet.
func Collect(log *slog.Logger, now func() time.Time, store table.Store, keys *identity.Keyring, opts *HTTPOptions) (http.Handler, error) {
	o := opts.orDefault()
	c, err := newCredentials(now, store, keys, o.Plain)
	if err != nil {
		return nil, err
	}
	folder, err := Folder(log, now, store, keys)
	if err != nil {
		return nil, err
	}
	if o.Base == "" {
		o.Sender = nil
	}
	requests, err := Requests(log, now, store, keys, o.Sender, o.Base)
	if err != nil {
		return nil, err
	}
	return web.NewCollect(log, now, web.CollectDeps{
		Service: collect.New(now, store, c.shops, c.aliases, folder).Refusing(c.erased), Shops: c.shops, Cookies: c.cookies, Store: store, Ready: o.Ready, Privacy: requests,
	}), nil
}

// Models are the shops' models as recommending needs them: with what changed in the catalog and what visitors do now. opts may be nil.
func Models(log *slog.Logger, now func() time.Time, store table.Store, files blob.Store, opts *HTTPOptions) *recommend.Models {
	o := opts.orDefault()
	return recommend.NewModels(log, now, files, catalog.NewStore(now, store), rules.NewStore(now, store, recommend.Placements()), &recommend.ModelsOptions{Every: o.Refresh, Memory: o.Memory, Clicks: clicks.NewStore(now, store, nil)})
}

// Recommend answers the front page and the other placements.
func Recommend(log *slog.Logger, now func() time.Time, store table.Store, models blob.Store, keys *identity.Keyring, opts *HTTPOptions) (http.Handler, error) {
	o := opts.orDefault()
	c, err := newCredentials(now, store, keys, o.Plain)
	if err != nil {
		return nil, err
	}
	signer, err := recommend.NewSigner(keys)
	if err != nil {
		return nil, err
	}
	impressions, err := impression.NewSigner(keys)
	if err != nil {
		return nil, err
	}
	if o.Models == nil {
		o.Models = Models(log, now, store, models, &o)
	}
	if o.Offers == nil {
		o.Offers = Chooser(log, now, store, o.Refresh)
	}
	return web.NewRecommend(web.RecommendDeps{
		Log: log, Now: now, Shops: c.shops, Cookies: c.cookies, Profiles: store, People: c.aliases,
		Models: o.Models,
		Signer: signer, Sealer: c.sealer, Words: locale.New(nil), Exposures: o.Exposures,
		Offers: o.Offers, Impressions: impressions,
	}), nil
}
