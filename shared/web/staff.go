package web

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/staff"
)

// Door knows which member of staff asks, by one of three credentials: the claims of a token that the gateway checked, the shop's secret key, or the cookie of a session. It is safe for concurrent use.
type Door struct {
	Staff  *staff.Store
	Shops  shop.Directory
	Names  staff.ClaimNames
	Only   event.ShopID // the deployment's shop where there is one: what a login belongs to that names none
	Plain  bool         // plain http on localhost
	origin http.CrossOriginProtection
}

// CSRFHeader carries the session's token with every call that changes something; CSRFField is the same in a form.
const (
	CSRFHeader = "X-CSRF-Token"
	CSRFField  = "csrf"
)

func (d *Door) name() string {
	if d.Plain {
		return staff.LocalCookieName
	}
	return staff.CookieName
}

// Token is the session's cookie, empty when the browser has none.
func (d *Door) Token(r *http.Request) string {
	cookie, err := r.Cookie(d.name())
	if err != nil {
		return ""
	}
	return cookie.Value
}

// Cookie is the one that keeps a session in the browser. It ends with the browser: how long a session lasts is the server's matter.
func (d *Door) Cookie(token string) *http.Cookie {
	return &http.Cookie{Name: d.name(), Value: token, Path: "/", Secure: !d.Plain, HttpOnly: true, SameSite: http.SameSiteLaxMode}
}

// Gone is the cookie that removes it.
func (d *Door) Gone() *http.Cookie {
	c := d.Cookie("")
	c.MaxAge = -1
	return c
}

// Session is the session of a page's request; Unauthenticated when there is none.
func (d *Door) Session(r *http.Request) (staff.Session, error) {
	token := d.Token(r)
	if token == "" {
		return staff.Session{}, errLogIn
	}
	return d.Staff.Session(r.Context(), token)
}

var errLogIn = fault.New(fault.Unauthenticated, "log in first, or send the shop's secret key")

// CheckOrigin is Forbidden for a call that another site's page makes with our cookie. Calls that change nothing pass.
func (d *Door) CheckOrigin(r *http.Request) error {
	if err := d.origin.Check(r); err != nil {
		return fault.Wrap(fault.Forbidden, err, "the call comes from a page of another site")
	}
	return nil
}

// CheckForm is Forbidden unless a changing request comes from a page of this session: same origin, and the session's token in the header or the form. The form is parsed, so limit the body before.
func (d *Door) CheckForm(r *http.Request, in staff.Session) error {
	if err := d.CheckOrigin(r); err != nil {
		return err
	}
	token := r.Header.Get(CSRFHeader)
	if token == "" {
		token = r.PostFormValue(CSRFField)
	}
	return d.Staff.CheckCSRF(in, token)
}

// Actor is who asks, with every credential looked at in turn. A session must prove with the CSRF header that a changing call comes from its own page; key and claims cannot be sent by another site's page.
func (d *Door) Actor(r *http.Request) (staff.Actor, staff.Session, error) {
	if claims := staff.ClaimsFrom(r.Context()); claims != nil {
		a, err := staff.ActorOf(claims, d.Names, d.Only)
		return a, staff.Session{}, err
	}
	if r.Header.Get("Authorization") != "" {
		a, err := d.server(r)
		return a, staff.Session{}, err
	}
	in, err := d.Session(r)
	if err != nil {
		return staff.Actor{}, in, err
	}
	if safe(r.Method) {
		return in.Actor, in, nil
	}
	if err := d.CheckOrigin(r); err != nil {
		return staff.Actor{}, in, err
	}
	return in.Actor, in, d.Staff.CheckCSRF(in, r.Header.Get(CSRFHeader))
}

func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// server is the actor of the shop's secret key.
func (d *Door) server(r *http.Request) (staff.Actor, error) {
	key, _, basic := r.BasicAuth()
	if auth := r.Header.Get("Authorization"); !basic && len(auth) > 7 && strings.EqualFold(auth[:7], "Bearer ") {
		key = strings.TrimSpace(auth[7:])
	}
	if key == "" {
		return staff.Actor{}, errLogIn
	}
	info, err := d.Shops.Key(r.Context(), key)
	if err != nil {
		return staff.Actor{}, err
	}
	if info.Kind != shop.SecretKey {
		return staff.Actor{}, fault.New(fault.Forbidden, "a write key opens nothing here: the secret key does")
	}
	sum := sha256.Sum256([]byte(key))
	return staff.Actor{Shop: info.Shop, ID: "key-" + hex.EncodeToString(sum[:6]), Name: "the shop's server", Role: staff.Server, Via: staff.ByKey}, nil
}
