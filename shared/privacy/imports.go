package privacy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/ingest"
)

// importsEraser takes the subject's lines out of files that were dropped for import. What is left of such a file is plain UTF-8.
type importsEraser struct{ files blob.Store }

func (importsEraser) Name() string { return "imports" }

// refusedSuffix ends the lists of rows that imports refused. An erasure removes them whole: they quote values, and nobody can tell whose.
const refusedSuffix = ".rejected.csv"

// listPage is how many file names are asked for at once.
const listPage = 1000

func (e importsEraser) Erase(ctx context.Context, shop event.ShopID, s Subject) (found int, err error) {
	strip := NewStripper(s)
	for _, folder := range [...]string{"imports/" + string(shop) + "/", "imports/_done/" + string(shop) + "/"} {
		for after := ""; ; {
			page, err := e.files.List(ctx, folder, after, listPage)
			if err != nil {
				return found, fmt.Errorf("list %s: %w", folder, err)
			}
			for _, f := range page {
				n, err := e.file(ctx, f.Name, strip)
				if found += n; err != nil {
					return found, fmt.Errorf("erase from %s: %w", f.Name, err)
				}
				after = f.Name
			}
			if len(page) < listPage {
				break
			}
		}
	}
	return found, nil
}

func (e importsEraser) file(ctx context.Context, name string, strip *Stripper) (int, error) {
	if strings.HasSuffix(name, refusedSuffix) {
		if err := e.files.Delete(ctx, name); err != nil {
			return 0, err
		}
		return 1, nil
	}
	r, _, err := e.files.Open(ctx, name)
	if fault.Is(err, fault.NotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	left, n, err := strip.Strip(r)
	if err = errors.Join(err, r.Close()); err != nil || n == 0 {
		return 0, err
	}
	_, err = e.files.Put(ctx, name, bytes.NewReader(left))
	return n, err
}

// Stripper takes the records that name a subject out of files of lines: CSV, where a record may span lines, and NDJSON.
type Stripper struct {
	cells map[string]bool // whole values
	words [][]byte        // anywhere in a record, small letters
}

// NewStripper looks for the subject's ids, addresses and numbers.
func NewStripper(s Subject) *Stripper {
	strip := &Stripper{cells: map[string]bool{}}
	for _, id := range slices.Concat(s.Users, s.IDs(), s.Emails) {
		strip.cells[strings.ToLower(id)] = true
	}
	for _, phone := range s.Phones {
		strip.cells[identity.NormalPhone(phone)] = true
	}
	delete(strip.cells, "")
	for _, w := range s.Needles {
		if len(w) >= minNeedle {
			strip.words = append(strip.words, lower([]byte(w)))
		}
	}
	return strip
}

// Strip reads a file, packed or not, in any encoding that imports know, and returns it without the subject's records, and how many those were.
func (s *Stripper) Strip(r io.Reader) (left []byte, removed int, err error) {
	plain, err := ingest.Decompress(r)
	if err != nil {
		if fault.Is(err, fault.Invalid) {
			return nil, 0, nil // no file of lines
		}
		return nil, 0, err
	}
	defer plain.Close()
	text, err := io.ReadAll(plain)
	if err != nil && len(text) == 0 {
		return nil, 0, nil // damaged at once: it holds nothing that can be read
	}
	for len(text) > 0 {
		n := record(text)
		if s.names(text[:n]) {
			removed++
		} else {
			left = append(left, text[:n]...)
		}
		text = text[n:]
	}
	return left, removed, nil
}

// maxRecordLines is how many lines a record with an open quote may span before the quote counts as a mistake.
const maxRecordLines = 50

// record is the length of the first record: up to the line break behind which no quote is open.
func record(text []byte) int {
	first, quotes, lines := 0, 0, 0
	for i, c := range text {
		switch c {
		case '"':
			quotes++
		case '\n':
			if lines++; first == 0 {
				first = i + 1
			}
			if quotes%2 == 0 {
				return i + 1
			}
			if lines == maxRecordLines {
				return first
			}
		}
	}
	if first > 0 && quotes%2 == 1 {
		return first
	}
	return len(text)
}

// names says whether the record names the subject.
func (s *Stripper) names(record []byte) bool {
	small := lower(slices.Clone(record))
	if slices.ContainsFunc(s.words, func(w []byte) bool { return bytes.Contains(small, w) }) {
		return true
	}
	return slices.ContainsFunc(strings.FieldsFunc(string(small), func(r rune) bool { return strings.ContainsRune(",;\t\"\r\n{}[]", r) }), func(cell string) bool {
		cell = strings.TrimSpace(cell)
		return s.cells[cell] || len(cell) >= minNeedle && s.cells[identity.NormalPhone(cell)]
	})
}
