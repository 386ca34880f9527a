package privacy

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/people"
	"shopkeeper/shared/profile"
)

// maxNamesakes bounds the persons that one address or number may name.
const maxNamesakes = 20

// Find is everybody whom the text names: a person's or visitor's id, an address, a telephone number, or the shop's own user id. Several only when several have the address or the number. NotFound
// when nobody is known by it.
func (s *Service) Find(ctx context.Context, shop event.ShopID, who string) ([]Subject, error) {
	who = strings.TrimSpace(who)
	var persons []event.PersonID
	var err error
	switch {
	case who == "":
		return nil, fault.InvalidField("person", "is missing: an id, an address or a user id")
	case strings.HasPrefix(who, "v_"):
		return s.visitor(ctx, shop, event.VisitorID(who))
	case strings.HasPrefix(who, "p_"):
		persons = []event.PersonID{event.PersonID(who)}
	default:
		if persons, err = s.known(ctx, shop, who); err != nil {
			return nil, err
		}
	}
	var all []Subject
	for _, p := range persons {
		sub, known, err := s.person(ctx, shop, p)
		if err != nil {
			return nil, err
		}
		if known {
			all = append(all, sub)
		}
	}
	if len(all) == 0 {
		return nil, fault.New(fault.NotFound, "nobody is known by this")
	}
	return all, nil
}

// known are the persons of an address, a user id or a number.
func (s *Service) known(ctx context.Context, shop event.ShopID, who string) ([]event.PersonID, error) {
	var persons []event.PersonID
	add := func(p event.PersonID, err error) error {
		if err == nil && !slices.Contains(persons, p) {
			persons = append(persons, p)
		}
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		return err
	}
	if err := add(s.Aliases.Person(ctx, shop, who)); err != nil {
		return nil, err
	}
	if strings.Contains(who, "@") {
		if err := add(s.Aliases.ByEmail(ctx, shop, who)); err != nil {
			return nil, err
		}
	}
	like, err := s.People.Search(ctx, shop, who, maxNamesakes)
	if err != nil {
		return nil, err
	}
	for _, p := range like {
		phone := identity.NormalPhone(p.Phone)
		if identity.NormalEmail(p.Email) == identity.NormalEmail(who) || p.UserID == who || phone != "" && phone == identity.NormalPhone(who) {
			if err := add(p.ID, nil); err != nil {
				return nil, err
			}
		}
	}
	return persons, nil
}

// visitor is the person behind a visitor, or the visitor alone.
func (s *Service) visitor(ctx context.Context, shop event.ShopID, v event.VisitorID) ([]Subject, error) {
	own, err := profile.NewStore(s.Tables).Read(ctx, shop, string(v), profile.Own)
	if err != nil {
		return nil, err
	}
	if own.Person != "" {
		sub, known, err := s.person(ctx, shop, own.Person)
		if err != nil || known {
			return []Subject{sub}, err
		}
	}
	sub := Subject{Visitors: []event.VisitorID{v}}
	if err := s.strangers(ctx, shop, &sub); err != nil {
		return nil, err
	}
	return []Subject{s.complete(shop, sub)}, nil
}

// person is a person under every name; known is false when nothing is kept about them.
func (s *Service) person(ctx context.Context, shop event.ShopID, id event.PersonID) (sub Subject, known bool, err error) {
	file, err := s.People.Load(ctx, shop, id)
	if err != nil {
		return sub, false, err
	}
	sub = Subject{Person: id, Visitors: []event.VisitorID{identity.Offline(id)}}
	for _, m := range file.Merges {
		if m.Undone.IsZero() {
			sub.Visitors = append(sub.Visitors, m.Visitor)
		}
	}
	if err := s.named(ctx, shop, file, &sub); err != nil {
		return sub, false, err
	}
	sub.names(file.Person)
	for _, told := range file.Pending {
		sub.names(told.Alone())
	}
	if err := s.strangers(ctx, shop, &sub); err != nil {
		return sub, false, err
	}
	if known = file.Person.Version > 0 || len(file.Pending) > 0 || len(file.Merges) > 0; !known {
		_, err := profile.NewStore(s.Tables).Read(ctx, shop, string(id), profile.Merged)
		if known = err == nil; err != nil && !fault.Is(err, fault.NotFound) {
			return sub, false, err
		}
	}
	return s.complete(shop, sub), known, nil
}

// named adds the visitors that said to be the person and are not merged: those of somebody without an account are the person's, as they gave nobody else's name.
func (s *Service) named(ctx context.Context, shop event.ShopID, file people.File, sub *Subject) error {
	for _, v := range file.Named {
		if slices.Contains(sub.Visitors, v) {
			continue
		}
		own, err := profile.NewStore(s.Tables).Read(ctx, shop, string(v), profile.Own)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		account := false
		if own.Person != sub.Person && own.Person != "" {
			if account, err = s.Aliases.HasAccount(ctx, shop, own.Person); err != nil {
				return err
			}
		}
		if account {
			sub.Named = append(sub.Named, v)
		} else {
			sub.Visitors = append(sub.Visitors, v)
		}
	}
	return nil
}

// strangers adds what the devices are known by, and the persons without an account that they stood for before they identified: somebody's traits lie there, too.
func (s *Service) strangers(ctx context.Context, shop event.ShopID, sub *Subject) error {
	for _, v := range sub.Visitors {
		devices, err := s.Aliases.Devices(ctx, shop, v)
		if err != nil {
			return err
		}
		sub.Devices = append(sub.Devices, devices...)
		other := identity.PersonOf(v)
		if other == sub.Person || identity.IsOffline(v) {
			continue
		}
		account, err := s.Aliases.HasAccount(ctx, shop, other)
		if err != nil {
			return err
		}
		if account {
			continue
		}
		file, err := s.People.Load(ctx, shop, other)
		if err != nil {
			return err
		}
		if file.Person.Version == 0 && len(file.Pending) == 0 && len(file.Merges) == 0 {
			continue
		}
		sub.Also = append(sub.Also, other)
		sub.names(file.Person)
		for _, told := range file.Pending {
			sub.names(told.Alone())
		}
	}
	return nil
}

// names adds what the person is known by.
func (s *Subject) names(p people.Person) {
	for _, x := range [...]struct {
		to   *[]string
		text string
	}{{&s.Users, p.UserID}, {&s.Emails, identity.NormalEmail(p.Email)}, {&s.Phones, p.Phone}} {
		if x.text != "" && !slices.Contains(*x.to, x.text) {
			*x.to = append(*x.to, x.text)
		}
	}
}

// complete sorts a subject and fills in what follows from the rest.
func (s *Service) complete(shop event.ShopID, sub Subject) Subject {
	slices.Sort(sub.Visitors)
	sub.Visitors = slices.Compact(sub.Visitors)
	for _, e := range sub.Emails {
		sub.Addresses = append(sub.Addresses, s.Hasher.Hashes(shop, identity.KindEmail, e)...)
	}
	sub.Needles = append(sub.IDs(), slices.Concat(sub.Emails, sub.Phones)...)
	for _, u := range sub.Users {
		if len(u) >= minUserNeedle {
			sub.Needles = append(sub.Needles, u)
		}
	}
	return sub
}

// minUserNeedle is the shortest user id that is looked for everywhere: a shorter one is somebody's price or quantity too.
const minUserNeedle = 8

// String names a subject in an error without a word of theirs.
func (s Subject) String() string { return fmt.Sprintf("a subject with %d ids", len(s.IDs())) }
