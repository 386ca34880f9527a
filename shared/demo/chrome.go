package demo

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"

	"shopkeeper/shared/consent"
)

// chrome is what every page has around its own content.
type chrome struct {
	Shop        string
	Title       string
	Here        string // address of this page, for forms that come back to it
	Assets      string
	Locale      string
	WriteKey    string
	Consent     consent.Mode
	Said        said
	Pieces      int
	Account     account
	Departments []department
	Query       string
	Panel       panel
	View        any
}

// page writes one page, whole or not at all.
func (v *visit) page(status int, name, title string, view any) error {
	s := v.shop
	c := chrome{
		Shop: s.opts.Name, Title: title, Here: v.here(), Assets: s.assets, Locale: s.opts.Locale, WriteKey: s.opts.WriteKey, Consent: s.opts.Consent,
		Said: kept[said](v, saidCookie), Pieces: kept[basket](v, basketCookie).pieces(), Account: kept[account](v, customerCookie),
		Departments: v.stock.departments, Query: v.r.URL.Query().Get("q"), View: view,
	}
	c.Panel = v.panel(c.Said.Panel)
	if c.Said.Text != "" {
		v.drop(saidCookie)
	}
	var body bytes.Buffer
	if err := s.pages[name].ExecuteTemplate(&body, "layout", c); err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(status)
	if _, err := v.w.Write(body.Bytes()); err != nil {
		s.log.Debug("page not sent", "path", v.r.URL.Path, "err", err)
	}
	return nil
}

// here is where a form on this page comes back to. A page that answers a form has no address of its own: its form's page has.
func (v *visit) here() string {
	query := v.r.URL.Query()
	query.Del("rec")
	query.Del("pos")
	if len(query) == 0 {
		return v.r.URL.EscapedPath()
	}
	return v.r.URL.EscapedPath() + "?" + query.Encode()
}

// parsePages makes one template set for each page: the layout, the parts and the page.
func parsePages(files fs.FS) (map[string]*template.Template, error) {
	base, err := template.New("").Funcs(template.FuncMap{
		"inPage":     func(s shelf, here string) shelfPart { return shelfPart{s, here} },
		"offerPart":  func(offers []offerCard, here string) offersPart { return offersPart{offers, here} },
		"shelfCards": func(c []card, here string, dismiss bool) cardsPart { return cardsPart{c, here, dismiss} },
	}).ParseFS(files, "pages/layout.html", "pages/parts.html")
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

// offersPart is what a row of offers needs.
type offersPart struct {
	Offers []offerCard
	Here   string
}

// cardsPart is what the row of cards needs.
type cardsPart struct {
	Cards   []card
	Here    string
	Dismiss bool // each card has the button for "not for me"
}

// shelfPart is what a titled shelf needs.
type shelfPart struct {
	Shelf shelf
	Here  string
}
