package staff

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// storedUser is the body of an account.
type storedUser struct {
	User
	Hash  string `json:"hash"`
	Epoch int    `json:"epoch"` // sessions of an earlier one are over: raised with every new password, role and disabling
}

// owners is the list of the accounts that manage the others, in one item, so that two owners who demote each other at once do not leave the shop without any.
type owners struct {
	IDs []string `json:"ids"`
}

const prefixUser = "u"

func userKey(shop event.ShopID, login string) table.Key { return inShop(shop, prefixUser, login) }

func ownersKey(shop event.ShopID) table.Key { return inShop(shop, "owners") }

// Add makes an account with a password. Conflict: the login is taken.
func (s *Store) Add(ctx context.Context, u User, password string) (User, error) {
	var err error
	if u.Login, err = normalLogin(u.Login); err != nil {
		return User{}, err
	}
	if err := validate(u); err != nil {
		return User{}, err
	}
	if err := checkPassword("password", password, u.Login); err != nil {
		return User{}, err
	}
	stored := storedUser{User: u}
	if stored.Hash, err = s.hasher.hash(ctx, password); err != nil {
		return User{}, err
	}
	if stored.ID == "" {
		stored.ID = newID("u_")
	}
	stored.Version, stored.Created = 0, s.stamp()
	if err = s.put(ctx, &stored); fault.Is(err, fault.Conflict) {
		return User{}, fault.Wrap(fault.Conflict, err, "an account has this login already")
	}
	return stored.User, err
}

// Invite makes an account with a random password, which is returned this once and must be changed at the first login.
func (s *Store) Invite(ctx context.Context, u User) (User, string, error) {
	u.MustChange = true
	password := NewPassword()
	made, err := s.Add(ctx, u, password)
	return made, password, err
}

// User finds an account by its id; NotFound when the shop has none.
func (s *Store) User(ctx context.Context, shop event.ShopID, id string) (User, error) {
	stored, err := s.byID(ctx, shop, id)
	return stored.User, err
}

// Users are all accounts of a shop, by login.
func (s *Store) Users(ctx context.Context, shop event.ShopID) ([]User, error) {
	var all []User
	err := s.each(ctx, shop, func(u storedUser) { all = append(all, u.User) })
	return all, err
}

// each hands every account to f. A shop has few.
func (s *Store) each(ctx context.Context, shop event.ShopID, f func(storedUser)) error {
	q := table.Query{Table: Table, Partition: table.Partition(string(shop)), Prefix: prefixUser + "#"}
	return s.all(ctx, q, func(it table.Item) error {
		u, err := userOf(shop, it)
		if err == nil {
			f(u)
		}
		return err
	})
}

func userOf(shop event.ShopID, it table.Item) (storedUser, error) {
	var u storedUser
	err := decode(it, &u)
	u.Shop, u.Version = shop, it.Version
	return u, err
}

func (s *Store) byID(ctx context.Context, shop event.ShopID, id string) (storedUser, error) {
	var found storedUser
	if err := s.each(ctx, shop, func(u storedUser) {
		if u.ID == id {
			found = u
		}
	}); err != nil {
		return found, err
	}
	if found.ID == "" {
		return found, fault.New(fault.NotFound, "there is no such account")
	}
	return found, nil
}

func (s *Store) byLogin(ctx context.Context, shop event.ShopID, login string) (storedUser, error) {
	it, err := s.tables.Get(ctx, userKey(shop, login), table.Strong)
	if err != nil {
		return storedUser{}, notThere(err, "account")
	}
	return userOf(shop, it)
}

// Update changes name, role and whether the account is disabled, if it still is at version (0: whatever it is at). Its sessions end when role or disabling changes. Conflict: somebody was first, or it is the last
// owner's account, which can be neither disabled nor demoted.
func (s *Store) Update(ctx context.Context, shop event.ShopID, id string, version int64, name string, role Role, disabled bool) (User, error) {
	u, err := s.byID(ctx, shop, id)
	if err != nil {
		return User{}, err
	}
	if version != 0 {
		u.Version = version // a stale one fails in put
	}
	if u.Role != role || u.Disabled != disabled {
		u.Epoch++
	}
	u.Name, u.Role, u.Disabled = name, role, disabled
	if err := validate(u.User); err != nil {
		return User{}, err
	}
	err = s.put(ctx, &u)
	return u.User, err
}

// SetPassword changes an account's password when the old one is right, and ends its sessions. Unauthenticated: it is wrong.
func (s *Store) SetPassword(ctx context.Context, shop event.ShopID, id, old, fresh string) error {
	u, err := s.byID(ctx, shop, id)
	if err != nil {
		return err
	}
	if err := checkPassword("new", fresh, u.Login); err != nil {
		return err
	}
	if err := s.verify(ctx, u, old); err != nil {
		return err
	}
	u.MustChange = false
	return s.setHash(ctx, u, fresh)
}

// ResetPassword gives an account a random password, which is returned this once, and ends its sessions.
func (s *Store) ResetPassword(ctx context.Context, shop event.ShopID, id string) (string, error) {
	u, err := s.byID(ctx, shop, id)
	if err != nil {
		return "", err
	}
	u.MustChange = true
	password := NewPassword()
	return password, s.setHash(ctx, u, password)
}

func (s *Store) setHash(ctx context.Context, u storedUser, password string) error {
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	u.Hash = hash
	u.Epoch++
	return s.put(ctx, &u)
}

// put stores an account at the version it was read, together with the list of owners when that changes.
func (s *Store) put(ctx context.Context, u *storedUser) error {
	u.Updated = s.stamp()
	it, err := encode(userKey(u.Shop, u.Login), u, time.Time{})
	if err != nil {
		return err
	}
	ops := []table.Op{table.Put(it, condition(u.Version))}
	list, err := s.ownersOp(ctx, u)
	if err != nil {
		return err
	}
	if err := s.tables.Write(ctx, append(ops, list...)...); err != nil {
		return fmt.Errorf("store an account: %w", err)
	}
	u.Version++
	return nil
}

// ownersOp is the change of the list of owners that goes with a change of u, if any.
func (s *Store) ownersOp(ctx context.Context, u *storedUser) ([]table.Op, error) {
	var list owners
	version, err := s.load(ctx, ownersKey(u.Shop), &list)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	is, was := u.Role == Owner && !u.Disabled, slices.Contains(list.IDs, u.ID)
	if is == was {
		return nil, nil
	}
	if is {
		list.IDs = append(list.IDs, u.ID)
	} else {
		list.IDs = slices.DeleteFunc(list.IDs, func(id string) bool { return id == u.ID })
	}
	if len(list.IDs) == 0 {
		return nil, fault.New(fault.Conflict, "a shop has at least one owner: make another one first")
	}
	it, err := encode(ownersKey(u.Shop), list, time.Time{})
	return []table.Op{table.Put(it, condition(version))}, err
}

func (s *Store) stamp() time.Time { return s.now().UTC().Truncate(time.Millisecond) }

func newID(prefix string) string {
	var raw [10]byte
	rand.Read(raw[:]) // never fails
	return prefix + strings.ToLower(base32.StdEncoding.EncodeToString(raw[:]))
}

// Limits of an account's texts, in bytes.
const (
	maxLogin = 254
	maxName  = 200
)

// normalLogin is the one spelling of a login.
func normalLogin(login string) (string, error) {
	login = strings.ToLower(strings.TrimSpace(login))
	switch {
	case login == "":
		return "", fault.InvalidField("login", "is missing")
	case len(login) > maxLogin:
		return "", fault.InvalidField("login", "is an e-mail address or a name of at most 254 bytes")
	case strings.ContainsFunc(login, func(r rune) bool { return r < '!' || r > '~' }):
		return "", fault.InvalidField("login", "has letters, digits and signs of ASCII alone, and no spaces")
	}
	return login, nil
}

func validate(u User) error {
	if _, err := ParseRole(string(u.Role)); err != nil {
		return err
	}
	if len(u.Name) > maxName || !utf8.ValidString(u.Name) || strings.ContainsFunc(u.Name, unicode.IsControl) {
		return fault.InvalidField("name", "is text of at most 200 bytes")
	}
	return nil
}
