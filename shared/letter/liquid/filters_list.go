package liquid

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"
)

func reversed(items []any) []any {
	items = slices.Clone(items)
	slices.Reverse(items)
	return items
}

// maxItems bounds a list that filters make.
const maxItems = 10_000

var errMany = errors.New("a list has more than 10000 members")

func concat(_ *run, items, args []any) (any, error) {
	more, _ := args[0].([]any)
	if len(items)+len(more) > maxItems {
		return nil, errMany
	}
	return slices.Concat(items, more), nil
}

func split(r *run, in any, args []any) (any, error) {
	s, err := r.short(in)
	if err != nil {
		return nil, err
	}
	by, err := r.short(args[0])
	if err != nil || s == "" {
		return []any{}, err
	}
	parts := strings.SplitN(s, by, maxItems+1)
	if len(parts) > maxItems {
		return nil, errMany
	}
	items := make([]any, len(parts))
	for i, part := range parts {
		items[i] = part
	}
	return items, nil
}

func join(r *run, items, args []any) (any, error) {
	by := " "
	if len(args) > 0 {
		by, _ = r.text(args[0])
	}
	var b strings.Builder
	for i, v := range items {
		s, _ := r.text(v)
		if b.Len()+len(s)+len(by) > MaxText {
			return nil, errLong
		}
		if i > 0 {
			b.WriteString(by)
		}
		b.WriteString(s)
	}
	return b.String(), nil
}

// sorted keeps what cannot be compared behind what can.
func sorted(r *run, items, args []any) (any, error) {
	if err := r.spend(4 * len(items)); err != nil {
		return nil, err
	}
	key := func(v any) any {
		if len(args) > 0 {
			name, _ := args[0].(string)
			return member(v, name)
		}
		return v
	}
	out := slices.Clone(items)
	slices.SortStableFunc(out, func(a, b any) int {
		x, y := key(a), key(b)
		if order, ok := compare(x, y); ok {
			return order
		}
		return cmp.Compare(rank(x), rank(y))
	})
	return out, nil
}

// rank orders values of different sorts.
func rank(v any) int {
	switch v.(type) {
	case int64, float64:
		return 0
	case string, Markup:
		return 1
	case time.Time:
		return 2
	case Money:
		return 3
	case nil:
		return 9
	}
	return 8
}

func unique(r *run, items, _ []any) (any, error) {
	out := make([]any, 0, len(items))
	seen := map[string]bool{}
	for _, v := range items {
		s, _ := r.text(v)
		if seen[s] {
			continue
		}
		seen[s] = true
		out = append(out, v)
	}
	return out, nil
}

func mapped(in *Type, args []expr) *Type {
	if name, ok := args[0].(literal); ok && in.Elem != nil && in.Elem.Kind == Object {
		if s, ok := name.value.(string); ok && in.Elem.Fields[s] != nil {
			return &Type{Kind: List, Elem: in.Elem.Fields[s]}
		}
	}
	return &Type{Kind: List, Elem: anyType}
}

func each(items []any, name any) []any {
	s, _ := name.(string)
	out := make([]any, len(items))
	for i, v := range items {
		out[i] = member(v, s)
	}
	return out
}

func where(_ *run, items, args []any) (any, error) {
	name, _ := args[0].(string)
	out := make([]any, 0, len(items))
	for _, v := range items {
		got := member(v, name)
		if len(args) == 1 && truth(got) || len(args) == 2 && equal(got, args[1]) {
			out = append(out, v)
		}
	}
	return out, nil
}
