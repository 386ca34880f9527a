package model

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/knn"
	"shopkeeper/shared/recommend/sparse"
)

// large is a model of a shop with 4,600 items: about 7 MB.
func large(b *testing.B) []byte {
	b.Helper()
	const items = 4600
	random := rand.New(rand.NewPCG(1, 1))
	var all []Item
	for n := range items {
		all = append(all, Item{ID: fmt.Sprintf("%05d", n), Title: "A thing to look at", URL: "/thing", Price: 255, Currency: "GBP", Category: "Home > Things"})
	}
	c, err := NewCatalog(all)
	if err != nil {
		b.Fatal(err)
	}
	var weights sparse.Rows
	for range items {
		row, values := make([]item.Ordinal, 50), make([]float32, 50)
		for at := range row {
			row[at], values[at] = item.Ordinal(random.IntN(items)), random.Float32()
		}
		weights.Append(row, values)
	}
	sessions := make([]knn.Session, 25000)
	for n := range sessions {
		sessions[n].Time = int64(n)
		for range 18 {
			sessions[n].Items = append(sessions[n].Items, item.Ordinal(random.ExpFloat64()*items/8)%items)
		}
	}
	x, err := knn.Build(sessions, items, knn.DefaultSettings)
	if err != nil {
		b.Fatal(err)
	}
	return encode(b, Contents{Catalog: c, Sessions: x, Related: weights, Similar: weights})
}

func BenchmarkOpen(b *testing.B) {
	file := large(b)
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		open(b, file)
	}
}

func BenchmarkLookup(b *testing.B) {
	m := open(b, large(b))
	n := 0
	for b.Loop() {
		if _, ok := m.Lookup(m.ID(item.Ordinal(n % m.Len()))); !ok {
			b.Fatal("an item is not found")
		}
		n++
	}
}

// BenchmarkContinueDense is a shop whose orders are long and whose best-sellers are in thousands of them: posting lists are full, neighbours are many.
func BenchmarkContinueDense(b *testing.B) {
	m := open(b, large(b))
	var s knn.Scratch
	var dst []item.Scored
	random := rand.New(rand.NewPCG(2, 2))
	for b.Loop() {
		session := []item.Ordinal{item.Ordinal(random.IntN(m.Len())), item.Ordinal(random.IntN(m.Len())), item.Ordinal(random.IntN(600)), item.Ordinal(random.IntN(600))}
		dst = m.Sessions().Continue(dst[:0], &s, session, 21)
	}
}
