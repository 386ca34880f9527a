package ingest

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"shopkeeper/shared/fault"
)

// maxRecordLines is how many lines one CSV record may span. A quote that is not closed by then was a mistake of its first line, and the others are
// read again as lines of their own: one lost quote must not swallow the file.
const maxRecordLines = 50

// rowError is one thing wrong with one row.
type rowError struct {
	Line   int
	Column string
	Reason string
	Value  string
}

func (e *rowError) Error() string { return fmt.Sprintf("line %d, %s: %s", e.Line, e.Column, e.Reason) }

// csvFile reads records that a header names.
type csvFile struct {
	lines  *lines
	comma  byte
	header []string
}

func newCSV(l *lines) (*csvFile, error) {
	f := &csvFile{lines: l}
	first, _, err := l.next()
	if errors.Is(err, io.EOF) {
		return nil, fault.InvalidField("file", "is empty; a CSV file begins with a line of column names")
	}
	if err != nil {
		return nil, err
	}
	f.comma = separator(first)
	fields, closed, why := f.split(first)
	if why != "" || !closed || !utf8.ValidString(first) {
		return nil, fault.InvalidField("file", "the first line must name the columns, in UTF-8")
	}
	seen := map[string]bool{}
	for _, name := range fields {
		name = strings.TrimSpace(name)
		if name != "" && seen[name] {
			return nil, fault.InvalidField("file", fmt.Sprintf("two columns are called %q", name))
		}
		seen[name] = true
		f.header = append(f.header, name)
	}
	return f, nil
}

// separator is the most frequent of comma, semicolon and tab in the header; the comma when none is there.
func separator(header string) byte {
	best, most := byte(','), strings.Count(header, ",")
	for _, c := range []byte{';', '\t'} {
		if n := strings.Count(header, string(c)); n > most {
			best, most = c, n
		}
	}
	return best
}

// next is the next record and the line it begins at; io.EOF at the end, *rowError for a broken one. Blank lines are passed over.
func (f *csvFile) next() ([]string, int, error) {
	text, at, err := f.lines.next()
	for err == nil && text == "" {
		text, at, err = f.lines.next()
	}
	if errors.Is(err, errLineTooLong) {
		return nil, at, &rowError{Line: at, Column: f.columnAt(text), Reason: err.Error(), Value: text}
	}
	if err != nil {
		return nil, at, err
	}
	column := ""
	fields, closed, why := f.split(text)
	if !closed && why == "" {
		column = f.columnAt(text)
		if fields, why, err = f.join(text); err != nil {
			return nil, at, err
		}
	}
	switch {
	case why != "":
	case len(fields) != len(f.header):
		why = fmt.Sprintf("has %d fields, the header has %d", len(fields), len(f.header))
	case !utf8.ValidString(text):
		why = "is not valid UTF-8"
	default:
		return fields, at, nil
	}
	return nil, at, &rowError{Line: at, Column: column, Reason: why, Value: text}
}

// columnAt is the name of the column that the end of the text lies in; empty beyond the last.
func (f *csvFile) columnAt(text string) string {
	fields, closed, _ := f.split(text)
	at := len(fields)
	if closed {
		at--
	}
	if at < 0 || at >= len(f.header) {
		return ""
	}
	return f.header[at]
}

// join reads on until the open quote is closed.
func (f *csvFile) join(first string) (fields []string, why string, err error) {
	text := first
	var more []string
	for len(more) < maxRecordLines && len(text) < maxLine {
		line, _, err := f.lines.next()
		if errors.Is(err, io.EOF) || errors.Is(err, errLineTooLong) {
			break
		}
		if err != nil {
			return nil, "", err
		}
		more = append(more, line)
		text += "\n" + line
		if !strings.Contains(line, `"`) {
			continue
		}
		if fields, closed, why := f.split(text); closed || why != "" {
			if why == "" && utf8.ValidString(text) {
				return fields, "", nil
			}
			break
		}
	}
	f.lines.unread(more)
	return nil, "a quote is opened and not closed", nil
}

// split cuts a record. closed is false when it ends inside quotes; why says what is broken.
func (f *csvFile) split(text string) (fields []string, closed bool, why string) {
	fields = make([]string, 0, max(len(f.header), 8))
	for {
		if !strings.HasPrefix(text, `"`) {
			end := strings.IndexByte(text, f.comma)
			if end < 0 {
				return append(fields, text), true, ""
			}
			fields, text = append(fields, text[:end]), text[end+1:]
			continue
		}
		value, rest, ok := unquote(text[1:])
		if !ok {
			return fields, false, ""
		}
		fields = append(fields, value)
		if rest == "" {
			return fields, true, ""
		}
		if rest[0] != f.comma {
			return fields, true, "text follows a closing quote"
		}
		text = rest[1:]
	}
}

// unquote reads up to the closing quote; a doubled one stands for itself.
func unquote(s string) (value, rest string, ok bool) {
	end := strings.IndexByte(s, '"')
	if end < 0 {
		return "", "", false
	}
	if end+1 == len(s) || s[end+1] != '"' {
		return s[:end], s[end+1:], true
	}
	var b strings.Builder
	for {
		end := strings.IndexByte(s, '"')
		if end < 0 {
			return "", "", false
		}
		b.WriteString(s[:end])
		if end+1 < len(s) && s[end+1] == '"' {
			b.WriteByte('"')
			s = s[end+2:]
			continue
		}
		return b.String(), s[end+1:], true
	}
}
