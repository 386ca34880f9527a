package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend"
	"shopkeeper/shared/staff"
	"shopkeeper/shared/trainer"
)

// Releases are the shop's models that are kept.
type Releases struct {
	Models []TrainedModel `json:"models"`          // newest first
	Held   bool           `json:"held"`            // somebody went back: only a model that is better takes the place of the one in use
	Trial  *TrialOf       `json:"trial,omitempty"` // two of them are compared on real pages
	Back   string         `json:"back,omitempty"`  // version that a rollback would use
}

// TrialOf says which models are compared.
type TrialOf struct {
	ID     string           `json:"id"`
	A      string           `json:"a"` // version in use
	B      string           `json:"b"` // version of the other
	Share  float64          `json:"share"`
	Method recommend.Method `json:"method" enum:"split,interleave"`
	Began  time.Time        `json:"began"`
}

// TrainedModel is a model that was published and is kept.
type TrainedModel struct {
	Version   string          `json:"version"`
	Live      bool            `json:"live"` // answers are made from it
	Published time.Time       `json:"published"`
	Bytes     int64           `json:"bytes"`
	Report    *trainer.Report `json:"report,omitempty"` // of its training, where it was noted
}

// ListModels lists the models of a shop. NotFound before the first training.
func ListModels(ctx context.Context, files blob.Store, shop event.ShopID) (Releases, error) {
	p, _, err := recommend.ReadPointer(ctx, files, shop)
	if err != nil {
		return Releases{}, err
	}
	r := Releases{Held: p.Held}
	if t := p.Trial; t != nil {
		r.Trial = &TrialOf{t.ID, t.VersionA(), t.VersionB(), t.Share, t.Method, t.Began}
	}
	if r.Back, err = p.Previous(); err != nil && !fault.Is(err, fault.NotFound) {
		return r, err
	}
	for _, kept := range p.History {
		m := TrainedModel{Version: kept.Version(), Live: kept.File == p.Files[0], Published: kept.Published, Bytes: kept.Bytes}
		if m.Report, err = reportOf(ctx, files, shop, m.Version); err != nil {
			return r, err
		}
		r.Models = append(r.Models, m)
	}
	return r, nil
}

// reportOf is nil where no report was noted.
func reportOf(ctx context.Context, files blob.Store, shop event.ShopID, version string) (*trainer.Report, error) {
	text, err := recommend.Notes(ctx, files, shop, version)
	if fault.Is(err, fault.NotFound) {
		return nil, nil //nolint:nilnil // a list shows what is known: a model without a report is one
	}
	if err != nil {
		return nil, err
	}
	var r trainer.Report
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("notes of model %s: %w", version, err)
	}
	return &r, nil
}

// Models are the shop's models; none before the first training.
func (s *Service) Models(ctx context.Context, a staff.Actor) (Releases, error) {
	if err := a.Check(staff.ModelsRead); err != nil {
		return Releases{}, err
	}
	r, err := ListModels(ctx, s.Files, a.Shop)
	if fault.Is(err, fault.NotFound) {
		return Releases{Models: []TrainedModel{}}, nil
	}
	return r, err
}

// UseModel makes answers from another kept model; an empty version goes back to the one before. See recommend.Use.
func (s *Service) UseModel(ctx context.Context, a staff.Actor, version string) (Releases, error) {
	err := s.change(ctx, a, staff.ModelsEdit, "model/"+version, func() (act, error) {
		p, _, err := recommend.ReadPointer(ctx, s.Files, a.Shop)
		if err != nil {
			return act{}, err
		}
		if version == "" {
			if version, err = p.Previous(); err != nil {
				return act{}, err
			}
		}
		next, err := recommend.Use(ctx, s.Files, s.Deps.Items, a.Shop, version, s.now())
		if err != nil {
			return act{}, err
		}
		return act{inUse(p), inUse(next)}, nil
	})
	if err != nil {
		return Releases{}, fmt.Errorf("use model %s: %w", version, err)
	}
	return s.Models(ctx, a)
}

// choice is what the audit log keeps of a change of models.
type choice struct {
	File     string `json:"file"`
	Held     bool   `json:"held"`
	Compared string `json:"compared,omitempty"` // file of the other model of a trial
}

func inUse(p recommend.Pointer) choice {
	c := choice{File: p.Files[0], Held: p.Held}
	if p.Trial != nil {
		c.Compared = p.Trial.B
	}
	return c
}
