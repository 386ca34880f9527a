package admin

import (
	"context"
	"slices"
	"strings"
	"time"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/staff"
)

// Users are the shop's accounts, by login.
func (s *Service) Users(ctx context.Context, a staff.Actor) ([]staff.User, error) {
	if err := a.Check(staff.UsersRead); err != nil {
		return nil, err
	}
	return s.Staff.Users(ctx, a.Shop)
}

// User is one account.
func (s *Service) User(ctx context.Context, a staff.Actor, id string) (staff.User, error) {
	if err := a.Check(staff.UsersRead); err != nil {
		return staff.User{}, err
	}
	return s.Staff.User(ctx, a.Shop, id)
}

// Invited is a new account, or one with a new password, and the password that it is told this once; it must be changed at the first login.
type Invited struct {
	User     staff.User `json:"user"`
	Password string     `json:"password"`
}

// userFacts is an account as the log tells it: nobody's name or address.
type userFacts struct {
	Role     staff.Role `json:"role"`
	Disabled bool       `json:"disabled"`
}

// InviteUser makes an account. Conflict: the login is taken.
func (s *Service) InviteUser(ctx context.Context, a staff.Actor, login, name string, role staff.Role) (Invited, error) {
	var made Invited
	err := s.change(ctx, a, staff.UsersEdit, "user", func() (act, error) {
		var err error
		made.User, made.Password, err = s.Staff.Invite(ctx, staff.User{Shop: a.Shop, Login: login, Name: name, Role: role})
		return act{nil, struct {
			ID string `json:"id"`
			userFacts
		}{made.User.ID, userFacts{role, false}}}, err
	})
	return made, err
}

// UpdateUser changes name, role and whether the account is disabled, at a version (0: whatever it is). Its sessions end when role or disabling changes.
func (s *Service) UpdateUser(ctx context.Context, a staff.Actor, id string, version int64, name string, role staff.Role, disabled bool) (staff.User, error) {
	var changed staff.User
	err := s.change(ctx, a, staff.UsersEdit, "user/"+id, func() (act, error) {
		old, err := s.Staff.User(ctx, a.Shop, id)
		if err != nil {
			return act{}, err
		}
		changed, err = s.Staff.Update(ctx, a.Shop, id, version, name, role, disabled)
		return act{userFacts{old.Role, old.Disabled}, userFacts{role, disabled}}, err
	})
	return changed, err
}

// ResetPassword gives an account a new password, which is told this once, and ends its sessions.
func (s *Service) ResetPassword(ctx context.Context, a staff.Actor, id string) (Invited, error) {
	var made Invited
	err := s.change(ctx, a, staff.UsersEdit, "user/"+id+"/password", func() (act, error) {
		var err error
		if made.Password, err = s.Staff.ResetPassword(ctx, a.Shop, id); err != nil {
			return act{}, err
		}
		made.User, err = s.Staff.User(ctx, a.Shop, id)
		return act{}, err
	})
	return made, err
}

// ChangePassword changes the actor's own password and ends all of the account's sessions: log in again.
func (s *Service) ChangePassword(ctx context.Context, a staff.Actor, old, fresh string) error {
	return s.change(ctx, a, staff.SelfEdit, "user/"+a.ID+"/password", func() (act, error) {
		if a.Via != staff.BySession || !strings.HasPrefix(a.ID, "u_") {
			return act{}, fault.New(fault.Conflict, "only an account with a password can change it")
		}
		err := s.Staff.SetPassword(ctx, a.Shop, a.ID, old, fresh)
		if fault.Is(err, fault.Unauthenticated) {
			return act{}, fault.InvalidField("old", "is not the password")
		}
		return act{}, err
	})
}

// Audit pages through the log, newest first.
func (s *Service) Audit(ctx context.Context, a staff.Actor, cursor string, limit int) (Page[staff.Entry], error) {
	if err := a.Check(staff.AuditRead); err != nil {
		return Page[staff.Entry]{}, err
	}
	list, next, err := s.Staff.Audit(ctx, a.Shop, cursor, pageSize(limit))
	return page(list, next), err
}

// Key is a key of the shop as it is listed: never the key itself.
type Key struct {
	ID      string       `json:"id"` // its SHA-256
	Kind    shop.KeyKind `json:"kind"`
	Label   string       `json:"label,omitempty"`
	Created time.Time    `json:"created"`
}

// Keys are the shop's keys, newest first.
func (s *Service) Keys(ctx context.Context, a staff.Actor) ([]Key, error) {
	if err := a.Check(staff.KeysRead); err != nil {
		return nil, err
	}
	listed, err := s.Shops.Keys(ctx, a.Shop)
	keys := make([]Key, len(listed))
	for i, k := range listed {
		keys[i] = Key{k.Hash, k.Kind, k.Label, k.Created}
	}
	return keys, err
}

// NewKey makes a key and tells it this once.
func (s *Service) NewKey(ctx context.Context, a staff.Actor, kind shop.KeyKind, label string) (string, error) {
	var key string
	err := s.change(ctx, a, staff.KeysEdit, "key", func() (act, error) {
		if len(label) > maxLabel {
			return act{}, fault.InvalidField("label", "has at most 200 bytes")
		}
		var err error
		key, err = s.Shops.NewKey(ctx, a.Shop, kind, label)
		return act{nil, struct {
			Kind  shop.KeyKind `json:"kind"`
			Label string       `json:"label"`
		}{kind, label}}, err
	})
	return key, err
}

const maxLabel = 200

// RevokeKey ends a key by its ID, everywhere within a minute. Conflict: it is the last one of its kind, or the one that asks.
func (s *Service) RevokeKey(ctx context.Context, a staff.Actor, id string) error {
	return s.change(ctx, a, staff.KeysEdit, "key/"+id[:min(len(id), 12)], func() (act, error) {
		if !hash(id) {
			return act{}, fault.New(fault.NotFound, "there is no such key")
		}
		listed, err := s.Shops.Keys(ctx, a.Shop)
		if err != nil {
			return act{}, err
		}
		i := slices.IndexFunc(listed, func(k shop.Listed) bool { return k.Hash == id })
		if i < 0 {
			return act{}, fault.New(fault.NotFound, "there is no such key")
		}
		if a.Via == staff.ByKey && a.ID == "key-"+id[:len(a.ID)-len("key-")] {
			return act{}, fault.New(fault.Conflict, "this very key asks: end it with another one")
		}
		if !slices.ContainsFunc(listed, func(k shop.Listed) bool { return k.Kind == listed[i].Kind && k.Hash != id }) {
			return act{}, fault.New(fault.Conflict, "it is the only key of its kind: make another one first")
		}
		return act{before: Key{id, listed[i].Kind, listed[i].Label, listed[i].Created}}, s.Shops.Revoke(ctx, a.Shop, id)
	})
}

func hash(id string) bool {
	return len(id) == 64 && !strings.ContainsFunc(id, func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'f') })
}

// Logout ends the actor's session. A server has none to end.
func (s *Service) Logout(ctx context.Context, a staff.Actor, in staff.Session) error {
	if err := a.Check(staff.SelfEdit); err != nil {
		return err
	}
	if in.Token == "" {
		return nil
	}
	if err := s.Staff.End(ctx, in.Token); err != nil {
		return err
	}
	entry := entryOf(a, staff.LoggedOut, "")
	entry.Outcome = staff.Done
	return s.Staff.Note(ctx, entry)
}
