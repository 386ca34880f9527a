package demo

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
)

// visit is one request of a visitor's browser.
type visit struct {
	shop      *Shop
	w         http.ResponseWriter
	r         *http.Request
	jar       []*http.Cookie // what the API must see: the browser's cookies and what this page's calls changed
	stock     *assortment
	sessionID string
	shown     []shelf // every shelf of the page, for the panel
}

// handler answers one request. An error it returns becomes the error page; a redirect or page is written by itself.
type handler func(v *visit) error

// errNotFound makes the page that says so.
var errNotFound = errors.New("no such page")

func (s *Shop) serve(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		w.Header().Set("Cache-Control", "private, no-store")
		v := &visit{shop: s, w: w, r: r, jar: r.Cookies()}
		var err error
		if v.stock, err = s.goods.current(r.Context()); err == nil {
			err = h(v)
		}
		if err == nil {
			return
		}
		if errors.Is(err, errNotFound) {
			//nolint:contextcheck // the visit's request carries the context
			v.failed(http.StatusNotFound, "We do not have that", "The page may have moved, or the thing is no longer sold. The search and the departments above lead to everything we have.")
			return
		}
		s.log.Error("page failed", "path", r.URL.Path, "err", err)
		//nolint:contextcheck // the visit's request carries the context
		v.failed(http.StatusServiceUnavailable, "Back in a moment", "Something is not answering just now. Please try again.")
	})
}

func (v *visit) nothingHere() error { return errNotFound }

func (v *visit) failed(status int, title, text string) {
	if v.stock == nil {
		v.stock = arrange(nil)
	}
	if err := v.page(status, "error", title, struct{ Text string }{text}); err != nil {
		v.shop.log.Error("error page failed", "err", err)
	}
}

// without logs that the API did not give something and lets the page go on without it.
func (v *visit) without(what string, err error) {
	if err != nil {
		v.shop.log.Warn("page goes on without it", "what", what, "path", v.r.URL.Path, "err", err)
	}
}

// send tells the product what happened. The shop never fails because of it.
func (v *visit) send(messages ...message) {
	now := v.shop.now().UTC()
	session, device := v.session(), v.device()
	for i := range messages {
		m := &messages[i]
		if m.MessageID == "" {
			m.MessageID = newID("m")
		}
		m.Timestamp, m.AnonymousID = now, device
		m.Context.SessionID, m.Context.Page.Path, m.Context.Locale = session, v.r.URL.Path, v.shop.opts.Locale
	}
	v.without("events", v.call(http.MethodPost, "/v1/batch", batch{Batch: messages, SentAt: now}, nil))
}

// deviceLife is as long as the API's cookie lives.
const deviceLife = identity.CookieLife

// device is the anonymousId, which every message needs. The API's cookie says who the visitor is; a browser without one is a new visitor, or none, and gets a new id.
func (v *visit) device() string {
	id := kept[string](v, deviceCookie)
	if id == "" || !slices.ContainsFunc(v.jar, isVisitor) {
		id = newID("a")
		v.without("device", keep(v, deviceCookie, id, deviceLife))
	}
	return id
}

// isVisitor knows the API's cookie.
func isVisitor(c *http.Cookie) bool {
	return c.Name == identity.CookieName || c.Name == identity.LocalCookieName
}

// sessionLife is the pause that ends a session.
const sessionLife = 30 * time.Minute

// session names what the visitor does without a long pause; the pause begins anew.
func (v *visit) session() string {
	if v.sessionID == "" {
		if v.sessionID = kept[string](v, sessionCookie); v.sessionID == "" {
			v.sessionID = newID("s")
		}
		v.without("session", keep(v, sessionCookie, v.sessionID, sessionLife))
	}
	return v.sessionID
}

func track(name event.Name, p properties) message {
	return message{Type: string(event.Track), Event: string(name), Properties: &p}
}

func pageCall(name, path string) message {
	return message{Type: string(event.Page), Name: name, Properties: &properties{Path: path}}
}

func productOf(it catalog.Item, quantity int) product {
	return product{
		ProductID: string(it.ID), Name: it.Title, Category: it.Category, Brand: it.Brand,
		Price: inEvents(it.Price, it.Currency), Currency: it.Currency, Quantity: quantity,
	}
}

// said is a sentence for the next page, kept over the redirect that follows a form.
type said struct {
	Text  string `json:"t"`
	Panel bool   `json:"p,omitempty"` // the visitor was at the panel: show it open again
}

const saidLife = time.Minute

// back answers a form: the browser fetches the page the visitor came from, with a sentence on it.
func (v *visit) back(fallback, format string, args ...any) error {
	s := said{Text: fmt.Sprintf(format, args...), Panel: v.r.PostFormValue("from") == "panel"}
	if err := keep(v, saidCookie, s, saidLife); err != nil {
		return err
	}
	to := v.r.PostFormValue("back")
	if !localPath(to) {
		to = fallback
	}
	return v.redirect(to)
}

func (v *visit) redirect(to string) error {
	http.Redirect(v.w, v.r, to, http.StatusSeeOther)
	return nil
}

// localPath says whether a form may send the browser there: a path of this shop, not "//elsewhere".
func localPath(p string) bool {
	return strings.HasPrefix(p, "/") && !strings.HasPrefix(p, "//") && !strings.ContainsAny(p, "\\\r\n\t")
}
