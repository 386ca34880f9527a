package console

import (
	"net/http"
	"net/url"
	"strconv"

	"shopkeeper/shared/admin"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/staff"
)

// staffPages are keys, users and the audit log.
var staffPages = map[string]handler{
	"GET keys":                 (*view).keysPage,
	"POST keys":                (*view).newKey,
	"POST keys/{id}/revoke":    (*view).revokeKey,
	"GET users":                (*view).usersPage,
	"POST users":               (*view).inviteUser,
	"GET users/{id}":           (*view).userPage,
	"POST users/{id}":          (*view).updateUser,
	"POST users/{id}/password": (*view).resetPassword,
	"GET audit":                (*view).auditPage,
}

type keysView struct {
	Keys  []admin.Key
	Fresh string // a key that was just made: shown this once
	Wrong map[string]string
	May   bool
}

func (v *view) keysPage() error { return v.keys(http.StatusOK, "", nil) }

func (v *view) keys(status int, fresh string, reasons map[string]string) error {
	list, err := v.Admin.Keys(v.ctx(), v.actor())
	if err != nil {
		return err
	}
	return v.page(status, "keys", "Keys", keysView{list, fresh, reasons, v.actor().May(staff.KeysEdit)})
}

func (v *view) newKey() error {
	if err := v.form(); err != nil {
		return err
	}
	kind := shop.KeyKind(v.r.PostForm.Get("kind"))
	fresh, err := v.Admin.NewKey(v.ctx(), v.actor(), kind, v.r.PostForm.Get("label"))
	if reasons, ok := wrong(err); ok {
		return v.keys(http.StatusUnprocessableEntity, "", reasons)
	}
	if err != nil {
		return err
	}
	return v.keys(http.StatusOK, fresh, nil)
}

func (v *view) revokeKey() error {
	if err := v.form(); err != nil {
		return err
	}
	if err := v.Admin.RevokeKey(v.ctx(), v.actor(), v.r.PathValue("id")); err != nil {
		return err
	}
	return v.to("keys", "revoked")
}

type usersView struct {
	Users   []staff.User
	Roles   []staff.Role
	Invited *admin.Invited
	Login   string
	Name    string
	Role    staff.Role
	Wrong   map[string]string
	May     bool
}

func (v *view) usersPage() error { return v.users(http.StatusOK, usersView{Role: staff.Marketer}) }

func (v *view) users(status int, u usersView) error {
	var err error
	if u.Users, err = v.Admin.Users(v.ctx(), v.actor()); err != nil {
		return err
	}
	u.Roles, u.May = staff.Roles(), v.actor().May(staff.UsersEdit)
	return v.page(status, "users", "Users", u)
}

func (v *view) inviteUser() error {
	if err := v.form(); err != nil {
		return err
	}
	form := v.r.PostForm
	u := usersView{Login: form.Get("login"), Name: form.Get("name"), Role: staff.Role(form.Get("role"))}
	made, err := v.Admin.InviteUser(v.ctx(), v.actor(), u.Login, u.Name, u.Role)
	var ok bool
	if u.Wrong, ok = wrong(err); ok {
		return v.users(http.StatusUnprocessableEntity, u)
	}
	if stale(err) {
		u.Wrong = map[string]string{"login": "Somebody has this login already."}
		return v.users(http.StatusConflict, u)
	}
	if err != nil {
		return err
	}
	return v.users(http.StatusOK, usersView{Invited: &made, Role: staff.Marketer})
}

type userView struct {
	User     staff.User
	Roles    []staff.Role
	Password string // a new one, shown this once
	Wrong    map[string]string
	May      bool
}

func (v *view) userPage() error {
	u, err := v.Admin.User(v.ctx(), v.actor(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	return v.user(http.StatusOK, userView{User: u})
}

func (v *view) user(status int, u userView) error {
	u.Roles, u.May = staff.Roles(), v.actor().May(staff.UsersEdit)
	title := u.User.Name
	if title == "" {
		title = u.User.Login
	}
	return v.page(status, "user", title, u)
}

func (v *view) updateUser() error {
	if err := v.form(); err != nil {
		return err
	}
	form, id := v.r.PostForm, v.r.PathValue("id")
	version, err := strconv.ParseInt(form.Get("version"), 10, 64)
	if err != nil || version < 1 {
		return errNothingHere
	}
	_, err = v.Admin.UpdateUser(v.ctx(), v.actor(), id, version, form.Get("name"), staff.Role(form.Get("role")), form.Get("disabled") != "")
	if reasons, ok := wrong(err); ok {
		u, err := v.Admin.User(v.ctx(), v.actor(), id)
		if err != nil {
			return err
		}
		return v.user(http.StatusUnprocessableEntity, userView{User: u, Wrong: reasons})
	}
	if err != nil {
		return err
	}
	return v.to("users/"+url.PathEscape(id), "saved")
}

func (v *view) resetPassword() error {
	if err := v.form(); err != nil {
		return err
	}
	made, err := v.Admin.ResetPassword(v.ctx(), v.actor(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	return v.user(http.StatusOK, userView{User: made.User, Password: made.Password})
}

type auditView struct {
	Entries []staff.Entry
	More    string
}

func (v *view) auditPage() error {
	list, err := v.Admin.Audit(v.ctx(), v.actor(), v.r.URL.Query().Get("cursor"), 50)
	if err != nil {
		return err
	}
	return v.page(http.StatusOK, "audit", "Audit log", auditView{list.Items, v.more(list.Next)})
}

// more is the address of the page of a list that begins at a cursor; empty for none.
func (v *view) more(cursor string) string {
	if cursor == "" {
		return ""
	}
	q := v.r.URL.Query()
	q.Del("said")
	q.Set("cursor", cursor)
	return v.r.URL.Path + "?" + q.Encode()
}
