package recommend

import (
	"slices"

	"shopkeeper/shared/experiment/interleave"
	"shopkeeper/shared/locale"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/model"
)

// drafting is the working memory of a shelf that two models share. It lasts from answer to answer.
type drafting struct {
	on    bool    // neither explores while they share a shelf: what one explores the other may push off
	other *Worker // of the other model
	query Query   // as the other is asked
	slot  [1]Slot

	lists  [2][]Pick // what each would show, in the numbers of the worker's own model
	ranked [2][]item.Scored
	places []interleave.Place
}

// draft fills for-you with what the model and the one of the query would each show, picked in turn. Whatever may not stand here by either model does not. What a rule promotes beyond what is allowed of a shelf stays away unless
// both would show it.
func (w *Worker) draft(limit int) Policy {
	d := &w.drafting
	if d.other == nil {
		d.other = new(Worker)
	}
	d.on = true
	w.forYou(limit)
	d.on = false
	d.lists[0] = append(d.lists[0][:0], w.picks[w.from:]...)
	w.picks = w.picks[:w.from]
	for _, p := range d.lists[0] { // it may not get its place, and may then stand elsewhere
		w.at(p.Item).blocked = false
	}
	w.rival(limit)
	for n, list := range d.lists {
		d.ranked[n] = d.ranked[n][:0]
		for _, p := range list {
			if !w.capped || !w.promoted(p.Item) || slices.ContainsFunc(d.lists[1-n], func(o Pick) bool { return o.Item == p.Item }) {
				d.ranked[n] = append(d.ranked[n], item.Scored{Item: p.Item, Score: p.Score})
			}
		}
	}
	d.places = interleave.Draft(d.places[:0], d.ranked[0], d.ranked[1], limit, w.q.Coin)
	ceiling := w.ceiling()
	for _, place := range d.places {
		p := d.pick(place)
		p.Team, p.Score, p.Propensity = place.Team, min(p.Score, ceiling), p.Propensity*place.Chance
		ceiling = p.Score
		w.put(p)
	}
	w.complete(limit)
	return Drafted
}

// rival asks the other model for its list, without what stands on the page already, and puts it in the numbers of the worker's own. Items that this one does not have are passed over.
func (w *Worker) rival(limit int) {
	d, o := &w.drafting, w.drafting.other
	d.query = *w.q
	d.slot[0] = Slot{ForYou, limit}
	d.query.Slots, d.query.Against = d.slot[:], nil
	o.begin(w.q.Against, &d.query)
	for _, p := range w.picks {
		w.blockThere(p.Item)
	}
	for _, kept := range [...][]reserved{w.pinned, w.reserved} {
		for _, r := range kept {
			w.blockThere(r.pick.Item)
		}
	}
	o.placement, o.capped = ForYou, o.ruled && o.m.page.PromotedMost < 1
	o.drafting.on = true
	o.forYou(limit)
	d.lists[1] = d.lists[1][:0]
	for _, p := range o.picks {
		i, known := w.m.Lookup(o.m.ID(p.Item))
		if !known || !w.allowed(i) {
			continue
		}
		p.Item, p.Reason, p.Rule = i, w.translated(p.Reason, o.m), w.ruleOf(i)
		d.lists[1] = append(d.lists[1], p)
	}
	o.m, o.q = nil, nil
	d.query = Query{}
}

// blockThere keeps an item off the other model's list.
func (w *Worker) blockThere(i item.Ordinal) {
	o := w.drafting.other
	if there, known := o.m.Lookup(w.m.ID(i)); known {
		o.block(there)
	}
}

// translated is a reason of another model in the numbers of the worker's own; one that it has no number for is the visitor's taste.
func (w *Worker) translated(r Reason, from *Model) Reason {
	known := true
	switch {
	case r.Named:
		r.About, known = w.m.Lookup(from.ID(r.About))
	case r.Key == locale.BecauseCame:
		r.Category, known = model.None, false
		if c, there := w.m.FindCategory(from.Path(r.Category)); there {
			r.Category, known = c, true
		}
	}
	if !known {
		return Reason{Key: locale.BecauseTaste}
	}
	return r
}

// pick is what a place holds, as the list has it whose turn it was.
func (d *drafting) pick(place interleave.Place) Pick {
	first, second := d.lists[0], d.lists[1]
	if place.Team == interleave.B {
		first, second = second, first
	}
	for _, list := range [...][]Pick{first, second} {
		for _, p := range list {
			if p.Item == place.Item {
				return p
			}
		}
	}
	return Pick{}
}
