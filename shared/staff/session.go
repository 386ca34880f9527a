package staff

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// touchEvery is how exactly it is known when a session was used last: a write a minute, not one a request.
const touchEvery = time.Minute

// storedSession is the body of a session. It names the account, whose role counts as it is now; an actor of an identity provider is kept as the claims made it.
type storedSession struct {
	Login  string    `json:"login,omitempty"`
	Epoch  int       `json:"epoch,omitempty"`
	Claims *Actor    `json:"claims,omitempty"`
	Seen   time.Time `json:"seen"`
	Ends   time.Time `json:"ends"`
}

// scopes of the tokens that are made with the staff keys.
const (
	scopeSession = "session"
	scopeCSRF    = "csrf"
)

func sessionKey(shop event.ShopID, id string) table.Key {
	sum := sha256.Sum256([]byte(id))
	return table.Key{Table: Table, Partition: table.Partition(string(shop), "s", hex.EncodeToString(sum[:])), Sort: "session"}
}

// begin stores a fresh session. old, the token that the browser had before, is ended, so that nobody who planted or saw it is logged in along.
func (s *Store) begin(ctx context.Context, shop event.ShopID, actor Actor, body storedSession, old string) (Session, error) {
	var raw [24]byte
	rand.Read(raw[:]) // never fails
	id := base64.RawURLEncoding.EncodeToString(raw[:])
	body.Seen = s.stamp()
	body.Ends = body.Seen.Add(SessionLife)
	if err := s.keep(ctx, shop, id, body); err != nil {
		return Session{}, err
	}
	if old != "" {
		if err := s.End(ctx, old); err != nil {
			return Session{}, err
		}
	}
	return s.session(shop, id, actor, body), nil
}

// keep stores a session until it would be idle for too long.
func (s *Store) keep(ctx context.Context, shop event.ShopID, id string, body storedSession) error {
	expires := body.Seen.Add(SessionIdle)
	if body.Ends.Before(expires) {
		expires = body.Ends
	}
	it, err := encode(sessionKey(shop, id), body, expires)
	if err != nil {
		return err
	}
	if err := s.tables.Write(ctx, table.Put(it, table.Always())); err != nil {
		return fmt.Errorf("store a session: %w", err)
	}
	return nil
}

func (s *Store) session(shop event.ShopID, id string, actor Actor, body storedSession) Session {
	payload := string(shop) + "\x00" + id
	return Session{
		Token: string(s.tokens.Append(nil, scopeSession, []byte(payload))),
		CSRF:  string(s.tokens.Append(nil, scopeCSRF+"\x00"+payload, nil)),
		Actor: actor, Ends: body.Ends, id: id,
	}
}

// open reads a token's shop and session id, if we made it.
func (s *Store) open(token string) (event.ShopID, string, error) {
	payload, err := s.tokens.Open(nil, scopeSession, token)
	if err != nil {
		return "", "", errNoSession
	}
	shop, id, ok := strings.Cut(string(payload), "\x00")
	if !ok || shop == "" || id == "" {
		return "", "", errNoSession
	}
	return event.ShopID(shop), id, nil
}

var errNoSession = fault.New(fault.Unauthenticated, "log in first")

// Session is who a token belongs to. Unauthenticated: it is forged, ended, unused for SessionIdle, or the account's role or password changed since.
func (s *Store) Session(ctx context.Context, token string) (Session, error) {
	shop, id, err := s.open(token)
	if err != nil {
		return Session{}, err
	}
	var body storedSession
	if _, err := s.load(ctx, sessionKey(shop, id), &body); fault.Is(err, fault.NotFound) {
		return Session{}, errNoSession
	} else if err != nil {
		return Session{}, err
	}
	actor, err := s.actorOf(ctx, shop, body)
	if err != nil {
		return Session{}, err
	}
	if now := s.stamp(); now.Sub(body.Seen) >= touchEvery {
		body.Seen = now
		if err := s.keep(ctx, shop, id, body); err != nil {
			return Session{}, err
		}
	}
	return s.session(shop, id, actor, body), nil
}

// actorOf is who the session stands for, with the role of this moment.
func (s *Store) actorOf(ctx context.Context, shop event.ShopID, body storedSession) (Actor, error) {
	if body.Claims != nil {
		return *body.Claims, nil
	}
	u, err := s.byLogin(ctx, shop, body.Login)
	if fault.Is(err, fault.NotFound) || err == nil && (u.Disabled || u.Epoch != body.Epoch) {
		return Actor{}, errNoSession
	}
	return actorOf(u.User), err
}

func actorOf(u User) Actor {
	name := u.Name
	if name == "" {
		name = u.Login
	}
	return Actor{Shop: u.Shop, ID: u.ID, Name: name, Role: u.Role, Via: BySession, MustChange: u.MustChange}
}

// CheckCSRF is Forbidden unless the token is the one of this session.
func (s *Store) CheckCSRF(in Session, token string) error {
	payload := string(in.Actor.Shop) + "\x00" + in.id
	if _, err := s.tokens.Open(nil, scopeCSRF+"\x00"+payload, token); err != nil {
		return fault.New(fault.Forbidden, "the form is not from this session: load the page again")
	}
	return nil
}

// End ends a session. Ending what is no session is no error.
func (s *Store) End(ctx context.Context, token string) error {
	shop, id, err := s.open(token)
	if err != nil {
		return nil //nolint:nilerr // what is no session needs no end
	}
	if err := s.tables.Write(ctx, table.Delete(sessionKey(shop, id), table.Always())); err != nil {
		return fmt.Errorf("end a session: %w", err)
	}
	return nil
}
