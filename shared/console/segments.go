package console

import (
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"shopkeeper/shared/segment"
	"shopkeeper/shared/staff"
)

// segmentPages are the list of segments, one segment, and the editor.
var segmentPages = map[string]handler{
	"GET segments":              (*view).segmentsPage,
	"GET segments/new":          (*view).newSegmentPage,
	"POST segments/new":         (*view).saveSegment,
	"GET segments/preview":      (*view).previewSegment,
	"GET segments/{id}":         (*view).segmentPage,
	"GET segments/{id}/edit":    (*view).editSegmentPage,
	"POST segments/{id}/edit":   (*view).saveSegment,
	"POST segments/{id}/delete": (*view).deleteSegment,
}

type segmentsView struct {
	Segments []segment.Definition
	May      bool
}

func (v *view) segmentsPage() error {
	list, err := v.Admin.Segments(v.ctx(), v.actor())
	if err != nil {
		return err
	}
	return v.page(http.StatusOK, "segments", "Segments", segmentsView{list, v.actor().May(staff.SegmentsEdit)})
}

// member is a subject with what it is called.
type member struct {
	segment.Member
	Name string
}

type segmentView struct {
	segment.Definition
	Gathering bool // the members are still looked for
	Members   []member
	More      string
	Preview   previewView
	May       bool
	MayTake   bool
}

func (v *view) segmentPage() error {
	id := segment.ID(v.r.PathValue("id"))
	d, err := v.Admin.Segment(v.ctx(), v.actor(), id)
	if err != nil {
		return err
	}
	members, err := v.Admin.SegmentMembers(v.ctx(), v.actor(), id, v.r.URL.Query().Get("cursor"), 50)
	if err != nil {
		return err
	}
	named, err := v.named(members.Items)
	if err != nil {
		return err
	}
	page := segmentView{Definition: d, Gathering: d.CountedAt.Before(d.Updated), Members: named, More: v.more(members.Next), May: v.actor().May(staff.SegmentsEdit), MayTake: v.actor().May(staff.ExportsRead)}
	if v.isLive() {
		return v.part("segment", "members", map[string]any{"S": page, "Live": v.live})
	}
	page.Preview = v.preview(d.Condition)
	return v.page(http.StatusOK, "segment", d.Name, page)
}

// named gives members the names that the reader may see.
func (v *view) named(members []segment.Member) ([]member, error) {
	ids := make([]string, len(members))
	for i, m := range members {
		ids[i] = m.Subject
	}
	names, err := v.names(ids...)
	if err != nil {
		return nil, err
	}
	list := make([]member, len(members))
	for i, m := range members {
		list[i] = member{m, names[m.Subject]}
	}
	return list, nil
}

// names are what customers are called, for whom may see them.
func (v *view) names(ids ...string) (map[string]string, error) {
	if !v.actor().May(staff.CustomersRead) {
		return nil, nil //nolint:nilnil // no names are an answer
	}
	return v.Admin.Names(v.ctx(), v.actor(), ids...)
}

// previewView is who a condition would match, or what is wrong with it.
type previewView struct {
	segment.Preview
	Examples []member // a few of the sample, with names for whom may see them
	Asked    bool     // there is a condition
	Problem  string
}

// maxExamples is how many customers a preview names.
const maxExamples = 5

func (v *view) preview(condition string) previewView {
	if strings.TrimSpace(condition) == "" {
		return previewView{}
	}
	p, err := v.Admin.PreviewSegment(v.ctx(), v.actor(), condition, 0)
	if err != nil {
		problem := "The count is not to be had just now."
		if reasons, ok := wrong(err); ok {
			problem = reasons["condition"] + reasons[""]
		} else {
			v.log.Warn("preview failed", "err", err)
		}
		return previewView{Asked: true, Problem: problem}
	}
	examples := make([]segment.Member, min(len(p.Sample), maxExamples))
	for i := range examples {
		examples[i].Subject = p.Sample[i]
	}
	named, err := v.named(examples)
	if err != nil {
		v.log.Warn("names of a preview", "err", err)
	}
	return previewView{Preview: p, Examples: named, Asked: true}
}

// previewSegment is the live count beside the editor.
func (v *view) previewSegment() error {
	return v.part("segment-edit", "preview", v.preview(v.r.URL.Query().Get("condition")))
}

// segmentForm is the editor.
type segmentForm struct {
	New        bool
	ID         string
	Version    int64
	Name       string
	About      string
	Condition  string
	Wrong      map[string]string
	Preview    previewView
	Attributes []segment.Attribute
	Names      template.JS // the same as JSON, for the completion
}

func (v *view) newSegmentPage() error {
	if err := v.actor().Check(staff.SegmentsEdit); err != nil {
		return err
	}
	return v.segmentForm(http.StatusOK, segmentForm{New: true})
}

func (v *view) editSegmentPage() error {
	if err := v.actor().Check(staff.SegmentsEdit); err != nil {
		return err
	}
	d, err := v.Admin.Segment(v.ctx(), v.actor(), segment.ID(v.r.PathValue("id")))
	if err != nil {
		return err
	}
	return v.segmentForm(http.StatusOK, segmentForm{ID: string(d.ID), Version: d.Version, Name: d.Name, About: d.Description, Condition: d.Condition})
}

func (v *view) segmentForm(status int, f segmentForm) error {
	var err error
	if f.Attributes, err = v.Admin.Attributes(v.actor()); err != nil {
		return err
	}
	if f.Names, err = completion(f.Attributes); err != nil {
		return err
	}
	f.Preview = v.preview(f.Condition)
	title := "A new segment"
	if !f.New {
		title = "Change " + f.Name
	}
	return v.page(status, "segment-edit", title, f)
}

// completion is what the editor's script offers: a function is inserted up to its bracket.
func completion(attributes []segment.Attribute) (template.JS, error) {
	type name struct {
		Name   string `json:"name"`
		Insert string `json:"insert"`
		Doc    string `json:"doc"`
	}
	list := make([]name, len(attributes))
	for i, a := range attributes {
		insert, _, isCall := strings.Cut(a.Name, "(")
		if isCall {
			insert += "("
		}
		list[i] = name{a.Name, insert, a.Doc}
	}
	text, err := json.Marshal(list) // escapes <, > and &
	return template.JS(text), err   //nolint:gosec // JSON of our own constants
}

// saveSegment makes a segment or changes one. The id of a new one follows from its name.
func (v *view) saveSegment() error {
	if err := v.form(); err != nil {
		return err
	}
	form := v.r.PostForm
	f := segmentForm{New: v.r.PathValue("id") == "", ID: v.r.PathValue("id"), Name: strings.TrimSpace(form.Get("name")), About: form.Get("description"), Condition: strings.TrimSpace(form.Get("condition"))}
	if !f.New {
		var err error
		if f.Version, err = strconv.ParseInt(form.Get("version"), 10, 64); err != nil || f.Version < 1 {
			return errNothingHere
		}
	} else if f.ID = slug(f.Name); f.ID == "" {
		f.Wrong = map[string]string{"name": "Give it a name with letters or digits."}
		return v.segmentForm(http.StatusUnprocessableEntity, f)
	}
	d := segment.Definition{ID: segment.ID(f.ID), Version: f.Version, Name: f.Name, Description: f.About, Condition: f.Condition}
	saved, err := v.Admin.SaveSegment(v.ctx(), v.actor(), d)
	if reasons, ok := wrong(err); ok {
		f.Wrong = reasons
		return v.segmentForm(http.StatusUnprocessableEntity, f)
	}
	if f.New && stale(err) {
		f.Wrong = map[string]string{"name": "There is a segment of that name already."}
		return v.segmentForm(http.StatusConflict, f)
	}
	if err != nil {
		return err
	}
	return v.to("segments/"+url.PathEscape(string(saved.ID)), "saved")
}

func (v *view) deleteSegment() error {
	if err := v.form(); err != nil {
		return err
	}
	version, err := strconv.ParseInt(v.r.PostForm.Get("version"), 10, 64)
	if err != nil || version < 1 {
		return errNothingHere
	}
	if err := v.Admin.DeleteSegment(v.ctx(), v.actor(), segment.ID(v.r.PathValue("id")), version); err != nil {
		return err
	}
	return v.to("segments", "removed")
}

// slug is an id made of a name: small letters, digits and hyphens, at most 64.
func slug(name string) string {
	var b strings.Builder
	hyphen := false
	for _, r := range strings.ToLower(name) {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			if hyphen && b.Len() > 0 {
				b.WriteByte('-')
			}
			b.WriteRune(r)
			hyphen = false
		} else {
			hyphen = true
		}
		if b.Len() >= 60 {
			break
		}
	}
	return b.String()
}
