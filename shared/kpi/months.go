package kpi

import (
	"cmp"
	"slices"
	"time"
)

// ActiveDays is how long after an order a customer counts as active: a quarter, as for shops that sell what is bought a few times a year.
const ActiveDays = 90

// Everybody is the name of the group of all customers.
const Everybody = ""

// Month is one group in one month.
type Month struct {
	Segment   string  `json:"segment"` // empty: everybody
	Month     string  `json:"month"`   // 2006-01
	Customers int     `json:"customers"`
	New       int     `json:"new"` // first order in the month
	Active    int     `json:"active"`
	Buyers    int     `json:"buyers"` // ordered in the month
	Orders    int     `json:"orders"`
	Revenue   int64   `json:"revenue"` // minor units
	Began     int     `json:"began"`   // active at the beginning of the month
	Lost      int     `json:"lost"`    // of Began, not active at its end
	Delivered int     `json:"delivered"`
	Opened    int     `json:"opened"`
	Partial   bool    `json:"partial,omitempty"` // the month is not over
	Churn     float64 `json:"churnRate"`         // Lost / Began; 0 where nobody began
	PerHead   float64 `json:"revenuePerCustomer"`
	OrdersPer float64 `json:"ordersPerCustomer"`
	OpenRate  float64 `json:"openRate"`

	known       int   // Orders by people or visitors we know
	knownAmount int64 // their Revenue
}

// Mail is one message that reached a person.
type Mail struct {
	Person    string
	Delivered time.Time
	Opened    bool // by a human
}

// Members say which groups a subject is in now, Everybody left out.
type Members map[string][]string

// Months is the table for `months` months up to the one of now, which may be partial: by group (everybody first, then by name), then by month. Orders must reach back ActiveDays before the first month for
// activity, and to the beginning for New and Customers to be exact; orders of nobody count for everybody's orders and revenue, for no customer and for nothing per customer.
func Months(orders []Order, mails []Mail, members Members, now time.Time, zone *time.Location, months int) []Month {
	bounds := boundaries(now.In(zone), months)
	t := tables{bounds: bounds, now: now, byName: map[string][]Month{}}
	t.of(Everybody)
	for _, groups := range members {
		for _, g := range groups {
			t.of(g)
		}
	}
	for _, mine := range bySubject(orders) {
		t.customer(mine, members[mine[0].Subject])
	}
	for _, m := range mails {
		i := t.month(m.Delivered)
		if i < 0 {
			continue
		}
		for _, g := range groupsOf(members[m.Person]) {
			row := &t.of(g)[i]
			row.Delivered++
			if m.Opened {
				row.Opened++
			}
		}
	}
	return t.rows()
}

// boundaries are the first instants of the months and of the one after.
func boundaries(now time.Time, months int) []time.Time {
	first := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, now.Location())
	bounds := make([]time.Time, months+1)
	for i := range bounds {
		bounds[i] = first.AddDate(0, i+1-months, 0)
	}
	return bounds
}

// bySubject groups orders, each group oldest first.
func bySubject(orders []Order) map[string][]Order {
	mine := map[string][]Order{}
	for _, o := range orders {
		mine[o.Subject] = append(mine[o.Subject], o)
	}
	for _, list := range mine {
		slices.SortFunc(list, func(a, b Order) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	}
	return mine
}

func groupsOf(segments []string) []string { return append([]string{Everybody}, segments...) }

type tables struct {
	bounds []time.Time
	now    time.Time
	byName map[string][]Month
}

func (t *tables) of(group string) []Month {
	rows, ok := t.byName[group]
	if !ok {
		rows = make([]Month, len(t.bounds)-1)
		for i := range rows {
			rows[i] = Month{Segment: group, Month: t.bounds[i].Format("2006-01"), Partial: t.bounds[i+1].After(t.now)}
		}
		t.byName[group] = rows
	}
	return rows
}

// month is the row of a time, -1 for none.
func (t *tables) month(at time.Time) int {
	i, exact := slices.BinarySearchFunc(t.bounds, at, time.Time.Compare)
	if !exact {
		i--
	}
	if i < 0 || i >= len(t.bounds)-1 {
		return -1
	}
	return i
}

// customer counts one customer's orders in all groups.
func (t *tables) customer(orders []Order, segments []string) {
	for _, g := range groupsOf(segments) {
		rows := t.of(g)
		for _, o := range orders {
			if i := t.month(o.At); i >= 0 {
				rows[i].Orders++
				rows[i].Revenue += o.Net
				if o.Subject != "" {
					rows[i].known++
					rows[i].knownAmount += o.Net
				}
			}
		}
		if orders[0].Subject == "" {
			continue
		}
		for i := range rows {
			rows[i].customer(orders, t.bounds[i], end(t.bounds[i+1], t.now))
		}
	}
}

func end(month, now time.Time) time.Time {
	if now.Before(month) {
		return now
	}
	return month
}

// customer counts one person's state in one month.
func (m *Month) customer(orders []Order, from, to time.Time) {
	first, last, before := orders[0].At, time.Time{}, time.Time{}
	for _, o := range orders {
		if o.At.Before(from) {
			before = o.At
		}
		if o.At.Before(to) {
			last = o.At
		}
	}
	if last.IsZero() {
		return
	}
	m.Customers++
	if !first.Before(from) {
		m.New++
	}
	if !last.Before(from) {
		m.Buyers++
	}
	active := last.After(to.AddDate(0, 0, -ActiveDays))
	if active {
		m.Active++
	}
	if !before.IsZero() && before.After(from.AddDate(0, 0, -ActiveDays)) {
		m.Began++
		if !active {
			m.Lost++
		}
	}
}

// rows are all months with their rates, everybody first.
func (t *tables) rows() []Month {
	var all []Month
	for _, rows := range t.byName {
		for _, m := range rows {
			m.Churn, m.OpenRate = share(m.Lost, m.Began), share(m.Opened, m.Delivered)
			if m.Customers > 0 {
				m.PerHead, m.OrdersPer = float64(m.knownAmount)/float64(m.Customers), float64(m.known)/float64(m.Customers)
			}
			all = append(all, m)
		}
	}
	slices.SortFunc(all, func(a, b Month) int { return cmp.Or(cmp.Compare(a.Segment, b.Segment), cmp.Compare(a.Month, b.Month)) })
	return all
}

func share(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
