package web

import (
	"encoding/json"
	"net/http"
	"slices"

	"shopkeeper/shared/collect"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/people"
)

// maxFormBytes bounds the small bodies of a page's own calls.
const maxFormBytes = 8 << 10

// consentForm is the body of POST /v1/consent. Purposes and purpose may both be there.
type consentForm struct {
	WriteKey string            `json:"writeKey"`
	Purpose  consent.Purpose   `json:"purpose"`
	Purposes []consent.Purpose `json:"purposes"`
	Granted  *bool             `json:"granted"`
	Version  string            `json:"version"`
}

// read decodes a small JSON body. An empty one is an empty form when that is allowed: its fields are checked by the caller.
func readForm(w http.ResponseWriter, r *http.Request, v any) error {
	body, err := readBody(w, r, maxFormBytes)
	if err != nil {
		return err
	}
	if len(body) == 0 {
		return nil
	}
	if err := json.Unmarshal(body, v); err != nil {
		return fault.InvalidField("body", "is not the JSON object that belongs here")
	}
	return nil
}

func (f consentForm) decision() (collect.Decision, error) {
	d := collect.Decision{Purposes: f.Purposes, Version: f.Version, Source: "page"}
	if f.Purpose != "" && !slices.Contains(d.Purposes, f.Purpose) {
		d.Purposes = append(d.Purposes, f.Purpose)
	}
	var wrong []fault.Field
	if len(d.Purposes) == 0 {
		wrong = append(wrong, fault.Field{Path: "purpose", Reason: "is missing: personalization or marketing"})
	}
	slices.Sort(d.Purposes)
	d.Purposes = slices.Compact(d.Purposes)
	for _, p := range d.Purposes {
		if p != consent.Personalization && p != consent.Marketing {
			wrong = append(wrong, fault.Field{Path: "purpose", Reason: "is personalization or marketing"})
			break
		}
	}
	if f.Granted == nil {
		wrong = append(wrong, fault.Field{Path: "granted", Reason: "is missing: true or false"})
	} else {
		d.Granted = *f.Granted
	}
	if len(f.Version) > 100 {
		wrong = append(wrong, fault.Field{Path: "version", Reason: "has more than 100 bytes"})
	}
	if len(wrong) > 0 {
		return d, fault.InvalidFields(wrong...)
	}
	return d, nil
}

// consent records a decision and carries it out: the consent cookie always, the visitor's profile when there is a visitor, a fresh visitor for one who agrees and has none.
// Withdrawing personalization forgets the visitor.
func (c *collector) consent(w http.ResponseWriter, r *http.Request) error {
	var form consentForm
	if err := readForm(w, r, &form); err != nil {
		return err
	}
	from, err := authenticate(r, c.Shops, form.WriteKey)
	if err != nil {
		return err
	}
	d, err := form.decision()
	if err != nil {
		return err
	}
	gpc, known := GPC(r), c.Cookies.Consent(r, from.ID)
	visitor, ok, err := c.visitor(r, from.ID)
	if err != nil {
		return err
	}
	state := d.Apply(known, c.now())
	fresh := !ok && d.Granted && consent.Allows(from.Consent, state, gpc)
	if fresh {
		visitor = identity.Visitor{ID: identity.NewVisitor()}
	}
	if ok || fresh {
		if state, err = c.Service.Decide(r.Context(), from.ID, visitor.ID, known, d); err != nil {
			return err
		}
	}
	if err := c.permit(r, from, visitor, d); err != nil {
		return err
	}
	switch {
	case fresh:
		c.Cookies.Issue(w, from.ID, visitor)
	case ok && state.Personalization == consent.Denied:
		c.Cookies.Clear(w)
	}
	c.Cookies.SetConsent(w, from.ID, state)
	return respond(w, struct {
		Consent consentView `json:"consent"`
	}{viewConsent(from.Consent, state, gpc)})
}

// visitor is whom the cookie names, unless that one was erased.
func (c *collector) visitor(r *http.Request, shop event.ShopID) (identity.Visitor, bool, error) {
	v, _ := c.Cookies.Visitor(r, shop)
	v, err := c.Service.Living(r.Context(), shop, v)
	return v, v.ID != "", err
}

// permit makes a decision on marketing the known person's, for mail. A yes from a device that the shop did not vouch for waits for a confirmation, and a no from one counts for the device alone.
func (c *collector) permit(r *http.Request, from caller, v identity.Visitor, d collect.Decision) error {
	if v.Person == "" || !slices.Contains(d.Purposes, consent.Marketing) || !v.Trusted && !d.Granted {
		return nil
	}
	p := people.Permission{Channel: people.Email, Choice: consent.Denied, Text: d.Version, Source: d.Source, At: c.now()}
	if d.Granted {
		p.Choice, p.Pending = consent.Granted, !v.Trusted
	}
	return people.New(c.Store).Permit(r.Context(), from.ID, v.Person, p)
}

// reset makes the browser another visitor, as at logout: with a fresh cookie where consent allows one, else with none.
func (c *collector) reset(w http.ResponseWriter, r *http.Request) error {
	var form struct {
		WriteKey string `json:"writeKey"`
	}
	if err := readForm(w, r, &form); err != nil {
		return err
	}
	from, err := authenticate(r, c.Shops, form.WriteKey)
	if err != nil {
		return err
	}
	if consent.Allows(from.Consent, c.Cookies.Consent(r, from.ID), GPC(r)) {
		c.Cookies.Issue(w, from.ID, identity.Visitor{ID: identity.NewVisitor()})
	} else {
		c.Cookies.Clear(w)
	}
	return respond(w, struct {
		Success bool `json:"success"`
	}{true})
}
