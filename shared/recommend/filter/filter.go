// Package filter is what a caller or a rule demands of items, as an expression in the language of segments' conditions:
//
//	within("Kitchen > Tea") and price <= 2500 and brand in ["Acme", "Brown"] and not (title contains "spare")
//
// Names and grammar are checked by segment.Language, so that a mistake is told with its place and in the same words. An expression is turned into functions over flat fields once: looking at an item costs some tens of
// nanoseconds and allocates nothing. There are no loops, and a length bounds an expression's cost. What cannot be reckoned (a division by zero) does not hold.
package filter

import (
	"time"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/segment"
)

// Fact is what is known of an item.
type Fact struct {
	ID, Title, Category, Brand string
	Price                      int64 // minor units
	Created                    time.Time
	Now                        time.Time
}

// MaxBytes bounds an expression.
const MaxBytes = 1024

// Expression is a compiled filter. It is safe for concurrent use.
type Expression struct {
	text  string
	holds truth
}

// String is the expression as it was stated.
func (e *Expression) String() string { return e.text }

// Match says whether the item passes.
func (e *Expression) Match(f *Fact) bool { return e.holds(f) }

// Names are what an expression may name: what the manual and the editor print.
func Names() []segment.Attribute {
	return []segment.Attribute{
		{Name: "id", Type: "text", Doc: "The shop's own id of the item.", Example: `id startsWith "TEA"`},
		{Name: "title", Type: "text", Doc: "The item's name.", Example: `lower(title) contains "green"`},
		{Name: "category", Type: "text", Doc: "The path of the item's category.", Example: `category == "Kitchen > Tea"`},
		{Name: "within(category)", Type: "true or false", Doc: "Whether the item is in a category or below it.", Example: `within("Kitchen")`},
		{Name: "brand", Type: "text", Doc: "The item's brand, empty when it has none.", Example: `brand in ["Acme", "Brown"]`},
		{Name: "price", Type: "number", Doc: "The price now, in minor units: 1250 is twelve and a half.", Example: `price >= 500 and price <= 2000`},
		{Name: "created", Type: "time", Doc: "When the item entered the catalog; long ago when that is not known.", Example: `created >= date("2026-01-01")`},
		{Name: "days_since_created", Type: "number", Doc: "Whole days since the item entered the catalog; 99999 when that is not known.", Example: `days_since_created <= 14`},
	}
}

var language = segment.NewLanguage(Names())

// Compile checks an expression and makes it ready. What is none is Invalid, names the field, says where, and wraps a *segment.SyntaxError.
func Compile(field, text string) (*Expression, error) {
	wrong := &segment.SyntaxError{Line: 1, Column: 1, Reason: "is longer than a kilobyte"}
	if len(text) <= MaxBytes {
		root, bad := language.Parse(text)
		if wrong = bad; bad == nil {
			c := compiler{source: text}
			e := &Expression{text, c.truth(root)}
			if wrong = c.wrong; wrong == nil {
				return e, nil
			}
		}
	}
	f := fault.Wrap(fault.Invalid, wrong, "the filter is not valid")
	f.Fields = []fault.Field{{Path: field, Reason: wrong.Error()}}
	return nil, f
}
