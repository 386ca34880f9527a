package model

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"testing"
	"time"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/buyagain"
	"shopkeeper/shared/recommend/content"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/itemitem"
	"shopkeeper/shared/recommend/knn"
)

// FuzzOpen changes a file and makes its checksums right again, as an attacker would: whatever Open takes must answer without a panic.
func FuzzOpen(f *testing.F) {
	file := encode(f, example(f))
	f.Add(file, uint32(0), uint64(0))
	f.Add(encode(f, Contents{}), uint32(0), uint64(0))
	for at := headerLen; at < len(file); at += 8 {
		f.Add(file, uint32(at), uint64(1)<<63)
		f.Add(file, uint32(at), uint64(1)<<31|1<<63)
		f.Add(file, uint32(at), uint64(0xffffffffffffffff))
		f.Add(file, uint32(at), uint64(4))
	}
	f.Add([]byte(magic), uint32(0), uint64(0))
	f.Fuzz(func(t *testing.T, file []byte, at uint32, change uint64) {
		file = bytes.Clone(file)
		if len(file) >= 8 {
			place := file[int(at)%(len(file)-7):]
			binary.LittleEndian.PutUint64(place, binary.LittleEndian.Uint64(place)^change)
		}
		reseal(file)
		m, err := Open(file)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("refused with %v, want an invalid fault", err)
			}
			return
		}
		exercise(m)
	})
}

// reseal makes every checksum right that can be found.
func reseal(file []byte) {
	if len(file) < headerLen {
		return
	}
	le := binary.LittleEndian
	le.PutUint64(file[16:], uint64(len(file)))
	sections := int(le.Uint32(file[12:]))
	if sections > mostKinds || headerLen+entryLen*sections > len(file) {
		return
	}
	for n := range sections {
		entry := file[headerLen+entryLen*n:]
		from, length := le.Uint64(entry[8:]), le.Uint64(entry[16:])
		if to := from + uint64(padded(int(length))); from <= to && to <= uint64(len(file)) && length < uint64(len(file)) {
			le.PutUint32(entry[4:], crc32.Checksum(file[from:to], castagnoli))
		}
	}
	digest := digestOf(file, sections)
	copy(file[digestAt:], digest[:])
}

// exercise reads everything there is.
func exercise(m *Model) {
	var sessions knn.Scratch
	var related itemitem.Scratch
	var words content.Scratch
	for n := range m.Len() {
		i := item.Ordinal(n)
		m.Lookup(m.Detail(i).ID)
		m.Sessions().Continue(nil, &sessions, []item.Ordinal{i, 0, 1, 2}, 5)
		itemitem.Score(nil, &related, m.Weights(), []item.Ordinal{i, 0}, nil, 5)
		itemitem.Score(nil, &related, m.similar, []item.Ordinal{i}, nil, 5)
		for at := range m.Pairs().Of(i) {
			m.Pairs().Pair(i, at)
		}
		m.Together(i)
		m.Repeats().Score(buyagain.Habit{Item: i, Times: 2, Last: 3}, 9)
		m.Popularity(i)
	}
	for c := range Category(m.Categories()) {
		m.Popular(c)
		m.Trending(c)
		m.Newest(c)
		m.FindCategory(m.Path(c))
		for above := c; above != None; above = m.Parent(above) {
		}
	}
	if ranker := m.Ranker(); ranker != nil {
		row := make([]float32, ranker.Width())
		ranker.Score(nil, row)
		ranker.Explain(nil, row)
	}
	if h := m.Habits(); h != nil {
		h.Ranker.Score(nil, make([]float32, h.Ranker.Width()))
	}
	if x := m.Content(); x != nil {
		for n := range m.Len() {
			x.Near(nil, &words, x.Of(item.Ordinal(n)), 3)
		}
		x.Near(nil, &words, x.Describe(content.Item{Title: "cup", Category: "Food > Tea"}), 3)
	}
	m.Popular(None)
	m.Lookup("nobody")
	_ = m.Trained().Format(time.RFC3339)
}
