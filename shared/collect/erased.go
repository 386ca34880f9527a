package collect

import (
	"context"
	"encoding/json"
	"strings"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
)

// look reads who was erased, once for the call. A cookie of somebody who was erased is nobody's from now on.
func (w *walk) look(ctx context.Context) error {
	if w.s.erased == nil {
		return nil
	}
	stones, err := w.s.erased.Look(ctx, w.r.Shop.ID)
	if err != nil {
		return err
	}
	if !stones.None() {
		w.stones = stones
	}
	return nil
}

// refuse says whether the message is of somebody who was erased since it happened. One that happened after it is of somebody new: a cookie from before is dropped then.
func (w *walk) refuse(ctx context.Context, m *message) (bool, error) {
	if w.stones == nil {
		return false, nil
	}
	names := []consent.Name{{Kind: identity.KindUser, Text: string(m.UserID)}}
	if m.AnonymousID != "" {
		names = append(names, consent.Name{Kind: identity.KindDevice, Text: identity.DeviceAlias(w.r.Shop.ID, string(m.AnonymousID))})
	}
	if !w.server {
		names = append(names, consent.Name{Kind: identity.KindVisitor, Text: string(w.r.Cookie.ID)}, consent.Name{Kind: identity.KindPerson, Text: string(w.r.Cookie.Person)})
	}
	if email := m.email(); email != "" {
		names = append(names, consent.Name{Kind: identity.KindEmail, Text: email})
	}
	happened := m.happened(w.received)
	if said := event.ParseTime(or(string(m.OriginalTimestamp), string(m.Timestamp))); !said.IsZero() && said.Before(happened) {
		happened = said // a message that is sent again word for word has its old sending time, which would make it seem new
	}
	refused, err := w.stones.Refuse(ctx, happened, m.id(), names...)
	if refused || err != nil || w.current.ID == "" {
		return refused, err
	}
	return false, w.leave(ctx)
}

// leave makes a cookie from before an erasure nobody's.
func (w *walk) leave(ctx context.Context) error {
	gone, err := w.stones.Has(ctx, consent.Name{Kind: identity.KindVisitor, Text: string(w.current.ID)})
	if err != nil {
		return err
	}
	if gone {
		w.current = identity.Visitor{}
		return nil
	}
	gone, err = w.stones.Has(ctx, consent.Name{Kind: identity.KindPerson, Text: string(w.current.Person)})
	if err == nil && gone {
		w.current.Person, w.current.Trusted, w.changed = "", false, true
	}
	return err
}

// email is the address among the message's traits, in its normal form.
func (m *message) email() string {
	for _, raw := range [...]json.RawMessage{m.Traits, m.context.Traits} {
		var traits struct {
			Email scalar `json:"email"`
		}
		if len(raw) > 0 && json.Unmarshal(raw, &traits) == nil && strings.Contains(string(traits.Email), "@") {
			return identity.NormalEmail(string(traits.Email))
		}
	}
	return ""
}

// bindAddress lets the address that an identify tells lead to the person, if it leads to nobody yet. One that leads to somebody else stays theirs.
func (w *walk) bindAddress(ctx context.Context, m *message, person event.PersonID) error {
	email := m.email()
	if m.kind != event.Identify || person == "" || email == "" || len(email) > maxClientID || !w.s.aliases.Addressed() {
		return nil
	}
	_, err := w.s.aliases.EnsureByEmail(ctx, w.r.Shop.ID, email, person)
	return err
}

// Living is the visitor of a cookie, unless that one was erased since: then nobody. A person who was erased is taken off a cookie that outlived them.
func (s *Service) Living(ctx context.Context, shop event.ShopID, v identity.Visitor) (identity.Visitor, error) {
	if s.erased == nil || v.ID == "" {
		return v, nil
	}
	stones, err := s.erased.Look(ctx, shop)
	if err != nil || stones.None() {
		return v, err
	}
	w := &walk{s: s, stones: stones, current: v}
	err = w.leave(ctx)
	return w.current, err
}
