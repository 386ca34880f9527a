package web

import (
	"context"
	"net/http"

	"shopkeeper/shared/admin"
	"shopkeeper/shared/evaluate"
	"shopkeeper/shared/staff"
)

type latestInput struct {
	Limit int `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

// shop is what concerns the shop as a whole.
func (b *adminAPI) shop() {
	add(b, adminOperation{method: http.MethodGet, path: "/admin/v1/overview", id: "overview", summary: "Visitors, orders and revenue of the last thirty days", tag: "reports", access: access{action: staff.OverviewRead}},
		func(ctx context.Context, a staff.Actor, _ *noInput) (*body[admin.Overview], error) {
			o, err := b.Service.Overview(ctx, a)
			return &body[admin.Overview]{o}, err
		})
	add(b, adminOperation{method: http.MethodGet, path: "/admin/v1/events", id: "latest-events", summary: "What happened last, without names", tag: "reports", access: access{action: staff.OverviewRead}},
		func(ctx context.Context, a staff.Actor, in *latestInput) (*body[list[admin.Happening]], error) {
			return listed(b.Service.Happenings(ctx, a, in.Limit))
		})
	add(b, adminOperation{method: http.MethodGet, path: "/admin/v1/reports/segments", id: "segment-report", summary: "Segments by month, as evaluated last", tag: "reports", access: access{action: staff.OverviewRead},
		refusals: []int{http.StatusNotFound}},
		func(ctx context.Context, a staff.Actor, _ *noInput) (*body[evaluate.Months], error) {
			m, err := b.Service.SegmentMonths(ctx, a)
			return &body[evaluate.Months]{m}, err
		})
}
