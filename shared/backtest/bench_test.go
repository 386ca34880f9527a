package backtest

import (
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"shopkeeper/shared/recommend/item"
)

// BenchmarkSessionNeighbours answers every prefix of the test sessions of Serenade's toy set, or of a made-up log where there is no folder of real data, and prints
// the percentiles of single answers, the reading of the clock included.
func BenchmarkSessionNeighbours(b *testing.B) {
	for name, settings := range map[string]map[string]string{"m500": {"m": "500", "k": "50", "last": "2"}, "m1502": nil} {
		b.Run(name, func(b *testing.B) {
			e := clicks(b)
			benchmark(b, e, "vmis-knn", settings, 21)
		})
	}
}

func clicks(b *testing.B) exam {
	if os.Getenv("SHOPKEEPER_DATA") == "" {
		return nextItem(NewLog(shop()), nil)
	}
	train := NewLog(readSessions(b, "serenade/train.txt.gz"))
	test := train.Alongside(readSessions(b, "serenade/test.txt"))
	return nextItem(train, &test)
}

// BenchmarkItemWeights scores the whole history of each test customer of the gift shop, or of a made-up log.
func BenchmarkItemWeights(b *testing.B) {
	var log Log
	if os.Getenv("SHOPKEEPER_DATA") == "" {
		log = NewLog(shop())
	} else {
		log = retail(b, false)
	}
	benchmark(b, strong(log, Options{Seed: 1}), "ease", nil, 20)
}

func benchmark(b *testing.B, e exam, name string, settings map[string]string, n int) {
	specs, err := Parse([]string{name}, settings)
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	m, err := specs[0].fit(b.Context(), e.train, specs[0].Params)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(time.Since(began).Milliseconds()), "fit-ms")
	var took []time.Duration
	dst := make([]item.Scored, 0, n)
	answers := 0
	for b.Loop() {
		q := e.questions[answers%len(e.questions)]
		began := time.Now()
		dst = m.Answer(dst[:0], q.history, n)
		took = append(took, time.Since(began))
		answers++
	}
	slices.Sort(took)
	for _, p := range []int{50, 90, 99} {
		b.ReportMetric(percentile(took, float64(p)/100), "p"+strconv.Itoa(p)+"-us")
	}
}
