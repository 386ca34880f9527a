package knn_test

import (
	"cmp"
	"slices"
	"strconv"
	"testing"
	"time"

	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/knn"
	"shopkeeper/shared/simulate/crowd"
)

// The shops that are measured, made up by package crowd. The dense one has few items, so that posting lists are full and neighbours are many.
var shops = []struct {
	name string
	size crowd.Size
}{
	{"dense", crowd.Size{Items: 4_000, Categories: 40, Visits: 300_000, Clicks: 3_000_000}},
	{"large", crowd.Of(10_000_000)}, // 500,000 items, a million sessions
}

// variants are Serenade's example configuration, its best one, and the one that makes more of the order of clicks.
var variants = []struct {
	name     string
	settings knn.Settings
}{
	{"m500", knn.Settings{Newest: 500, Neighbours: 50, Last: 2, IDF: 1, Longest: .995}},
	{"m1502", knn.DefaultSettings},
	{"sequence", knn.SequenceSettings},
}

// visits makes a shop's sessions, oldest first, in one array of items.
func visits(size crowd.Size) (sessions []knn.Session, clicks int) {
	all := make([]item.Ordinal, 0, size.Clicks+size.Clicks/8)
	for v := range crowd.New(1, size).Visits() {
		from := len(all)
		all = append(all, v.Items...)
		sessions = append(sessions, knn.Session{Time: v.Time.Unix(), Items: all[from:len(all):len(all)]})
	}
	slices.SortFunc(sessions, func(a, b knn.Session) int { return cmp.Compare(a.Time, b.Time) })
	return sessions, len(all)
}

func index(b *testing.B, sessions []knn.Session, items int, s knn.Settings) *knn.Index {
	x, err := knn.Build(sessions, items, s)
	if err != nil {
		b.Fatal(err)
	}
	return x
}

// BenchmarkBuild builds the index of a whole shop on one core. bytes/click counts every array of the index over all clicks, repeats included; B/op is all
// that building reserves.
func BenchmarkBuild(b *testing.B) {
	for _, shop := range shops {
		sessions, clicks := visits(shop.size)
		b.Run(shop.name, func(b *testing.B) {
			b.ReportAllocs()
			var x *knn.Index
			for b.Loop() {
				x = index(b, sessions, shop.size.Items, knn.DefaultSettings)
			}
			b.ReportMetric(float64(x.Bytes())/float64(clicks), "bytes/click")
		})
	}
}

// BenchmarkContinue continues the newest hundredth of a shop's sessions from an index of all others, each session as a whole, 21 items each, on one
// core, and prints the percentiles of single answers, the reading of the clock included.
func BenchmarkContinue(b *testing.B) {
	for _, shop := range shops {
		sessions, _ := visits(shop.size)
		cut := len(sessions) - len(sessions)/100
		for _, v := range variants {
			x := index(b, sessions[:cut], shop.size.Items, v.settings)
			b.Run(shop.name+"/"+v.name, func(b *testing.B) { answers(b, sessions[cut:], x.Continue) })
		}
	}
}

// BenchmarkLive lays the newest fiftieth of a shop's sessions over an index of the older ones, click by click in the order of the sessions. click is the time
// of one; answers continue the newest hundredth of the sessions while nobody writes.
func BenchmarkLive(b *testing.B) {
	for _, shop := range shops {
		sessions, _ := visits(shop.size)
		cut := len(sessions) - len(sessions)/50
		live := knn.NewLive(index(b, sessions[:cut], shop.size.Items, knn.DefaultSettings), len(sessions)-cut)
		b.Run(shop.name+"/click", func(b *testing.B) {
			at, click := cut, 0
			for b.Loop() {
				s := sessions[at]
				live.Extend(strconv.Itoa(at), s.Items[click], s.Time)
				if click++; click == len(s.Items) {
					at, click = at+1, 0
				}
				if at == len(sessions) {
					at = cut
				}
			}
		})
		for at, s := range sessions[cut:] {
			live.Add(strconv.Itoa(at), s)
		}
		b.Run(shop.name+"/answer", func(b *testing.B) { answers(b, sessions[len(sessions)-len(sessions)/100:], live.Continue) })
	}
}

func answers(b *testing.B, asked []knn.Session, answer func([]item.Scored, *knn.Scratch, []item.Ordinal, int) []item.Scored) {
	var scratch knn.Scratch
	dst := make([]item.Scored, 0, 21)
	took := make([]time.Duration, 0, 1<<20)
	for at := 0; b.Loop(); at++ {
		question := asked[at%len(asked)].Items
		began := time.Now()
		dst = answer(dst[:0], &scratch, question, 21)
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	for _, p := range []int{50, 90, 99} {
		b.ReportMetric(float64(took[(len(took)-1)*p/100])/1e3, "p"+strconv.Itoa(p)+"-us")
	}
}
