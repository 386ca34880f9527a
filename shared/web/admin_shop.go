package web

import (
	"bytes"
	"context"
	"io"
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
	add(b, adminOperation{method: http.MethodGet, path: "/admin/v1/health", id: "health", summary: "Feeds, queues, models: how the product is", tag: "health", access: access{action: staff.HealthRead}},
		func(ctx context.Context, a staff.Actor, _ *noInput) (*body[admin.Health], error) {
			h, err := b.Service.Health(ctx, a)
			return &body[admin.Health]{h}, err
		})
	for _, file := range []struct {
		path, id, summary string
		action            staff.Action
		write             func(ctx context.Context, a staff.Actor, id string, w io.Writer) error
	}{
		{"/admin/v1/segments/{id}/members.csv", "export-segment", "Who is in a segment, as a file of ids", staff.ExportsRead, b.Service.ExportSegment},
		{"/admin/v1/campaigns/{id}/ledger.csv", "export-ledger", "A campaign's messages, as a file of ids", staff.ExportsRead, b.Service.ExportLedger},
	} {
		add(b, adminOperation{method: http.MethodGet, path: file.path, id: file.id, summary: file.summary, tag: "exports", access: access{action: file.action}, media: "text/csv"},
			func(ctx context.Context, a staff.Actor, in *Slug) (*text, error) {
				var out bytes.Buffer
				err := file.write(ctx, a, in.ID, &out)
				return &text{"text/csv", out.Bytes()}, err
			})
	}
}
