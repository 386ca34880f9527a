package console

import (
	"net/http"

	"shopkeeper/shared/admin"
	"shopkeeper/shared/event"
	"shopkeeper/shared/kpi"
	"shopkeeper/shared/staff"
)

// home are the pages that everybody has.
var home = map[string]handler{
	"GET {$}":      (*view).overviewPage,
	"GET live":     (*view).livePage,
	"GET account":  (*view).accountPage,
	"POST account": (*view).changePassword,
	"POST logout":  (*view).logout,
}

type overviewView struct {
	admin.Overview
	Week, Before kpi.Day // sums of the last seven whole days, and of the seven before
	Today        kpi.Day // so far
	Latest       []happening
	Charts       charts
}

func (v *view) overviewPage() error {
	if !v.actor().May(staff.OverviewRead) {
		return v.page(http.StatusOK, "overview", "Overview", overviewView{})
	}
	o, err := v.Admin.Overview(v.ctx(), v.actor())
	if err != nil {
		return err
	}
	latest, err := v.happenings(8)
	if err != nil {
		return err
	}
	whole, today := o.Days[:max(0, len(o.Days)-1)], kpi.Day{} // a day that is not over is beside no other
	if len(o.Days) > 0 {
		today = o.Days[len(o.Days)-1]
	}
	return v.page(http.StatusOK, "overview", "Overview", overviewView{o, sum(whole, 7, 0), sum(whole, 14, 7), today, latest, dayCharts(whole, o.Currency)})
}

// sum is the sum of the days from the last `from` to the last `to`, exclusive. Visitors are counted once a day each.
func sum(days []kpi.Day, from, to int) (all kpi.Day) {
	for _, d := range days[max(0, len(days)-from):max(0, len(days)-to)] {
		all.Visitors += d.Visitors
		all.Events += d.Events
		all.Orders += d.Orders
		all.Revenue += d.Revenue
	}
	return all
}

// happening is an event with the title of its item.
type happening struct {
	admin.Happening
	Title string
}

func (v *view) happenings(limit int) ([]happening, error) {
	list, err := v.Admin.Happenings(v.ctx(), v.actor(), limit)
	if err != nil {
		return nil, err
	}
	titles, rows := map[event.ItemID]string{}, make([]happening, len(list))
	for i, h := range list {
		if h.Item != "" {
			v.titled(titles, h.Item)
		}
		rows[i] = happening{h, titles[h.Item]}
	}
	return rows, nil
}

// livePage is what happens now; the script asks for the list again every few seconds.
func (v *view) livePage() error {
	list, err := v.happenings(30)
	if err != nil {
		return err
	}
	if v.isLive() {
		return v.part("live", "happenings", list)
	}
	return v.page(http.StatusOK, "live", "Live events", list)
}

type accountView struct {
	MustChange bool
	HasAccount bool // somebody who came by an identity provider has no password here
	Wrong      map[string]string
}

func (v *view) accountPage() error { return v.account(http.StatusOK, nil) }

func (v *view) account(status int, reasons map[string]string) error {
	a := v.actor()
	return v.page(status, "account", "Your account", accountView{a.MustChange, len(a.ID) > 2 && a.ID[:2] == "u_", reasons})
}

// changePassword ends all sessions of the account, this one too.
func (v *view) changePassword() error {
	if err := v.form(); err != nil {
		return err
	}
	fresh := v.r.PostForm.Get("password")
	if fresh != v.r.PostForm.Get("again") {
		return v.account(http.StatusUnprocessableEntity, map[string]string{"again": "The two are not the same."})
	}
	err := v.Admin.ChangePassword(v.ctx(), v.actor(), v.r.PostForm.Get("old"), fresh)
	if reasons, ok := wrong(err); ok {
		if why := reasons["new"]; why != "" {
			reasons["password"] = why
		}
		return v.account(http.StatusUnprocessableEntity, reasons)
	}
	if err != nil {
		return err
	}
	v.setCookie("", -1)
	return v.to("login", "password")
}
