package console

import (
	"net/http"
	"net/url"
	"strings"

	"shopkeeper/shared/admin"
	"shopkeeper/shared/campaign"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/staff"
)

// previewPages show letters: a campaign's as a customer would get it, and those of the outbox as they left.
var previewPages = map[string]handler{
	"GET campaigns/{id}/preview": (*view).previewPage,
	"GET campaigns/{id}/letter":  (*view).previewLetter,
	"POST campaigns/{id}/test":   (*view).sendTest,
	"GET outbox":                 (*view).outboxPage,
	"GET outbox/{id}":            (*view).outboxLetterPage,
	"GET outbox/{id}/letter":     (*view).outboxLetter,
	"GET outbox/{id}/source":     (*view).outboxSource,
}

// letterPolicy is that of a letter in its frame: pictures and its own styles, no script, no form, nothing that leads the console's page elsewhere.
const letterPolicy = "default-src 'none'; img-src https: http: data:; style-src 'unsafe-inline'; font-src https:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"

// letter writes somebody's HTML for a frame.
func (v *view) letter(html string) error {
	v.w.Header().Set("Content-Security-Policy", letterPolicy)
	return v.write(http.StatusOK, []byte(html))
}

type previewPageView struct {
	campaign.Definition
	Variant string
	Person  string
	Query   string
	Hits    []admin.Hit
	Letter  admin.Preview
	Frame   string // the letter's address
	To      string
	Wrong   map[string]string
	MaySend bool
	MayPick bool // may see customers
}

func (v *view) previewPage() error { return v.previewed(http.StatusOK, "", nil) }

func (v *view) previewed(status int, to string, reasons map[string]string) error {
	d, err := v.loadCampaign()
	if err != nil {
		return err
	}
	q := v.r.URL.Query()
	p := previewPageView{Definition: d, Variant: q.Get("variant"), Person: q.Get("person"), Query: strings.TrimSpace(q.Get("q")), To: to, Wrong: reasons, MaySend: v.actor().May(staff.CampaignsSend), MayPick: v.actor().May(staff.CustomersRead)}
	if p.Variant == "" && len(d.Variants) > 0 {
		p.Variant = d.Variants[0].Name
	}
	if p.MayPick {
		if p.Query != "" {
			p.Hits, err = v.Admin.Search(v.ctx(), v.actor(), p.Query, 8)
		} else {
			p.Hits, err = v.Admin.Lately(v.ctx(), v.actor(), 8)
		}
		if err != nil && !fault.Is(err, fault.Invalid) {
			return err
		}
	}
	p.Letter, err = v.Admin.PreviewCampaign(v.ctx(), v.actor(), d, p.Variant, event.PersonID(p.Person))
	if reasons, ok := wrong(err); ok && p.Wrong == nil {
		p.Wrong = reasons
	} else if err != nil && !ok {
		return err
	}
	p.Frame = Path + "campaigns/" + url.PathEscape(string(d.ID)) + "/letter?" + url.Values{"variant": {p.Variant}, "person": {p.Person}}.Encode()
	return v.page(status, "preview", "Preview of "+d.Name, p)
}

func (v *view) previewLetter() error {
	d, err := v.loadCampaign()
	if err != nil {
		return err
	}
	q := v.r.URL.Query()
	p, err := v.Admin.PreviewCampaign(v.ctx(), v.actor(), d, q.Get("variant"), event.PersonID(q.Get("person")))
	if err != nil {
		return err
	}
	return v.letter(p.HTML)
}

func (v *view) sendTest() error {
	if err := v.form(); err != nil {
		return err
	}
	d, err := v.loadCampaign()
	if err != nil {
		return err
	}
	q, to := v.r.URL.Query(), strings.TrimSpace(v.r.PostForm.Get("to"))
	err = v.Admin.TestCampaign(v.ctx(), v.actor(), d, q.Get("variant"), event.PersonID(q.Get("person")), to)
	if reasons, ok := wrong(err); ok {
		return v.previewed(http.StatusUnprocessableEntity, to, reasons)
	}
	if err != nil {
		return err
	}
	q.Set("said", "test-sent")
	http.Redirect(v.w, v.r, Path+"campaigns/"+url.PathEscape(string(d.ID))+"/preview?"+q.Encode(), http.StatusSeeOther)
	return nil
}

type outboxView struct {
	Letters []admin.Letter
	More    string
	None    bool // mail goes to a provider
}

func (v *view) outboxPage() error {
	list, err := v.Admin.Letters(v.ctx(), v.actor(), v.r.URL.Query().Get("cursor"), 50)
	if fault.Is(err, fault.NotFound) {
		return v.page(http.StatusOK, "outbox", "Outbox", outboxView{None: true})
	}
	if err != nil {
		return err
	}
	return v.page(http.StatusOK, "outbox", "Outbox", outboxView{Letters: list.Items, More: v.more(list.Next)})
}
