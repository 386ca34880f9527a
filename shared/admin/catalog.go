package admin

import (
	"context"
	"errors"
	"strings"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/event"
	"shopkeeper/shared/staff"
)

// errEnough ends a listing.
var errEnough = errors.New("enough")

// Items pages through the catalog by id. text, when it is not empty, must occur in an item's id, title, category or brand, whatever the case. The cursor is the id of the page's last item.
func (s *Service) Items(ctx context.Context, a staff.Actor, text, cursor string, limit int) (Page[catalog.Item], error) {
	if err := a.Check(staff.CatalogRead); err != nil {
		return Page[catalog.Item]{}, err
	}
	text, limit = strings.ToLower(strings.TrimSpace(text)), pageSize(limit)
	var found []catalog.Item
	err := s.Deps.Items.List(ctx, a.Shop, func(it catalog.Item) error {
		if string(it.ID) <= cursor || !matches(it, text) {
			return nil
		}
		if found = append(found, it); len(found) > limit {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return Page[catalog.Item]{}, err
	}
	if len(found) > limit {
		return page(found[:limit], string(found[limit-1].ID)), nil
	}
	return page(found, ""), nil
}

func matches(it catalog.Item, text string) bool {
	if text == "" {
		return true
	}
	for _, part := range [...]string{string(it.ID), it.Title, it.Category, it.Brand} {
		if strings.Contains(strings.ToLower(part), text) {
			return true
		}
	}
	return false
}

// Item is one item of the catalog.
func (s *Service) Item(ctx context.Context, a staff.Actor, id event.ItemID) (catalog.Item, error) {
	if err := a.Check(staff.CatalogRead); err != nil {
		return catalog.Item{}, err
	}
	return s.Deps.Items.Item(ctx, a.Shop, id)
}

// HideItem takes an item out of everything that is recommended, or brings it back.
func (s *Service) HideItem(ctx context.Context, a staff.Actor, id event.ItemID, hidden bool) (catalog.Item, error) {
	var it catalog.Item
	err := s.change(ctx, a, staff.CatalogEdit, "item/"+string(id), func() (act, error) {
		old, err := s.Deps.Items.Item(ctx, a.Shop, id)
		if err != nil {
			return act{}, err
		}
		it = old
		it.Hidden = hidden
		_, err = s.Deps.Items.Put(ctx, a.Shop, it)
		return act{visibility{old.Hidden}, visibility{hidden}}, err
	})
	return it, err
}

type visibility struct {
	Hidden bool `json:"hidden"`
}

// DeleteItem removes an item for good; what happened with it stays in the history.
func (s *Service) DeleteItem(ctx context.Context, a staff.Actor, id event.ItemID) error {
	return s.change(ctx, a, staff.CatalogEdit, "item/"+string(id), func() (act, error) {
		old, err := s.Deps.Items.Item(ctx, a.Shop, id)
		if err != nil {
			return act{}, err
		}
		return act{old, nil}, s.Deps.Items.Delete(ctx, a.Shop, id)
	})
}
