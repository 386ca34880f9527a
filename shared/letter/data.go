package letter

import (
	"html"
	"net/url"
	"strings"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/letter/liquid"
	"shopkeeper/shared/locale"
)

// Data is what one mail may say. Everything but Shop.Name, UnsubscribeURL and Now may be missing.
type Data struct {
	Customer        Customer
	Shop            Shop
	Recommendations []Item
	Viewed          []Item // what the customer looked at lately
	Offer           *Offer
	UnsubscribeURL  string
	PreferencesURL  string
	Campaign        string
	Now             time.Time // in the reader's time zone
	Words           *locale.Words

	Follow func(link string) string // leads a link of the mail through the counter; nil: links stay
	Pixel  string                   // address of the picture that tells of an opening; empty: none

	known map[string]led // links that were led through the counter: most stand in a mail three times
}

// Customer is who reads it.
type Customer struct{ FirstName, Name, Language, Country string }

// Shop is who writes it.
type Shop struct {
	Name, URL string
	Address   string // postal, lines separated by \n
	Currency  string
}

// Item is a product. Addresses may be paths of the shop's site.
type Item struct {
	Title, URL, Image, Reason string
	Price                     int64 // minor units
	Currency                  string
}

// Offer is what the customer is offered.
type Offer struct {
	Title, Text, Code, URL, Image string
	Expires                       time.Time
}

// Variable is a name that a template may use.
type Variable struct {
	Name string
	Type *liquid.Type
}

func text(doc string) *liquid.Type { return &liquid.Type{Kind: liquid.Text, Doc: doc} }

// Variables are all names that a template may use, for an editor to offer.
func Variables() []Variable {
	item := &liquid.Type{Kind: liquid.Object, Fields: map[string]*liquid.Type{
		"title": text("name of the product"), "url": text("its page"), "image": text("its picture"), "reason": text("why it is shown, in the reader's language"),
		"price": {Kind: liquid.Price, Doc: "what it costs; {{ item.price | money }}"},
	}}
	return []Variable{
		{"customer", &liquid.Type{Kind: liquid.Object, Doc: "who reads it", Fields: map[string]*liquid.Type{
			"first_name": text("what to call the customer; blank when unknown"), "name": text("the whole name"), "language": text("such as fr"), "country": text("such as FR"),
		}}},
		{"shop", &liquid.Type{Kind: liquid.Object, Doc: "who writes it", Fields: map[string]*liquid.Type{
			"name": text("the shop's name"), "url": text("its site"), "address": text("where it can be reached by post"), "currency": text("such as GBP"),
		}}},
		{"recommendations", &liquid.Type{Kind: liquid.List, Elem: item, Doc: "products for this customer, best first"}},
		{"viewed", &liquid.Type{Kind: liquid.List, Elem: item, Doc: "products the customer looked at lately"}},
		{"offer", &liquid.Type{Kind: liquid.Object, Doc: "the offer chosen for this customer; blank when there is none", Fields: map[string]*liquid.Type{
			"title": text(""), "text": text(""), "code": text("coupon code"), "url": text("where it leads"), "image": text(""), "expires": {Kind: liquid.Time, Doc: "when it ends"},
		}}},
		{"footer", text("the shop's address, why the customer gets this, and the links to unsubscribe and to choose")},
		{"unsubscribe_url", text("where the customer ends this")},
		{"preferences_url", text("where the customer chooses what to get")},
		{"campaign", text("the campaign's name")},
		{"now", &liquid.Type{Kind: liquid.Time, Doc: "when it is sent"}},
	}
}

// localizer writes amounts and dates in the reader's language.
type localizer struct{ words *locale.Words }

func (l localizer) Money(amount int64, currency string) string {
	return l.words.Money(amount, event.Exponent(currency), currency)
}

func (l localizer) Date(t time.Time, layout string) string { return l.words.Date(t, layout) }

// english are the words of data that brings none.
var english = locale.New(nil).Choose("en")

func (d Data) words() *locale.Words {
	if d.Words == nil {
		return english
	}
	return d.Words
}

// orNil makes what is missing blank.
func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// values is the data as a text template sees it.
func (d Data) values() map[string]any {
	v := map[string]any{
		"customer": map[string]any{
			"first_name": orNil(d.Customer.FirstName), "name": orNil(d.Customer.Name), "language": orNil(d.Customer.Language), "country": orNil(d.Customer.Country),
		},
		"shop":            map[string]any{"name": d.Shop.Name, "url": orNil(d.Shop.URL), "address": orNil(d.Shop.Address), "currency": orNil(d.Shop.Currency)},
		"recommendations": d.items(d.Recommendations),
		"viewed":          d.items(d.Viewed),
		"unsubscribe_url": d.UnsubscribeURL,
		"preferences_url": orNil(d.PreferencesURL),
		"campaign":        orNil(d.Campaign),
		"footer":          d.textFooter(),
		"now":             d.Now,
	}
	if o := d.Offer; o != nil {
		offer := map[string]any{
			"title": orNil(o.Title), "text": orNil(o.Text), "code": orNil(o.Code), "url": orNil(Absolute(d.Shop.URL, o.URL)), "image": orNil(Absolute(d.Shop.URL, o.Image)),
		}
		if !o.Expires.IsZero() {
			offer["expires"] = o.Expires.In(d.Now.Location())
		}
		v["offer"] = offer
	}
	return v
}

func (d Data) items(items []Item) []any {
	all := make([]any, len(items))
	for i, it := range items {
		all[i] = map[string]any{
			"title": it.Title, "url": orNil(Absolute(d.Shop.URL, it.URL)), "image": orNil(Absolute(d.Shop.URL, it.Image)), "reason": orNil(it.Reason),
			"price": liquid.Money{Amount: it.Price, Currency: it.Currency},
		}
	}
	return all
}

// Absolute is a link or picture as mail needs it: a path of the shop's site becomes an address, an address stays. Empty for what is neither.
func Absolute(site, ref string) string {
	if ref == "" || strings.HasPrefix(ref, "https://") || strings.HasPrefix(ref, "http://") {
		return ref
	}
	if origin, ok := originOf(site); ok && ref[0] == '/' && plainPath(ref) {
		return origin + ref
	}
	base, err := url.Parse(site)
	if err != nil || base.Host == "" {
		return ""
	}
	u, err := base.Parse(ref)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return u.String()
}

// originOf is scheme and host of an address that is written plainly.
func originOf(site string) (string, bool) {
	i := strings.Index(site, "://")
	if i < 0 || site[:i] != "https" && site[:i] != "http" {
		return "", false
	}
	host := site[i+3:]
	if end := strings.IndexByte(host, '/'); end >= 0 {
		host = host[:end]
	}
	return site[:i+3+len(host)], plainPath(host) && host != ""
}

// plainPath says whether a path means itself: nothing in it is escaped, relative or another host.
func plainPath(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == ':' {
			continue
		}
		if (c == '/' || c == '.') && (i == 0 || s[i-1] != '/' && s[i-1] != '.') {
			continue
		}
		return false
	}
	return true
}

// footer is the frame under a mail: whom it is from, why it came, and how to end it.
func (d Data) footer() string {
	w, e := d.words(), html.EscapeString
	var b strings.Builder
	b.WriteString(`<p style="margin:0 0 8px">` + e(w.Text(locale.FrameWhy).With(d.Shop.Name)) + `</p><p style="margin:0 0 8px">`)
	b.WriteString(`<a href="` + e(liquid.SafeAddress(d.UnsubscribeURL)) + `" style="color:inherit">` + e(w.Text(locale.FrameUnsubscribe).Before) + `</a>`)
	if d.PreferencesURL != "" {
		b.WriteString(` &middot; <a href="` + e(liquid.SafeAddress(d.PreferencesURL)) + `" style="color:inherit">` + e(w.Text(locale.FramePreferences).Before) + `</a>`)
	}
	b.WriteString(`</p><p style="margin:0">` + e(d.Shop.Name))
	if d.Shop.Address != "" {
		b.WriteString(", " + e(strings.Join(strings.FieldsFunc(d.Shop.Address, lineEnd), ", ")))
	}
	b.WriteString(`</p>`)
	return b.String()
}

func lineEnd(r rune) bool { return r == '\n' || r == '\r' }

func (d Data) textFooter() string {
	w := d.words()
	lines := []string{"--", w.Text(locale.FrameWhy).With(d.Shop.Name), w.Text(locale.FrameUnsubscribe).Before + ": " + d.UnsubscribeURL}
	if d.PreferencesURL != "" {
		lines = append(lines, w.Text(locale.FramePreferences).Before+": "+d.PreferencesURL)
	}
	return strings.Join(append(lines, "", d.Shop.Name, d.Shop.Address), "\n")
}

// Sample is a customer of whom everything is known, for previews and for trying a template out.
func Sample() Data {
	now := time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)
	item := func(title string, price int64, reason string) Item {
		return Item{Title: title, URL: "https://shop.example/products/" + strings.ToLower(strings.ReplaceAll(title, " ", "-")), Image: "https://shop.example/pictures/1.jpg", Price: price, Currency: "GBP", Reason: reason}
	}
	return Data{
		Customer: Customer{"Julien", "Julien Okafor", "en", "GB"},
		Shop:     Shop{"Juniper & Hob", "https://shop.example", "1 High Street\nLewes BN7 1AA", "GBP"},
		Recommendations: []Item{
			item("Regency Cakestand", 1275, "Because you looked at Teacups"), item("Enamel Jug", 1495, "Fits your interests"), item("Beeswax Candle", 850, "Popular in Home"),
			item("Linen Apron", 2200, "Often bought with Enamel Jug"), item("Walnut Board", 3250, "Just arrived"), item("Copper Pan", 4900, "Many look at this right now"),
		},
		Viewed:         []Item{item("Teacups", 995, "You looked at this before")},
		Offer:          &Offer{"A tenth off the kitchen", "This week only, on everything you cook with.", "KITCHEN10", "https://shop.example/kitchen", "https://shop.example/pictures/offer.jpg", now.Add(7 * 24 * time.Hour)},
		UnsubscribeURL: "https://shop.example/p/unsubscribe/sample", PreferencesURL: "https://shop.example/p/preferences/sample",
		Campaign: "Spring", Now: now, Words: english,
	}
}

// bare is a customer of whom nothing is known.
func bare() Data {
	return Data{Shop: Shop{Name: "Shop"}, UnsubscribeURL: "https://shop.example/u", Now: time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)}
}
