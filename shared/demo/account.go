package demo

import (
	"net/http"
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"

	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
)

// signInLife is how long the shop keeps somebody signed in.
const signInLife = 30 * 24 * time.Hour

// account is who is signed in, in the shop's own cookie.
type account struct {
	UserID string `json:"u"`
	Name   string `json:"n"`
	Email  string `json:"e"`
}

type signInView struct {
	Customers []Customer
	Problem   string
	Name      string
	Email     string
}

func (v *visit) signInPage() error {
	v.send(pageCall("Sign in", "/sign-in"))
	return v.page(http.StatusOK, "sign-in", "Sign in", signInView{Customers: v.shop.opts.Customers})
}

// signIn takes one of the demonstration's customers, or a name and an address.
func (v *visit) signIn() error {
	if id := v.r.PostFormValue("customer"); id != "" {
		for _, c := range v.shop.opts.Customers {
			if c.UserID == id {
				return v.enter(account{c.UserID, c.Name, c.Email})
			}
		}
	}
	name, email := strings.TrimSpace(v.r.PostFormValue("name")), strings.TrimSpace(v.r.PostFormValue("email"))
	if problem := checkAccount(name, email); problem != "" {
		return v.page(http.StatusUnprocessableEntity, "sign-in", "Sign in", signInView{v.shop.opts.Customers, problem, name, email})
	}
	return v.enter(account{idOf("web", strings.ToLower(email)), name, email})
}

func checkAccount(name, email string) string {
	if name == "" || utf8.RuneCountInString(name) > 80 {
		return "Please give a name of up to 80 characters: it is what the shop greets you by."
	}
	if a, err := mail.ParseAddress(email); err != nil || a.Address != email || len(email) > 200 {
		return "Please give an e-mail address such as name@example.com. Nothing is sent to it."
	}
	return ""
}

// enter signs in. The shop vouches for the userId with its signature, so this browser may be shown the person's own data.
func (v *visit) enter(a account) error {
	if err := keep(v, customerCookie, a, signInLife); err != nil {
		return err
	}
	m := message{Type: string(event.Identify), UserID: a.UserID, Traits: &traits{Name: a.Name, Email: a.Email}}
	m.Context.UserHash = identity.SignUser([]byte(v.shop.opts.SecretKey), a.UserID)
	v.send(m)
	v.settle(func() (bool, error) {
		var front frontAnswer
		err := v.call(http.MethodGet, "/v1/front-page?slots=new:1", nil, &front)
		return front.Greeting != "" || !front.Consent.Personalization, err
	})
	return v.back("/", "Welcome, %s.", a.Name)
}

// signOut leaves the browser to the next one: the product forgets whose cookie it was, and gives it a new one.
func (v *visit) signOut() error {
	v.drop(customerCookie)
	v.drop(orderCookie)
	v.drop(sessionCookie)
	v.drop(deviceCookie)
	v.without("sign-out", v.call(http.MethodPost, "/v1/reset", nil, nil))
	return v.back("/", "You are signed out.")
}
