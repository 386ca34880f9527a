package console

import (
	"fmt"
	"math"
	"net/http"

	"shopkeeper/shared/admin"
	"shopkeeper/shared/compare"
	"shopkeeper/shared/recommend"
	"shopkeeper/shared/staff"
)

// modelPages say which model answers are made from, and change it.
var modelPages = map[string]handler{
	"GET models":          (*view).modelsPage,
	"POST models/use":     (*view).useModel,
	"POST models/compare": (*view).startTrial,
	"POST models/end":     (*view).endTrial,
}

type modelsView struct {
	admin.Releases
	May      bool
	Compared *compare.Report // nil: no comparison runs
	Others   []string        // versions that could be compared with the one in use
	Wrong    map[string]string
}

func (v *view) modelsPage() error { return v.modelsForm(http.StatusOK, nil) }

func (v *view) modelsForm(status int, wrong map[string]string) error {
	r, err := v.Admin.Models(v.ctx(), v.actor())
	if err != nil {
		return err
	}
	m := modelsView{Releases: r, May: v.actor().May(staff.ModelsEdit), Wrong: wrong}
	for _, one := range r.Models {
		if !one.Live {
			m.Others = append(m.Others, one.Version)
		}
	}
	if r.Trial != nil {
		report, err := v.Admin.Trial(v.ctx(), v.actor())
		if err != nil {
			return err
		}
		m.Compared = &report
	}
	return v.page(status, "models", "Models", m)
}

// useModel goes to the version that the form names; without one, to the one before the one in use.
func (v *view) useModel() error {
	if err := v.form(); err != nil {
		return err
	}
	if _, err := v.Admin.UseModel(v.ctx(), v.actor(), v.r.PostForm.Get("version")); err != nil {
		return err
	}
	return v.to("models", "model-used")
}

// startTrial begins to compare the model in use with another.
func (v *view) startTrial() error {
	if err := v.form(); err != nil {
		return err
	}
	r := v.reader()
	if err := v.Admin.Permit(v.ctx(), v.actor(), staff.ModelsEdit, "model/"+r.text("version")); err != nil {
		return err
	}
	plan := recommend.TrialPlan{Version: r.text("version"), Method: recommend.Method(r.text("method")), Share: r.share("share")}
	if plan.Share == 0 && r.text("share") != "" && len(r.wrong) == 0 {
		r.refuse("share", "More than 0, please.")
	}
	if len(r.wrong) > 0 {
		return v.modelsForm(http.StatusUnprocessableEntity, r.wrong)
	}
	_, err := v.Admin.StartTrial(v.ctx(), v.actor(), plan)
	if reasons, ok := wrong(err); ok {
		return v.modelsForm(http.StatusUnprocessableEntity, reasons)
	}
	if err != nil {
		return err
	}
	return v.to("models", "compared")
}

// endTrial ends the comparison: the form says with which model.
func (v *view) endTrial() error {
	if err := v.form(); err != nil {
		return err
	}
	promote := v.r.PostForm.Get("use") == "b"
	if _, err := v.Admin.EndTrial(v.ctx(), v.actor(), promote); err != nil {
		return err
	}
	return v.to("models", "model-used")
}

// bounds writes an always-valid interval.
func bounds(i compare.Interval, write func(float64) string) string {
	if !i.Known {
		return "too few to tell"
	}
	return fmt.Sprintf("%s to %s", write(i.Low), write(i.High))
}

// measured is one row of the comparison by visitor.
func measured(m compare.Measure, currency string) map[string]string {
	write := func(x float64) string { return minus(m.Amount(x, currency)) }
	if m.Name == "revenue" {
		write = func(x float64) string { return money(int64(math.Round(x)), currency) }
	}
	return map[string]string{"A": write(m.A), "B": write(m.B), "Difference": write(m.Difference), "Between": bounds(m.Interval, write)}
}

// preferred is a preference and its interval.
func preferred(p compare.Preference) map[string]string {
	write := func(x float64) string { return minus(fmt.Sprintf("%.3f", x)) }
	return map[string]string{"Estimate": write(p.Estimate), "Between": bounds(p.Interval, write)}
}
