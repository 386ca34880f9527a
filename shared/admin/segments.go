package admin

import (
	"context"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/segment"
	"shopkeeper/shared/staff"
)

// Segments are the shop's segments, by id.
func (s *Service) Segments(ctx context.Context, a staff.Actor) ([]segment.Definition, error) {
	if err := a.Check(staff.SegmentsRead); err != nil {
		return nil, err
	}
	return s.Deps.Segments.List(ctx, a.Shop)
}

// Segment is one segment.
func (s *Service) Segment(ctx context.Context, a staff.Actor, id segment.ID) (segment.Definition, error) {
	if err := a.Check(staff.SegmentsRead); err != nil {
		return segment.Definition{}, err
	}
	return s.Deps.Segments.Get(ctx, a.Shop, id)
}

// SaveSegment makes a segment (Version 0) or changes the version that was read, or AnyVersion.
func (s *Service) SaveSegment(ctx context.Context, a staff.Actor, d segment.Definition) (segment.Definition, error) {
	d.Shop = a.Shop
	var saved segment.Definition
	err := s.change(ctx, a, staff.SegmentsEdit, "segment/"+string(d.ID), func() (act, error) {
		before, err := replaced(&d.Version, func() (segment.Definition, error) { return s.Deps.Segments.Get(ctx, a.Shop, d.ID) }, func(x segment.Definition) int64 { return x.Version })
		if err != nil {
			return act{}, err
		}
		saved, err = s.Deps.Segments.Put(ctx, d)
		return act{before, saved}, err
	})
	return saved, err
}

// DeleteSegment removes a segment at a version (0: whatever it is).
func (s *Service) DeleteSegment(ctx context.Context, a staff.Actor, id segment.ID, version int64) error {
	return s.change(ctx, a, staff.SegmentsEdit, "segment/"+string(id), func() (act, error) {
		before, err := s.Deps.Segments.Get(ctx, a.Shop, id)
		if err != nil {
			return act{}, err
		}
		return act{before, nil}, s.Deps.Segments.Delete(ctx, a.Shop, id, version)
	})
}

// SegmentMembers pages through who is in a segment. A page may be short while Next is set.
func (s *Service) SegmentMembers(ctx context.Context, a staff.Actor, id segment.ID, cursor string, limit int) (Page[segment.Member], error) {
	if err := a.Check(staff.SegmentsRead); err != nil {
		return Page[segment.Member]{}, err
	}
	if _, err := s.Deps.Segments.Get(ctx, a.Shop, id); err != nil {
		return Page[segment.Member]{}, err
	}
	list, next, err := s.Deps.Segments.Members(ctx, a.Shop, id, cursor, pageSize(limit))
	return page(list, next), err
}

// Attributes are the names that a condition may use.
func (s *Service) Attributes(a staff.Actor) ([]segment.Attribute, error) {
	if err := a.Check(staff.SegmentsRead); err != nil {
		return nil, err
	}
	return segment.Attributes(), nil
}

// AnyVersion asks a save to change whatever version is stored, and to make nothing new.
const AnyVersion = -1

// replaced is what a save replaces, for the log: nothing for a new one. stored tells the version, which *version becomes when it is AnyVersion.
func replaced[T any](version *int64, get func() (T, error), stored func(T) int64) (any, error) {
	if *version == 0 {
		return nil, nil //nolint:nilnil // nothing is what a new definition replaces
	}
	before, err := get()
	if err == nil && *version == AnyVersion {
		*version = stored(before)
	}
	return before, err
}

// PreviewSegment is who a condition would match now: counted as far as a request may take, with a few of them.
func (s *Service) PreviewSegment(ctx context.Context, a staff.Actor, condition string, limit int) (segment.Preview, error) {
	if err := a.Check(staff.SegmentsRead); err != nil {
		return segment.Preview{}, err
	}
	return s.Keeper.Preview(ctx, a.Shop, condition, limit)
}

// Membership is a segment that a customer is in, and why.
type Membership struct {
	Segment segment.ID       `json:"segment"`
	Name    string           `json:"name"`
	Why     []segment.Reason `json:"why"` // as the customer is now
}

// Memberships are the segments that a customer is in.
func (s *Service) Memberships(ctx context.Context, a staff.Actor, id string) ([]Membership, error) {
	if err := a.Check(staff.CustomersRead); err != nil {
		return nil, err
	}
	in, err := s.Deps.Segments.Of(ctx, a.Shop, id)
	if err != nil || len(in) == 0 {
		return []Membership{}, err
	}
	who, err := s.Keeper.Customer(ctx, a.Shop, id)
	if err != nil {
		return nil, unknown(err)
	}
	list := []Membership{}
	for _, id := range in {
		d, err := s.Deps.Segments.Get(ctx, a.Shop, id)
		if fault.Is(err, fault.NotFound) {
			continue // deleted a moment ago
		}
		if err != nil {
			return nil, err
		}
		c, err := segment.Compile(d.Condition)
		if err != nil {
			return nil, err
		}
		list = append(list, Membership{d.ID, d.Name, c.Why(who)})
	}
	return list, nil
}
