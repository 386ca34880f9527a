package console

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"shopkeeper/shared/admin"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend"
	"shopkeeper/shared/recommend/rules"
	"shopkeeper/shared/staff"
)

// rulePages are the list of business rules with how shelves are made, one rule with its effect, and the editor.
var rulePages = map[string]handler{
	"GET rules":              (*view).rulesPage,
	"POST rules/shelves":     (*view).saveShelves,
	"GET rules/new":          (*view).newRulePage,
	"POST rules/new":         (*view).saveRule,
	"GET rules/{id}":         (*view).rulePage,
	"GET rules/{id}/edit":    (*view).editRulePage,
	"POST rules/{id}/edit":   (*view).saveRule,
	"POST rules/{id}/pause":  (*view).pauseRule,
	"POST rules/{id}/delete": (*view).deleteRule,
}

// ruleRow is a rule with what it says in a line.
type ruleRow struct {
	rules.Rule
	Says, Where, State string
}

type rulesView struct {
	rules.Document
	Rows  []ruleRow
	May   bool
	Wrong map[string]string
}

func (v *view) rulesPage() error { return v.showRules(http.StatusOK, nil, nil) }

func (v *view) showRules(status int, typed *rules.Settings, reasons map[string]string) error {
	d, err := v.Admin.Rules(v.ctx(), v.actor())
	if err != nil {
		return err
	}
	rows := make([]ruleRow, len(d.Rules))
	for i, r := range d.Rules {
		rows[i] = v.row(r)
	}
	if typed != nil {
		d.Settings = *typed
	}
	return v.page(status, "rules", "Merchandising", rulesView{d, rows, v.actor().May(staff.RulesEdit), reasons})
}

func (v *view) row(r rules.Rule) ruleRow {
	row := ruleRow{Rule: r, Says: says(r, v.settings.Currency), Where: strings.Join(r.Placements, ", "), State: "holds"}
	now := v.now()
	switch {
	case r.Paused:
		row.State = "paused"
	case now.Before(r.Starts):
		row.State = "to come"
	case !r.Open(now):
		row.State = "over"
	}
	return row
}

// says is a rule in words.
func says(r rules.Rule, currency string) string {
	var of []string
	if len(r.Items) > 0 {
		of = append(of, plural(len(r.Items), "item", "items"))
	}
	if r.Category != "" {
		of = append(of, "category "+r.Category)
	}
	if r.Brand != "" {
		of = append(of, "brand "+r.Brand)
	}
	if r.MinPrice > 0 {
		of = append(of, "from "+money(r.MinPrice, currency))
	}
	if r.MaxPrice > 0 {
		of = append(of, "up to "+money(r.MaxPrice, currency))
	}
	if r.Filter != "" {
		of = append(of, r.Filter)
	}
	what := strings.Join(of, ", ")
	switch r.Kind {
	case rules.Pin:
		return "Place " + strconv.Itoa(r.Place) + " for " + what
	case rules.Boost:
		return "Lift " + what + " × " + strconv.FormatFloat(r.Strength, 'f', -1, 64)
	case rules.Bury:
		return "Push down " + what + " ÷ " + strconv.FormatFloat(r.Strength, 'f', -1, 64)
	}
	return "Never show " + what
}

func (v *view) saveShelves() error {
	if err := v.form(); err != nil {
		return err
	}
	r := v.reader()
	typed := rules.Settings{Diversity: r.share("diversity"), Rotation: r.share("rotation"), NewShare: r.share("newShare"), PromotedShare: r.share("promotedShare"), PromotedMost: r.share("promotedMost")}
	version, err := strconv.ParseInt(r.text("version"), 10, 64)
	if err != nil || version < 0 {
		return errNothingHere
	}
	if len(r.wrong) > 0 {
		return v.showRules(http.StatusUnprocessableEntity, &typed, r.wrong)
	}
	_, err = v.Admin.SaveShelves(v.ctx(), v.actor(), typed, version)
	if reasons, ok := wrong(err); ok {
		return v.showRules(http.StatusUnprocessableEntity, &typed, reasons)
	}
	if err != nil {
		return err
	}
	return v.to("rules", "saved")
}

type ruleView struct {
	ruleRow
	Effect admin.Effect
	None   bool // there is no model yet
	May    bool
}

func (v *view) rulePage() error {
	r, err := v.Admin.Rule(v.ctx(), v.actor(), rules.ID(v.r.PathValue("id")))
	if err != nil {
		return err
	}
	effect, err := v.Admin.PreviewRule(v.ctx(), v.actor(), r)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	return v.page(http.StatusOK, "rule", r.Name, ruleView{v.row(r), effect, err != nil, v.actor().May(staff.RulesEdit)})
}

// ruleForm is the editor: texts as they are typed.
type ruleForm struct {
	New                                           bool
	Rule                                          rules.Rule
	Items, Min, Max, Strength, Starts, Ends, Zone string
	Kinds                                         []rules.Kind
	Places                                        []string
	On                                            map[string]bool
	Wrong                                         map[string]string
	Effect                                        *admin.Effect
}

func (v *view) newRulePage() error {
	if err := v.actor().Check(staff.RulesEdit); err != nil {
		return err
	}
	return v.ruleForm(http.StatusOK, true, rules.Rule{Kind: rules.Boost, Strength: 2}, nil, nil)
}

func (v *view) editRulePage() error {
	if err := v.actor().Check(staff.RulesEdit); err != nil {
		return err
	}
	r, err := v.Admin.Rule(v.ctx(), v.actor(), rules.ID(v.r.PathValue("id")))
	if err != nil {
		return err
	}
	return v.ruleForm(http.StatusOK, false, r, nil, nil)
}

func (v *view) ruleForm(status int, fresh bool, r rules.Rule, reasons map[string]string, effect *admin.Effect) error {
	f := ruleForm{New: fresh, Rule: r, Min: decimal(r.MinPrice, v.settings.Currency), Max: decimal(r.MaxPrice, v.settings.Currency), Starts: v.input(r.Starts), Ends: v.input(r.Ends), Zone: v.zone().String(),
		Kinds: []rules.Kind{rules.Pin, rules.Boost, rules.Bury, rules.Exclude}, Places: recommend.Placements(), On: map[string]bool{}, Wrong: reasons, Effect: effect}
	ids := make([]string, len(r.Items))
	for i, id := range r.Items {
		ids[i] = string(id)
	}
	f.Items = strings.Join(ids, ", ")
	if r.Strength != 0 {
		f.Strength = strconv.FormatFloat(r.Strength, 'f', -1, 64)
	}
	for _, p := range r.Placements {
		f.On[p] = true
	}
	title := "A new rule"
	if !fresh {
		title = "Change " + r.Name
	}
	return v.page(status, "rule-edit", title, f)
}

func (v *view) saveRule() error {
	if err := v.form(); err != nil {
		return err
	}
	in, id := v.reader(), v.r.PathValue("id")
	var d rules.Rule
	if id != "" {
		var err error
		if d, err = v.Admin.Rule(v.ctx(), v.actor(), rules.ID(id)); err != nil {
			return err
		}
		if d.Version, err = strconv.ParseInt(in.text("version"), 10, 64); err != nil || d.Version < 1 {
			return errNothingHere
		}
	}
	in.rule(&d, v.settings.Currency)
	if id == "" {
		if d.ID = rules.ID(slug(d.Name)); d.ID == "" {
			in.refuse("name", "Give it a name with letters or digits.")
		}
	}
	if len(in.wrong) > 0 {
		return v.ruleForm(http.StatusUnprocessableEntity, id == "", d, in.wrong, nil)
	}
	if in.text("do") == "preview" {
		return v.tryRule(id == "", d)
	}
	saved, err := v.Admin.SaveRule(v.ctx(), v.actor(), d)
	if reasons, ok := wrong(err); ok {
		maps.Copy(reasons, in.wrong)
		return v.ruleForm(http.StatusUnprocessableEntity, id == "", d, reasons, nil)
	}
	if id == "" && stale(err) {
		return v.ruleForm(http.StatusConflict, true, d, map[string]string{"name": "There is a rule of that name already."}, nil)
	}
	if err != nil {
		return err
	}
	return v.to("rules/"+url.PathEscape(string(saved.ID)), "saved")
}

// tryRule shows the editor again, with what the rule would do.
func (v *view) tryRule(fresh bool, d rules.Rule) error {
	effect, err := v.Admin.PreviewRule(v.ctx(), v.actor(), d)
	if reasons, ok := wrong(err); ok {
		return v.ruleForm(http.StatusUnprocessableEntity, fresh, d, reasons, nil)
	}
	if err != nil {
		return err
	}
	return v.ruleForm(http.StatusOK, fresh, d, nil, &effect)
}

// rule reads what the editor may change. What a kind does not have is left out, so that changing the kind leaves nothing behind.
func (r *reader) rule(d *rules.Rule, currency string) {
	d.Name, d.Kind, d.Category, d.Brand = r.text("name"), rules.Kind(r.text("kind")), r.text("category"), r.text("brand")
	d.Items, d.Filter = nil, r.text("filter")
	for _, id := range r.list("items") {
		d.Items = append(d.Items, event.ItemID(id))
	}
	d.MinPrice, d.MaxPrice = r.amount("minPrice", currency), r.amount("maxPrice", currency)
	d.Placements = slices.Clone(r.form["placements"])
	d.Starts, d.Ends = r.time("starts"), r.time("ends")
	d.Place, d.Count, d.Strength = 0, 0, 0
	switch d.Kind {
	case rules.Pin:
		d.Place, d.Count = int(r.whole("place")), int(r.whole("count"))
	case rules.Boost, rules.Bury:
		d.Strength = r.decimal("strength")
	}
	d.Priority = 0
	if text := r.text("priority"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			r.refuse("priority", "A whole number, please.")
		}
		d.Priority = n
	}
}

// decimal is a number such as 1.5; empty is 0.
func (r *reader) decimal(name string) float64 {
	text := strings.ReplaceAll(r.text(name), ",", ".")
	if text == "" {
		return 0
	}
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		r.refuse(name, "A number, please.")
	}
	return x
}

// pauseRule takes a rule out for a while, or lets it hold again.
func (v *view) pauseRule() error {
	if err := v.form(); err != nil {
		return err
	}
	id := v.r.PathValue("id")
	d, err := v.Admin.Rule(v.ctx(), v.actor(), rules.ID(id))
	if err != nil {
		return err
	}
	d.Paused = v.r.PostForm.Get("paused") == "yes"
	if _, err := v.Admin.SaveRule(v.ctx(), v.actor(), d); err != nil {
		return err
	}
	return v.to("rules/"+url.PathEscape(id), "saved")
}

func (v *view) deleteRule() error {
	if err := v.form(); err != nil {
		return err
	}
	version, err := strconv.ParseInt(v.r.PostForm.Get("version"), 10, 64)
	if err != nil || version < 1 {
		return errNothingHere
	}
	if err := v.Admin.DeleteRule(v.ctx(), v.actor(), rules.ID(v.r.PathValue("id")), version); err != nil {
		return err
	}
	return v.to("rules", "removed")
}
