package web

import (
	"iter"
	"net/http"
	"net/textproto"
	"strings"
	"time"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
)

// Cookies reads and writes the visitor's two cookies: the signed identity (HttpOnly) and the decision on consent, which the page may read.
type Cookies struct {
	codec *identity.Codec
	now   func() time.Time
	plain bool
}

// NewCookies makes Secure cookies with the __Host- prefix; plain ones, for plain http on localhost, when plain is true.
func NewCookies(codec *identity.Codec, now func() time.Time, plain bool) *Cookies {
	return &Cookies{codec: codec, now: now, plain: plain}
}

func (c *Cookies) name() string {
	if c.plain {
		return identity.LocalCookieName
	}
	return identity.CookieName
}

// Visitor is whom a good cookie of this shop names; false for none, a forged one or one of another shop.
func (c *Cookies) Visitor(r *http.Request, shop event.ShopID) (identity.Visitor, bool) {
	for value := range cookieValues(r, c.name()) {
		if v, err := c.codec.Parse(shop, value, c.now()); err == nil {
			return v, true
		}
	}
	return identity.Visitor{}, false
}

// Issue sets the visitor's cookie, made now.
func (c *Cookies) Issue(w http.ResponseWriter, shop event.ShopID, v identity.Visitor) {
	v.Issued = c.now()
	c.set(w, c.name(), string(c.codec.Append(nil, shop, v)), true, int(identity.CookieLife/time.Second))
}

// Clear removes the visitor's cookie from the browser.
func (c *Cookies) Clear(w http.ResponseWriter) { c.set(w, c.name(), "", true, -1) }

// Consent is what this browser decided for the shop; the zero State when it did not. It is not signed: it is the visitor's own word.
func (c *Cookies) Consent(r *http.Request, shop event.ShopID) consent.State {
	for value := range cookieValues(r, consent.CookieName) {
		if s, err := consent.ParseCookie(shop, value, c.now()); err == nil {
			return s
		}
	}
	return consent.State{}
}

// SetConsent remembers a decision in the browser. It identifies nobody.
func (c *Cookies) SetConsent(w http.ResponseWriter, shop event.ShopID, s consent.State) {
	c.set(w, consent.CookieName, consent.FormatCookie(shop, s), false, int(identity.CookieLife/time.Second))
}

func (c *Cookies) clearConsent(w http.ResponseWriter) { c.set(w, consent.CookieName, "", false, -1) }

func (c *Cookies) set(w http.ResponseWriter, name, value string, httpOnly bool, age int) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: age, Secure: !c.plain, HttpOnly: httpOnly, SameSite: http.SameSiteLaxMode,
	})
}

// cookieValues are what r.CookiesNamed finds, without memory for cookies of which only the value is looked at.
func cookieValues(r *http.Request, name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, line := range r.Header["Cookie"] {
			for part := range strings.SplitSeq(line, ";") {
				key, value, _ := strings.Cut(textproto.TrimString(part), "=")
				if textproto.TrimString(key) != name {
					continue
				}
				if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
					value = value[1 : len(value)-1]
				}
				if !strings.ContainsFunc(value, notInCookie) && !yield(value) {
					return
				}
			}
		}
	}
}

// notInCookie says which characters make a cookie's value unreadable to net/http.
func notInCookie(c rune) bool { return c < ' ' || c >= 0x7f || c == '"' || c == ';' || c == '\\' }

// GPC says whether the browser asks not to be followed (Global Privacy Control).
func GPC(r *http.Request) bool { return header(r, "Sec-Gpc") == "1" }
