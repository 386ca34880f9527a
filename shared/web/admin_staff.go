package web

import (
	"context"
	"net/http"

	"shopkeeper/shared/admin"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/staff"
)

type inviteInput struct {
	Body struct {
		Login string     `json:"login" minLength:"1" maxLength:"254" pattern:"^[!-~]+$" doc:"an e-mail address or a name"`
		Name  string     `json:"name,omitempty" maxLength:"50" pattern:"^[^\\x00-\\x1f\\x7f-\\x9f]*$"`
		Role  staff.Role `json:"role" enum:"owner,marketer,operator,analyst"`
	}
}

// UserPath names an account in an address.
type UserPath struct {
	ID string `path:"id" maxLength:"64"`
}

type userChange struct {
	UserPath
	IfMatch
	Body struct {
		Name     string     `json:"name,omitempty" maxLength:"50" pattern:"^[^\\x00-\\x1f\\x7f-\\x9f]*$"`
		Role     staff.Role `json:"role" enum:"owner,marketer,operator,analyst"`
		Disabled bool       `json:"disabled"`
	}
}

// list is a whole list, without pages: a shop has few of them.
type list[T any] struct {
	Items []T `json:"items"`
}

func listed[T any](items []T, err error) (*body[list[T]], error) {
	if items == nil {
		items = []T{}
	}
	return &body[list[T]]{list[T]{items}}, err
}

func (b *adminAPI) accounts() {
	const path, tag = "/admin/v1/users", "users"
	add(b, adminOperation{method: http.MethodGet, path: path, id: "users", summary: "The accounts of the shop", tag: tag, access: access{action: staff.UsersRead}},
		func(ctx context.Context, a staff.Actor, _ *noInput) (*body[list[staff.User]], error) {
			return listed(b.Service.Users(ctx, a))
		})
	add(b, adminOperation{method: http.MethodPost, path: path, id: "invite-user", summary: "Make an account; its first password is told this once", tag: tag, status: http.StatusCreated,
		access: access{action: staff.UsersEdit, repeats: true}},
		func(ctx context.Context, a staff.Actor, in *inviteInput) (*tagged[admin.Invited], error) {
			made, err := b.Service.InviteUser(ctx, a, in.Body.Login, in.Body.Name, in.Body.Role)
			return versioned(made.User.Version, made), err
		})
	add(b, adminOperation{method: http.MethodGet, path: path + "/{id}", id: "user", summary: "One account", tag: tag, access: access{action: staff.UsersRead}},
		func(ctx context.Context, a staff.Actor, in *UserPath) (*tagged[staff.User], error) {
			u, err := b.Service.User(ctx, a, in.ID)
			return versioned(u.Version, u), err
		})
	add(b, adminOperation{method: http.MethodPut, path: path + "/{id}", id: "change-user", summary: "Change name, role and whether the account is disabled; its sessions end", tag: tag,
		access: access{action: staff.UsersEdit, matches: true}},
		func(ctx context.Context, a staff.Actor, in *userChange) (*tagged[staff.User], error) {
			version, err := in.version(ctx)
			if err != nil {
				return nil, err
			}
			u, err := b.Service.UpdateUser(ctx, a, in.ID, version, in.Body.Name, in.Body.Role, in.Body.Disabled)
			return versioned(u.Version, u), err
		})
	add(b, adminOperation{method: http.MethodPost, path: path + "/{id}/password", id: "reset-password", summary: "Give the account a new first password, told this once; its sessions end", tag: tag,
		access: access{action: staff.UsersEdit, repeats: true}},
		func(ctx context.Context, a staff.Actor, in *UserPath) (*tagged[admin.Invited], error) {
			made, err := b.Service.ResetPassword(ctx, a, in.ID)
			return versioned(made.User.Version, made), err
		})
	add(b, adminOperation{method: http.MethodGet, path: "/admin/v1/audit", id: "audit", summary: "Who changed what, newest first", tag: "audit", access: access{action: staff.AuditRead}},
		func(ctx context.Context, a staff.Actor, in *Paging) (*body[admin.Page[staff.Entry]], error) {
			page, err := b.Service.Audit(ctx, a, in.Cursor, in.Limit)
			return &body[admin.Page[staff.Entry]]{page}, err
		})
}

type keyInput struct {
	ID string `path:"id" maxLength:"64" doc:"the id of the list: the key's SHA-256"`
}

type newKeyInput struct {
	Body struct {
		Kind  shop.KeyKind `json:"kind" enum:"write,secret"`
		Label string       `json:"label,omitempty" maxLength:"50"`
	}
}

type newKeyView struct {
	Key string `json:"key" doc:"told this once"`
}

func (b *adminAPI) keys() {
	const path, tag = "/admin/v1/keys", "keys"
	add(b, adminOperation{method: http.MethodGet, path: path, id: "keys", summary: "The shop's keys, never the keys themselves", tag: tag, access: access{action: staff.KeysRead}},
		func(ctx context.Context, a staff.Actor, _ *noInput) (*body[list[admin.Key]], error) {
			return listed(b.Service.Keys(ctx, a))
		})
	add(b, adminOperation{method: http.MethodPost, path: path, id: "new-key", summary: "Make a key; it is told this once", tag: tag, status: http.StatusCreated, access: access{action: staff.KeysEdit, repeats: true}},
		func(ctx context.Context, a staff.Actor, in *newKeyInput) (*body[newKeyView], error) {
			key, err := b.Service.NewKey(ctx, a, in.Body.Kind, in.Body.Label)
			return &body[newKeyView]{newKeyView{key}}, err
		})
	add(b, adminOperation{method: http.MethodDelete, path: path + "/{id}", id: "revoke-key", summary: "End a key, everywhere within a minute", tag: tag, status: http.StatusNoContent, access: access{action: staff.KeysEdit}},
		func(ctx context.Context, a staff.Actor, in *keyInput) (*noAnswer, error) {
			return nil, b.Service.RevokeKey(ctx, a, in.ID)
		})
}
