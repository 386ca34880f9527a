package admin

import (
	"context"
	"time"

	"shopkeeper/shared/offer"
	"shopkeeper/shared/staff"
)

// Offers are the shop's offers, by id.
func (s *Service) Offers(ctx context.Context, a staff.Actor) ([]offer.Definition, error) {
	if err := a.Check(staff.OffersRead); err != nil {
		return nil, err
	}
	return s.Deps.Offers.List(ctx, a.Shop)
}

// Offer is one offer.
func (s *Service) Offer(ctx context.Context, a staff.Actor, id offer.ID) (offer.Definition, error) {
	if err := a.Check(staff.OffersRead); err != nil {
		return offer.Definition{}, err
	}
	return s.Deps.Offers.Get(ctx, a.Shop, id)
}

// SaveOffer makes an offer (Version 0) or changes the version that was read, or AnyVersion.
func (s *Service) SaveOffer(ctx context.Context, a staff.Actor, d offer.Definition) (offer.Definition, error) {
	d.Shop = a.Shop
	var saved offer.Definition
	err := s.change(ctx, a, staff.OffersEdit, "offer/"+string(d.ID), func() (act, error) {
		if d.Version == 0 {
			d.Created = time.Time{}
			var err error
			saved, err = s.Deps.Offers.Put(ctx, d)
			return act{nil, saved}, err
		}
		before, err := s.Deps.Offers.Get(ctx, a.Shop, d.ID)
		if err != nil {
			return act{}, err
		}
		d.Created = before.Created
		if d.Version == AnyVersion {
			d.Version = before.Version
		}
		saved, err = s.Deps.Offers.Put(ctx, d)
		return act{before, saved}, err
	})
	return saved, err
}

// DeleteOffer removes an offer at a version (0: whatever it is). Its results stay.
func (s *Service) DeleteOffer(ctx context.Context, a staff.Actor, id offer.ID, version int64) error {
	return s.change(ctx, a, staff.OffersEdit, "offer/"+string(id), func() (act, error) {
		before, err := s.Deps.Offers.Get(ctx, a.Shop, id)
		if err != nil {
			return act{}, err
		}
		if version == 0 {
			version = before.Version
		}
		return act{before, nil}, s.Deps.Offers.Delete(ctx, a.Shop, id, version)
	})
}

// OfferResult is what became of an offer.
type OfferResult struct {
	Total Cohort   `json:"total"`
	Days  []Cohort `json:"days"` // by the day of the first impression, oldest first

	Situations []SituationResult `json:"situations"` // those in which anybody met it, in their order
}

// SituationResult is what became of an offer with customers of one sort: the choice learns them apart.
type SituationResult struct {
	Known      string `json:"known" enum:"stranger,returning,buyer"`
	Interested bool   `json:"interested"` // in the offer's goods
	Customers  int64  `json:"customers"`
	Clicked    int64  `json:"clicked"`
	Ordered    int64  `json:"ordered"`
}

// Cohort is what the customers did who saw an offer for the first time on one day.
type Cohort struct {
	Day         string `json:"day,omitempty"` // 2006-01-02
	Customers   int64  `json:"customers"`
	Impressions int64  `json:"impressions"`
	Clicked     int64  `json:"clicked"` // customers
	Orders      int64  `json:"orders"`
	Coded       int64  `json:"coded"` // of Orders: with the code, without having seen the offer
	Ordered     int64  `json:"ordered"`
	Value       int64  `json:"value"` // of Orders, minor units
	Currency    string `json:"currency,omitempty"`
}

// OfferResults is what became of an offer in the last days (0: all).
func (s *Service) OfferResults(ctx context.Context, a staff.Actor, id offer.ID, days int) (OfferResult, error) {
	if err := a.Check(staff.OffersRead); err != nil {
		return OfferResult{}, err
	}
	if _, err := s.Deps.Offers.Get(ctx, a.Shop, id); err != nil {
		return OfferResult{}, err
	}
	var from time.Time
	if days > 0 {
		from = s.now().AddDate(0, 0, -days)
	}
	r, err := s.Results.Of(ctx, a.Shop, id, from)
	out := OfferResult{Total: cohort(r.Total), Days: make([]Cohort, len(r.Days))}
	for i, c := range r.Days {
		out.Days[i] = cohort(c)
	}
	out.Situations = []SituationResult{}
	for at, p := range r.Total.In {
		if p.Subjects > 0 {
			known, interested := offer.Situation(at).Name()
			out.Situations = append(out.Situations, SituationResult{known, interested, p.Subjects, p.Clicked, p.Rewarded()})
		}
	}
	return out, err
}

func cohort(c offer.Cohort) Cohort {
	out := Cohort{Customers: c.Subjects, Impressions: c.Impressions, Clicked: c.Clicked, Orders: c.Orders, Coded: c.Coded, Ordered: c.Rewarded(), Value: c.Value, Currency: c.Currency}
	if day, err := time.Parse("20060102", c.Day); err == nil {
		out.Day = day.Format(time.DateOnly)
	}
	return out
}
