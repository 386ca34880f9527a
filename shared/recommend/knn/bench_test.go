package knn_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/knn"
	"shopkeeper/shared/recommend/knn/knnbench"
)

// example are the settings of Serenade's example configuration.
var example = knn.Settings{Newest: 500, Neighbours: 50, Last: 2, IDF: 1, Longest: .995}

// BenchmarkContinue continues the newest hundredth of a made-up shop's sessions from an index of all others, each session as a whole, 21 items each, on one
// core, and prints the percentiles of single answers, the reading of the clock included. dense: 4,000 items, 300,000 sessions, 3 million clicks. large:
// 500,000 items, a million sessions, 10 million clicks.
func BenchmarkContinue(b *testing.B) {
	for name, shop := range map[string]knnbench.Shop{"dense": knnbench.Dense, "large": knnbench.Large} {
		sessions := shop.Make(1)
		cut := len(sessions) - len(sessions)/100
		for setting, s := range map[string]knn.Settings{"m500": example, "m1502": knn.DefaultSettings} {
			b.Run(name+"/"+setting, func(b *testing.B) {
				x, err := knn.Build(sessions[:cut], shop.Items, s)
				if err != nil {
					b.Fatal(err)
				}
				clicks := 0
				for _, session := range sessions[:cut] {
					clicks += len(session.Items)
				}
				b.ReportMetric(float64(x.Bytes())/float64(clicks), "bytes/click")
				answers(b, sessions[cut:], x.Continue)
			})
		}
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
