package web

import (
	"context"
	"net/http"

	"shopkeeper/shared/admin"
	"shopkeeper/shared/catalog"
	"shopkeeper/shared/event"
	"shopkeeper/shared/staff"
)

// CustomerPath names a customer in an address.
type CustomerPath struct {
	ID string `path:"id" maxLength:"100" doc:"a person or a visitor"`
}

type memberInput struct {
	ID      event.PersonID  `path:"id" maxLength:"100"`
	Visitor event.VisitorID `path:"visitor" maxLength:"100"`
}

type searchInput struct {
	Text  string `query:"q" required:"true" minLength:"1" maxLength:"200" doc:"beginnings of words of name, address, user id or telephone number; or an id"`
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type timelineInput struct {
	CustomerPath
	Paging
}

func (b *adminAPI) customers() {
	const path, tag = "/admin/v1/customers", "customers"
	add(b, adminOperation{method: http.MethodGet, path: path, id: "search-customers", summary: "Find customers", tag: tag, access: access{action: staff.CustomersRead}},
		func(ctx context.Context, a staff.Actor, in *searchInput) (*body[list[admin.Hit]], error) {
			return listed(b.Service.Search(ctx, a, in.Text, in.Limit))
		})
	add(b, adminOperation{method: http.MethodGet, path: path + "/{id}/timeline", id: "customer-timeline", summary: "What a customer did, newest first", tag: tag, access: access{action: staff.CustomersRead}},
		func(ctx context.Context, a staff.Actor, in *timelineInput) (*body[admin.Page[admin.Moment]], error) {
			page, err := b.Service.Timeline(ctx, a, in.ID, in.Cursor, in.Limit)
			return &body[admin.Page[admin.Moment]]{page}, err
		})
	add(b, adminOperation{method: http.MethodGet, path: path + "/{id}/orders", id: "customer-orders", summary: "A customer's orders, newest first", tag: tag, access: access{action: staff.OrdersRead}},
		func(ctx context.Context, a staff.Actor, in *CustomerPath) (*body[list[admin.Order]], error) {
			return listed(b.Service.Orders(ctx, a, in.ID))
		})
	add(b, adminOperation{method: http.MethodGet, path: path + "/{id}/segments", id: "customer-segments", summary: "The segments that a customer is in, and why", tag: tag, access: access{action: staff.CustomersRead}},
		func(ctx context.Context, a staff.Actor, in *CustomerPath) (*body[list[admin.Membership]], error) {
			return listed(b.Service.Memberships(ctx, a, in.ID))
		})
	add(b, adminOperation{method: http.MethodGet, path: path + "/{id}/recommendations", id: "customer-recommendations", summary: "What a customer would be shown now, and why", tag: tag, access: access{action: staff.CustomersRead}},
		func(ctx context.Context, a staff.Actor, in *CustomerPath) (*body[list[admin.ShownShelf]], error) {
			return listed(b.Service.Shown(ctx, a, in.ID))
		})
	add(b, adminOperation{method: http.MethodGet, path: path + "/{id}", id: "customer", summary: "Everything known of one customer", tag: tag, access: access{action: staff.CustomersRead}},
		func(ctx context.Context, a staff.Actor, in *CustomerPath) (*body[admin.Customer], error) {
			c, err := b.Service.Customer(ctx, a, in.ID)
			return &body[admin.Customer]{c}, err
		})
	add(b, adminOperation{method: http.MethodPut, path: path + "/{id}/visitors/{visitor}", id: "merge", summary: "Count what a visitor did as this person's", tag: tag, status: http.StatusNoContent,
		access: access{action: staff.CustomersEdit}},
		func(ctx context.Context, a staff.Actor, in *memberInput) (*noAnswer, error) {
			return nil, b.Service.Merge(ctx, a, in.ID, in.Visitor)
		})
	add(b, adminOperation{method: http.MethodDelete, path: path + "/{id}/visitors/{visitor}", id: "unmerge", summary: "Take a visitor out of this person again", tag: tag, status: http.StatusNoContent,
		access: access{action: staff.CustomersEdit}},
		func(ctx context.Context, a staff.Actor, in *memberInput) (*noAnswer, error) {
			return nil, b.Service.Unmerge(ctx, a, in.ID, in.Visitor)
		})
}

type itemsInput struct {
	Paging
	Text string `query:"q" maxLength:"200" doc:"occurs in id, title, category or brand"`
}

// ItemPath names an item in an address.
type ItemPath struct {
	ID event.ItemID `path:"id" maxLength:"100"`
}

type hideInput struct {
	ItemPath
	Body struct {
		Hidden bool `json:"hidden"`
	}
}

func (b *adminAPI) catalog() {
	const path, tag = "/admin/v1/items", "catalog"
	add(b, adminOperation{method: http.MethodGet, path: path, id: "items", summary: "The catalog, by id", tag: tag, access: access{action: staff.CatalogRead}},
		func(ctx context.Context, a staff.Actor, in *itemsInput) (*body[admin.Page[catalog.Item]], error) {
			page, err := b.Service.Items(ctx, a, in.Text, in.Cursor, in.Limit)
			return &body[admin.Page[catalog.Item]]{page}, err
		})
	add(b, adminOperation{method: http.MethodGet, path: path + "/{id}", id: "item", summary: "One item", tag: tag, access: access{action: staff.CatalogRead}},
		func(ctx context.Context, a staff.Actor, in *ItemPath) (*body[catalog.Item], error) {
			it, err := b.Service.Item(ctx, a, in.ID)
			return &body[catalog.Item]{it}, err
		})
	add(b, adminOperation{method: http.MethodPut, path: path + "/{id}/hidden", id: "hide-item", summary: "Take an item out of everything that is recommended, or bring it back", tag: tag,
		access: access{action: staff.CatalogEdit}},
		func(ctx context.Context, a staff.Actor, in *hideInput) (*body[catalog.Item], error) {
			it, err := b.Service.HideItem(ctx, a, in.ID, in.Body.Hidden)
			return &body[catalog.Item]{it}, err
		})
	add(b, adminOperation{method: http.MethodDelete, path: path + "/{id}", id: "delete-item", summary: "Remove an item for good; it disappears from pages within seconds", tag: tag, status: http.StatusNoContent,
		access: access{action: staff.CatalogEdit}},
		func(ctx context.Context, a staff.Actor, in *ItemPath) (*noAnswer, error) {
			return nil, b.Service.DeleteItem(ctx, a, in.ID)
		})
}
