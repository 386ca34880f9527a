package web

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"shopkeeper/shared/admin"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/staff"
)

type trainingInput struct {
	Body struct {
		Settings trainingSettings `json:"settings" doc:"by name; what is absent has its default again"`
	}
}

// trainingSettings are values by name.
type trainingSettings map[string]float64

// Schema names every setting and its bounds.
func (trainingSettings) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: false, Properties: map[string]*huma.Schema{}}
	for name, bounds := range shop.TrainingSettings {
		s.Properties[name] = &huma.Schema{Type: huma.TypeNumber, Minimum: new(bounds.Least), Maximum: new(bounds.Most)}
	}
	for _, p := range s.Properties {
		p.PrecomputeMessages()
	}
	s.PrecomputeMessages()
	return s
}

type useModelInput struct {
	Body struct {
		Version string `json:"version,omitempty" maxLength:"16" pattern:"^[0-9a-f]*$" doc:"16 hexadecimal digits; absent: the one before the one in use"`
	}
}

// models is which model answers are made from.
func (b *adminAPI) models() {
	const path, tag = "/admin/v1/models", "models"
	add(b, adminOperation{method: http.MethodGet, path: path, id: "models", summary: "The models that are kept, how each did when it was trained, and which is in use", tag: tag, access: access{action: staff.ModelsRead}},
		func(ctx context.Context, a staff.Actor, _ *noInput) (*body[admin.Releases], error) {
			r, err := b.Service.Models(ctx, a)
			return &body[admin.Releases]{r}, err
		})
	add(b, adminOperation{method: http.MethodGet, path: path + "/settings", id: "training-settings", summary: "What the next training goes by", tag: tag, access: access{action: staff.ModelsRead}},
		func(ctx context.Context, a staff.Actor, _ *noInput) (*body[list[admin.TrainingSetting]], error) {
			return listed(b.Service.Training(ctx, a))
		})
	add(b, adminOperation{method: http.MethodPut, path: path + "/settings", id: "change-training-settings", summary: "Set what the next training goes by", tag: tag, access: access{action: staff.ModelsEdit}},
		func(ctx context.Context, a staff.Actor, in *trainingInput) (*body[list[admin.TrainingSetting]], error) {
			return listed(b.Service.SetTraining(ctx, a, in.Body.Settings))
		})
	add(b, adminOperation{method: http.MethodPut, path: path + "/current", id: "use-model", summary: "Make answers from another kept model, or go back to the one before", tag: tag, access: access{action: staff.ModelsEdit},
		refusals: []int{http.StatusNotFound}},
		func(ctx context.Context, a staff.Actor, in *useModelInput) (*body[admin.Releases], error) {
			r, err := b.Service.UseModel(ctx, a, in.Body.Version)
			return &body[admin.Releases]{r}, err
		})
}
