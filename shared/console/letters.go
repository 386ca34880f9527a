package console

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"shopkeeper/shared/campaign"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/letter"
	"shopkeeper/shared/mail"
	"shopkeeper/shared/segment"
	"shopkeeper/shared/staff"
)

// letterPages are the editor of campaigns.
var letterPages = map[string]handler{
	"GET campaigns/new":        (*view).newCampaignPage,
	"POST campaigns/new":       (*view).saveCampaign,
	"GET campaigns/{id}/edit":  (*view).editCampaignPage,
	"POST campaigns/{id}/edit": (*view).saveCampaign,
}

// maxVariants bounds the versions that the editor shows; more would need more customers than most shops have to tell them apart.
const maxVariants = 4

// campaignForm is the editor: texts as they are typed.
type campaignForm struct {
	New        bool
	Campaign   campaign.Definition
	At         string
	Until      string
	Control    string
	QuietFrom  string
	QuietTo    string
	CapDays    string
	WindowDays string
	Segments   []segment.Definition
	Starters   []letter.Starter
	Variables  []letter.Variable
	Zone       string
	Wrong      map[string]string
	More       bool // another version can be added
}

// Reason is what is wrong with a field of a version.
func (f campaignForm) Reason(i int, field string) string {
	return f.Wrong[fmt.Sprintf("variants[%d].%s", i, field)]
}

func (v *view) newCampaignPage() error {
	if err := v.actor().Check(staff.CampaignsEdit); err != nil {
		return err
	}
	d := campaign.Definition{Control: 0.1, Quiet: campaign.Quiet{From: 21 * 60, To: 8 * 60}, Cap: campaign.Cap{Messages: 2, Within: 7 * 24 * time.Hour}, Segment: segment.ID(v.r.URL.Query().Get("segment"))}
	d.From = v.settings.From
	d.From.Name = cmp.Or(d.From.Name, v.settings.Name)
	starters := letter.Starters()
	d.Variants = []campaign.Variant{variant("a", starters[0])}
	return v.campaignForm(http.StatusOK, true, d, nil)
}

func variant(name string, s letter.Starter) campaign.Variant {
	return campaign.Variant{Name: name, Share: 1, Subject: s.Source.Subject, Preheader: s.Source.Preheader, HTML: s.Source.HTML, Text: s.Source.Text}
}

func (v *view) editCampaignPage() error {
	if err := v.actor().Check(staff.CampaignsEdit); err != nil {
		return err
	}
	d, err := v.loadCampaign()
	if err != nil {
		return err
	}
	return v.campaignForm(http.StatusOK, false, d, nil)
}

func (v *view) campaignForm(status int, fresh bool, d campaign.Definition, reasons map[string]string) error {
	f := campaignForm{New: fresh, Campaign: d, At: v.input(d.At), Until: v.input(d.Until), Zone: v.zone().String(), Wrong: reasons, Starters: letter.Starters(), Variables: letter.Variables(), More: len(d.Variants) < maxVariants}
	f.Control = strconv.FormatFloat(100*d.Control, 'f', -1, 64)
	if d.Quiet != (campaign.Quiet{}) {
		f.QuietFrom, f.QuietTo = clockOf(d.Quiet.From), clockOf(d.Quiet.To)
	}
	f.CapDays, f.WindowDays = days(d.Cap.Within), days(d.Window)
	if v.actor().May(staff.SegmentsRead) {
		var err error
		if f.Segments, err = v.Admin.Segments(v.ctx(), v.actor()); err != nil {
			return err
		}
	}
	title := "A new campaign"
	if !fresh {
		title = "Change " + d.Name
	}
	return v.page(status, "campaign-edit", title, f)
}

func days(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return strconv.FormatFloat(d.Hours()/24, 'f', -1, 64)
}

// saveCampaign saves, or does what another button of the editor says and shows the editor again.
func (v *view) saveCampaign() error {
	if err := v.form(); err != nil {
		return err
	}
	r, id := v.reader(), v.r.PathValue("id")
	var d campaign.Definition
	if id != "" {
		var err error
		if d, err = v.loadCampaign(); err != nil {
			return err
		}
		if d.Version, err = strconv.ParseInt(r.text("version"), 10, 64); err != nil || d.Version < 1 {
			return errNothingHere
		}
	}
	r.campaign(&d)
	if do := r.text("do"); do != "" && do != "save" {
		edit(&d, do)
		return v.campaignForm(http.StatusOK, id == "", d, r.wrong)
	}
	if id == "" {
		if d.ID = ledger.CampaignID(slug(d.Name)); d.ID == "" {
			r.refuse("name", "Give it a name with letters or digits.")
		}
	}
	if len(r.wrong) > 0 {
		return v.campaignForm(http.StatusUnprocessableEntity, id == "", d, r.wrong)
	}
	saved, err := v.Admin.SaveCampaign(v.ctx(), v.actor(), d)
	if reasons, ok := wrong(err); ok {
		maps.Copy(reasons, r.wrong)
		return v.campaignForm(http.StatusUnprocessableEntity, id == "", d, reasons)
	}
	if id == "" && stale(err) {
		return v.campaignForm(http.StatusConflict, true, d, map[string]string{"name": "There is a campaign of that name already."})
	}
	if err != nil {
		return err
	}
	return v.to("campaigns/"+url.PathEscape(string(saved.ID)), "saved")
}

// campaign reads what the editor may change.
func (r *reader) campaign(d *campaign.Definition) {
	d.Name, d.Segment = r.text("name"), segment.ID(r.text("segment"))
	d.From, d.ReplyTo = mail.Address{Name: r.text("fromName"), Email: r.text("fromEmail")}, mail.Address{Email: r.text("replyTo")}
	d.Control, d.At, d.Until = r.share("control"), r.time("at"), r.time("until")
	d.Quiet = campaign.Quiet{From: r.minutes("quietFrom"), To: r.minutes("quietTo")}
	d.Cap = campaign.Cap{Messages: int(r.whole("capMessages"))}
	if d.Cap.Messages > 0 {
		d.Cap.Within = r.days("capDays")
	}
	d.Window = r.days("windowDays")
	d.Variants = nil
	for i := range maxVariants {
		field := func(name string) string { return fmt.Sprintf("%s.%d", name, i) }
		if !r.form.Has(field("html")) {
			break
		}
		share := float64(r.whole(field("share")))
		if share == 0 {
			share = 1
		}
		d.Variants = append(d.Variants, campaign.Variant{
			Name: string(rune('a' + i)), Share: share, Subject: r.text(field("subject")), Preheader: r.text(field("preheader")), HTML: unixLines(r.form.Get(field("html"))), Text: unixLines(r.form.Get(field("text"))),
		})
	}
}

// unixLines undoes what forms do to line ends, so that places in a template are those that its author sees.
func unixLines(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

func (r *reader) days(name string) time.Duration {
	n := r.whole(name)
	if n > 366 {
		r.refuse(name, "At most a year.")
		return 0
	}
	return time.Duration(n) * 24 * time.Hour
}

// edit does what a button of the editor says: "add" a version, "remove.1", "text.0" makes the text part of the HTML, "starter.picks.0" begins with a template of ours.
func edit(d *campaign.Definition, do string) {
	parts := strings.Split(do, ".")
	at, err := strconv.Atoi(parts[len(parts)-1])
	inRange := err == nil && at >= 0 && at < len(d.Variants)
	switch {
	case parts[0] == "add" && len(d.Variants) < maxVariants && len(d.Variants) > 0:
		last := d.Variants[len(d.Variants)-1]
		last.Name = string(rune('a' + len(d.Variants)))
		d.Variants = append(d.Variants, last)
	case parts[0] == "remove" && inRange && len(d.Variants) > 1:
		d.Variants = append(d.Variants[:at], d.Variants[at+1:]...)
		for i := range d.Variants {
			d.Variants[i].Name = string(rune('a' + i))
		}
	case parts[0] == "text" && inRange:
		d.Variants[at].Text = letter.SuggestText(d.Variants[at].HTML)
	case parts[0] == "starter" && inRange && len(parts) == 3:
		for _, s := range letter.Starters() {
			if s.Name == parts[1] {
				share := d.Variants[at].Share
				d.Variants[at] = variant(d.Variants[at].Name, s)
				d.Variants[at].Share = share
			}
		}
	}
}
