package console

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"shopkeeper/shared/admin"
	"shopkeeper/shared/event"
	"shopkeeper/shared/offer"
	"shopkeeper/shared/segment"
	"shopkeeper/shared/staff"
)

// offerPages are the list of offers, one offer with its results, and the editor.
var offerPages = map[string]handler{
	"GET offers":              (*view).offersPage,
	"GET offers/new":          (*view).newOfferPage,
	"POST offers/new":         (*view).saveOffer,
	"GET offers/{id}":         (*view).offerPage,
	"GET offers/{id}/edit":    (*view).editOfferPage,
	"POST offers/{id}/edit":   (*view).saveOffer,
	"POST offers/{id}/status": (*view).setOfferStatus,
	"POST offers/{id}/delete": (*view).deleteOffer,
}

// offerRow is an offer in the list, with what it brought.
type offerRow struct {
	offer.Definition
	Result admin.Cohort
}

type offersView struct {
	Offers []offerRow
	May    bool
}

func (v *view) offersPage() error {
	list, err := v.Admin.Offers(v.ctx(), v.actor())
	if err != nil {
		return err
	}
	rows := make([]offerRow, len(list))
	for i, d := range list {
		r, err := v.Admin.OfferResults(v.ctx(), v.actor(), d.ID, 0)
		if err != nil {
			return err
		}
		rows[i] = offerRow{d, r.Total}
	}
	return v.page(http.StatusOK, "offers", "Offers", offersView{rows, v.actor().May(staff.OffersEdit)})
}

type offerView struct {
	offer.Definition
	admin.OfferResult
	May bool
}

func (v *view) offerPage() error {
	id := offer.ID(v.r.PathValue("id"))
	d, err := v.Admin.Offer(v.ctx(), v.actor(), id)
	if err != nil {
		return err
	}
	r, err := v.Admin.OfferResults(v.ctx(), v.actor(), id, 0)
	if err != nil {
		return err
	}
	return v.page(http.StatusOK, "offer", d.Title, offerView{d, r, v.actor().May(staff.OffersEdit)})
}

// offerForm is the editor: texts as they are typed.
type offerForm struct {
	New      bool
	Offer    offer.Definition
	Items    string
	Starts   string
	Ends     string
	Control  string
	Margin   string
	Places   map[string]bool
	Segments []segment.Definition
	Zone     string
	Currency string
	Wrong    map[string]string
}

func (v *view) newOfferPage() error {
	if err := v.actor().Check(staff.OffersEdit); err != nil {
		return err
	}
	return v.offerForm(http.StatusOK, true, offer.Definition{Control: 0.1}, nil)
}

func (v *view) editOfferPage() error {
	if err := v.actor().Check(staff.OffersEdit); err != nil {
		return err
	}
	d, err := v.Admin.Offer(v.ctx(), v.actor(), offer.ID(v.r.PathValue("id")))
	if err != nil {
		return err
	}
	return v.offerForm(http.StatusOK, false, d, nil)
}

func (v *view) offerForm(status int, fresh bool, d offer.Definition, reasons map[string]string) error {
	f := offerForm{New: fresh, Offer: d, Starts: v.input(d.Starts), Ends: v.input(d.Ends), Zone: v.zone().String(), Currency: v.settings.Currency, Wrong: reasons, Places: map[string]bool{}}
	for i, it := range d.Items {
		if i > 0 {
			f.Items += ", "
		}
		f.Items += string(it)
	}
	if d.Control > 0 {
		f.Control = strconv.FormatFloat(100*d.Control, 'f', -1, 64)
	}
	f.Margin = decimal(d.Margin, f.Currency)
	for _, p := range d.Placements {
		f.Places[p] = true
	}
	if v.actor().May(staff.SegmentsRead) {
		var err error
		if f.Segments, err = v.Admin.Segments(v.ctx(), v.actor()); err != nil {
			return err
		}
	}
	title := "A new offer"
	if !fresh {
		title = "Change " + d.Title
	}
	return v.page(status, "offer-edit", title, f)
}

func (v *view) saveOffer() error {
	if err := v.form(); err != nil {
		return err
	}
	r, id := v.reader(), v.r.PathValue("id")
	d := offer.Definition{Status: offer.Draft}
	if id != "" {
		var err error
		if d, err = v.Admin.Offer(v.ctx(), v.actor(), offer.ID(id)); err != nil {
			return err
		}
		if d.Version, err = strconv.ParseInt(r.text("version"), 10, 64); err != nil || d.Version < 1 {
			return errNothingHere
		}
	}
	r.offer(&d, v.settings.Currency)
	if id == "" {
		d.ID = offer.ID(slug(d.Title))
		if d.ID == "" {
			r.refuse("title", "Give it a title with letters or digits.")
		}
	}
	if len(r.wrong) > 0 {
		return v.offerForm(http.StatusUnprocessableEntity, id == "", d, r.wrong)
	}
	saved, err := v.Admin.SaveOffer(v.ctx(), v.actor(), d)
	if reasons, ok := wrong(err); ok {
		maps.Copy(reasons, r.wrong)
		return v.offerForm(http.StatusUnprocessableEntity, id == "", d, reasons)
	}
	if id == "" && stale(err) {
		return v.offerForm(http.StatusConflict, true, d, map[string]string{"title": "There is an offer of that title already."})
	}
	if err != nil {
		return err
	}
	return v.to("offers/"+url.PathEscape(string(saved.ID)), "saved")
}

// offer reads what the editor may change.
func (r *reader) offer(d *offer.Definition, currency string) {
	d.Title, d.Text, d.Code, d.URL, d.Image = r.text("title"), r.text("text"), r.text("code"), r.text("url"), r.text("image")
	d.Category, d.Segment = r.text("category"), segment.ID(r.text("segment"))
	d.Items = nil
	for _, it := range r.list("items") {
		d.Items = append(d.Items, event.ItemID(it))
	}
	d.Placements = slices.Clone(r.form["placements"])
	d.Starts, d.Ends = r.time("starts"), r.time("ends")
	d.PerPerson, d.Budget, d.Even = int(r.whole("perPerson")), r.whole("budget"), r.text("even") != ""
	d.Control, d.Margin = r.share("control"), r.amount("margin", currency)
}

// setOfferStatus begins, pauses or ends an offer.
func (v *view) setOfferStatus() error {
	if err := v.form(); err != nil {
		return err
	}
	id := v.r.PathValue("id")
	d, err := v.Admin.Offer(v.ctx(), v.actor(), offer.ID(id))
	if err != nil {
		return err
	}
	d.Status = offer.Status(v.r.PostForm.Get("status"))
	_, err = v.Admin.SaveOffer(v.ctx(), v.actor(), d)
	if reasons, ok := wrong(err); ok {
		return v.offerForm(http.StatusUnprocessableEntity, false, d, reasons)
	}
	if err != nil {
		return err
	}
	return v.to("offers/"+url.PathEscape(id), "saved")
}

func (v *view) deleteOffer() error {
	if err := v.form(); err != nil {
		return err
	}
	version, err := strconv.ParseInt(v.r.PostForm.Get("version"), 10, 64)
	if err != nil || version < 1 {
		return errNothingHere
	}
	if err := v.Admin.DeleteOffer(v.ctx(), v.actor(), offer.ID(v.r.PathValue("id")), version); err != nil {
		return err
	}
	return v.to("offers", "removed")
}
