package ingest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/table"
)

// email is the address by which the unit's person is known too; empty when it tells none.
func (u unit) email() string {
	if address, ok := strings.CutPrefix(u.user, mailUser); ok {
		return address
	}
	var email string
	if json.Unmarshal(u.traits["email"], &email) != nil {
		return ""
	}
	return identity.NormalEmail(email)
}

// userID is the shop's own number of the person; empty for one who is known by the address alone.
func (u unit) userID() string {
	if strings.HasPrefix(u.user, mailUser) {
		return ""
	}
	return u.user
}

// persons are whom the users stand for. Of several users with one address the first in the file comes before the others, so that the address is the first one's.
func (b *batches) persons(ctx context.Context, units []unit) (map[string]event.PersonID, error) {
	emails, owner := map[string]string{}, map[string]string{}
	first, rest := map[string]event.PersonID{}, map[string]event.PersonID{}
	for _, u := range units {
		if email := u.email(); u.user != "" && email != "" && emails[u.user] == "" {
			emails[u.user] = email
			if owner[email] == "" {
				owner[email] = u.user
			}
		}
	}
	for _, u := range units {
		switch email := emails[u.user]; {
		case u.user == "":
		case email == "" || owner[email] == u.user:
			first[u.user] = ""
		default:
			rest[u.user] = ""
		}
	}
	for _, some := range []map[string]event.PersonID{first, rest} {
		if err := bindAll(ctx, some, func(ctx context.Context, user string) (event.PersonID, error) {
			return b.person(ctx, user, emails[user])
		}); err != nil {
			return nil, err
		}
	}
	maps.Copy(first, rest)
	return first, nil
}

// person is whom a user and an address stand for. A user who is new is the person of the address, if that one has no account yet; an address that leads to nobody leads to the user's person from now on.
func (b *batches) person(ctx context.Context, user, email string) (event.PersonID, error) {
	aliases, shop := b.im.aliases, b.job.Shop
	if strings.HasPrefix(user, mailUser) {
		return aliases.EnsureByEmail(ctx, shop, email, "")
	}
	if email == "" || !aliases.Addressed() {
		return aliases.EnsurePerson(ctx, shop, user, "")
	}
	known, err := aliases.ByEmail(ctx, shop, email)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return "", err
	}
	if known != "" {
		if account, err := aliases.HasAccount(ctx, shop, known); err != nil || account {
			known = ""
			if err != nil {
				return "", err
			}
		}
	}
	p, err := aliases.EnsurePerson(ctx, shop, user, known)
	if err != nil {
		return "", err
	}
	_, err = aliases.EnsureByEmail(ctx, shop, email, p)
	return p, err
}

// refuse leaves out what must not be kept because its person was erased since, and says how many rows that is.
func (b *batches) refuse(ctx context.Context, units []unit) (kept []unit, rows int64, err error) {
	if b.im.erased == nil {
		return units, 0, nil
	}
	stones, err := b.im.erased.Look(ctx, b.job.Shop, table.Strong)
	if err != nil || stones.None() {
		return units, 0, err
	}
	for _, u := range units {
		if u.event == nil {
			kept = append(kept, u)
			continue
		}
		names := []consent.Name{{Kind: identity.KindUser, Text: u.userID()}, {Kind: identity.KindEmail, Text: u.email()}}
		if u.device != "" {
			names = append(names, consent.Name{Kind: identity.KindDevice, Text: identity.DeviceAlias(b.job.Shop, u.device)})
		}
		old, err := stones.Refuse(ctx, u.event.At, u.event.ID, names...)
		if err != nil {
			return nil, 0, fmt.Errorf("who was erased: %w", err)
		}
		if old {
			rows += int64(u.rows)
			continue
		}
		kept = append(kept, u)
	}
	return kept, rows, nil
}
