package console

import (
	"errors"
	"net/http"
	"net/url"

	"shopkeeper/shared/admin"
	"shopkeeper/shared/campaign"
	"shopkeeper/shared/evaluate"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/staff"
)

// campaignPages are the list of campaigns, one campaign on its way, its messages, and its result. The editor is in letters.go.
var campaignPages = map[string]handler{
	"GET campaigns":                (*view).campaignsPage,
	"GET campaigns/{id}":           (*view).campaignPage,
	"GET campaigns/{id}/progress":  (*view).campaignProgress,
	"GET campaigns/{id}/messages":  (*view).messagesPage,
	"GET campaigns/{id}/result":    (*view).resultPage,
	"POST campaigns/{id}/evaluate": (*view).evaluateNow,
	"POST campaigns/{id}/move":     (*view).moveCampaign,
	"POST campaigns/{id}/delete":   (*view).deleteCampaign,
}

type campaignsView struct {
	Campaigns []campaign.Definition
	May       bool
}

func (v *view) campaignsPage() error {
	list, err := v.Admin.Campaigns(v.ctx(), v.actor())
	if err != nil {
		return err
	}
	return v.page(http.StatusOK, "campaigns", "Campaigns", campaignsView{list, v.actor().May(staff.CampaignsEdit)})
}

// campaignView is one campaign: what it is, what keeps it from starting, and how far it is.
type campaignView struct {
	campaign.Definition
	Plan     *admin.Plan // of a draft
	Progress progressView
	MayEdit  bool
	MaySend  bool
	MayTake  bool
	To       string // the segment's name
}

// Moves are what may be done to the campaign now.
func (c campaignView) Moves() []admin.Move {
	switch c.Status {
	case campaign.Draft:
		return []admin.Move{admin.Start}
	case campaign.Scheduled:
		return []admin.Move{admin.Withdraw}
	case campaign.Planning, campaign.Sending:
		return []admin.Move{admin.Pause, admin.Stop}
	case campaign.Paused:
		return []admin.Move{admin.Resume, admin.Stop}
	case campaign.Missed:
		return []admin.Move{admin.Withdraw}
	}
	return nil
}

// QuietFrom is the beginning of the quiet hours, as a clock has it.
func (c campaignView) QuietFrom() string { return clockOf(c.Quiet.From) }

// QuietTo is the end of the quiet hours.
func (c campaignView) QuietTo() string { return clockOf(c.Quiet.To) }

// progressView is how far a campaign is.
type progressView struct {
	ID     ledger.CampaignID
	Status campaign.Status
	Why    string
	Sums   ledger.Sums
	Live   bool
	Begun  bool
	Due    bool // it begins within a minute
}

// Moving says that there may be news of it soon.
func (p progressView) Moving() bool {
	return p.Due || p.Status == campaign.Planning || p.Status == campaign.Sending || p.Status == campaign.Paused
}

// Rows are the states that have messages, in the order of a message's life.
func (p progressView) Rows() []stateRow {
	var rows []stateRow
	for _, s := range []ledger.State{ledger.Planned, ledger.Claimed, ledger.Handed, ledger.Delivered, ledger.Opened, ledger.Clicked, ledger.Bounced, ledger.Complained, ledger.Suppressed, ledger.Uncertain} {
		if n := p.Sums.States[s]; n > 0 {
			rows = append(rows, stateRow{s, n, stateWords[s]})
		}
	}
	return rows
}

type stateRow struct {
	State ledger.State
	Count int
	About string
}

var stateWords = map[ledger.State]string{
	ledger.Planned: "will be sent", ledger.Claimed: "being handed over", ledger.Handed: "taken by the mail provider", ledger.Delivered: "taken by the recipient's server", ledger.Opened: "opened by a person",
	ledger.Clicked: "followed a link", ledger.Bounced: "could not be delivered", ledger.Complained: "reported as spam", ledger.Suppressed: "will not be sent: see why below",
	ledger.Uncertain: "may have been sent: handed over, and no answer seen. Never sent twice",
}

// Settled is how many messages nothing more will be done for, of all.
func (p progressView) Settled() int {
	return p.Sums.Rows - p.Sums.States[ledger.Planned] - p.Sums.States[ledger.Claimed]
}

func (v *view) progress(d campaign.Definition) (progressView, error) {
	p := progressView{ID: d.ID, Status: d.Status, Why: d.Why, Live: v.live, Begun: d.Status != campaign.Draft && d.Status != campaign.Scheduled && d.Status != campaign.Missed, Due: d.Status == campaign.Scheduled && !d.At.After(v.now())}
	if !p.Begun {
		return p, nil
	}
	var err error
	p.Sums, err = v.Admin.Ledger(v.ctx(), v.actor(), d.ID)
	return p, err
}

func (v *view) loadCampaign() (campaign.Definition, error) {
	return v.Admin.Campaign(v.ctx(), v.actor(), ledger.CampaignID(v.r.PathValue("id")))
}

func (v *view) campaignPage() error {
	d, err := v.loadCampaign()
	if err != nil {
		return err
	}
	return v.campaign(http.StatusOK, d)
}

func (v *view) campaign(status int, d campaign.Definition) error {
	c := campaignView{Definition: d, MayEdit: v.actor().May(staff.CampaignsEdit), MaySend: v.actor().May(staff.CampaignsSend), MayTake: v.actor().May(staff.ExportsRead), To: string(d.Segment)}
	if s, err := v.Admin.Segment(v.ctx(), v.actor(), d.Segment); err == nil {
		c.To = s.Name
	}
	var err error
	if c.Progress, err = v.progress(d); err != nil {
		return err
	}
	if d.Status == campaign.Draft {
		plan, err := v.Admin.PlanCampaign(v.ctx(), v.actor(), d.ID)
		if err != nil {
			return err
		}
		c.Plan = &plan
	}
	return v.page(status, "campaign", d.Name, c)
}

// campaignProgress is the live part of a campaign on its way. When its status changes, the whole page is read again.
func (v *view) campaignProgress() error {
	d, err := v.loadCampaign()
	if err != nil {
		return err
	}
	if was := v.r.URL.Query().Get("status"); was != "" && was != string(d.Status) {
		v.w.Header().Set("HX-Refresh", "true")
	}
	p, err := v.progress(d)
	if err != nil {
		return err
	}
	return v.part("campaign", "progress", p)
}

type messagesView struct {
	campaign.Definition
	State ledger.State
	Rows  []messageRow
	More  string
}

// messageRow is a row of the ledger with what the customer is called, for whom may see it.
type messageRow struct {
	admin.LedgerRow
	Name string
}

func (v *view) messagesPage() error {
	d, err := v.loadCampaign()
	if err != nil {
		return err
	}
	state := ledger.State(v.r.URL.Query().Get("state"))
	rows, err := v.Admin.LedgerRows(v.ctx(), v.actor(), d.ID, state, v.r.URL.Query().Get("cursor"), 50)
	if err != nil {
		return err
	}
	list := make([]messageRow, len(rows.Items))
	ids := make([]string, len(rows.Items))
	for i, r := range rows.Items {
		ids[i], list[i].LedgerRow = r.Person, r
	}
	names, err := v.names(ids...)
	if err != nil {
		return err
	}
	for i, id := range ids {
		list[i].Name = names[id]
	}
	return v.page(http.StatusOK, "messages", "Messages of "+d.Name, messagesView{d, state, list, v.more(rows.Next)})
}

var saidOf = map[admin.Move]string{admin.Start: "started", admin.Pause: "paused", admin.Resume: "resumed", admin.Stop: "stopped", admin.Withdraw: "saved"}

func (v *view) moveCampaign() error {
	if err := v.form(); err != nil {
		return err
	}
	move, id := admin.Move(v.r.PostForm.Get("move")), ledger.CampaignID(v.r.PathValue("id"))
	d, err := v.Admin.MoveCampaign(v.ctx(), v.actor(), id, 0, move)
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind == fault.Invalid { // it cannot start: its page says what is missing
		if d, err = v.loadCampaign(); err != nil {
			return err
		}
		return v.campaign(http.StatusUnprocessableEntity, d)
	}
	if err != nil {
		return err
	}
	said := saidOf[move]
	if d.Status == campaign.Scheduled && d.At.After(v.now()) {
		said = "scheduled"
	}
	return v.to("campaigns/"+url.PathEscape(string(id)), said)
}

func (v *view) deleteCampaign() error {
	if err := v.form(); err != nil {
		return err
	}
	if err := v.Admin.DeleteCampaign(v.ctx(), v.actor(), ledger.CampaignID(v.r.PathValue("id")), 0); err != nil {
		return err
	}
	return v.to("campaigns", "removed")
}

func (v *view) resultPage() error {
	d, err := v.loadCampaign()
	if err != nil {
		return err
	}
	r, err := v.Admin.Report(v.ctx(), v.actor(), d.ID)
	if fault.Is(err, fault.NotFound) {
		return v.result(d, nil)
	}
	if err != nil {
		return err
	}
	return v.result(d, &r)
}

// evaluateNow may be pressed again and again: the intervals that it shows hold at every look.
func (v *view) evaluateNow() error {
	if err := v.form(); err != nil {
		return err
	}
	id := ledger.CampaignID(v.r.PathValue("id"))
	if _, err := v.Admin.Evaluate(v.ctx(), v.actor(), id); err != nil {
		return err
	}
	return v.to("campaigns/"+url.PathEscape(string(id))+"/result", "")
}

type resultView struct {
	campaign.Definition
	Report *evaluate.Report
	Charts charts
}

func (v *view) result(d campaign.Definition, r *evaluate.Report) error {
	page := resultView{Definition: d, Report: r}
	if r != nil {
		page.Charts = resultCharts(*r)
	}
	return v.page(http.StatusOK, "result", "Result of "+d.Name, page)
}
