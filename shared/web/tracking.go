package web

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/locale"
	"shopkeeper/shared/privacy"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/tracking"
	"shopkeeper/shared/tracking/choices"
)

// recordWithin is how long a click waits to be counted: the reader is on the way to the shop.
const recordWithin = 1500 * time.Millisecond

// PreferencesDeps is what the links of mails and the pages behind them stand on.
type PreferencesDeps struct {
	Log     *slog.Logger
	Now     func() time.Time
	Shops   shop.Directory
	Tokens  *tracking.Tokens
	Recent  *tracking.Recent
	Watcher choices.Watcher
	Choices *choices.Service
	Words   *locale.Catalog

	Requests *privacy.Requests // of people who want to be erased
}

// NewPreferences answers the routes of PreferencesRoutes.
func NewPreferences(d PreferencesDeps) http.Handler {
	return NewHandler(d.Log, d.Now, PreferencesRoutes(d)...)
}

// PreferencesRoutes is the table of what the links of mails lead to. Whoever has a mail calls them, without cookie or login: the token in the path is the credential, for one person
// and one purpose. A GET changes nothing but counts; a POST may be repeated.
func PreferencesRoutes(d PreferencesDeps) []Route {
	h := &preferences{PreferencesDeps: d, asked: newLimiter(asksAllowed, asksWithin)}
	return []Route{
		{http.MethodGet, "/c/{token}", h.page(h.click), false},
		{http.MethodGet, "/o/{token}", h.open, false},
		{http.MethodGet, "/p/unsubscribe/{token}", h.page(h.askUnsubscribe), false},
		{http.MethodPost, "/p/unsubscribe/{token}", h.page(h.unsubscribe), false},
		{http.MethodGet, "/p/preferences/{token}", h.page(h.showPreferences), false},
		{http.MethodPost, "/p/preferences/{token}", h.page(h.savePreferences), false},
		{http.MethodGet, "/p/newsletter", h.page(h.newsletterForm), false},
		{http.MethodPost, "/p/newsletter", h.page(h.subscribe), false},
		{http.MethodGet, "/p/confirm/{token}", h.page(h.askConfirm), false},
		{http.MethodPost, "/p/confirm/{token}", h.page(h.confirm), false},
		{http.MethodGet, "/p/erase/{token}", h.page(h.askErase), false},
		{http.MethodPost, "/p/erase/{token}", h.page(h.erase), false},
	}
}

type preferences struct {
	PreferencesDeps
	asked *limiter
}

// click counts a click and leads on: GET /c/{token}. It leads on whether or not it can be counted. A retry counts nothing twice.
func (h *preferences) click(w http.ResponseWriter, r *http.Request) error {
	token, err := h.Tokens.Parse(tracking.Click, r.PathValue("token"), h.Now())
	if err == nil && !tracking.Leads(token.Extra) {
		err = fault.New(fault.NotFound, "this link leads nowhere")
	}
	if err != nil {
		return err
	}
	h.record(r, token)
	head := w.Header()
	head.Set("Location", token.Extra)
	head.Set("Cache-Control", "no-store")
	head.Set("Referrer-Policy", "no-referrer")
	head.Set("X-Robots-Tag", "noindex, nofollow")
	w.WriteHeader(http.StatusFound)
	return nil
}

// pixel is a picture of one transparent point.
var pixel = []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;")

// open counts an opening and sends the picture: GET /o/{token}. The picture comes whatever the token is. A retry counts nothing twice.
func (h *preferences) open(w http.ResponseWriter, r *http.Request) error {
	token, err := h.Tokens.Parse(tracking.Open, strings.TrimSuffix(r.PathValue("token"), ".gif"), h.Now())
	if err == nil {
		h.record(r, token)
	}
	head := w.Header()
	head.Set("Content-Type", "image/gif")
	head.Set("Cache-Control", "no-store, max-age=0")
	head.Set("X-Robots-Tag", "noindex, nofollow")
	head.Set("Cross-Origin-Resource-Policy", "cross-origin") // mail programs on the web show it on pages of theirs
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(pixel) // the client is gone when this fails
	return nil
}

// record judges who it was and has it kept. A failure is for the log: the reader waits for something else.
func (h *preferences) record(r *http.Request, t tracking.Token) {
	now := h.Now()
	hit := tracking.Hit{Kind: t.Kind, Method: r.Method, UserAgent: r.UserAgent(), Prefetch: prefetched(r), After: now.Sub(t.At)}
	if t.Kind == tracking.Click {
		hit.Others = h.Recent.Others(t.Mark, t.Extra, now)
	}
	verdict := tracking.Judge(hit)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), recordWithin)
	defer cancel()
	err := h.Watcher.Record(ctx, tracking.Seen{Kind: t.Kind, Mark: t.Mark, At: now, Machine: verdict.Machine, Link: t.Extra, Impression: t.Impression})
	if err != nil {
		h.Log.Error("what was done with a mail is not counted", "shop", t.Shop, "campaign", t.Campaign, "err", err)
	}
}

// prefetched says whether the browser gets this before anybody asked for it.
func prefetched(r *http.Request) bool {
	for _, name := range [...]string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		if v := strings.ToLower(r.Header.Get(name)); strings.Contains(v, "prefetch") || strings.Contains(v, "preview") || strings.Contains(v, "prerender") {
			return true
		}
	}
	return false
}
