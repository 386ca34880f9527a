package admin

import (
	"context"
	"fmt"
	"time"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend"
	"shopkeeper/shared/staff"
)

// Backlogs tells what waits in feeds and queues. In the cloud the provider's own measures do.
type Backlogs interface {
	Backlogs(ctx context.Context) ([]Backlog, error)
}

// Backlog is what waits for one consumer of a feed, or in one queue.
type Backlog struct {
	Name    string    `json:"name"` // "events for profile", "send"
	Kind    string    `json:"kind"` // "feed" or "queue"
	Waiting int64     `json:"waiting"`
	Oldest  time.Time `json:"oldest,omitzero"`
}

// Health is how the product is.
type Health struct {
	At       time.Time `json:"at"`
	Models   []Model   `json:"models"` // newest first; none before the first training
	Trained  time.Time `json:"trained,omitzero"`
	Backlogs []Backlog `json:"backlogs"`
	Swept    time.Time `json:"swept,omitzero"` // when segments were counted last
	Findings []string  `json:"findings"`       // what somebody should look at, in words
}

// Model is one published model file.
type Model struct {
	File  string    `json:"file"`
	Bytes int64     `json:"bytes"`
	At    time.Time `json:"at"`
}

// When a finding is one.
const (
	staleModel   = 3 * 24 * time.Hour
	staleBacklog = 5 * time.Minute
)

// Health is how the product is, for this shop.
func (s *Service) Health(ctx context.Context, a staff.Actor) (Health, error) {
	if err := a.Check(staff.HealthRead); err != nil {
		return Health{}, err
	}
	now := s.now().UTC()
	h := Health{At: now, Models: []Model{}, Backlogs: []Backlog{}, Findings: []string{}}
	if err := s.models(ctx, a, &h); err != nil {
		return h, err
	}
	definitions, err := s.Deps.Segments.List(ctx, a.Shop)
	if err != nil {
		return h, err
	}
	for _, d := range definitions {
		if d.CountedAt.After(h.Swept) {
			h.Swept = d.CountedAt
		}
	}
	if s.Deps.Backlogs == nil {
		return h, nil
	}
	waiting, err := s.Deps.Backlogs.Backlogs(ctx)
	if err != nil {
		return h, fmt.Errorf("backlogs: %w", err)
	}
	h.Backlogs = append(h.Backlogs, waiting...)
	for _, b := range waiting {
		if b.Waiting > 0 && now.Sub(b.Oldest) > staleBacklog {
			h.Findings = append(h.Findings, fmt.Sprintf("%s: %d wait, the oldest since %s", b.Name, b.Waiting, b.Oldest.UTC().Format(time.RFC3339)))
		}
	}
	return h, nil
}

func (s *Service) models(ctx context.Context, a staff.Actor, h *Health) error {
	pointer, _, err := recommend.ReadPointer(ctx, s.Files, a.Shop)
	if fault.Is(err, fault.NotFound) {
		h.Findings = append(h.Findings, "no model was trained yet: recommendations are what is popular")
		return nil
	}
	if err != nil {
		return err
	}
	h.Trained = pointer.Published
	if h.At.Sub(pointer.Published) > staleModel {
		h.Findings = append(h.Findings, "the model is older than three days: look at what the last trainings said")
	}
	for _, name := range pointer.Files {
		info, err := s.Files.Stat(ctx, name)
		if fault.Is(err, fault.NotFound) {
			h.Findings = append(h.Findings, name+" is missing")
			continue
		}
		if err != nil {
			return err
		}
		h.Models = append(h.Models, Model{name, info.Size, info.Modified})
	}
	return nil
}
