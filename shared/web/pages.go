package web

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net"
	"net/http"
	"sync"
	"time"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/locale"
	"shopkeeper/shared/shop"
)

//go:embed pages/page.html
var pageText string

//go:embed pages/page.css
var pageStyle string

// pageTemplate is the one page that every link and form leads to.
var pageTemplate = sync.OnceValue(func() *template.Template { return template.Must(template.New("page").Parse(pageText)) })

// pagePolicy allows our one style sheet, forms that come back to us, and nothing else: no program runs on these pages, and nobody frames them.
var pagePolicy = sync.OnceValue(func() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
})

// sheet is what the page shows.
type sheet struct {
	words *locale.Words

	Tag, ShopName, ShopURL  string
	Style                   template.CSS
	Title, Lead             string
	Notice                  string // what the last press of the button did
	Wrong                   bool   // the notice is of something wrong
	Done                    string // in place of a form
	Button                  string // there is a form
	Boxes                   []box
	Key, Email, Name, Agree string // of the newsletter's form
	HistoryTitle            string
	History                 []line
	More, MoreText          string // a link
}

// box is a check box. Shown ones tell that they were on the page: a box that is not ticked sends nothing.
type box struct {
	Name, Text string
	On, Shown  bool
}

type line struct{ When, Date, Text string }

func (h *preferences) newSheet(words *locale.Words, settings shop.Settings) *sheet {
	return &sheet{words: words, Tag: words.Tag, ShopName: settings.Name, ShopURL: settings.URL, Style: template.CSS(pageStyle)}
}

// say is a text with the shop's name where it goes.
func (v *sheet) say(k locale.Key) string { return v.words.Text(k).With(v.ShopName) }

func (v *sheet) show(w http.ResponseWriter, status int) error {
	var out bytes.Buffer
	if err := pageTemplate().Execute(&out, v); err != nil {
		return fault.Wrap(fault.Internal, err, "")
	}
	head := w.Header()
	head.Set("Content-Type", "text/html; charset=utf-8")
	head.Set("Content-Security-Policy", pagePolicy())
	head.Set("Referrer-Policy", "no-referrer") // the address of the page is a credential
	head.Set("Cache-Control", "no-store")
	head.Set("X-Robots-Tag", "noindex, nofollow")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes()) // the client is gone when this fails
	return nil
}

// page answers what goes wrong with a page, too: people read it. What it says is the same for every link that does not work.
func (h *preferences) page(serve HandlerFunc) HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		err := protect(serve, w, r)
		if err == nil {
			return nil
		}
		row := rowOf(err)
		if row.status >= http.StatusInternalServerError || row.status == http.StatusTooManyRequests {
			return err
		}
		v := h.newSheet(h.words(r, shop.Settings{}), shop.Settings{})
		v.Title, v.Lead = v.say(locale.LinkEnded), v.say(locale.LinkEndedText)
		return v.show(w, row.status)
	}
}

// How many subscriptions one address of the network may ask for.
const (
	asksAllowed = 10
	asksWithin  = 10 * time.Minute
	maxCallers  = 10_000
)

// limiter counts what each caller did lately, in this process's memory alone: on AWS the stage's throttle stands before it.
type limiter struct {
	allowed int
	within  time.Duration

	mu    sync.Mutex
	spent map[string]spent
}

type spent struct {
	times int
	since time.Time
}

func newLimiter(allowed int, within time.Duration) *limiter {
	return &limiter{allowed: allowed, within: within, spent: map[string]spent{}}
}

// wait counts a call and says how long the caller has to wait before another; 0 when this one may go on.
func (l *limiter) wait(caller string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.spent[caller]
	if now.Sub(s.since) >= l.within {
		if len(l.spent) >= maxCallers {
			clear(l.spent)
		}
		s = spent{since: now}
	}
	if s.times >= l.allowed {
		return l.within - now.Sub(s.since)
	}
	s.times++
	l.spent[caller] = s
	return 0
}

// networkOf is where a request comes from: the gateway puts the caller's address there.
func networkOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
