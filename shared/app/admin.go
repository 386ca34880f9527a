package app

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"shopkeeper/shared/admin"
	"shopkeeper/shared/blob"
	"shopkeeper/shared/campaign"
	"shopkeeper/shared/catalog"
	"shopkeeper/shared/compare"
	"shopkeeper/shared/event"
	"shopkeeper/shared/exposure"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/mail"
	"shopkeeper/shared/offer"
	"shopkeeper/shared/people"
	"shopkeeper/shared/privacy"
	"shopkeeper/shared/recommend"
	"shopkeeper/shared/recommend/rules"
	"shopkeeper/shared/segment"
	"shopkeeper/shared/staff"
	"shopkeeper/shared/table"
	"shopkeeper/shared/web"
)

// OfficeOptions change how staff come in. nil is right on AWS with several shops and the claims of Cognito.
type OfficeOptions struct {
	Plain bool         // plain http on localhost
	Only  event.ShopID // the deployment's only shop, where there is one
	Names staff.ClaimNames

	Base   string       // address of the deployment, for links in letters
	Mailer mail.Sender  // takes test letters
	Outbox admin.Outbox // nil where mail goes to a provider

	Privacy  *privacy.Service // nil: without a scan of the bytes, as in the cloud
	Backlogs admin.Backlogs   // nil where the provider measures them
	Shown    compare.Shown    // the log of what was shown; nil: the one that functions keep in files
}

// Office is what the console and the admin API stand on.
type Office struct {
	Staff   *staff.Store
	Service *admin.Service
	Door    *web.Door

	api http.Handler
	log *slog.Logger
	now func() time.Time
}

// NewOffice wires the use cases of staff.
func NewOffice(log *slog.Logger, now func() time.Time, store table.Store, files blob.Store, keys *identity.Keyring, opts *OfficeOptions) (*Office, error) {
	var o OfficeOptions
	if opts != nil {
		o = *opts
	}
	c, err := newCredentials(now, store, keys, o.Plain)
	if err != nil {
		return nil, err
	}
	accounts, err := staff.New(now, store, keys)
	if err != nil {
		return nil, err
	}
	folder, err := Folder(log, now, store, keys)
	if err != nil {
		return nil, err
	}
	runner, err := Campaign(log, now, store, nil, keys, nil) // staff start campaigns; what sends them runs elsewhere
	if err != nil {
		return nil, err
	}
	composer, err := Composer(log, now, store, files, keys, o.Base, nil)
	if err != nil {
		return nil, err
	}
	private := o.Privacy
	if private == nil {
		if private, err = Privacy(log, now, store, files, keys, nil); err != nil {
			return nil, err
		}
	}
	signer, err := recommend.NewSigner(keys)
	if err != nil {
		return nil, err
	}
	if o.Shown == nil {
		o.Shown = exposure.New(files)
	}
	service := admin.New(log, now, admin.Deps{
		Tables: store, Files: files, Staff: accounts, Shops: c.shops, Items: catalog.NewStore(now, store), People: people.New(store), Profiles: folder,
		Segments: segment.NewStore(now, store), Keeper: Segments(log, now, store, nil), Offers: offer.NewStore(now, store), Results: offer.NewResults(store),
		Rules: rules.NewStore(now, store, recommend.Placements()), Models: composer.Models,
		Campaigns: campaign.NewStore(now, store), Runner: runner, Rows: ledger.New(now, store), Evaluator: Evaluate(log, now, store, files, c.shops),
		Comparer: compare.New(now, files, signer, o.Shown),
		Composer: composer, Mailer: o.Mailer, Outbox: o.Outbox,
		Privacy: private, Backlogs: o.Backlogs,
	})
	door := &web.Door{Staff: accounts, Shops: c.shops, Names: o.Names, Only: o.Only, Plain: o.Plain}
	api := web.NewAdmin(log, now, web.AdminDeps{Service: service, Door: door, Store: store, Sealer: c.sealer})
	return &Office{Staff: accounts, Service: service, Door: door, api: api, log: log, now: now}, nil
}

// Admin answers the admin API, /admin/v1/.
func (o *Office) Admin() http.Handler { return o.api }

// Authorized hands on the claims that the gateway's JWT authorizer checked. They come from the gateway's event alone, so that no header can pretend to be them.
func Authorized(proxy Request) Request {
	return func(ctx context.Context, r events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		if a := r.RequestContext.Authorizer; a != nil && a.JWT != nil {
			ctx = staff.WithClaims(ctx, a.JWT.Claims)
		}
		return proxy(ctx, r)
	}
}

// auditEraser takes erased customers out of the log of what staff did.
type auditEraser struct{ log *staff.Store }

// Name is privacy.Eraser's.
func (auditEraser) Name() string { return "audit" }

// Erase is privacy.Eraser's.
func (e auditEraser) Erase(ctx context.Context, shop event.ShopID, s privacy.Subject) (int, error) {
	return e.log.Erase(ctx, shop, s.IDs()...)
}
