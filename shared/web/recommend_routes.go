package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/offer"
	"shopkeeper/shared/recommend"
)

// Limits of lists in a query.
const (
	maxListed = 200 // ids in basket= or exclude=
	maxBatch  = 100 // requests in one batch
)

// frontPage serves GET /v1/front-page: pages and their servers call it; a retry reads again and harms nothing.
func (h *recommending) frontPage(w http.ResponseWriter, r *http.Request) error {
	a := h.pool.Get().(*asked)
	defer h.pool.Put(a)
	if err := h.who(w, r, a); err != nil {
		return err
	}
	slots, err := recommend.ParseSlots(queryValue(r, "slots"))
	if err != nil {
		return err
	}
	h.start(a, slots)
	if err := narrow(a, r); err != nil {
		return err
	}
	h.greet(a)
	l := h.listing(r, a)
	h.choose(r.Context(), a, l, offer.FrontPage, offer.MaxChoices)
	shelves, err := h.answer(r, a, l)
	if err != nil {
		return err
	}
	out := h.appendVisitor(a.out[:0], a, l)
	for i, s := range shelves {
		if i > 0 {
			out = append(out, ',')
		}
		out = l.appendShelf(out, s)
	}
	out = append(out, `],"offers":[`...)
	out = l.appendOffers(out, a)
	out = append(out, `],"consent":`...)
	out = appendConsent(out, a.allowed, !a.gpc && a.consent.Marketing > 0, a.source)
	a.out = append(out, '}')
	return send(w, a.out)
}

func (h *recommending) appendVisitor(out []byte, a *asked, l *listing) []byte {
	out = append(out, `{"visitor":{"known":`...)
	out = strconv.AppendBool(out, a.found && a.visitor.Person != "")
	if len(a.name) > 0 {
		out = append(out, `,"name":"`...)
		out = appendEscaped(out, string(a.name))
		out = append(out, '"')
	}
	out = append(out, `,"returning":`...)
	returning := a.found && (a.profile.Visits > 1 || h.Now().Sub(a.profile.LastSeen) > visitGap)
	out = strconv.AppendBool(out, returning)
	out = append(out, `},"greeting":"`...)
	if len(a.name) > 0 {
		out = appendEscaped(out, l.words.Text("greeting").With(string(a.name)))
	}
	return append(out, `","shelves":[`...)
}

// visitGap is the pause after which a visitor who comes back returns.
const visitGap = 30 * time.Minute

// list serves GET /v1/recommendations: one placement; product pages, baskets, search and mail call it.
func (h *recommending) list(w http.ResponseWriter, r *http.Request) error {
	placement := recommend.ForYou
	if name := queryValue(r, "placement"); name != "" {
		var err error
		if placement, err = recommend.ParsePlacement(name); err != nil {
			return err
		}
	}
	return h.one(w, r, placement, event.ItemID(queryValue(r, "item")))
}

// ofItem serves GET /v1/items/{id}/similar and /bought-together; an item that the shop does not have is NotFound.
func (h *recommending) ofItem(placement recommend.Placement) HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		return h.one(w, r, placement, event.ItemID(r.PathValue("id")))
	}
}

func (h *recommending) one(w http.ResponseWriter, r *http.Request, placement recommend.Placement, item event.ItemID) error {
	limit, err := parseLimit(queryValue(r, "limit"))
	if err != nil {
		return err
	}
	a := h.pool.Get().(*asked)
	defer h.pool.Put(a)
	if err := h.who(w, r, a); err != nil {
		return err
	}
	h.start(a, []recommend.Slot{{Placement: placement, Limit: limit}})
	if err := narrow(a, r); err != nil {
		return err
	}
	a.query.Current = item
	l := h.listing(r, a)
	if r.PathValue("id") != "" && l.model != nil {
		if _, ok := l.model.Lookup(string(item)); !ok {
			return fault.Newf(fault.NotFound, "this shop has no item %q", item)
		}
	}
	shelves, err := h.answer(r, a, l)
	if err != nil {
		return err
	}
	a.out = l.appendShelf(a.out[:0], shelves[0])
	return send(w, a.out)
}

func parseLimit(text string) (int, error) {
	if text == "" {
		return recommend.DefaultLimit, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > recommend.MaxLimit {
		return 0, fault.InvalidField("limit", fmt.Sprintf("a number from 1 to %d", recommend.MaxLimit))
	}
	return n, nil
}

// narrow reads what the caller demands of the items, and of which of their members, and how the visitor came.
func narrow(a *asked, r *http.Request) (err error) {
	if a.fields, err = parseFields(queryValue(r, "fields")); err != nil {
		return err
	}
	q := &a.query
	q.Arrival = arrivalOf(r)
	q.Category, q.Current = queryValue(r, "category"), event.ItemID(queryValue(r, "item"))
	if q.Basket, err = parseIDs(r, "basket"); err != nil {
		return err
	}
	if q.Exclude, err = parseIDs(r, "exclude"); err != nil {
		return err
	}
	if q.Varied, err = recommend.ParseShare("diversity", queryValue(r, "diversity")); err != nil {
		return err
	}
	q.Filter, err = recommend.ParseFilter(queryValue(r, "filter"))
	return err
}

func parseIDs(r *http.Request, name string) ([]event.ItemID, error) {
	text := queryValue(r, name)
	if text == "" {
		return nil, nil
	}
	var ids []event.ItemID
	for id := range strings.SplitSeq(text, ",") {
		if ids = append(ids, event.ItemID(strings.TrimSpace(id))); len(ids) > maxListed {
			return nil, fault.InvalidField(name, fmt.Sprintf("more than %d items", maxListed))
		}
	}
	return ids, nil
}

// batchRequest is one list of POST /v1/recommendations:batch.
type batchRequest struct {
	Visitor   string         `json:"visitor"`
	User      string         `json:"user"`
	Placement string         `json:"placement"`
	Limit     int            `json:"limit"`
	Item      event.ItemID   `json:"item"`
	Basket    []event.ItemID `json:"basket"`
	Exclude   []event.ItemID `json:"exclude"`
	Category  string         `json:"category"`
	Filter    string         `json:"filter"`
	Locale    string         `json:"locale"`
	Fields    string         `json:"fields"`
}

// batch serves POST /v1/recommendations:batch for the shop's servers (secret key): many lists in one answer, in the order asked.
func (h *recommending) batch(w http.ResponseWriter, r *http.Request) error {
	c, err := authenticate(r, h.Shops, "")
	if err != nil {
		return err
	}
	if !c.secret() {
		return fault.New(fault.Forbidden, "batches need the secret key")
	}
	var body struct {
		Requests []batchRequest `json:"requests"`
	}
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
	if err := dec.Decode(&body); err != nil {
		return fault.Wrap(fault.Invalid, err, "the body is not a JSON object with requests")
	}
	if len(body.Requests) == 0 || len(body.Requests) > maxBatch {
		return fault.InvalidField("requests", fmt.Sprintf("1 to %d of them", maxBatch))
	}
	out := []byte(`{"results":[`)
	for i, b := range body.Requests {
		if i > 0 {
			out = append(out, ',')
		}
		if out, err = h.appendOne(out, r, c, b); err != nil {
			return inRequest(err, i)
		}
	}
	return send(w, append(out, `]}`...))
}

// inRequest says in which request of a batch the wrong field stands.
func inRequest(err error, i int) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != fault.Invalid {
		return err
	}
	fields := make([]fault.Field, len(f.Fields))
	for k, field := range f.Fields {
		fields[k] = fault.Field{Path: fmt.Sprintf("requests[%d].%s", i, field.Path), Reason: field.Reason}
	}
	return fault.InvalidFields(fields...)
}

func (h *recommending) appendOne(out []byte, r *http.Request, c caller, b batchRequest) ([]byte, error) {
	placement, err := recommend.ParsePlacement(b.Placement)
	if err != nil {
		return out, err
	}
	filter, err := recommend.ParseFilter(b.Filter)
	if err != nil {
		return out, err
	}
	wanted, err := parseFields(b.Fields)
	if err != nil {
		return out, err
	}
	if b.Limit == 0 {
		b.Limit = recommend.DefaultLimit
	}
	if b.Limit < 0 || b.Limit > recommend.MaxLimit {
		return out, fault.InvalidField("limit", fmt.Sprintf("a number from 1 to %d", recommend.MaxLimit))
	}
	a := h.pool.Get().(*asked)
	defer h.pool.Put(a)
	a.clear(c, h.Now())
	if _, err := h.name(r.Context(), a, b.Visitor, b.User); err != nil {
		return out, err
	}
	h.start(a, []recommend.Slot{{Placement: placement, Limit: b.Limit}})
	a.query.Current, a.query.Basket, a.query.Exclude = b.Item, b.Basket, b.Exclude
	a.query.Category, a.query.Filter, a.fields = b.Category, filter, wanted
	l := h.listingIn(r, a, b.Locale)
	shelves, err := h.answer(r, a, l)
	if err != nil {
		return out, err
	}
	return l.appendShelf(out, shelves[0]), nil
}

func send(w http.ResponseWriter, body []byte) error {
	head := w.Header()
	head["Content-Type"] = jsonType
	head["Cache-Control"] = noStore
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(body) // the client is gone when this fails
	return nil
}

var (
	jsonType = []string{"application/json"}
	noStore  = []string{"no-store"}
)
