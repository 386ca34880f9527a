package offpolicy

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Answer names one shelf of one answer: what a recommendation id says.
type Answer struct {
	Placement string
	Model     uint64
	Seed      uint32
	Second    int64 // Unix
}

// Exposure is what one answer showed, a line of the exposures' log.
type Exposure struct {
	At      int64   `json:"at"` // Unix milliseconds
	Visitor string  `json:"visitor"`
	Model   uint64  `json:"model"`
	Seed    uint32  `json:"seed"`
	Shelves []Shelf `json:"shelves"`

	// Of an answer that is part of a comparison of two models; see recommend.Trial.
	Trial   string `json:"trial"`   // empty: of none
	Arm     string `json:"arm"`     // "a", "b", or "ab" for both on one list
	Against uint64 `json:"against"` // of both on one list: the version of the other model; 0 where it was not at hand
	Teams   string `json:"teams"`   // of both on one list: for each item of for-you "a", "b", or "-" where the pick tells nothing
}

// forYou is the placement that models share.
const forYou = "for-you"

// Answer names one of its shelves.
func (e Exposure) Answer(s Shelf) Answer { return Answer{s.Placement, e.Model, e.Seed, e.At / 1000} }

// Shelf is one placement, written as ["for-you", "id", "id", 0.9, "id", 0.01, ["id", "id"]]: every item, the propensity behind it unless it is 1, and behind an item that exploration chose all
// that it chose from.
type Shelf struct {
	Placement string
	Items     []Shown
}

// Shown is one item of a shelf.
type Shown struct {
	ID         string
	Propensity float64
	Among      []string // what exploration chose it from, itself included, each as likely; nil when exploration did not choose it
}

// UnmarshalJSON reads the line's form.
func (s *Shelf) UnmarshalJSON(text []byte) error {
	var parts []json.RawMessage
	if err := json.Unmarshal(text, &parts); err != nil {
		return err
	}
	if len(parts) == 0 {
		return errors.New("a shelf without a placement")
	}
	if err := json.Unmarshal(parts[0], &s.Placement); err != nil {
		return err
	}
	s.Items = nil
	for _, part := range parts[1:] {
		if part[0] == '"' {
			item := Shown{Propensity: 1}
			if err := json.Unmarshal(part, &item.ID); err != nil {
				return err
			}
			s.Items = append(s.Items, item)
			continue
		}
		if len(s.Items) == 0 {
			return errors.New("a propensity of no item")
		}
		var to any = &s.Items[len(s.Items)-1].Propensity
		if part[0] == '[' {
			to = &s.Items[len(s.Items)-1].Among
		}
		if err := json.Unmarshal(part, to); err != nil {
			return err
		}
	}
	return nil
}

// LongestLine bounds a line of the log: ten shelves of a hundred items whose ids are short of a kilobyte.
const LongestLine = 1 << 20

// wholeLines splits into lines. What has no end yet is still being written, and is nobody's.
func wholeLines(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if end := bytes.IndexByte(data, '\n'); end >= 0 {
		return end + 1, data[:end], nil
	}
	if atEOF {
		return len(data), nil, nil
	}
	return 0, nil, nil
}

// ReadExposures hands every line to each. Blank lines, which erasing leaves behind, are passed over; lines that are no exposures are counted.
func ReadExposures(r io.Reader, each func(Exposure)) (broken int, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), LongestLine)
	lines.Split(wholeLines)
	for lines.Scan() {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		var e Exposure
		if json.Unmarshal(line, &e) != nil {
			broken++
			continue
		}
		each(e)
	}
	if err := lines.Err(); err != nil {
		return broken, fmt.Errorf("read exposures: %w", err)
	}
	return broken, nil
}
