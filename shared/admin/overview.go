package admin

import (
	"context"
	"sync"
	"time"

	"shopkeeper/shared/archive"
	"shopkeeper/shared/event"
	"shopkeeper/shared/kpi"
	"shopkeeper/shared/staff"
)

// overviewDays is how far the overview looks back, and overviewLife how old its figures may be: reading a month of the archive for every look would be waste.
const (
	overviewDays = 30
	overviewLife = time.Minute
)

// Overview is how the shop has been doing.
type Overview struct {
	Currency string    `json:"currency"`
	At       time.Time `json:"at"` // of the figures
	Days     []kpi.Day `json:"days"`
}

// overviews keeps the latest figures of each shop.
type overviews struct {
	mu     sync.Mutex
	latest map[event.ShopID]Overview
}

// Overview is the shop's last thirty days, a minute old at most.
func (s *Service) Overview(ctx context.Context, a staff.Actor) (Overview, error) {
	if err := a.Check(staff.OverviewRead); err != nil {
		return Overview{}, err
	}
	s.figures.mu.Lock()
	defer s.figures.mu.Unlock() // one reads, the others wait for its figures
	now := s.now()
	if known, ok := s.figures.latest[a.Shop]; ok && now.Sub(known.At).Abs() < overviewLife {
		return known, nil
	}
	settings, err := s.Shops.Settings(ctx, a.Shop)
	if err != nil {
		return Overview{}, err
	}
	zone, err := time.LoadLocation(settings.TimeZone)
	if err != nil {
		zone = time.UTC
	}
	days, err := kpi.Days(ctx, s.Files, a.Shop, settings.Currency, zone, now, overviewDays)
	if err != nil {
		return Overview{}, err
	}
	if s.figures.latest == nil {
		s.figures.latest = map[event.ShopID]Overview{}
	}
	made := Overview{settings.Currency, now.UTC(), days}
	s.figures.latest[a.Shop] = made
	return made, nil
}

// Happening is one event without anything that names a customer.
type Happening struct {
	At       time.Time    `json:"at"`
	Name     string       `json:"name"`
	Item     event.ItemID `json:"item,omitempty"`
	Category string       `json:"category,omitempty"`
	Query    string       `json:"query,omitempty"`
	Path     string       `json:"path,omitempty"`
	Order    int64        `json:"order,omitempty"` // minor units
	Currency string       `json:"currency,omitempty"`
	Known    bool         `json:"known"` // the visitor is a known person
	Bot      bool         `json:"bot,omitempty"`
}

// Happenings are the latest events, newest first.
func (s *Service) Happenings(ctx context.Context, a staff.Actor, limit int) ([]Happening, error) {
	if err := a.Check(staff.OverviewRead); err != nil {
		return nil, err
	}
	rows, err := archive.Latest(ctx, s.Files, a.Shop, s.now(), pageSize(limit))
	if err != nil {
		return nil, err
	}
	list := make([]Happening, len(rows))
	for i, r := range rows {
		name := r.Name
		if name == "" {
			name = r.Type
		}
		list[i] = Happening{r.At, name, event.ItemID(r.Item), r.Category, r.Query, r.Path, r.Total, r.Currency, r.Person != "", r.Verdict == string(event.Bot)}
	}
	return list, nil
}
