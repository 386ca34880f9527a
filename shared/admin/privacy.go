package admin

import (
	"context"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/privacy"
	"shopkeeper/shared/staff"
)

// ExportCustomer is everything that is kept of a customer, for the customer.
func (s *Service) ExportCustomer(ctx context.Context, a staff.Actor, id string) (privacy.Export, error) {
	var out privacy.Export
	err := s.change(ctx, a, staff.CustomersTake, "customer/"+id, func() (act, error) {
		if err := s.anybody(ctx, a.Shop, id); err != nil {
			return act{}, err
		}
		all, err := s.Privacy.Export(ctx, a.Shop, id)
		if err != nil {
			return act{}, err
		}
		if len(all) != 1 {
			return act{}, fault.New(fault.NotFound, "there is no such customer")
		}
		out = all[0]
		return act{}, nil
	})
	return out, err
}

// EraseCustomer erases a customer everywhere and certifies it. It cannot be undone; an erasure that is cut short goes on by itself.
func (s *Service) EraseCustomer(ctx context.Context, a staff.Actor, id string) (privacy.Certificate, error) {
	var done privacy.Certificate
	err := s.change(ctx, a, staff.CustomersDrop, "customer", func() (act, error) { // no id: the log must not know who was erased
		if err := s.anybody(ctx, a.Shop, id); err != nil {
			return act{}, err
		}
		var err error
		done, err = s.Privacy.Erase(ctx, a.Shop, id)
		return act{nil, struct {
			Erasure string `json:"erasure"`
		}{done.Erasure}}, err
	})
	return done, err
}

// anybody is NotFound unless the id is a person's or a visitor's of the shop: an address is no id.
func (s *Service) anybody(ctx context.Context, shop event.ShopID, id string) error {
	if isPerson(id) {
		return s.known(ctx, shop, event.PersonID(id))
	}
	_, err := s.profile(ctx, shop, id)
	return err
}

// Certificates are the erasures that are finished, oldest first.
func (s *Service) Certificates(ctx context.Context, a staff.Actor) ([]privacy.Certificate, error) {
	if err := a.Check(staff.AuditRead); err != nil {
		return nil, err
	}
	return s.Privacy.Certificates(ctx, a.Shop)
}
