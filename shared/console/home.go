package console

import (
	"net/http"

	"shopkeeper/shared/fault"
)

// home are the pages that everybody has.
var home = map[string]handler{
	"GET account":  (*view).accountPage,
	"POST account": (*view).changePassword,
	"POST logout":  (*view).logout,
}

type accountView struct {
	MustChange bool
	HasAccount bool // somebody who came by an identity provider has no password here
	Wrong      map[string]string
}

func (v *view) accountPage() error { return v.account(http.StatusOK, nil) }

func (v *view) account(status int, reasons map[string]string) error {
	a := v.actor()
	return v.page(status, "account", "Your account", accountView{a.MustChange, len(a.ID) > 2 && a.ID[:2] == "u_", reasons})
}

// changePassword ends all sessions of the account, this one too.
func (v *view) changePassword() error {
	if err := v.form(); err != nil {
		return err
	}
	fresh := v.r.PostForm.Get("password")
	if fresh != v.r.PostForm.Get("again") {
		return v.account(http.StatusUnprocessableEntity, map[string]string{"again": "The two are not the same."})
	}
	err := v.Admin.ChangePassword(v.ctx(), v.actor(), v.r.PostForm.Get("old"), fresh)
	if fault.Is(err, fault.Unauthenticated) {
		return v.account(http.StatusUnprocessableEntity, map[string]string{"old": "That is not your password."})
	}
	if reasons, ok := wrong(err); ok {
		return v.account(http.StatusUnprocessableEntity, reasons)
	}
	if err != nil {
		return err
	}
	v.setCookie("", -1)
	return v.to("login", "password")
}
