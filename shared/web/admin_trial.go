package web

import (
	"context"
	"net/http"

	"shopkeeper/shared/admin"
	"shopkeeper/shared/compare"
	"shopkeeper/shared/recommend"
	"shopkeeper/shared/staff"
)

type newTrialInput struct {
	Body struct {
		Version string           `json:"version" maxLength:"16" pattern:"^([0-9a-f]{16}|newest)$" doc:"of the model to compare with the one in use: 16 hexadecimal digits, or newest"`
		Share   float64          `json:"share,omitempty" exclusiveMinimum:"0" maximum:"1" doc:"of visitors: of a split those who see the other model, below 1; else those who see both on one list. Absent: a half, or everybody"`
		Method  recommend.Method `json:"method,omitempty" enum:"split,interleave" doc:"split: each visitor sees one of them; interleave: for-you holds items of both. Absent: split"`
	}
}

// trial is the comparison of two models on real pages.
func (b *adminAPI) trial() {
	const path, tag = "/admin/v1/models/trial", "models"
	edit := access{action: staff.ModelsEdit}
	add(b, adminOperation{method: http.MethodGet, path: path, id: "trial", summary: "How the comparison of two models stands, by visitor, with intervals that hold at every look; 404 when none runs", tag: tag, access: access{action: staff.ModelsRead},
		refusals: []int{http.StatusNotFound}},
		func(ctx context.Context, a staff.Actor, _ *noInput) (*body[compare.Report], error) {
			r, err := b.Service.Trial(ctx, a)
			return &body[compare.Report]{r}, err
		})
	add(b, adminOperation{method: http.MethodPost, path: path, id: "start-trial", summary: "Compare the model in use with another kept one on real pages; 409 while a comparison runs", tag: tag, status: http.StatusCreated, access: edit,
		refusals: []int{http.StatusNotFound, http.StatusConflict}},
		func(ctx context.Context, a staff.Actor, in *newTrialInput) (*body[compare.Report], error) {
			r, err := b.Service.StartTrial(ctx, a, recommend.TrialPlan{Version: in.Body.Version, Share: in.Body.Share, Method: in.Body.Method})
			return &body[compare.Report]{r}, err
		})
	add(b, adminOperation{method: http.MethodDelete, path: path, id: "stop-trial", summary: "End the comparison and keep the model in use", tag: tag, access: edit, refusals: []int{http.StatusNotFound}},
		b.endTrial(false))
	add(b, adminOperation{method: http.MethodPost, path: path + ":promote", id: "promote-trial", summary: "End the comparison and use the other model", tag: tag, access: edit, refusals: []int{http.StatusNotFound}},
		b.endTrial(true))
}

func (b *adminAPI) endTrial(promote bool) func(context.Context, staff.Actor, *noInput) (*body[admin.Releases], error) {
	return func(ctx context.Context, a staff.Actor, _ *noInput) (*body[admin.Releases], error) {
		r, err := b.Service.EndTrial(ctx, a, promote)
		return &body[admin.Releases]{r}, err
	}
}
