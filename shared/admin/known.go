package admin

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"shopkeeper/shared/archive"
	"shopkeeper/shared/event"
	"shopkeeper/shared/people"
	"shopkeeper/shared/staff"
)

// latelyLooked is how many of the latest events are looked at to find who was here lately.
const latelyLooked = 500

// Lately are the known persons who did something lately, the latest first.
func (s *Service) Lately(ctx context.Context, a staff.Actor, limit int) ([]Hit, error) {
	if err := a.Check(staff.CustomersRead); err != nil {
		return nil, err
	}
	rows, err := archive.Latest(ctx, s.Files, a.Shop, s.now(), latelyLooked)
	if err != nil {
		return nil, err
	}
	var ids []event.PersonID
	place := map[event.PersonID]int{}
	for _, r := range rows {
		id := event.PersonID(r.Person)
		if _, known := place[id]; known || id == "" || len(ids) == pageSize(limit) {
			continue
		}
		place[id] = len(ids)
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := s.People.ReadAll(ctx, a.Shop, ids...)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(x, y people.Person) int { return cmp.Compare(place[x.ID], place[y.ID]) })
	return s.hits(ctx, a.Shop, found)
}

// Names are what persons are called, by id, for lists that have ids alone; visitors and persons without a name are missing.
func (s *Service) Names(ctx context.Context, a staff.Actor, ids ...string) (map[string]string, error) {
	if err := a.Check(staff.CustomersRead); err != nil {
		return nil, err
	}
	var persons []event.PersonID
	for _, id := range ids {
		if isPerson(id) {
			persons = append(persons, event.PersonID(id))
		}
	}
	names := map[string]string{}
	if len(persons) == 0 {
		return names, nil
	}
	found, err := s.People.ReadAll(ctx, a.Shop, persons...)
	if err != nil {
		return nil, err
	}
	for _, p := range found {
		if name := cmp.Or(p.Name, strings.TrimSpace(p.FirstName+" "+p.LastName), p.Email, p.UserID); name != "" {
			names[string(p.ID)] = name
		}
	}
	return names, nil
}
