package web

import (
	"context"
	"net/http"

	"shopkeeper/shared/admin"
	"shopkeeper/shared/campaign"
	"shopkeeper/shared/event"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/staff"
)

type previewLetterInput struct {
	Slug
	Body struct {
		Variant string         `json:"variant,omitempty" maxLength:"32" doc:"without it the first"`
		Person  event.PersonID `json:"person,omitempty" maxLength:"100" doc:"as whom to look; without it as somebody made up"`
	}
}

type testLetterInput struct {
	Slug
	Body struct {
		To      string         `json:"to" format:"email" maxLength:"254"`
		Variant string         `json:"variant,omitempty" maxLength:"32"`
		Person  event.PersonID `json:"person,omitempty" maxLength:"100"`
	}
}

type letterInput struct {
	ID string `path:"id" maxLength:"255"`
}

// letters are what customers get, before and after.
func (b *adminAPI) letters() {
	const path, tag = "/admin/v1/campaigns/{id}", "campaigns"
	stored := func(ctx context.Context, a staff.Actor, id string) (campaign.Definition, error) {
		return b.Service.Campaign(ctx, a, ledger.CampaignID(id))
	}
	add(b, adminOperation{method: http.MethodPost, path: path + "/preview", id: "preview-campaign", summary: "The letter as a customer would get it; nothing is counted", tag: tag, access: access{action: staff.CampaignsRead}},
		func(ctx context.Context, a staff.Actor, in *previewLetterInput) (*body[admin.Preview], error) {
			d, err := stored(ctx, a, in.ID)
			if err != nil {
				return nil, err
			}
			p, err := b.Service.PreviewCampaign(ctx, a, d, in.Body.Variant, in.Body.Person)
			return &body[admin.Preview]{p}, err
		})
	add(b, adminOperation{method: http.MethodPost, path: path + "/test", id: "test-campaign", summary: "Send the letter to somebody of the shop; it is in no ledger", tag: tag, status: http.StatusNoContent,
		access: access{action: staff.CampaignsSend, repeats: true}},
		func(ctx context.Context, a staff.Actor, in *testLetterInput) (*noAnswer, error) {
			return nil, b.Service.TestStored(ctx, a, ledger.CampaignID(in.ID), in.Body.Variant, in.Body.Person, in.Body.To)
		})
	add(b, adminOperation{method: http.MethodGet, path: "/admin/v1/outbox", id: "outbox", summary: "Letters that were kept in place of a provider, newest first", tag: "outbox", access: access{action: staff.OutboxRead},
		refusals: []int{http.StatusNotFound}},
		func(ctx context.Context, a staff.Actor, in *Paging) (*body[admin.Page[admin.Letter]], error) {
			page, err := b.Service.Letters(ctx, a, in.Cursor, in.Limit)
			return &body[admin.Page[admin.Letter]]{page}, err
		})
	add(b, adminOperation{method: http.MethodGet, path: "/admin/v1/outbox/{id}", id: "letter", summary: "One letter as it would have left (RFC 5322)", tag: "outbox", access: access{action: staff.OutboxRead}, media: "message/rfc822"},
		func(ctx context.Context, a staff.Actor, in *letterInput) (*text, error) {
			all, err := b.Service.Letter(ctx, a, in.ID)
			return &text{"message/rfc822", all}, err
		})
}
