package backtest

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"io"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"shopkeeper/shared/fault"
)

// The kinds of file Read knows.
const (
	Sessions     = "sessions"     // session, item, time
	Interactions = "interactions" // user, item, and time where there is one
	Baskets      = "baskets"      // user, basket, item, and time where there is one
	OTTO         = "otto"         // sessions as the OTTO data set has them: a JSON object a line, {"session", "events": [{"aid", "ts", "type"}]}
)

// Kinds lists the kinds of file.
func Kinds() []string { return []string{Interactions, Sessions, Baskets, OTTO} }

// Format is how a file is written.
type Format struct {
	Comma rune
	JSON  bool // a JSON object a line instead; the members of the first are the columns
	Gzip  bool
	Skip  map[string]string // lines to pass over: column to the beginning of its value, such as Invoice to C for cancellations
	Keep  map[string]string // the only lines to read: column to a regular expression that its value must match, such as StockCode to ^[0-9]{5} for goods
}

// FormatOf tells by the name: .ndjson, .jsonl and .json have a JSON object a line, .tsv and .txt have tabs, everything else commas; .gz on top of any is compressed.
func FormatOf(name string) Format {
	plain, compressed := strings.CutSuffix(strings.ToLower(name), ".gz")
	f := Format{Comma: ',', Gzip: compressed}
	if strings.HasSuffix(plain, ".tsv") || strings.HasSuffix(plain, ".txt") {
		f.Comma = '\t'
	}
	for _, ending := range []string{".ndjson", ".jsonl", ".json"} {
		f.JSON = f.JSON || strings.HasSuffix(plain, ending)
	}
	return f
}

// Reject is a line that could not be used. Line counts from 1, the heading included; Column is the heading's name, empty when the line as a whole is wrong.
type Reject struct {
	Line   int    `json:"line"`
	Column string `json:"column"`
	Reason string `json:"reason"`
	Value  string `json:"value"`
}

// headings are usual names of columns, tried when a mapping does not name one. Upper and lower case, spaces, hyphens and underscores are alike.
var headings = map[string][]string{
	"user":     {"user", "userid", "customer", "customerid", "visitor", "visitorid", "person", "personid", "household", "householdid"},
	"session":  {"session", "sessionid"},
	"basket":   {"basket", "basketid", "invoice", "order", "orderid"},
	"item":     {"item", "itemid", "product", "productid", "stockcode", "sku"},
	"group":    {"group", "groupid", "category", "productcategory", "producttype", "type", "department"},
	"title":    {"title", "name", "description"},
	"text":     {"text", "details"},
	"category": {"category", "productcategory", "producttype"},
	"brand":    {"brand", "maker"},
	"time":     {"time", "timestamp", "date", "datetime", "invoicedate"},
}

// Read reads a file of a kind. mapping gives columns by field ("item" -> "StockCode"); a field it leaves out is found by its usual headings, but for segment (of the
// user), which is read where it is mapped. A broken line is a reject and the rest goes on. The error is Invalid for a file that cannot be such a file at all: unknown kind, missing column, broken gzip.
func Read(r io.Reader, kind string, f Format, mapping map[string]string) ([]Event, []Reject, error) {
	if kind == OTTO {
		return readOTTO(r, f)
	}
	var c columns
	var events []Event
	rejects, err := scan(r, f, func(heading []string) (err error) {
		c, err = findColumns(kind, heading, mapping)
		return err
	}, func(record []string) Reject {
		e, wrong := c.event(record)
		if wrong.Reason == "" {
			events = append(events, e)
		}
		return wrong
	})
	if err != nil {
		return nil, nil, err
	}
	return events, rejects, nil
}

// scan calls begin with the heading and each with every line that is not passed over. What each returns without a reason is no reject. The slices are reused.
func scan(r io.Reader, f Format, begin func(heading []string) error, each func(record []string) Reject) ([]Reject, error) {
	if f.Gzip {
		var err error
		if r, err = unzip(r); err != nil {
			return nil, err
		}
	}
	if f.JSON {
		return scanObjects(r, f, begin, each)
	}
	lines := csv.NewReader(bufio.NewReaderSize(r, 1<<16))
	lines.Comma, lines.FieldsPerRecord, lines.ReuseRecord, lines.LazyQuotes = f.Comma, -1, true, true
	heading, err := lines.Read()
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the file has no heading")
	}
	heading = slices.Clone(heading)
	if err := begin(heading); err != nil {
		return nil, err
	}
	skip, err := f.rules(heading)
	if err != nil {
		return nil, err
	}
	var rejects []Reject
	for {
		record, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return rejects, nil
		}
		line, _ := lines.FieldPos(0)
		if broken, ok := errors.AsType[*csv.ParseError](err); ok {
			rejects = append(rejects, Reject{Line: broken.StartLine, Reason: broken.Err.Error()})
			continue
		}
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "the file ends in the middle")
		}
		if slices.ContainsFunc(skip, func(p passed) bool { return p.over(record) }) {
			continue
		}
		if wrong := each(record); wrong.Reason != "" {
			wrong.Line = line
			rejects = append(rejects, wrong)
		}
	}
}

// passed is one rule of what is passed over: lines whose column begins so, or does not match.
type passed struct {
	column int
	begins string
	unlike *regexp.Regexp
}

func (p passed) over(record []string) bool {
	value := ""
	if p.column < len(record) {
		value = record[p.column]
	}
	if p.unlike != nil {
		return !p.unlike.MatchString(value)
	}
	return p.column < len(record) && strings.HasPrefix(value, p.begins)
}

// rules are the format's, in the order of their columns' names.
func (f Format) rules(heading []string) ([]passed, error) {
	var out []passed
	for _, column := range slices.Sorted(maps.Keys(f.Skip)) {
		at := slices.Index(heading, column)
		if at < 0 {
			return nil, fault.InvalidField("skip."+column, "no such column among "+joined(heading))
		}
		out = append(out, passed{column: at, begins: f.Skip[column]})
	}
	for _, column := range slices.Sorted(maps.Keys(f.Keep)) {
		at := slices.Index(heading, column)
		if at < 0 {
			return nil, fault.InvalidField("keep."+column, "no such column among "+joined(heading))
		}
		pattern, err := regexp.Compile(f.Keep[column])
		if err != nil {
			return nil, fault.InvalidField("keep."+column, "not a regular expression: "+err.Error())
		}
		out = append(out, passed{column: at, unlike: pattern})
	}
	return out, nil
}

func unzip(r io.Reader) (io.Reader, error) {
	unzipped, err := gzip.NewReader(r)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "not a gzip file")
	}
	return unzipped, nil
}

// columns are places in a line; -1 for a field the file does not have.
type columns struct {
	heading                  []string
	user, basket, item, time int
	segment                  int               // may be empty in a line
	known                    map[string]string // every name once: a name comes back in line after line
	lastTime                 string            // lines of one moment follow each other
	last                     int64
}

func (c *columns) name(s string) string {
	if known, ok := c.known[s]; ok {
		return known
	}
	s = strings.Clone(s)
	c.known[s] = s
	return s
}

func findColumns(kind string, heading []string, mapping map[string]string) (columns, error) {
	c := columns{heading: heading, user: -1, basket: -1, item: -1, time: -1, segment: -1, known: map[string]string{}}
	type want struct {
		field    string
		to       *int
		required bool
	}
	var wanted []want
	switch kind {
	case Sessions:
		wanted = []want{{"session", &c.user, true}, {"item", &c.item, true}, {"time", &c.time, true}}
	case Interactions:
		wanted = []want{{"user", &c.user, true}, {"item", &c.item, true}, {"time", &c.time, false}}
	case Baskets:
		wanted = []want{{"user", &c.user, true}, {"basket", &c.basket, true}, {"item", &c.item, true}, {"time", &c.time, false}}
	default:
		return c, fault.InvalidField("as", strconv.Quote(kind)+" is none of "+joined(Kinds()))
	}
	wanted = append(wanted, want{"segment", &c.segment, false})
	var missing []fault.Field
	for name := range mapping {
		if !slices.ContainsFunc(wanted, func(w want) bool { return w.field == name }) {
			missing = append(missing, fault.Field{Path: "map." + name, Reason: "not a field of " + kind})
		}
	}
	for _, w := range wanted {
		*w.to = columnOf(heading, w.field, mapping)
		if _, named := mapping[w.field]; *w.to < 0 && (w.required || named) {
			missing = append(missing, fault.Field{Path: "map." + w.field, Reason: "no such column among " + joined(heading)})
		}
	}
	if len(missing) > 0 {
		return c, fault.InvalidFields(missing...)
	}
	return c, nil
}

func columnOf(heading []string, field string, mapping map[string]string) int {
	if name, ok := mapping[field]; ok {
		return slices.Index(heading, name)
	}
	for at, name := range heading {
		if slices.Contains(headings[field], plain(name)) {
			return at
		}
	}
	return -1
}

func plain(heading string) string {
	return strings.NewReplacer(" ", "", "_", "", "-", "", "\ufeff", "").Replace(strings.ToLower(heading))
}

// event reads one line. The strings are copies: the reader reuses its record.
func (c *columns) event(record []string) (Event, Reject) {
	var e Event
	for _, part := range []struct {
		at int
		to *string
	}{{c.user, &e.User}, {c.basket, &e.Basket}, {c.item, &e.Item}} {
		if part.at < 0 {
			continue
		}
		if part.at >= len(record) || record[part.at] == "" {
			return e, Reject{Column: c.heading[part.at], Reason: "missing"}
		}
		*part.to = c.name(record[part.at])
	}
	if c.segment >= 0 && c.segment < len(record) {
		e.Segment = c.name(record[c.segment])
	}
	if c.time < 0 {
		return e, Reject{}
	}
	if c.time >= len(record) {
		return e, Reject{Column: c.heading[c.time], Reason: "missing"}
	}
	if at := record[c.time]; at != c.lastTime || at == "" {
		var ok bool
		if c.last, ok = parseTime(at); !ok {
			c.lastTime = ""
			return e, Reject{Column: c.heading[c.time], Reason: "not a time", Value: strings.Clone(at)}
		}
		c.lastTime = strings.Clone(at)
	}
	e.Time = c.last
	return e, Reject{}
}

// layouts are tried in turn for what is not a number. Times without a zone are UTC.
var layouts = []string{time.RFC3339, "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02", "02/01/2006 15:04"}

// parseTime reads Unix seconds (whole or with a fraction), Unix milliseconds (from 10^11 on) or a date, as Unix milliseconds.
func parseTime(s string) (int64, bool) {
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		const latest = 1e11
		switch {
		case math.IsNaN(n) || n < 0 || n > 1000*latest:
			return 0, false
		case n >= latest:
			return int64(n), true
		default:
			return int64(math.Round(n * 1000)), true
		}
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UnixMilli(), true
		}
	}
	return 0, false
}
