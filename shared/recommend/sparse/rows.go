// Package sparse holds matrices with few entries as three flat arrays (compressed sparse rows): customers x items for training, items x items
// for the models made from them. The arrays can be views into a file that was never parsed.
package sparse

import (
	"slices"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/item"
)

// Rows is a matrix: the entries of row r are Items[Offsets[r]:Offsets[r+1]], with Values beside them. Values may be nil: then every entry is 1.
// The zero value has no rows. Read-only after it is built, and then safe for concurrent use.
type Rows struct {
	Offsets []uint32
	Items   []item.Ordinal
	Values  []float32
}

// Len is the number of rows.
func (m Rows) Len() int { return max(len(m.Offsets)-1, 0) }

// Row is a view of one row; values is nil when every entry is 1.
func (m Rows) Row(r int) (items []item.Ordinal, values []float32) {
	from, to := m.Offsets[r], m.Offsets[r+1]
	if m.Values == nil {
		return m.Items[from:to], nil
	}
	return m.Items[from:to], m.Values[from:to]
}

// Append adds a row. values must be nil in all rows or in none.
func (m *Rows) Append(items []item.Ordinal, values []float32) {
	if len(m.Offsets) == 0 {
		m.Offsets = append(m.Offsets, 0)
	}
	m.Items = append(m.Items, items...)
	m.Values = append(m.Values, values...)
	m.Offsets = append(m.Offsets, uint32(len(m.Items)))
}

// Transpose turns rows into columns: row i of the result lists the rows of m that hold item i, ascending. Items at or above columns are dropped.
func (m Rows) Transpose(columns int) Rows {
	t := Rows{Offsets: make([]uint32, columns+1)}
	for _, i := range m.Items {
		if int(i) < columns {
			t.Offsets[i+1]++
		}
	}
	for i := range columns {
		t.Offsets[i+1] += t.Offsets[i]
	}
	t.Items = make([]item.Ordinal, t.Offsets[columns])
	if m.Values != nil {
		t.Values = make([]float32, len(t.Items))
	}
	next := slices.Clone(t.Offsets[:columns])
	for r := range m.Len() {
		items, values := m.Row(r)
		for at, i := range items {
			if int(i) >= columns {
				continue
			}
			t.Items[next[i]] = item.Ordinal(r)
			if values != nil {
				t.Values[next[i]] = values[at]
			}
			next[i]++
		}
	}
	return t
}

// Check refuses arrays that do not fit together (Invalid): offsets that run backwards or past the end, items at or above columns, a number of values that
// is neither none nor one for each item. After it no access through Row can leave the arrays.
func (m Rows) Check(name string, rows, columns int) error {
	if err := CheckOffsets(name, m.Offsets, rows, len(m.Items)); err != nil {
		return err
	}
	if m.Values != nil && len(m.Values) != len(m.Items) {
		return fault.Newf(fault.Invalid, "%s: %d values for %d items", name, len(m.Values), len(m.Items))
	}
	return CheckItems(name, m.Items, columns)
}

// CheckOffsets refuses offsets that are not rows+1 ascending numbers from 0 to total (Invalid).
func CheckOffsets(name string, offsets []uint32, rows, total int) error {
	if len(offsets) != rows+1 {
		return fault.Newf(fault.Invalid, "%s: %d offsets for %d rows", name, len(offsets), rows)
	}
	if offsets[0] != 0 || int(offsets[rows]) != total {
		return fault.Newf(fault.Invalid, "%s: offsets run from %d to %d, not from 0 to %d", name, offsets[0], offsets[rows], total)
	}
	for r := range rows {
		if offsets[r] > offsets[r+1] {
			return fault.Newf(fault.Invalid, "%s: row %d ends before it begins", name, r)
		}
	}
	return nil
}

// CheckItems refuses an item at or above columns (Invalid).
func CheckItems[T ~uint32](name string, items []T, columns int) error {
	var highest T
	for _, i := range items {
		highest = max(highest, i)
	}
	if len(items) > 0 && int(highest) >= columns {
		return fault.Newf(fault.Invalid, "%s: entry %d of a table of %d", name, highest, columns)
	}
	return nil
}
