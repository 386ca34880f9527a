package console

import (
	"net/http"
	"slices"

	"shopkeeper/shared/admin"
)

// healthPages say how the product is.
var healthPages = map[string]handler{"GET health": (*view).healthPage}

type healthView struct {
	admin.Health
	Waiting int64
}

func (v *view) healthPage() error {
	h, err := v.Admin.Health(v.ctx(), v.actor())
	if err != nil {
		return err
	}
	page := healthView{Health: h}
	for _, b := range h.Backlogs {
		page.Waiting += b.Waiting
	}
	slices.SortStableFunc(page.Backlogs, func(a, b admin.Backlog) int { return int(min(1, max(-1, b.Waiting-a.Waiting))) })
	return v.page(http.StatusOK, "health", "Health", page)
}
