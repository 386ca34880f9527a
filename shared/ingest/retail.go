package ingest

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/event"
	"shopkeeper/shared/order"
)

// retail reads the UCI Online Retail layout: one row per invoice line, prices in pounds.
//
// Invoices that begin with C are refunds, their quantities negative. Rows that are neither goods sold nor goods returned are "other": invoices that begin with A (bad
// debt), the stock codes of service below, and lines without price and customer, which are notes of the stock-keeper ("damages", "lost").
type retail struct {
	window *window
	people *peopleMaker
	goods  map[event.ItemID]*good
}

// service matches the stock codes that are no goods: postage and carriage, manual entries, discounts, samples, fees, adjustments, vouchers, tests.
var service = regexp.MustCompile(`(?i)^(POST|DOT|C[23]|M|D|S|B|PADS|CRUK|BANK CHARGES|AMAZONFEE|ADJUST\d*|TEST\d+|GIFT(_.*)?)$`)

const pounds = "GBP"

// isService spares the expression for the codes of goods, nearly all of which begin with a digit.
func isService(code string) bool {
	return (code[0] < '0' || code[0] > '9') && service.MatchString(code)
}

func (b *retail) add(r *reader, emit func(unit) error) (bool, error) {
	invoice := r.needed("invoice", 80)
	code := r.needed("item", 100)
	price := r.money("price", pounds)
	customer := strings.TrimSuffix(r.optional("user", 200), ".0")
	l := event.Line{Item: event.ItemID(code), Quantity: r.integer("quantity", 0), Price: price}
	head := order.Order{ID: invoice, At: r.moment("time", true), Currency: pounds, Refund: strings.HasPrefix(invoice, "C")}
	if r.rejected() {
		return true, nil
	}
	if strings.HasPrefix(invoice, "A") || isService(code) || price == 0 && customer == "" {
		return false, nil
	}
	if head.Refund {
		l.Quantity = -l.Quantity
	}
	if l.Quantity <= 0 {
		r.reject("quantity", "must be above 0, and below 0 for an invoice that begins with C", r.text("quantity"))
	}
	if price < 0 {
		r.reject("price", "must not be negative", r.text("price"))
	}
	if r.rejected() {
		return true, nil
	}
	b.note(l, r.text("title"), head.Refund)
	if customer != "" {
		if err := b.people.identify(customer, map[string]string{"country": r.text("country")}, head.At, 0, emit); err != nil {
			return true, err
		}
	}
	return true, b.window.line(head, customer, l, emit)
}

func (b *retail) end(emit func(unit) error) error {
	if err := b.window.end(emit); err != nil {
		return err
	}
	ids := make([]event.ItemID, 0, len(b.goods))
	for id := range b.goods {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		it := b.goods[id].item(id)
		if err := emit(unit{item: &it}); err != nil {
			return err
		}
	}
	return nil
}

// maxVariants bounds what is remembered of one item.
const maxVariants = 64

// good is what an item was called and cost.
type good struct {
	titles map[string]int
	prices map[int64]int
}

func (b *retail) note(l event.Line, title string, refund bool) {
	g := b.goods[l.Item]
	if g == nil {
		g = &good{titles: map[string]int{}, prices: map[int64]int{}}
		b.goods[l.Item] = g
	}
	if refund || l.Price == 0 {
		return
	}
	if title = strings.Join(strings.Fields(title), " "); title != "" && title != "nan" {
		if _, known := g.titles[title]; known || len(g.titles) < maxVariants {
			g.titles[title]++
		}
	}
	if _, known := g.prices[l.Price]; known || len(g.prices) < maxVariants {
		g.prices[l.Price]++
	}
}

// item is the most frequent title and the median price over the lines sold.
func (g *good) item(id event.ItemID) catalog.Item {
	it := catalog.Item{ID: id, Title: string(id), Currency: pounds}
	best := 0
	for title, n := range g.titles {
		if n > best || n == best && title < it.Title {
			best, it.Title = n, title
		}
	}
	it.Title = clip(readable(it.Title), catalog.MaxTitle/utf8.UTFMax)
	it.Price = median(g.prices)
	return it
}

// median of a count by price; the lower one of two.
func median(counts map[int64]int) int64 {
	type entry struct {
		price int64
		n     int
	}
	var all []entry
	total := 0
	for p, n := range counts {
		all = append(all, entry{p, n})
		total += n
	}
	slices.SortFunc(all, func(a, b entry) int { return cmp.Compare(a.price, b.price) })
	sum := 0
	for _, e := range all {
		if sum += e.n; 2*sum >= total {
			return e.price
		}
	}
	return 0
}

// readable writes a title that shouts in capitals as a title. Words with a digit in front stay small: 15cm.
func readable(title string) string {
	if strings.ContainsFunc(title, unicode.IsLower) {
		return title
	}
	words := strings.Fields(strings.ToLower(title))
	for i, w := range words {
		at := strings.IndexFunc(w, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
		if at < 0 {
			continue
		}
		first, size := utf8.DecodeRuneInString(w[at:])
		words[i] = w[:at] + string(unicode.ToUpper(first)) + w[at+size:]
	}
	return strings.Join(words, " ")
}
