package knn

import (
	"encoding/binary"
	"math"
	"testing"
	"time"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/item"
)

// take reads numbers from fuzzed bytes; zeros when they are used up.
type take []byte

func (t *take) number() uint32 {
	var four [4]byte
	*t = (*t)[copy(four[:], *t):]
	return binary.LittleEndian.Uint32(four[:])
}

func (t *take) numbers(n int) []uint32 {
	out := make([]uint32, n)
	for at := range out {
		out[at] = t.number()
	}
	return out
}

// below is a number below n, read from one byte.
func (t *take) below(n int) int {
	if len(*t) == 0 {
		return 0
	}
	b := (*t)[0]
	*t = (*t)[1:]
	return int(b) % n
}

func floats(bits []uint32) []float32 {
	out := make([]float32, len(bits))
	for at, b := range bits {
		out[at] = math.Float32frombits(b)
	}
	return out
}

// FuzzCheck makes arrays of anything: whatever Check takes answers without a panic, also under a Live.
func FuzzCheck(f *testing.F) {
	good, err := Build([]Session{{1, []item.Ordinal{0, 1}}, {2, []item.Ordinal{1}}}, 2, small(nil))
	if err != nil {
		f.Fatal(err)
	}
	seed := []byte{2, 2, 3, 3, 1, 9, 9, 3, 0, 0, 0, 0}
	for _, array := range [][]uint32{good.ItemOffsets, good.Postings, good.SessionOffsets} {
		for _, n := range array {
			seed = binary.LittleEndian.AppendUint32(seed, n)
		}
	}
	f.Add(seed)
	f.Add([]byte{})
	f.Add(seed[:20])
	f.Fuzz(func(t *testing.T, data []byte) {
		in := take(data)
		items, sessions, postings, held := in.below(6), in.below(6), in.below(12), in.below(12)
		s := Settings{IDF: float64(in.below(2)), Newest: 1 + in.below(12), Neighbours: 1 + in.below(12), Last: 1 + in.below(MaxLast), Longest: 1,
			Near: float64(in.below(2)), Long: float64(in.below(2)), HalfLife: time.Duration(in.below(2)) * time.Hour, Position: Decay(in.below(5))}
		x := &Index{Settings: s, Limit: 5, ItemOffsets: in.numbers(items + 1), Postings: in.numbers(postings), SessionOffsets: in.numbers(sessions + 1)}
		for _, i := range in.numbers(held) {
			x.SessionItems = append(x.SessionItems, item.Ordinal(i))
		}
		x.Rarity = floats(in.numbers(items))
		if s.HalfLife > 0 {
			x.Freshness = floats(in.numbers(sessions))
		}
		if err := x.Check(items); err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("refused with %v, want an invalid fault", err)
			}
			return
		}
		var scratch Scratch
		live := NewLive(x, 2)
		for i := range item.Ordinal(items + 2) {
			session := []item.Ordinal{i, 0, 1, 1 << 31, i + 1, 2}
			x.Continue(nil, &scratch, session, 5)
			live.Add(string(rune('a'+i)), Session{int64(i), session[:4]})
			live.Continue(nil, &scratch, session, 5)
		}
	})
}

// FuzzBuild builds from anything: what it makes passes Check, and what it recommends is in the catalog, each item once, and never the current one.
func FuzzBuild(f *testing.F) {
	f.Add([]byte{}, 1)
	f.Add([]byte{3, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 9, 9}, 3)
	f.Add([]byte{1, 0, 1, 0, 1, 0, 1, 0, 1, 0}, 1)
	f.Fuzz(func(t *testing.T, data []byte, last int) {
		in := take(data)
		items := in.below(9)
		s := Settings{Newest: 1 + in.below(5), Neighbours: 1 + in.below(5), Last: 1 + in.below(MaxLast), Longest: .5, IDF: 1, HalfLife: time.Second}
		var sessions []Session
		for len(in) > 0 {
			one := Session{Time: int64(in.number()) << 30}
			for n := in.below(6); n > 0; n-- {
				one.Items = append(one.Items, item.Ordinal(in.below(11)))
			}
			sessions = append(sessions, one)
		}
		x, err := Build(sessions, items, s)
		if err != nil {
			t.Fatal(err)
		}
		if err := x.Check(items); err != nil {
			t.Fatalf("a built index is refused: %v", err)
		}
		var scratch Scratch
		current := item.Ordinal(last)
		found := x.Continue(nil, &scratch, []item.Ordinal{0, 1, 2, current}, 20)
		seen := map[item.Ordinal]bool{current: true}
		for _, one := range found {
			if int(one.Item) >= items || seen[one.Item] || one.Score != one.Score {
				t.Fatalf("after item %d of %d comes %v", current, items, found)
			}
			seen[one.Item] = true
		}
	})
}
