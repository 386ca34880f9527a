package privacy

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/people"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/suppression"
	"shopkeeper/shared/table"
)

// Exporter brings what one part of the product keeps about a subject into an export; an Eraser that is one is asked for it.
type Exporter interface {
	Name() string

	// Export is what is kept, as JSON; nil for nothing.
	Export(ctx context.Context, shop event.ShopID, s Subject) (json.RawMessage, error)
}

// Export is everything that is kept about somebody, in the words of the product.
type Export struct {
	Shop        event.ShopID               `json:"shop"`
	At          time.Time                  `json:"at"`
	ID          event.PersonID             `json:"person,omitempty"`
	Person      *people.Person             `json:"data,omitempty"`
	Permissions []people.Permission        `json:"permissions,omitempty"` // every decision on being written to
	Suppressed  []suppression.Entry        `json:"suppressed,omitempty"`
	Merges      []people.Merge             `json:"devicesMerged,omitempty"`
	Devices     []Device                   `json:"devices,omitempty"`
	Profile     *profile.Profile           `json:"profile,omitempty"` // over all devices
	Others      map[string]json.RawMessage `json:"others,omitempty"`  // by the part of the product
}

// Device is what one browser or channel did and decided.
type Device struct {
	Visitor   event.VisitorID  `json:"visitor"`
	Profile   *profile.Profile `json:"profile,omitempty"`
	Decisions []consent.Record `json:"decisions,omitempty"`
	Events    []ExportedEvent  `json:"events,omitempty"` // by message id
}

// ExportedEvent is an event with its id.
type ExportedEvent struct {
	ID event.ID `json:"messageId"`
	event.Event
}

// Export is everything that is kept about everybody whom the text names: see Find.
func (s *Service) Export(ctx context.Context, shop event.ShopID, who string) ([]Export, error) {
	subjects, err := s.Find(ctx, shop, who)
	if err != nil {
		return nil, err
	}
	var all []Export
	for _, sub := range subjects {
		x, err := s.ExportOf(ctx, shop, sub)
		if err != nil {
			return nil, err
		}
		all = append(all, x)
	}
	return all, nil
}

// ExportOf is everything that is kept about a subject.
func (s *Service) ExportOf(ctx context.Context, shop event.ShopID, sub Subject) (Export, error) {
	x := Export{Shop: shop, At: s.Now().UTC(), ID: sub.Person, Others: map[string]json.RawMessage{}}
	if sub.Person != "" {
		if err := s.personal(ctx, shop, sub, &x); err != nil {
			return Export{}, err
		}
	}
	found, err := s.Suppression.Check(ctx, shop, sub.Emails...)
	if err != nil {
		return Export{}, err
	}
	for _, e := range found {
		x.Suppressed = append(x.Suppressed, e)
	}
	for _, v := range sub.Visitors {
		d, err := s.device(ctx, shop, v)
		if err != nil {
			return Export{}, err
		}
		x.Devices = append(x.Devices, d)
	}
	for _, e := range s.Erasers {
		other, ok := e.(Exporter)
		if !ok {
			continue
		}
		part, err := other.Export(ctx, shop, sub)
		if err != nil {
			return Export{}, fmt.Errorf("export from %s: %w", other.Name(), err)
		}
		if part != nil {
			x.Others[other.Name()] = part
		}
	}
	return x, nil
}

// personal is what lies under the person's id.
func (s *Service) personal(ctx context.Context, shop event.ShopID, sub Subject, x *Export) error {
	file, err := s.People.Load(ctx, shop, sub.Person)
	if err != nil {
		return err
	}
	file.Settle()
	x.Person, x.Merges = &file.Person, file.Merges
	if x.Permissions, err = s.People.History(ctx, shop, sub.Person); err != nil {
		return err
	}
	x.Profile, err = s.profile(ctx, shop, string(sub.Person), profile.Merged)
	return err
}

// profile is a profile without its sealed and internal parts; nil for none.
func (s *Service) profile(ctx context.Context, shop event.ShopID, id, sort string) (*profile.Profile, error) {
	p, err := profile.NewStore(s.Tables).Read(ctx, shop, id, sort)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p.Name, p.Applied = nil, profile.Applied{Count: p.Applied.Count}
	return &p, nil
}

func (s *Service) device(ctx context.Context, shop event.ShopID, v event.VisitorID) (d Device, err error) {
	d.Visitor = v
	if d.Profile, err = s.profile(ctx, shop, string(v), profile.Own); err != nil {
		return d, err
	}
	if d.Decisions, err = consent.NewRecords(s.Tables).All(ctx, shop, v); err != nil {
		return d, err
	}
	q := table.Query{Table: event.Table, Partition: event.Key(shop, v, "any").Partition, Strong: true}
	for {
		page, err := s.Tables.Query(ctx, q)
		if err != nil {
			return d, fmt.Errorf("events of visitor %s: %w", v, err)
		}
		for _, it := range page.Items {
			e, err := event.FromItem(it)
			if err != nil {
				return d, err
			}
			d.Events = append(d.Events, ExportedEvent{e.ID, e})
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return d, nil
		}
	}
}
