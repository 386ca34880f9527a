package web

import (
	"context"
	"net/http"
	"time"

	"shopkeeper/shared/admin"
	"shopkeeper/shared/event"
	"shopkeeper/shared/offer"
	"shopkeeper/shared/segment"
	"shopkeeper/shared/staff"
)

// Slug is how segments, offers and campaigns are named.
type Slug struct {
	ID string `path:"id" minLength:"1" maxLength:"64" pattern:"^[a-z0-9-]+$"`
}

// SegmentBody is what staff state of a segment.
type SegmentBody struct {
	Name        string `json:"name" minLength:"1" maxLength:"200"`
	Description string `json:"description,omitempty" maxLength:"2000"`
	Condition   string `json:"condition" minLength:"1" maxLength:"10000" doc:"see GET /admin/v1/segments:attributes"`
}

func (s SegmentBody) definition(id string, version int64) segment.Definition {
	return segment.Definition{ID: segment.ID(id), Version: version, Name: s.Name, Description: s.Description, Condition: s.Condition}
}

type newSegmentInput struct {
	Body struct {
		ID string `json:"id" minLength:"1" maxLength:"64" pattern:"^[a-z0-9-]+$"`
		SegmentBody
	}
}

type segmentChange struct {
	Slug
	IfMatch
	Body SegmentBody
}

type deletion struct {
	Slug
	IfMatch
}

type membersInput struct {
	Slug
	Paging
}

type previewInput struct {
	Body struct {
		Condition string `json:"condition" minLength:"1" maxLength:"10000"`
		Limit     int    `json:"limit,omitempty" minimum:"0" maximum:"100000" doc:"how many customers to look at; of more it is an estimate"`
	}
}

func (b *adminAPI) segments() {
	const path, tag = "/admin/v1/segments", "segments"
	read, edit := access{action: staff.SegmentsRead}, access{action: staff.SegmentsEdit, matches: true}
	add(b, adminOperation{method: http.MethodGet, path: path, id: "segments", summary: "The segments, by id", tag: tag, access: read},
		func(ctx context.Context, a staff.Actor, _ *noInput) (*body[list[segment.Definition]], error) {
			return listed(b.Service.Segments(ctx, a))
		})
	add(b, adminOperation{method: http.MethodPost, path: path, id: "new-segment", summary: "Make a segment; its members are found within seconds", tag: tag, status: http.StatusCreated,
		access: access{action: staff.SegmentsEdit, repeats: true}},
		func(ctx context.Context, a staff.Actor, in *newSegmentInput) (*tagged[segment.Definition], error) {
			d, err := b.Service.SaveSegment(ctx, a, in.Body.definition(in.Body.ID, 0))
			return versioned(d.Version, d), err
		})
	add(b, adminOperation{method: http.MethodGet, path: path + "/{id}", id: "segment", summary: "One segment", tag: tag, access: read},
		func(ctx context.Context, a staff.Actor, in *Slug) (*tagged[segment.Definition], error) {
			d, err := b.Service.Segment(ctx, a, segment.ID(in.ID))
			return versioned(d.Version, d), err
		})
	add(b, adminOperation{method: http.MethodPut, path: path + "/{id}", id: "change-segment", summary: "Change a segment", tag: tag, access: edit},
		func(ctx context.Context, a staff.Actor, in *segmentChange) (*tagged[segment.Definition], error) {
			version, err := in.saved(ctx)
			if err != nil {
				return nil, err
			}
			d, err := b.Service.SaveSegment(ctx, a, in.Body.definition(in.ID, version))
			return versioned(d.Version, d), err
		})
	add(b, adminOperation{method: http.MethodDelete, path: path + "/{id}", id: "delete-segment", summary: "Remove a segment", tag: tag, status: http.StatusNoContent, access: edit},
		func(ctx context.Context, a staff.Actor, in *deletion) (*noAnswer, error) {
			version, err := in.version(ctx)
			if err != nil {
				return nil, err
			}
			return nil, b.Service.DeleteSegment(ctx, a, segment.ID(in.ID), version)
		})
	add(b, adminOperation{method: http.MethodGet, path: path + "/{id}/members", id: "segment-members", summary: "Who is in a segment; a page may be short", tag: tag, access: read},
		func(ctx context.Context, a staff.Actor, in *membersInput) (*body[admin.Page[segment.Member]], error) {
			page, err := b.Service.SegmentMembers(ctx, a, segment.ID(in.ID), in.Cursor, in.Limit)
			return &body[admin.Page[segment.Member]]{page}, err
		})
	add(b, adminOperation{method: http.MethodPost, path: path + ":preview", id: "preview-segment", summary: "Who a condition would match: count and sample", tag: tag, access: read},
		func(ctx context.Context, a staff.Actor, in *previewInput) (*body[segment.Preview], error) {
			p, err := b.Service.PreviewSegment(ctx, a, in.Body.Condition, in.Body.Limit)
			return &body[segment.Preview]{p}, err
		})
	add(b, adminOperation{method: http.MethodGet, path: path + ":attributes", id: "segment-attributes", summary: "The names that a condition may use", tag: tag, access: read},
		func(_ context.Context, a staff.Actor, _ *noInput) (*body[list[segment.Attribute]], error) {
			return listed(b.Service.Attributes(a))
		})
}

// OfferBody is what staff state of an offer.
type OfferBody struct {
	Status     offer.Status   `json:"status" enum:"draft,active,paused,ended"`
	Title      string         `json:"title" minLength:"1" maxLength:"200"`
	Text       string         `json:"text,omitempty" maxLength:"2000"`
	Image      string         `json:"image,omitempty" maxLength:"2000" doc:"an https address, or a path of the shop"`
	URL        string         `json:"url,omitempty" maxLength:"2000" doc:"where a click leads: an https address, or a path of the shop"`
	Code       string         `json:"code,omitempty" maxLength:"100" doc:"coupon code: an order with it counts for the offer"`
	Items      []event.ItemID `json:"items,omitempty" maxItems:"100" nullable:"false"`
	Category   string         `json:"category,omitempty" maxLength:"500"`
	Segment    segment.ID     `json:"segment,omitempty" maxLength:"64" doc:"who may have it; without it everybody"`
	Placements []string       `json:"placements,omitempty" maxItems:"3" nullable:"false" doc:"front-page, product-page, mail; without it all"`
	Starts     time.Time      `json:"starts,omitzero"`
	Ends       time.Time      `json:"ends,omitzero"`
	PerPerson  int            `json:"perPerson,omitempty" minimum:"0" doc:"how often one customer may see it; 0: no cap"`
	Budget     int64          `json:"budget,omitempty" minimum:"0" doc:"impressions in all; 0: no limit"`
	Even       bool           `json:"even,omitempty" doc:"the budget is given out evenly until ends, instead of to whoever comes first"`
	Control    float64        `json:"control,omitempty" minimum:"0" maximum:"0.9" doc:"share of eligible customers who never see it"`
	Margin     int64          `json:"margin,omitempty" minimum:"0" doc:"minor units earned by an order through it"`
}

func (o OfferBody) definition(id string, version int64) offer.Definition {
	return offer.Definition{
		ID: offer.ID(id), Version: version, Status: o.Status, Title: o.Title, Text: o.Text, Image: o.Image, URL: o.URL, Code: o.Code, Items: o.Items, Category: o.Category, Segment: o.Segment,
		Placements: o.Placements, Starts: o.Starts, Ends: o.Ends, PerPerson: o.PerPerson, Budget: o.Budget, Even: o.Even, Control: o.Control, Margin: o.Margin,
	}
}

type newOfferInput struct {
	Body struct {
		ID string `json:"id" minLength:"1" maxLength:"64" pattern:"^[a-z0-9-]+$"`
		OfferBody
	}
}

type offerChange struct {
	Slug
	IfMatch
	Body OfferBody
}

type resultsInput struct {
	Slug
	Days int `query:"days" minimum:"0" maximum:"3650" doc:"of the last days; without it all"`
}

func (b *adminAPI) offers() {
	const path, tag = "/admin/v1/offers", "offers"
	read, edit := access{action: staff.OffersRead}, access{action: staff.OffersEdit, matches: true}
	add(b, adminOperation{method: http.MethodGet, path: path, id: "offers", summary: "The offers, by id", tag: tag, access: read},
		func(ctx context.Context, a staff.Actor, _ *noInput) (*body[list[offer.Definition]], error) {
			return listed(b.Service.Offers(ctx, a))
		})
	add(b, adminOperation{method: http.MethodPost, path: path, id: "new-offer", summary: "Make an offer", tag: tag, status: http.StatusCreated, access: access{action: staff.OffersEdit, repeats: true}},
		func(ctx context.Context, a staff.Actor, in *newOfferInput) (*tagged[offer.Definition], error) {
			d, err := b.Service.SaveOffer(ctx, a, in.Body.definition(in.Body.ID, 0))
			return versioned(d.Version, d), err
		})
	add(b, adminOperation{method: http.MethodGet, path: path + "/{id}", id: "offer", summary: "One offer", tag: tag, access: read},
		func(ctx context.Context, a staff.Actor, in *Slug) (*tagged[offer.Definition], error) {
			d, err := b.Service.Offer(ctx, a, offer.ID(in.ID))
			return versioned(d.Version, d), err
		})
	add(b, adminOperation{method: http.MethodPut, path: path + "/{id}", id: "change-offer", summary: "Change an offer", tag: tag, access: edit},
		func(ctx context.Context, a staff.Actor, in *offerChange) (*tagged[offer.Definition], error) {
			version, err := in.saved(ctx)
			if err != nil {
				return nil, err
			}
			d, err := b.Service.SaveOffer(ctx, a, in.Body.definition(in.ID, version))
			return versioned(d.Version, d), err
		})
	add(b, adminOperation{method: http.MethodDelete, path: path + "/{id}", id: "delete-offer", summary: "Remove an offer; its results stay", tag: tag, status: http.StatusNoContent, access: edit},
		func(ctx context.Context, a staff.Actor, in *deletion) (*noAnswer, error) {
			version, err := in.version(ctx)
			if err != nil {
				return nil, err
			}
			return nil, b.Service.DeleteOffer(ctx, a, offer.ID(in.ID), version)
		})
	add(b, adminOperation{method: http.MethodGet, path: path + "/{id}/results", id: "offer-results", summary: "Impressions, clicks and orders of an offer", tag: tag, access: read},
		func(ctx context.Context, a staff.Actor, in *resultsInput) (*body[admin.OfferResult], error) {
			r, err := b.Service.OfferResults(ctx, a, offer.ID(in.ID), in.Days)
			return &body[admin.OfferResult]{r}, err
		})
}
