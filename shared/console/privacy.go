package console

import (
	"encoding/json"
	"io"
	"net/http"

	"shopkeeper/shared/privacy"
	"shopkeeper/shared/staff"
)

// privacyPages are what a customer may ask for: everything that is kept of them, and to be forgotten; and the lists that leave the product, with ids alone.
var privacyPages = map[string]handler{
	"POST customers/{id}/export":      (*view).exportCustomer,
	"GET customers/{id}/erase":        (*view).eraseCustomerPage,
	"POST customers/{id}/erase":       (*view).eraseCustomer,
	"GET erasures":                    (*view).erasuresPage,
	"GET segments/{id}/members.csv":   (*view).segmentFile,
	"GET campaigns/{id}/messages.csv": (*view).ledgerFile,
}

// exportCustomer is a file for the customer. It is a change: the audit log says who took it.
func (v *view) exportCustomer() error {
	if err := v.form(); err != nil {
		return err
	}
	all, err := v.Admin.ExportCustomer(v.ctx(), v.actor(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	return v.download("application/json", "customer.json", func(w io.Writer) error {
		out := json.NewEncoder(w)
		out.SetIndent("", "  ")
		return out.Encode(all)
	})
}

type eraseView struct {
	ID, Name string
	Wrong    map[string]string
}

// eraseCustomerPage asks once more.
func (v *view) eraseCustomerPage() error { return v.eraseForm(http.StatusOK, nil) }

func (v *view) eraseForm(status int, reasons map[string]string) error {
	if err := v.actor().Check(staff.CustomersDrop); err != nil {
		return err
	}
	c, err := v.Admin.Customer(v.ctx(), v.actor(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	page := eraseView{c.ID, customerView{Customer: c}.Name(), reasons}
	return v.page(status, "erase", "Erase "+page.Name, page)
}

// eraseCustomer shows the certificate of what it did: the address of a customer who is erased leads nowhere.
func (v *view) eraseCustomer() error {
	if err := v.form(); err != nil {
		return err
	}
	if v.r.PostForm.Get("sure") == "" {
		return v.eraseForm(http.StatusUnprocessableEntity, map[string]string{"sure": "Tick this to go on."})
	}
	done, err := v.Admin.EraseCustomer(v.ctx(), v.actor(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	return v.page(http.StatusOK, "erasures", "Erased", erasuresView{Fresh: true, Certificates: []privacy.Certificate{done}})
}

type erasuresView struct {
	Fresh        bool // one that was just made
	Certificates []privacy.Certificate
}

func (v *view) erasuresPage() error {
	list, err := v.Admin.Certificates(v.ctx(), v.actor())
	if err != nil {
		return err
	}
	return v.page(http.StatusOK, "erasures", "Erasures", erasuresView{Certificates: list})
}

func (v *view) segmentFile() error {
	id := v.r.PathValue("id")
	return v.download("text/csv; charset=utf-8", "segment.csv", func(w io.Writer) error { return v.Admin.ExportSegment(v.ctx(), v.actor(), id, w) })
}

func (v *view) ledgerFile() error {
	id := v.r.PathValue("id")
	return v.download("text/csv; charset=utf-8", "messages.csv", func(w io.Writer) error { return v.Admin.ExportLedger(v.ctx(), v.actor(), id, w) })
}
