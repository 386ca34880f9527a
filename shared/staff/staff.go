// Package staff knows who works for a shop: accounts with roles, sessions of the console, what a role may do, and the log of what everybody changed.
//
// Three kinds of credentials lead to an Actor: a session (a login with a password, or with the claims of an identity provider), the shop's secret key (its own
// server), and the claims that a gateway checked. Whatever the way, the same table of permissions decides, and the same log remembers.
package staff

import (
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// Table holds, in partition shop: accounts (sort "u#<login>"), the list of owners ("owners") and failed logins ("try#<hash of the login>"); a session in partition shop#s#<hash of its id>
// (sort "session"); the audit log in partition shop#audit#<month> (sort time and a random end).
const Table table.Name = "staff"

// Role is what somebody works as.
type Role string

// The roles. Server is no person: it is who holds the shop's secret key.
const (
	Owner    Role = "owner"
	Marketer Role = "marketer"
	Operator Role = "operator"
	Analyst  Role = "analyst"
	Server   Role = "server"
)

// Roles are the roles that a person may have, widest first.
func Roles() []Role { return []Role{Owner, Marketer, Operator, Analyst} }

// ParseRole reads the role of a person; Invalid, naming the field, for anything else.
func ParseRole(text string) (Role, error) {
	for _, r := range Roles() {
		if string(r) == text {
			return r, nil
		}
	}
	return "", fault.InvalidField("role", "is owner, marketer, operator or analyst")
}

// Via says by which credential an Actor came.
type Via string

// The ways.
const (
	BySession Via = "session"
	ByKey     Via = "key"
	ByClaims  Via = "claims"
)

// Actor is who does something: what every use case is told first. The zero Actor may do nothing.
type Actor struct {
	Shop event.ShopID `json:"shop"`
	ID   string       `json:"id"`   // of the account, of the identity provider's subject, or "key-<begin of its hash>": what the audit log keeps
	Name string       `json:"name"` // for people; not kept in the log
	Role Role         `json:"role"`
	Via  Via          `json:"via"`

	// MustChange says that the account still has the password that somebody else made for it: until it is changed nothing else may be done.
	MustChange bool `json:"mustChangePassword,omitempty"`
}

// User is an account.
type User struct {
	Shop       event.ShopID `json:"-"`
	Version    int64        `json:"-"` // of the stored item: what If-Match compares
	ID         string       `json:"id"`
	Login      string       `json:"login"` // an e-mail address or a name, in small letters; unique in the shop
	Name       string       `json:"name,omitempty"`
	Role       Role         `json:"role"`
	Disabled   bool         `json:"disabled,omitempty"`
	MustChange bool         `json:"mustChangePassword,omitempty"`
	Created    time.Time    `json:"created"`
	Updated    time.Time    `json:"updated"`
}

// Session is somebody who is logged in.
type Session struct {
	Token string // the cookie's value: whoever has it is the actor
	CSRF  string // what forms and scripts of our own pages send along: bound to the session
	Actor Actor
	Ends  time.Time // whatever happens; unused sessions end sooner

	id string
}

// Cookie names. On plain http at localhost the __Host- prefix is impossible.
const (
	CookieName      = "__Host-sk-staff"
	LocalCookieName = "sk-staff"
)

// How long a session lasts: a working day, and a break in it.
const (
	SessionLife = 12 * time.Hour
	SessionIdle = 2 * time.Hour
)
