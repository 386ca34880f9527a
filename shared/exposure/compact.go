package exposure

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/offpolicy"
)

// mergedSize is about how large a merged file is, packed. It bounds the memory of whoever reads a few of them.
const mergedSize = 4 << 20

// merged begins the names of files that Compact made.
const merged = "merged-"

// Compact merges the small files of one day (as 2006-01-02) into few, each answer once. It returns how many files there were and are. New files are stored before old ones go, so that readers miss nothing, and a crash
// leaves only repeats; files that arrive meanwhile stay, and so do damaged ones. Repeating it is harmless, two at a time are not: what one erases the other may have read.
//
// Memory: a few packed files, and some 16 bytes for each answer.
func (l *Log) Compact(ctx context.Context, shop event.ShopID, date string) (before, after int, err error) {
	names, err := l.dayFiles(ctx, shop, date)
	if err != nil {
		return 0, 0, err
	}
	news := slices.ContainsFunc(names, func(name string) bool { return !strings.HasPrefix(name, dayPrefix(shop, date)+merged) })
	if len(names) < 2 || !news {
		return len(names), len(names), nil
	}
	m := merging{log: l, shop: shop, date: date, seen: answers{maphash.MakeSeed(), map[uint64]struct{}{}}, written: map[string]bool{}}
	for some := range slices.Chunk(names, atOnce) {
		bodies, err := l.fetchAll(ctx, some)
		if err != nil {
			return 0, 0, err
		}
		for at, body := range bodies {
			if err := m.add(ctx, some[at], body); err != nil {
				return 0, 0, err
			}
		}
	}
	if err := m.flush(ctx); err != nil {
		return 0, 0, err
	}
	gone := slices.DeleteFunc(m.read, func(name string) bool { return m.written[name] })
	if err := l.remove(ctx, gone); err != nil {
		return 0, 0, err
	}
	return len(names), len(names) - len(m.read) + len(m.written), nil
}

// merging is a day on its way into fewer files.
type merging struct {
	log  *Log
	shop event.ShopID
	date string
	seen answers

	lines   bytes.Buffer    // of the file to come
	packed  int             // how much the files were that lines are of
	read    []string        // files whose lines are all in new ones
	written map[string]bool // new files
}

// add takes the lines of a file. Those of a damaged one stay where they are.
func (m *merging) add(ctx context.Context, name string, body []byte) error {
	if body == nil { // gone meanwhile
		return nil
	}
	var lines []byte
	if err := unpack(body, func(line []byte) { lines = append(append(lines, line...), '\n') }); err != nil {
		return nil //nolint:nilerr // damaged: it stays, and whoever reads counts it
	}
	for line := range bytes.Lines(lines) {
		var e offpolicy.Exposure
		if json.Unmarshal(line, &e) != nil {
			e = offpolicy.Exposure{} // nobody's: it stays, so that readers count it
		}
		if m.seen.first(e) {
			m.lines.Write(line)
		}
	}
	m.read = append(m.read, name)
	if m.packed += len(body); m.packed < m.log.merged {
		return nil
	}
	return m.flush(ctx)
}

// flush stores what was gathered under a name that follows from it: whoever merges the same again finds it there.
func (m *merging) flush(ctx context.Context) error {
	if m.lines.Len() == 0 {
		return nil
	}
	sum := sha256.Sum256(m.lines.Bytes())
	name := dayPrefix(m.shop, m.date) + merged + hex.EncodeToString(sum[:16]) + suffix
	if err := m.log.store(ctx, name, m.lines.Bytes(), ""); err != nil && !fault.Is(err, fault.Conflict) {
		return fmt.Errorf("store %s: %w", name, err)
	}
	m.written[name] = true
	m.lines.Reset()
	m.packed = 0
	return nil
}
