package backtest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"shopkeeper/shared/fault"
)

// longestLine bounds a line of JSON. The longest session of the OTTO data set has 500 events and under 40 KB.
const longestLine = 16 << 20

// readLines hands each line that is not empty to each. What it returns without a reason is no reject; an error ends the reading.
func readLines(r io.Reader, each func(line []byte) (Reject, error)) ([]Reject, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	var rejects []Reject
	var line []byte
	for n := 1; ; n++ {
		var err error
		line, err = appendLine(line[:0], in)
		if len(line) > longestLine {
			return nil, fault.Newf(fault.Invalid, "line %d is longer than %d MB: not one JSON value a line", n, longestLine>>20)
		}
		if text := bytes.TrimSpace(bytes.TrimPrefix(line, []byte("\ufeff"))); len(text) > 0 {
			wrong, err := each(text)
			if err != nil {
				return nil, err
			}
			if wrong.Reason != "" {
				wrong.Line = n
				rejects = append(rejects, wrong)
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return rejects, nil
		case err != nil:
			return nil, fault.Wrap(fault.Invalid, err, "the file ends in the middle, after line "+strconv.Itoa(n-1))
		}
	}
}

// appendLine reads up to the end of a line, or of what a line may be.
func appendLine(dst []byte, in *bufio.Reader) ([]byte, error) {
	for {
		part, err := in.ReadSlice('\n')
		dst = append(dst, part...)
		if !errors.Is(err, bufio.ErrBufferFull) || len(dst) > longestLine {
			return dst, err
		}
	}
}

// scanObjects is scan for JSON objects: the members of the first are the heading, in the order of their names; texts and numbers are both taken as they are written.
func scanObjects(r io.Reader, f Format, begin func(heading []string) error, each func(record []string) Reject) ([]Reject, error) {
	var heading, record []string
	var skip []passed
	rejects, err := readLines(r, func(line []byte) (Reject, error) {
		members := object(line)
		if members == nil {
			return Reject{Reason: "not a JSON object", Value: beginning(line)}, nil
		}
		if heading == nil {
			heading = slices.Sorted(maps.Keys(members))
			if err := begin(heading); err != nil {
				return Reject{}, err
			}
			var err error
			if skip, err = f.rules(heading); err != nil {
				return Reject{}, err
			}
		}
		record = record[:0]
		for _, name := range heading {
			record = append(record, textOf(members[name]))
		}
		if slices.ContainsFunc(skip, func(p passed) bool { return p.over(record) }) {
			return Reject{}, nil
		}
		return each(record), nil
	})
	if err == nil && heading == nil {
		return nil, fault.New(fault.Invalid, "the file has no JSON object")
	}
	return rejects, err
}

// object is a line's JSON object, nil for anything else.
func object(line []byte) map[string]any {
	var members map[string]any
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber()
	if err := decoder.Decode(&members); err != nil || decoder.More() {
		return nil
	}
	return members
}

// textOf is a text or number as it is written; empty for anything else.
func textOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

func readOTTO(r io.Reader, f Format) ([]Event, []Reject, error) {
	if f.Gzip {
		var err error
		if r, err = unzip(r); err != nil {
			return nil, nil, err
		}
	}
	var events []Event
	rejects, err := readLines(r, func(line []byte) (Reject, error) {
		found, wrong := ottoEvents(line)
		events = append(events, found...)
		return wrong, nil
	})
	if err != nil {
		return nil, nil, err
	}
	return events, rejects, nil
}

// ottoEvents reads a session of the OTTO data set (Normann et al., RecSys challenge format): clicks, carts and orders alike, ts in Unix milliseconds.
func ottoEvents(line []byte) ([]Event, Reject) {
	var session struct {
		Session json.Number `json:"session"`
		Events  []struct {
			AID json.Number `json:"aid"`
			TS  *int64      `json:"ts"`
		} `json:"events"`
	}
	if err := json.Unmarshal(line, &session); err != nil {
		return nil, Reject{Reason: "not a session with a list of events", Value: beginning(line)}
	}
	if session.Session == "" {
		return nil, Reject{Column: "session", Reason: "missing", Value: beginning(line)}
	}
	events := make([]Event, len(session.Events))
	for at, e := range session.Events {
		if e.AID == "" || e.TS == nil {
			return nil, Reject{Column: fmt.Sprintf("events[%d]", at), Reason: "has no aid or no ts"}
		}
		ts, ok := parseTime(strconv.FormatInt(*e.TS, 10))
		if !ok {
			return nil, Reject{Column: fmt.Sprintf("events[%d].ts", at), Reason: "not a time", Value: strconv.FormatInt(*e.TS, 10)}
		}
		events[at] = Event{User: session.Session.String(), Item: e.AID.String(), Time: ts}
	}
	return events, Reject{}
}

// beginning is as much of a line as helps to find it.
func beginning(line []byte) string {
	const enough = 60
	if len(line) <= enough {
		return string(line)
	}
	return strings.ToValidUTF8(string(line[:enough]), "") + "…"
}
