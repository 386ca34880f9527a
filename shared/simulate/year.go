package simulate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"shopkeeper/shared/event"
)

// What visitors do, as probabilities. They are the truth that rates measured on the shop approach.
const (
	continues   = 0.72 // another item after this one
	byPartner   = 0.30 // the next item goes with the one at hand
	bySimilar   = 0.20 // or is of its kind
	carts       = 0.17 // of the views
	orders      = 0.55 // of the visits with something in the basket
	takesKit    = 0.35 // of the orders: a partner of a bought item comes along
	rebuys      = 0.75 // of the staples that ran out
	anonymous   = 0.35 // visits by nobody in particular, for each by a customer
	staplesLast = 38   // days
)

// weekday is how much of the week's traffic falls on each day, Sunday first.
var weekday = [7]float64{1.25, 0.9, 0.9, 0.95, 0.95, 1.0, 1.05}

// season is the traffic of a day of the year: a hill before Christmas, a dip in summer.
func season(at time.Time) float64 {
	day := float64(at.YearDay())
	christmas := 0.9 * math.Exp(-math.Pow((day-340)/18, 2))
	summer := 0.2 * math.Exp(-math.Pow((day-210)/30, 2))
	return 1 + christmas - summer
}

// inSeason is how much a department gains at a time: the garden in spring, light and paper before Christmas.
func inSeason(department string, at time.Time) float64 {
	day := float64(at.YearDay())
	hill := func(centre, width float64) float64 { return math.Exp(-math.Pow((day-centre)/width, 2)) }
	switch department {
	case "Garden":
		return 0.35 + 1.8*hill(120, 45)
	case "Light", "Paper":
		return 0.8 + 1.6*hill(335, 28)
	case "Baking":
		return 0.85 + 0.9*hill(340, 25)
	default:
		return 1
	}
}

// life lives one visitor's year.
type life struct {
	rng     *rand.Rand
	shop    event.ShopID
	visitor event.VisitorID
	all     []goods
	who     *Customer
	known   bool // who is a customer of the shop, not a passer-by

	events   []event.Event
	messages int
	sessions int
	at       time.Time
	session  string
	ranOut   map[int]time.Time // staples: when they are used up
}

// live goes through the days and appends what happens.
func (l *life) live(begin, end time.Time, perYear float64) {
	l.ranOut = map[int]time.Time{}
	if l.known {
		l.identify()
	}
	for day := l.who.Since; day.Before(end); day = day.Add(24 * time.Hour) {
		chance := perYear / 365 * weekday[day.Weekday()] * season(day)
		if l.rng.Float64() < chance || l.needsStaple(day) && l.rng.Float64() < 0.3 {
			if at := hourOf(l.rng, day); at.After(l.who.Since) {
				l.visit(at)
			}
		}
	}
	for i := len(l.events); i > 0 && !l.events[i-1].At.Before(end); i-- {
		l.events = l.events[:i-1]
	}
}

// hourOf is a moment of a day: evenings, and lunch.
func hourOf(rng *rand.Rand, day time.Time) time.Time {
	hour := 20 + 1.8*rng.NormFloat64()
	if rng.Float64() < 0.35 {
		hour = 12.5 + 1.5*rng.NormFloat64()
	}
	hour = min(max(hour, 0), 23)
	midnight := time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, time.UTC)
	return midnight.Add(time.Duration(hour * float64(time.Hour))).Truncate(time.Second)
}

func (l *life) needsStaple(day time.Time) bool {
	return slices.ContainsFunc(l.who.favourites, func(j int) bool {
		until, bought := l.ranOut[j]
		return bought && until.Before(day)
	})
}

// visit is one session: views, perhaps a basket, perhaps an order.
func (l *life) visit(at time.Time) {
	l.sessions++
	l.at, l.session = at, fmt.Sprintf("s%d", l.sessions)
	var basket []int
	for _, j := range l.who.favourites {
		if until, bought := l.ranOut[j]; (!bought || until.Before(at)) && l.rng.Float64() < rebuys && !l.all[j].from.After(at) {
			basket = l.look(j, basket, 1)
		}
	}
	current := l.first()
	for {
		basket = l.look(current, basket, carts)
		if l.rng.Float64() >= continues {
			break
		}
		current = l.next(current)
	}
	if len(basket) > 0 && l.rng.Float64() < orders {
		l.order(basket)
	}
}

// first is what a visit begins with.
func (l *life) first() int {
	for range 8 {
		j := l.who.choose(l.rng, l.all, l.at)
		if l.rng.Float64() < inSeason(kinds[l.all[j].kind].department, l.at)/2 {
			return j
		}
	}
	return l.who.choose(l.rng, l.all, l.at)
}

// next is where the eye goes from an item.
func (l *life) next(from int) int {
	g := &l.all[from]
	u := l.rng.Float64()
	if u < byPartner && len(g.partner) > 0 {
		j := g.partner[min(int(l.rng.ExpFloat64()), len(g.partner)-1)]
		if !l.all[j].from.After(l.at) {
			return j
		}
	}
	if u < byPartner+bySimilar {
		j := (from + len(kinds)*(1+l.rng.IntN(3))) % len(l.all)
		if l.all[j].kind == g.kind && !l.all[j].from.After(l.at) {
			return j
		}
	}
	return l.who.choose(l.rng, l.all, l.at)
}

// look views an item and puts it in the basket with a probability.
func (l *life) look(j int, basket []int, chance float64) []int {
	l.tell(event.ProductViewed, j)
	if l.rng.Float64() < chance {
		l.tell(event.ProductAdded, j)
		basket = append(basket, j)
	}
	return basket
}

// order buys the basket, each item once, and perhaps what goes with it.
func (l *life) order(basket []int) {
	if l.rng.Float64() < takesKit {
		g := &l.all[basket[len(basket)-1]]
		if len(g.partner) > 0 && !l.all[g.partner[0]].from.After(l.at) {
			basket = l.look(g.partner[0], basket, 1)
		}
	}
	e := l.message(event.OrderCompleted)
	e.Order = &event.Order{ID: fmt.Sprintf("%s-%d", l.who.UserID, l.sessions), Currency: currency}
	had := map[int]bool{}
	for _, j := range basket {
		if had[j] {
			continue
		}
		had[j] = true
		line := l.line(j)
		if kinds[l.all[j].kind].staple && l.rng.Float64() < 0.3 {
			line.Quantity = 2
		}
		e.Lines = append(e.Lines, line)
		e.Order.Total += line.Price * line.Quantity
		if slices.Contains(l.who.favourites, j) {
			l.ranOut[j] = l.at.Add(time.Duration(staplesLast*(0.7+0.6*l.rng.Float64())*24) * time.Hour)
		}
	}
	l.events = append(l.events, e)
	l.who.Orders++
	l.who.Spent += e.Order.Total
}

func (l *life) tell(name event.Name, j int) {
	e := l.message(name)
	e.Lines = []event.Line{l.line(j)}
	l.events = append(l.events, e)
}

func (l *life) line(j int) event.Line {
	g := &l.all[j]
	return event.Line{Item: g.ID, Quantity: 1, Price: g.Price, Category: g.Category, Brand: g.Brand}
}

// identify is how a customer became known.
func (l *life) identify() {
	l.at, l.session = l.who.Since.Truncate(time.Second), ""
	e := l.message("")
	e.Type, e.Name = event.Identify, ""
	l.events = append(l.events, e)
}

// message is the next event of the visitor, some seconds after the last.
func (l *life) message(name event.Name) event.Event {
	l.messages++
	l.at = l.at.Add(time.Duration(4+40*l.rng.ExpFloat64()) * time.Second)
	e := event.Event{
		Shop: l.shop, Visitor: l.visitor, ID: event.ID(fmt.Sprintf("sim-%d", l.messages)), Type: event.Track, Name: name, At: l.at, ReceivedAt: l.at, Session: l.session,
	}
	if l.known {
		e.Person, e.Trusted = l.who.Person, true
	}
	return e
}
