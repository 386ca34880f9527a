package tabletest

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"shopkeeper/shared/table"
)

// Benchmark measures a store: a read of a profile-sized item, small durable writes by one caller and by 64 at once.
func Benchmark(b *testing.B, open func(b *testing.B) table.Store) {
	b.Run("Get", func(b *testing.B) {
		s := open(b)
		keys := profiles(b, s)
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, err := s.Get(b.Context(), keys[i%len(keys)]); err != nil {
				b.Fatal(err)
			}
		}
		perSecond(b)
	})
	b.Run("GetParallel", func(b *testing.B) {
		s := open(b)
		keys := profiles(b, s)
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				if _, err := s.Get(b.Context(), keys[i%len(keys)]); err != nil {
					b.Error(err)
					return
				}
			}
		})
		perSecond(b)
	})
	b.Run("Query20", func(b *testing.B) {
		s := open(b)
		profiles(b, s)
		for b.Loop() {
			page, err := s.Query(b.Context(), table.Query{Table: alpha, Partition: "shop#p", From: "0100", Limit: 20})
			if err != nil || len(page.Items) != 20 {
				b.Fatal(len(page.Items), err)
			}
		}
		perSecond(b)
	})
	b.Run("Write", func(b *testing.B) {
		s := open(b)
		for i := 0; b.Loop(); i++ {
			if err := s.Write(b.Context(), table.Put(event(i), table.IfAbsent())); err != nil {
				b.Fatal(err)
			}
		}
		perSecond(b)
	})
	b.Run("Write64", func(b *testing.B) {
		s := open(b)
		var n atomic.Int64
		b.SetParallelism(max(1, 64/runtime.GOMAXPROCS(0)))
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := s.Write(b.Context(), table.Put(event(int(n.Add(1))), table.IfAbsent())); err != nil {
					b.Error(err)
					return
				}
			}
		})
		perSecond(b)
	})
	b.Run("PutAll500", func(b *testing.B) {
		s := open(b)
		for i := 0; b.Loop(); i++ {
			items := make([]table.Item, 500)
			for j := range items {
				items[j] = event(i*500 + j)
			}
			if err := s.PutAll(b.Context(), items...); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(500*float64(b.N)/b.Elapsed().Seconds(), "items/s")
	})
}

func perSecond(b *testing.B) { b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s") }

// profiles stores 1,000 items of about 2 KB.
func profiles(b *testing.B, s table.Store) []table.Key {
	var items []table.Item
	for i := range 1000 {
		body := `{"id":"` + fmt.Sprint(i) + `","recent":[` + strings.Repeat(`{"item":"sku-12345","at":1712345678},`, 50) + `{}]}`
		items = append(items, table.Item{Key: key(fmt.Sprintf("%04d", i)), Body: json.RawMessage(body)})
	}
	if err := s.PutAll(b.Context(), items...); err != nil {
		b.Fatal(err)
	}
	keys := make([]table.Key, len(items))
	for i := range items {
		keys[i] = items[i].Key
	}
	return keys
}

// event is the i-th small item, in one of 1,000 partitions.
func event(i int) table.Item {
	k := table.Key{Table: alpha, Partition: fmt.Sprintf("shop#visitor-%d", i%1000), Sort: fmt.Sprintf("%012d", i)}
	return table.Item{Key: k, Body: json.RawMessage(`{"event":"Product Viewed","item":"sku-12345","price":1999,"currency":"EUR","at":"2026-01-02T03:04:05Z","session":"0123456789abcdef"}`)}
}
