package console

import (
	"net/http"
	"strings"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/staff"
)

// public are the pages that need no session.
var public = map[string]handler{
	"GET login":  (*view).loginPage,
	"POST login": (*view).login,
	"POST token": (*view).token,
}

func (c *Console) cookieName() string {
	if c.Plain {
		return staff.LocalCookieName
	}
	return staff.CookieName
}

func (v *view) cookie() string {
	if c, err := v.r.Cookie(v.cookieName()); err == nil {
		return c.Value
	}
	return ""
}

func (v *view) setCookie(value string, age int) {
	http.SetCookie(v.w, &http.Cookie{Name: v.cookieName(), Value: value, Path: "/", MaxAge: age, HttpOnly: true, Secure: !v.Plain, SameSite: http.SameSiteLaxMode})
}

// signedIn lets through who has a session here, and sends everybody else to the login.
func (c *Console) signedIn(h handler) handler {
	return func(v *view) error {
		var err error
		if v.session, err = c.Staff.Session(v.ctx(), v.cookie()); err != nil && !fault.Is(err, fault.Unauthenticated) {
			return err
		}
		if shop := v.session.Actor.Shop; err != nil || shop == "" || c.Shop != "" && shop != c.Shop {
			v.session = staff.Session{}
			return v.toLogin()
		}
		if v.settings, err = c.Shops.Settings(v.ctx(), v.session.Actor.Shop); err != nil {
			return err
		}
		if v.session.Actor.MustChange && v.r.URL.Path != Path+"account" && v.r.URL.Path != Path+"logout" {
			return v.to("account", "")
		}
		return h(v)
	}
}

// toLogin sends a browser to the login, which leads back here. A live part of a page cannot be redirected: the script reloads the page instead.
func (v *view) toLogin() error {
	if v.isLive() {
		v.w.Header().Set("HX-Refresh", "true")
		v.w.WriteHeader(http.StatusUnauthorized)
		return nil
	}
	address := Path + "login"
	if back := strings.TrimPrefix(v.r.URL.Path, Path); v.r.Method == http.MethodGet && back != "" {
		address += "?next=" + back
	}
	http.Redirect(v.w, v.r, address, http.StatusSeeOther)
	return nil
}

// loginView is the login form. Where several shops share the console it asks for the shop.
type loginView struct {
	Login, Next, Problem string
	AskShop              bool
	Shop                 string
}

func (v *view) loginPage() error {
	if err := v.only(); err != nil {
		return err
	}
	return v.gate(http.StatusOK, loginView{Next: nextPage(v.r.URL.Query().Get("next"))})
}

// only loads the settings of the console's only shop, if it has one, for its name.
func (v *view) only() (err error) {
	if v.Shop != "" {
		v.settings, err = v.Shops.Settings(v.ctx(), v.Shop)
	}
	return err
}

func (v *view) gate(status int, form loginView) error {
	form.AskShop = v.Shop == ""
	return v.page(status, "login", "Log in", form)
}

// login begins a session. Whoever is refused is told the same for a wrong password and for a name that nobody has.
func (v *view) login() error {
	if err := v.only(); err != nil {
		return err
	}
	if err := v.r.ParseForm(); err != nil {
		return fault.Wrap(fault.Invalid, err, "the form cannot be read")
	}
	form := loginView{Login: v.r.PostForm.Get("login"), Next: nextPage(v.r.PostForm.Get("next"))}
	shop := v.Shop
	if shop == "" {
		form.Shop = v.r.PostForm.Get("shop")
		shop = event.ShopID(form.Shop)
	}
	session, err := v.Staff.Login(v.ctx(), shop, form.Login, v.r.PostForm.Get("password"), v.cookie())
	switch {
	case fault.Is(err, fault.Unauthenticated):
		form.Problem = "That name and password do not fit together."
		return v.gate(http.StatusUnauthorized, form)
	case fault.Is(err, fault.TooMany):
		form.Problem = "Too many tries. Please wait a while, then try again."
		return v.gate(http.StatusTooManyRequests, form)
	case err != nil:
		return err
	}
	v.setCookie(session.Token, int(staff.SessionLife.Seconds()))
	return v.to(form.Next, "")
}

// token begins a session for whom the gateway's authorizer let in: the identity provider's page posts here with its token in the Authorization header.
func (v *view) token() error {
	actor, err := staff.ActorOf(staff.ClaimsFrom(v.ctx()), staff.ClaimNames{}, v.Shop)
	if err != nil {
		return err
	}
	if actor.Shop == "" || v.Shop != "" && actor.Shop != v.Shop {
		return fault.New(fault.Forbidden, "the token is for another shop")
	}
	session, err := v.Staff.LoginClaims(v.ctx(), actor, v.cookie())
	if err != nil {
		return err
	}
	v.setCookie(session.Token, int(staff.SessionLife.Seconds()))
	return v.to("", "")
}

// nextPage is a page of the console and nothing else: whatever could lead elsewhere is the overview.
func nextPage(path string) string {
	if strings.ContainsFunc(path, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_./", r)
	}) || strings.HasPrefix(path, "/") || strings.Contains(path, "..") || strings.Contains(path, "//") {
		return ""
	}
	return path
}

func (v *view) logout() error {
	if err := v.form(); err != nil {
		return err
	}
	if err := v.Staff.End(v.ctx(), v.session.Token); err != nil {
		return err
	}
	v.setCookie("", -1)
	return v.to("login", "out")
}
