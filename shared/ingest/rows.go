package ingest

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
)

// row is one record: CSV values by position, or the leaves of an NDJSON object by their plain dotted path.
type row struct {
	line   int
	values []string
	leaves map[string]string
}

// rows reads either format; the first character tells which.
type rows struct {
	lines  *lines
	csv    *csvFile // nil for NDJSON
	header []string // nil for NDJSON
}

func openRows(r io.Reader) (*rows, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	l := &lines{in: in}
	for {
		c, err := in.Peek(1)
		if err != nil || !strings.ContainsRune(" \t\r\n", rune(c[0])) {
			break
		}
		if _, err := in.Discard(1); err != nil {
			return nil, err
		}
		if c[0] == '\n' {
			l.number++
		}
	}
	if c, err := in.Peek(1); err == nil && c[0] == '{' {
		return &rows{lines: l}, nil
	}
	f, err := newCSV(l)
	if err != nil {
		return nil, err
	}
	return &rows{lines: l, csv: f, header: f.header}, nil
}

// next is the next row; io.EOF at the end, *rowError for a broken one.
func (r *rows) next() (row, error) {
	if r.csv != nil {
		values, at, err := r.csv.next()
		return row{line: at, values: values}, err
	}
	text, at, err := r.lines.next()
	for err == nil && strings.TrimSpace(text) == "" {
		text, at, err = r.lines.next()
	}
	if errors.Is(err, errLineTooLong) {
		return row{line: at}, &rowError{Line: at, Reason: err.Error()}
	}
	if err != nil {
		return row{line: at}, err
	}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var object map[string]any
	if err := dec.Decode(&object); err != nil || object == nil || strings.TrimSpace(text[dec.InputOffset():]) != "" {
		return row{line: at}, &rowError{Line: at, Reason: "is not one JSON object", Value: text}
	}
	leaves := map[string]string{}
	flatten(leaves, "", object)
	return row{line: at, leaves: leaves}, nil
}

// flatten puts the scalars of an object under their dotted paths, lists left out. Of two names that differ only in what plain drops, the last in byte order counts.
func flatten(leaves map[string]string, at string, object map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(object)) {
		path := at + name
		switch v := object[name].(type) {
		case map[string]any:
			flatten(leaves, path+".", v)
		case string:
			leaves[plain(path)] = v
		case json.Number:
			leaves[plain(path)] = v.String()
		case bool:
			leaves[plain(path)] = map[bool]string{true: "true", false: "false"}[v]
		}
	}
}

// plain is a column's name without what writers vary: case, spaces, underscores, dashes.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '_', '-':
			return -1
		}
		return r
	}, strings.ToLower(name))
}
