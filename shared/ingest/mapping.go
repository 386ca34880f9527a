package ingest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"shopkeeper/shared/fault"
)

// Kind says what the rows of a file are.
type Kind string

// The kinds.
const (
	Orders       Kind = "orders"        // one row per line of an order; rows of one order near each other
	Events       Kind = "events"        // one row per event with at most one item: views, baskets, searches
	Items        Kind = "items"         // one row per item of the catalog
	Customers    Kind = "customers"     // one row per person with the shop's user id
	Contacts     Kind = "contacts"      // one row per person known by an e-mail address, a telephone number or a user id
	OnlineRetail Kind = "online-retail" // the UCI layout
)

// field is one thing a kind reads, and the names its column usually has (compared by plain).
type field struct {
	name   string
	needed bool
	usual  []string
}

var userField = field{"user", false, []string{"userId", "customer", "customerId", "customerID", "client", "memberId", "account"}}

// layouts is what each kind reads. A column is found by a field's name or a usual one, or named by the caller.
var layouts = map[Kind][]field{
	Orders: {
		{"order", true, []string{"orderId", "invoice", "invoiceNo", "orderNumber", "transaction"}},
		{"item", true, []string{"itemId", "product", "productId", "sku", "stockCode", "article"}},
		{"time", true, []string{"date", "orderDate", "invoiceDate", "createdAt", "timestamp", "at"}},
		{"quantity", false, []string{"qty", "units", "count"}},
		{"price", false, []string{"unitPrice", "itemPrice", "amount"}},
		userField,
		{"email", false, []string{"mail", "emailAddress"}},
		{"currency", false, nil},
		{"total", false, []string{"orderTotal"}},
		{"coupon", false, []string{"voucher", "discountCode"}},
		{"status", false, []string{"state", "type"}},
		{"category", false, []string{"productCategory"}},
		{"brand", false, nil},
		{"country", false, nil},
	},
	Events: {
		{"event", true, []string{"name", "eventName", "action", "type"}},
		{"time", true, []string{"timestamp", "date", "at", "createdAt", "originalTimestamp"}},
		userField,
		{"visitor", false, []string{"anonymousId", "visitorId", "clientId", "deviceId"}},
		{"id", false, []string{"messageId", "eventId"}},
		{"session", false, []string{"sessionId"}},
		{"item", false, []string{"itemId", "product", "productId", "sku", "aid", "properties.product_id", "properties.sku"}},
		{"quantity", false, []string{"qty", "properties.quantity"}},
		{"price", false, []string{"properties.price"}},
		{"category", false, []string{"properties.category"}},
		{"brand", false, []string{"properties.brand"}},
		{"query", false, []string{"search", "properties.query"}},
		{"path", false, []string{"page", "context.page.path"}},
	},
	Items: {
		{"id", true, []string{"item", "itemId", "product", "productId", "sku", "stockCode"}},
		{"title", true, []string{"name", "description", "productName"}},
		{"price", true, []string{"unitPrice"}},
		{"currency", false, nil},
		{"url", false, []string{"link", "productUrl"}},
		{"image", false, []string{"imageUrl", "imageLink", "picture"}},
		{"category", false, []string{"productType", "categories"}},
		{"brand", false, []string{"manufacturer", "vendor"}},
		{"text", false, []string{"longDescription", "body"}},
		{"hidden", false, nil},
		{"soldout", false, []string{"outOfStock"}},
		{"stock", false, []string{"inventory", "stockQuantity"}},
		{"created", false, []string{"createdAt", "added"}},
	},
	Customers: append([]field{{"user", true, append([]string{"id"}, userField.usual...)}}, personFields...),
	Contacts:  append([]field{userField}, personFields...),
	OnlineRetail: {
		{"invoice", true, []string{"invoiceNo"}},
		{"item", true, []string{"stockCode"}},
		{"title", true, []string{"description"}},
		{"quantity", true, nil},
		{"time", true, []string{"invoiceDate"}},
		{"price", true, []string{"unitPrice"}},
		{"user", true, []string{"customerID"}},
		{"country", true, nil},
	},
}

var personFields = []field{
	{"email", false, []string{"mail", "emailAddress"}},
	{"phone", false, []string{"telephone", "mobile", "phoneNumber"}},
	{"name", false, []string{"fullName", "customerName"}},
	{"firstName", false, []string{"givenName", "forename"}},
	{"lastName", false, []string{"familyName", "surname"}},
	{"country", false, nil},
	{"time", false, []string{"updatedAt", "createdAt", "signedUp"}},
	{"timezone", false, []string{"timeZoneName", "tz"}},
	{"locale", false, []string{"language", "lang"}},
	{"tags", false, []string{"labels", "tag"}},
	{"consent", false, []string{"optIn", "subscribed", "emailConsent", "marketingConsent", "acceptsMarketing", "newsletter"}},
	{"consentText", false, []string{"consentVersion"}},
	{"consentSource", false, []string{"optInSource"}},
	{"consentAt", false, []string{"optInAt", "optInTime", "subscribedAt", "consentDate"}},
}

// Kinds are the names that a Job's Kind may have, in order.
func Kinds() []string {
	var names []string
	for k := range layouts {
		names = append(names, string(k))
	}
	slices.Sort(names)
	return names
}

// Fields are the names that the map of a kind may have, in the order of its layout.
func Fields(k Kind) []string { return names(layouts[k]) }

func names(layout []field) []string {
	var all []string
	for _, f := range layout {
		all = append(all, f.name)
	}
	return all
}

// binding finds a field's value in a row.
type binding struct {
	positions map[string]int      // CSV
	columns   map[string]string   // the header's name of each, for reports
	paths     map[string][]string // NDJSON: plain names to look for, best first
	traits    map[string]string   // trait name to where it is bound as "traits."+name
}

// bind ties the fields of a kind to the columns of a file. The fault is Invalid and names every field without a column and every mapping without a column or field.
func bind(k Kind, chosen map[string]string, header []string) (*binding, error) {
	layout, known := layouts[k]
	if !known {
		return nil, fault.InvalidField("as", "must be one of "+strings.Join(Kinds(), ", "))
	}
	return bindLayout(k, layout, chosen, header)
}

// bindLayout is bind for a layout of its own.
func bindLayout(k Kind, layout []field, chosen map[string]string, header []string) (*binding, error) {
	b := &binding{positions: map[string]int{}, columns: map[string]string{}, paths: map[string][]string{}, traits: map[string]string{}}
	var wrong []fault.Field
	columns := map[string]int{}
	for i, name := range slices.Backward(header) {
		columns[plain(name)] = i
	}
	for _, f := range layout {
		candidates := append([]string{f.name}, f.usual...)
		if own, ok := chosen[f.name]; ok {
			candidates = []string{own}
		}
		b.tie(f.name, candidates, columns)
		at, found := b.positions[f.name]
		if found {
			b.columns[f.name] = header[at]
		}
		_, own := chosen[f.name]
		if header != nil && !found && (f.needed || own) {
			wrong = append(wrong, fault.Field{Path: f.name, Reason: fmt.Sprintf("no column %q; the file has: %s. Name one with --map %s=COLUMN", candidates[0], strings.Join(header, ", "), f.name)})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(chosen)) {
		trait, isTrait := strings.CutPrefix(name, "traits.")
		switch {
		case isTrait && trait != "" && (k == Customers || k == Contacts):
			b.tie(name, []string{chosen[name]}, columns)
			b.traits[trait] = name
		case !slices.ContainsFunc(layout, func(f field) bool { return f.name == name }):
			wrong = append(wrong, fault.Field{Path: name, Reason: fmt.Sprintf("%s have no such field; they have: %s", k, strings.Join(names(layout), ", "))})
		}
	}
	if len(wrong) > 0 {
		return nil, fault.InvalidFields(wrong...)
	}
	return b, nil
}

func (b *binding) tie(field string, names []string, columns map[string]int) {
	for _, name := range names {
		p := plain(name)
		b.paths[field] = append(b.paths[field], p)
		if at, ok := columns[p]; ok {
			if _, taken := b.positions[field]; !taken {
				b.positions[field] = at
			}
		}
	}
}

// text is a field's value without surrounding space, empty when the row has none.
func (b *binding) text(r row, field string) string {
	if r.leaves == nil {
		if at, ok := b.positions[field]; ok {
			return strings.TrimSpace(r.values[at])
		}
		return ""
	}
	for _, p := range b.paths[field] {
		if v, ok := r.leaves[p]; ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}
