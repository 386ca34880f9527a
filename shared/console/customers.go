package console

import (
	"net/http"
	"net/url"
	"strings"

	"shopkeeper/shared/admin"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/staff"
)

// customerPages are the search and one customer.
var customerPages = map[string]handler{
	"GET customers":               (*view).customersPage,
	"GET customers/{id}":          (*view).customerPage,
	"POST customers/{id}/merge":   (*view).mergeVisitor,
	"POST customers/{id}/unmerge": (*view).unmergeVisitor,
}

type customersView struct {
	Query  string
	Hits   []admin.Hit
	Lately bool // nothing was searched for: who was here lately
}

func (v *view) customersPage() error {
	c := customersView{Query: strings.TrimSpace(v.r.URL.Query().Get("q"))}
	var err error
	if c.Query == "" {
		c.Lately = true
		c.Hits, err = v.Admin.Lately(v.ctx(), v.actor(), 25)
	} else {
		c.Hits, err = v.Admin.Search(v.ctx(), v.actor(), c.Query, 50)
	}
	if reasons, ok := wrong(err); ok && len(reasons) > 0 {
		err = nil // a search for nothing finds nothing
	}
	if err != nil {
		return err
	}
	if v.isLive() {
		return v.part("customers", "hits", c)
	}
	return v.page(http.StatusOK, "customers", "Customers", c)
}

type customerView struct {
	admin.Customer
	Segments []admin.Membership
	Shown    []admin.ShownShelf
	Timeline []admin.Moment
	More     string // the address of the timeline's next page
	Orders   []admin.Order
	Titles   map[event.ItemID]string // of the items that are named
	MayEdit  bool
	MayDrop  bool
	MayTake  bool
}

// Name is what to call the customer, never empty.
func (c customerView) Name() string {
	if p := c.Person; p != nil {
		for _, name := range []string{p.Name, strings.TrimSpace(p.FirstName + " " + p.LastName), p.Email, p.UserID} {
			if name != "" {
				return name
			}
		}
		return "A customer without a name"
	}
	return "A visitor without a name"
}

// Title is an item's title, or its number when the catalog has none.
func (c customerView) Title(id event.ItemID) string {
	if t := c.Titles[id]; t != "" {
		return t
	}
	return string(id)
}

func (v *view) customerPage() error {
	c, err := v.Admin.Customer(v.ctx(), v.actor(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	return v.customer(http.StatusOK, c)
}

func (v *view) customer(status int, c admin.Customer) error {
	a := v.actor()
	page := customerView{Customer: c, Titles: map[event.ItemID]string{}, MayEdit: a.May(staff.CustomersEdit), MayDrop: a.May(staff.CustomersDrop), MayTake: a.May(staff.CustomersTake)}
	if err := v.tell(&page); err != nil {
		return err
	}
	if m := c.Memory; m != nil && a.May(staff.CatalogRead) {
		for _, d := range m.Recent {
			v.titled(page.Titles, d.Item)
		}
		for _, l := range m.Cart {
			v.titled(page.Titles, l.Item)
		}
		for _, b := range m.Purchases {
			v.titled(page.Titles, b.Item)
		}
	}
	return v.page(status, "customer", page.Name(), page)
}

// tell adds what the customer did and where they belong.
func (v *view) tell(c *customerView) error {
	timeline, err := v.Admin.Timeline(v.ctx(), v.actor(), c.ID, v.r.URL.Query().Get("cursor"), 30)
	if err != nil {
		return err
	}
	c.Timeline, c.More = timeline.Items, v.more(timeline.Next)
	if v.actor().May(staff.OrdersRead) {
		if c.Orders, err = v.Admin.Orders(v.ctx(), v.actor(), c.ID); err != nil {
			return err
		}
	}
	if c.Shown, err = v.Admin.Shown(v.ctx(), v.actor(), c.ID); err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if v.actor().May(staff.SegmentsRead) {
		if c.Segments, err = v.Admin.Memberships(v.ctx(), v.actor(), c.ID); err != nil {
			return err
		}
	}
	return nil
}

// titled looks an item up, once; one that is not in the catalog keeps its number.
func (v *view) titled(titles map[event.ItemID]string, id event.ItemID) {
	if _, known := titles[id]; known {
		return
	}
	titles[id] = ""
	if it, err := v.Admin.Item(v.ctx(), v.actor(), id); err == nil {
		titles[id] = it.Title
	}
}

func (v *view) mergeVisitor() error {
	if err := v.form(); err != nil {
		return err
	}
	id := v.r.PathValue("id")
	if err := v.Admin.Merge(v.ctx(), v.actor(), event.PersonID(id), event.VisitorID(strings.TrimSpace(v.r.PostForm.Get("visitor")))); err != nil {
		return err
	}
	return v.to("customers/"+url.PathEscape(id), "merged")
}

func (v *view) unmergeVisitor() error {
	if err := v.form(); err != nil {
		return err
	}
	id := v.r.PathValue("id")
	if err := v.Admin.Unmerge(v.ctx(), v.actor(), event.PersonID(id), event.VisitorID(v.r.PostForm.Get("visitor"))); err != nil {
		return err
	}
	return v.to("customers/"+url.PathEscape(id), "unmerged")
}
