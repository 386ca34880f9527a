package exposure

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/offpolicy"
	"shopkeeper/shared/shop"
)

// Delivery is a piece of one stream of a log.
type Delivery struct {
	Group, Stream string
	Events        []Event
}

// Event is one line of the log, under the id that the log's service gave it.
type Event struct{ ID, Line string }

// Kept is what became of a delivery. It is what the function answers.
type Kept struct {
	Lines  int `json:"lines"`  // exposures, stored now or before
	Files  int `json:"files"`  // that they are in
	Others int `json:"others"` // lines that are no exposures: passed over
	Broken int `json:"broken"` // exposures that cannot be read: nobody ever will
	First  Bad `json:"-"`      // of Broken
}

// Bad names an event of the log that cannot be kept.
type Bad struct {
	Event string
	Why   error
}

// place is what a file has lines of.
type place struct {
	shop event.ShopID
	date string
}

// Keep stores the exposures of a delivery. It may be repeated. The fault is the store's: what cannot be read is counted.
func (l *Log) Keep(ctx context.Context, d Delivery) (Kept, error) {
	var kept Kept
	lines := map[place]*bytes.Buffer{}
	for _, e := range d.Events {
		p, line, err := read(e.Line)
		switch {
		case errors.Is(err, errOther):
			kept.Others++
		case err != nil:
			if kept.Broken++; kept.Broken == 1 {
				kept.First = Bad{e.ID, err}
			}
		default:
			if lines[p] == nil {
				lines[p] = &bytes.Buffer{}
			}
			lines[p].Write(append(line, '\n'))
			kept.Lines++
		}
	}
	for _, p := range sorted(lines) {
		name := dayPrefix(p.shop, p.date) + d.id() + suffix
		if err := l.store(ctx, name, lines[p].Bytes(), ""); err != nil && !fault.Is(err, fault.Conflict) { // a conflict: it was delivered before
			return kept, fmt.Errorf("store %s: %w", name, err)
		}
		kept.Files++
	}
	return kept, nil
}

// id tells a delivery from all others.
func (d Delivery) id() string {
	hash := sha256.New()
	for _, part := range []string{d.Group, d.Stream, d.Events[0].ID, d.Events[len(d.Events)-1].ID} {
		fmt.Fprintf(hash, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(hash.Sum(nil)[:16])
}

// store packs lines and puts them under a name whose content's tag is etag; empty: that is new.
func (l *Log) store(ctx context.Context, name string, lines []byte, etag string) error {
	var packed bytes.Buffer
	if err := pack(&packed, lines); err != nil {
		return err
	}
	_, err := l.files.PutIf(ctx, name, &packed, etag)
	return err
}

func pack(w io.Writer, lines []byte) error {
	z := gzip.NewWriter(w)
	_, err := z.Write(lines)
	return errors.Join(err, z.Close())
}

// errOther says that a line of the log is no exposure.
var errOther = errors.New("no exposure")

// lastDay is the last whose date has ten characters.
var lastDay = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)

// read finds where a line of the log belongs, and rids it of what would be more than one line. What lacks a time, a shop or a seed is no exposure, but errOther; what has them and cannot be
// kept is Invalid.
func read(text string) (place, []byte, error) {
	var has struct{ At, Shop, Seed json.RawMessage }
	if json.Unmarshal([]byte(text), &has) != nil || has.At == nil || has.Shop == nil || has.Seed == nil {
		return place{}, nil, errOther
	}
	var e struct {
		Shop event.ShopID
		offpolicy.Exposure
	}
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		return place{}, nil, fault.Wrap(fault.Invalid, err, "the line cannot be read")
	}
	at := time.UnixMilli(e.At)
	switch {
	case !shop.ValidID(e.Shop):
		return place{}, nil, fault.InvalidField("shop", "names no shop")
	case e.At <= 0 || at.After(lastDay):
		return place{}, nil, fault.InvalidField("at", "is no time")
	}
	var line bytes.Buffer
	if err := json.Compact(&line, []byte(text)); err != nil {
		return place{}, nil, fault.Wrap(fault.Invalid, err, "the line cannot be read")
	}
	if line.Len() >= offpolicy.LongestLine {
		return place{}, nil, fault.New(fault.Invalid, "the line is longer than any that is read")
	}
	return place{e.Shop, dateOf(at)}, line.Bytes(), nil
}

// sorted is the places of lines by shop and day.
func sorted(lines map[place]*bytes.Buffer) []place {
	all := make([]place, 0, len(lines))
	for p := range lines {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b place) int {
		return cmp.Or(strings.Compare(string(a.shop), string(b.shop)), strings.Compare(a.date, b.date))
	})
	return all
}
