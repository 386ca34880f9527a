package privacy

import (
	"context"
	"fmt"

	"shopkeeper/shared/archive"
	"shopkeeper/shared/blob"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/people"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/table"
)

type eventsEraser struct{ folder *profile.Folder }

func (eventsEraser) Name() string { return "events" }

func (e eventsEraser) Erase(ctx context.Context, shop event.ShopID, s Subject) (found int, err error) {
	for _, v := range s.Visitors {
		n, err := e.folder.EraseEvents(ctx, shop, v, "")
		if found += n; err != nil {
			return found, err
		}
	}
	for _, v := range s.Named {
		n, err := e.folder.EraseEvents(ctx, shop, v, s.Person)
		if found += n; err != nil {
			return found, err
		}
	}
	return found, nil
}

type profilesEraser struct{ folder *profile.Folder }

func (profilesEraser) Name() string { return "profiles" }

func (e profilesEraser) Erase(ctx context.Context, shop event.ShopID, s Subject) (found int, err error) {
	for _, id := range s.IDs() {
		n, err := e.folder.EraseProfiles(ctx, shop, id)
		if found += n; err != nil {
			return found, err
		}
	}
	return found, nil
}

// consentEraser removes the decisions of the subject's visitors, and the visitors from the list of the night.
type consentEraser struct{ tables table.Store }

func (consentEraser) Name() string { return "consent" }

func (e consentEraser) Erase(ctx context.Context, shop event.ShopID, s Subject) (found int, err error) {
	records := consent.NewRecords(e.tables)
	for _, id := range s.IDs() {
		if err := records.DropForgotten(ctx, shop, event.VisitorID(id)); err != nil {
			return found, err
		}
		n, err := records.Erase(ctx, shop, event.VisitorID(id))
		if found += n; err != nil {
			return found, err
		}
	}
	return found, nil
}

type peopleEraser struct{ people *people.Store }

func (peopleEraser) Name() string { return "people" }

func (e peopleEraser) Erase(ctx context.Context, shop event.ShopID, s Subject) (found int, err error) {
	for _, p := range append([]event.PersonID{s.Person}, s.Also...) {
		if p == "" {
			continue
		}
		n, err := e.people.Erase(ctx, shop, p)
		if found += n; err != nil {
			return found, err
		}
	}
	return found, nil
}

type identityEraser struct{ aliases *identity.Aliases }

func (identityEraser) Name() string { return "identity" }

func (e identityEraser) Erase(ctx context.Context, shop event.ShopID, s Subject) (found int, err error) {
	for _, id := range s.IDs() {
		n, err := e.aliases.Release(ctx, shop, id)
		if found += n; err != nil {
			return found, err
		}
	}
	return found, nil
}

type archiveEraser struct{ files blob.Store }

func (archiveEraser) Name() string { return "archive" }

func (e archiveEraser) Erase(ctx context.Context, shop event.ShopID, s Subject) (int, error) {
	n, err := archive.Forget(ctx, e.files, shop, s.IDs()...)
	if err != nil {
		return n, fmt.Errorf("rewrite the archive: %w", err)
	}
	return n, nil
}
