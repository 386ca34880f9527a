package console

import (
	"net/http"

	"shopkeeper/shared/admin"
	"shopkeeper/shared/staff"
)

// modelPages say which model answers are made from, and change it.
var modelPages = map[string]handler{
	"GET models":      (*view).modelsPage,
	"POST models/use": (*view).useModel,
}

type modelsView struct {
	admin.Releases
	May bool
}

func (v *view) modelsPage() error {
	r, err := v.Admin.Models(v.ctx(), v.actor())
	if err != nil {
		return err
	}
	return v.page(http.StatusOK, "models", "Models", modelsView{r, v.actor().May(staff.ModelsEdit)})
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
