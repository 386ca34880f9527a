package web

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/locale"
	"shopkeeper/shared/offer"
	"shopkeeper/shared/offer/impression"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/recommend"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/table"
)

// ProfileDeadline is how long an answer waits for the visitor's profile before it goes on without.
const ProfileDeadline = 150 * time.Millisecond

// Exposures takes one compact line for each answer, without blocking; the line is the caller's again when it returns.
type Exposures interface{ Record(line []byte) }

// People finds the person of a userId, for servers that ask with the secret key; NotFound when nobody is bound to it.
type People interface {
	Person(ctx context.Context, shop event.ShopID, userID string) (event.PersonID, error)
}

// RecommendDeps is what the recommending routes need.
type RecommendDeps struct {
	Log       *slog.Logger
	Now       func() time.Time
	Shops     shop.Directory
	Cookies   *Cookies
	Profiles  table.Store // the profiles table
	People    People
	Models    *recommend.Models
	Signer    *recommend.Signer
	Sealer    *identity.Sealer
	Words     *locale.Catalog
	Exposures Exposures

	Offers      *offer.Chooser // nil: the shop makes none
	Impressions *impression.Signer
}

// recommending answers placements. It reads one item and writes nothing, so every route may be repeated.
type recommending struct {
	RecommendDeps
	near peeker    // Profiles, if it keeps items in memory
	pool sync.Pool // of *asked
}

// peeker is a store that has items at hand: an answer from it needs no waiting, and its body, which is shared, no copy. false says only that Get must be asked.
type peeker interface {
	Peek(k table.Key) (table.Item, bool)
}

// nothingNear is for stores that are always asked.
type nothingNear struct{}

// Peek finds nothing.
func (nothingNear) Peek(table.Key) (table.Item, bool) { return table.Item{}, false }

// asked is one request's working memory.
type asked struct {
	caller  caller
	visitor identity.Visitor
	cookie  bool // the visitor came by a cookie of ours, or the shop's server named it
	consent consent.State
	source  consent.Source
	allowed bool
	gpc     bool
	profile profile.Profile
	found   bool
	lost    bool // a profile could not be read
	name    []byte
	now     time.Time

	worker recommend.Worker
	query  recommend.Query
	fields fields
	ask    offer.Ask
	chosen offer.Chosen
	stock  shelfStock
	out    []byte
	line   []byte

	listing listing
}

// NewRecommend answers the routes of RecommendRoutes.
func NewRecommend(d RecommendDeps) http.Handler {
	return NewHandler(d.Log, d.Now, RecommendRoutes(d)...)
}

// RecommendRoutes is the table of what recommending answers. Nothing is written, so every call may be repeated.
func RecommendRoutes(d RecommendDeps) []Route {
	h := &recommending{RecommendDeps: d, near: nothingNear{}, pool: sync.Pool{New: func() any { return new(asked) }}}
	if near, ok := d.Profiles.(peeker); ok {
		h.near = near
	}
	return []Route{
		{http.MethodGet, "/v1/front-page", h.frontPage, true},
		{http.MethodGet, "/v1/recommendations", h.list, true},
		{http.MethodGet, "/v1/offers", h.offers, true},
		{http.MethodGet, "/v1/items/{id}/similar", h.ofItem(recommend.Similar), true},
		{http.MethodGet, "/v1/items/{id}/bought-together", h.ofItem(recommend.Together), true},
		{http.MethodPost, "/v1/recommendations:batch", h.batch, false},
	}
}

// who finds caller, visitor, consent and profile of a request, and issues a cookie to whom has none and agrees.
func (h *recommending) who(w http.ResponseWriter, r *http.Request, a *asked) error {
	c, err := authenticate(r, h.Shops, "")
	if err != nil {
		return err
	}
	a.clear(c, h.Now())
	a.gpc = GPC(r)
	if named, err := h.namedByServer(r, a); named || err != nil {
		return err
	}
	a.visitor, a.cookie = h.Cookies.Visitor(r, a.caller.ID)
	if a.consent = h.Cookies.Consent(r, a.caller.ID); !a.consent.At.IsZero() {
		a.source = consent.FromCookie
	}
	if a.cookie {
		h.read(r.Context(), a)
	}
	h.decide(a)
	if a.allowed && (!a.cookie || a.visitor.NeedsRenewal(a.now)) && !a.caller.secret() {
		if !a.cookie {
			a.visitor = identity.Visitor{ID: identity.NewVisitor()}
		}
		h.Cookies.Issue(w, a.caller.ID, a.visitor)
	}
	return nil
}

// namedByServer serves a page that the shop's own server renders: the secret key opens what a cookie would.
func (h *recommending) namedByServer(r *http.Request, a *asked) (bool, error) {
	return h.name(r.Context(), a, queryValue(r, "visitor"), queryValue(r, "user"))
}

func (h *recommending) name(ctx context.Context, a *asked, visitor, user string) (bool, error) {
	if visitor == "" && user == "" {
		return false, nil
	}
	if !a.caller.secret() {
		return true, fault.New(fault.Forbidden, "visitor and user open a person's data: they need the secret key")
	}
	if user != "" {
		person, err := h.People.Person(ctx, a.caller.ID, user)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return true, err
		}
		a.visitor = identity.Visitor{ID: identity.Offline(person), Person: person, Trusted: true}
	} else {
		a.visitor = identity.Visitor{ID: event.VisitorID(visitor), Trusted: true}
	}
	if a.visitor.ID != "" {
		a.cookie = true
		h.read(ctx, a)
		if p := a.profile.Person; a.found && a.visitor.Person == "" && p != "" {
			a.visitor.Person = p
			h.read(ctx, a)
		}
	}
	h.decide(a)
	return true, nil
}

// decide applies the shop's rule to what the visitor decided. Without a yes the profile is as good as absent.
func (h *recommending) decide(a *asked) {
	if a.found {
		a.consent = consent.Later(a.consent, a.profile.Consent)
	}
	if a.consent.Personalization != consent.Undecided || a.consent.Marketing != consent.Undecided {
		a.source = consent.FromCookie
	}
	if a.gpc {
		a.source = consent.FromGPC
	}
	a.allowed = consent.Allows(a.caller.Consent, a.consent, a.gpc)
	a.found = a.found && a.allowed
}

// read gets the one profile that the answer needs: the person's merged one when the cookie names a person, else the visitor's own. A person who does not count this
// device (no longer, or not yet) costs a second read. A read that fails or takes too long leaves a stranger's page.
func (h *recommending) read(ctx context.Context, a *asked) {
	if a.visitor.Person != "" {
		if h.get(ctx, a, string(a.visitor.Person), profile.Merged) && (a.caller.secret() || h.member(a)) {
			return
		}
	}
	h.get(ctx, a, string(a.visitor.ID), profile.Own)
}

func (h *recommending) member(a *asked) bool {
	for _, m := range a.profile.Members {
		if m.Visitor == a.visitor.ID {
			return true
		}
	}
	return false
}

func (h *recommending) get(ctx context.Context, a *asked, id, sort string) bool {
	it, err := h.item(ctx, profile.Key(a.caller.ID, id, sort))
	if err == nil {
		err = profile.DecodeInto(&a.profile, it.Body)
	}
	a.found = err == nil
	a.lost = a.lost || err != nil && !fault.Is(err, fault.NotFound)
	if err != nil && !fault.Is(err, fault.NotFound) && !errors.Is(err, context.Canceled) {
		h.Log.Error("answer without the visitor's profile", "shop", a.caller.ID, "err", err)
	}
	return a.found
}

// item reads what is not at hand within ProfileDeadline.
func (h *recommending) item(ctx context.Context, k table.Key) (table.Item, error) {
	if it, ok := h.near.Peek(k); ok {
		return it, nil
	}
	ctx, cancel := context.WithTimeout(ctx, ProfileDeadline)
	defer cancel()
	return h.Profiles.Get(ctx, k)
}

// greet opens the first name when this device may see it.
func (h *recommending) greet(a *asked) {
	p := &a.profile
	if !a.found || len(p.Name) == 0 || a.caller.Discreet {
		return
	}
	viewer := recommend.Viewer{Profile: p, Device: a.visitor.ID, Trusted: a.visitor.Trusted}
	if !viewer.Shows(p.NameBy) {
		return
	}
	owner := string(a.visitor.Person)
	if len(p.Members) == 0 {
		owner = string(a.visitor.ID)
	}
	name, err := h.Sealer.Open(a.caller.ID, owner, p.Name)
	if err != nil {
		h.Log.Error("cannot open a first name", "shop", a.caller.ID, "err", err)
		return
	}
	a.name = name
}

// start fills the query with what every placement needs.
func (h *recommending) start(a *asked, slots []recommend.Slot) {
	a.chosen.Choices, a.chosen.Ghosts = a.chosen.Choices[:0], a.chosen.Ghosts[:0]
	a.query = recommend.Query{Shop: a.caller.ID, Slots: slots, Seed: rand.Uint32(), Now: a.now}
	if a.found {
		a.query.Viewer = recommend.Viewer{Profile: &a.profile, Device: a.visitor.ID, Trusted: a.visitor.Trusted}
	}
}

// clear makes the memory of the request before into that of a caller nobody is known of yet.
func (a *asked) clear(c caller, now time.Time) {
	a.caller, a.visitor, a.cookie, a.found, a.name, a.now = c, identity.Visitor{}, false, false, nil, now
	a.consent, a.source, a.gpc, a.allowed, a.lost = consent.State{}, consent.FromDefault, false, false, false
}

// listing chooses model and words for the request.
func (h *recommending) listing(r *http.Request, a *asked) *listing {
	return h.listingIn(r, a, queryValue(r, "locale"))
}

// listingIn is listing in the wanted language. The model is nil when the shop has none yet: shelves are then empty, not an error.
func (h *recommending) listingIn(r *http.Request, a *asked, wanted string) *listing {
	l := &a.listing
	*l = listing{words: h.Words.Choose(wanted, a.caller.Locale), signer: h.Signer, impressions: h.Impressions, fields: a.fields, shop: a.caller.ID, fragments: l.fragments, whys: l.whys}
	model, err := h.Models.Model(r.Context(), a.caller.ID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		h.Log.Error("answer without a model", "shop", a.caller.ID, "err", err)
	}
	if err == nil {
		if trial := model.Trial(); trial != nil {
			model = l.enter(trial, model, a)
		}
		l.model = model
		l.token = recommend.Token{Model: model.Version(), Seed: a.query.Seed, At: a.query.Now}
	}
	return l
}

// answer fills the shelves and reports the exposure.
func (h *recommending) answer(_ *http.Request, a *asked, l *listing) ([]recommend.Shelf, error) {
	if l.model == nil {
		h.record(a, l, nil)
		empty := make([]recommend.Shelf, len(a.query.Slots))
		for i, s := range a.query.Slots {
			empty[i].Placement = s.Placement
		}
		return empty, nil
	}
	shelves := a.worker.Answer(l.model, &a.query)
	h.record(a, l, shelves)
	a.query.Against = nil // what waits in the pool must not keep a model that is gone
	return shelves, nil
}

// record reports what the answer shows, if it shows anything.
func (h *recommending) record(a *asked, l *listing, shelves []recommend.Shelf) {
	if h.Exposures == nil || len(shelves)+len(a.chosen.Choices)+len(a.chosen.Ghosts) == 0 {
		return
	}
	a.line = l.appendExposure(a.line[:0], a, shelves)
	h.Exposures.Record(a.line)
}

// appendAmong writes what exploration chose the last item from, behind its propensity.
func (l *listing) appendAmong(dst []byte, among []item.Ordinal) []byte {
	if len(among) == 0 {
		return dst
	}
	dst = append(dst, ',')
	open := byte('[')
	for _, i := range among {
		dst = appendString(append(dst, open), l.model.ID(i))
		open = ','
	}
	return append(dst, ']')
}

// appendExposure writes the answer as one line: what was shown to whom by which policy, so that it can be evaluated later. Without consent nobody is named.
func (l *listing) appendExposure(dst []byte, a *asked, shelves []recommend.Shelf) []byte {
	dst = append(dst, `{"at":`...)
	dst = strconv.AppendInt(dst, a.query.Now.UnixMilli(), 10)
	dst = append(dst, `,"shop":"`...)
	dst = append(dst, l.shop...)
	if a.allowed && a.cookie {
		dst = append(dst, `","visitor":`...)
		dst = appendString(dst, string(a.visitor.ID))
	} else {
		dst = append(dst, '"')
	}
	dst = append(dst, `,"model":`...)
	dst = strconv.AppendUint(dst, l.token.Model, 10)
	dst = append(dst, `,"seed":`...)
	dst = strconv.AppendUint(dst, uint64(l.token.Seed), 10)
	if l.arm != recommend.NoArm {
		dst = l.appendArm(dst, a, shelves)
	}
	dst = append(dst, `,"shelves":[`...)
	for i, s := range shelves {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `["`...)
		dst = append(dst, s.Placement.String()...)
		dst = append(dst, '"')
		for n := range s.Picks {
			p := &s.Picks[n]
			dst = appendString(append(dst, ','), l.model.ID(p.Item))
			if p.Propensity != 1 {
				dst = appendShare(append(dst, ','), p.Propensity)
			}
		}
		dst = l.appendAmong(dst, s.Among)
		dst = append(dst, ']')
	}
	dst = appendExposedOffers(append(dst, ']'), &a.chosen)
	return append(dst, "}\n"...)
}
