package console

import (
	"html/template"
	"io/fs"
	"path"
	"strings"

	"shopkeeper/shared/staff"
)

// chrome is what every page has around its own content.
type chrome struct {
	Title  string
	Shop   string
	Assets string
	Live   bool
	Who    staff.Actor
	CSRF   string
	Places []group
	Said   string
	View   any
}

// group is a titled list of places in the rail.
type group struct {
	Title  string
	Places []place
}

// place is one page of the rail.
type place struct {
	Title, Path string
	Here        bool
	needs       staff.Action
}

// places is the whole rail; a reader sees what they may see.
var places = []group{
	{"Shop", []place{{Title: "Overview", Path: "", needs: staff.OverviewRead}, {Title: "Live events", Path: "live", needs: staff.OverviewRead}, {Title: "Customers", Path: "customers", needs: staff.CustomersRead}}},
	{"Marketing", []place{{Title: "Segments", Path: "segments", needs: staff.SegmentsRead}, {Title: "Offers", Path: "offers", needs: staff.OffersRead}, {Title: "Merchandising", Path: "rules", needs: staff.RulesRead},
		{Title: "Campaigns", Path: "campaigns", needs: staff.CampaignsRead}, {Title: "Outbox", Path: "outbox", needs: staff.OutboxRead}}},
	{"Set-up", []place{{Title: "Imports", Path: "imports", needs: staff.ImportsRead}, {Title: "Keys", Path: "keys", needs: staff.KeysRead}, {Title: "Users", Path: "users", needs: staff.UsersRead},
		{Title: "Audit log", Path: "audit", needs: staff.AuditRead}, {Title: "Models", Path: "models", needs: staff.ModelsRead}, {Title: "Health", Path: "health", needs: staff.HealthRead}}},
}

// messages are what a page says after a change, by the key in its address: text in an address is never shown.
var messages = map[string]string{
	"saved": "Saved.", "removed": "Removed.", "password": "Your password is changed: log in with the new one.", "out": "You are logged out.", "revoked": "The key is revoked. It ends everywhere within a minute.",
	"started": "The campaign is started.", "paused": "Paused: nothing more is handed over.", "resumed": "Resumed.", "stopped": "Stopped: what was not sent yet will not be sent.", "scheduled": "Scheduled.",
	"test-sent": "The test letter is on its way.", "merged": "Merged.", "unmerged": "Taken apart again.", "erased": "Erased. The certificate is below.", "imported": "The file was taken; the import runs in the background.",
	"copied": "A copy was made.", "model-used": "Recommendations are made from it within seconds.", "compared": "The comparison runs: visitors meet both models within seconds.",
}

func (v *view) chrome(title string, data any) chrome {
	c := chrome{Title: title, Shop: v.settings.Name, Assets: v.assets, Live: v.live, Who: v.session.Actor, CSRF: v.session.CSRF, Said: messages[v.r.URL.Query().Get("said")], View: data}
	here := strings.TrimPrefix(v.r.URL.Path, Path)
	for _, g := range places {
		shown := group{Title: g.Title}
		for _, p := range g.Places {
			if !c.Who.May(p.needs) {
				continue
			}
			first, _, _ := strings.Cut(here, "/")
			p.Here = first == p.Path
			shown.Places = append(shown.Places, p)
		}
		if len(shown.Places) > 0 {
			c.Places = append(c.Places, shown)
		}
	}
	return c
}

// parsePages makes one template set for each page: the layout, the parts and the page.
func parsePages(files fs.FS) (map[string]*template.Template, error) {
	base, err := template.New("").Funcs(words).ParseFS(files, "pages/layout.html", "pages/parts.html")
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(files, "pages/*.html")
	if err != nil {
		return nil, err
	}
	pages := map[string]*template.Template{}
	for _, file := range names {
		name := strings.TrimSuffix(path.Base(file), ".html")
		if name == "layout" || name == "parts" {
			continue
		}
		set, err := base.Clone()
		if err != nil {
			return nil, err
		}
		if pages[name], err = set.ParseFS(files, file); err != nil {
			return nil, err
		}
	}
	return pages, nil
}
