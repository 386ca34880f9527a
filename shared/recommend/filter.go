package recommend

import (
	"fmt"
	"strconv"
	"strings"

	"shopkeeper/shared/fault"
)

// Filter is what a caller demands of every item: all conditions hold. The zero Filter lets everything pass.
type Filter struct {
	Category string // path prefix: "Kitchen" lets "Kitchen > Tea" pass
	Brand    string
	MinPrice int64 // minor units
	MaxPrice int64 // minor units; 0 is no bound
}

// Any says whether the filter demands anything.
func (f Filter) Any() bool { return f != Filter{} }

// ParseFilter reads "category=Kitchen;brand=Acme;price>=500;price<=2000": conditions joined by semicolons, prices in minor units.
func ParseFilter(s string) (Filter, error) {
	var f Filter
	if s == "" {
		return f, nil
	}
	for cond := range strings.SplitSeq(s, ";") {
		if err := f.add(strings.TrimSpace(cond)); err != nil {
			return Filter{}, err
		}
	}
	return f, nil
}

func (f *Filter) add(cond string) error {
	for _, bound := range []struct {
		op string
		to *int64
	}{{"price>=", &f.MinPrice}, {"price<=", &f.MaxPrice}} {
		if v, ok := strings.CutPrefix(cond, bound.op); ok {
			n, err := strconv.ParseInt(v, 10, 64)
			if err != nil || n < 0 {
				return fault.InvalidField("filter", fmt.Sprintf("%q: a price is a whole number of minor units", cond))
			}
			*bound.to = n
			return nil
		}
	}
	name, value, ok := strings.Cut(cond, "=")
	switch {
	case ok && value != "" && name == "category":
		f.Category = value
	case ok && value != "" && name == "brand":
		f.Brand = value
	default:
		return fault.InvalidField("filter", fmt.Sprintf("%q is none of category=, brand=, price>=, price<=, joined by semicolons", cond))
	}
	return nil
}

// InCategory says whether a category path is the wanted one or below it.
func InCategory(path, wanted string) bool {
	rest, ok := strings.CutPrefix(path, wanted)
	return ok && (rest == "" || strings.HasPrefix(rest, " > ") || strings.HasPrefix(rest, ">"))
}
