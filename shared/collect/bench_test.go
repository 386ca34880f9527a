package collect_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"shopkeeper/shared/collect"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/sqlite"
	"shopkeeper/shared/sqlite/sqlitetest"
	"shopkeeper/shared/table"
)

// memory stores items in a map: what Accept itself costs.
type memory struct {
	mu    sync.Mutex
	items map[table.Key]table.Item
}

func (m *memory) Get(_ context.Context, k table.Key, _ ...table.ReadOption) (table.Item, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	it, ok := m.items[k]
	if !ok {
		return it, fault.New(fault.NotFound, "")
	}
	return it, nil
}

func (m *memory) GetAll(context.Context, ...table.Key) ([]table.Item, error) { return nil, nil }

func (m *memory) Query(context.Context, table.Query) (table.Page, error) { return table.Page{}, nil }

func (m *memory) Write(ctx context.Context, ops ...table.Op) error {
	for _, op := range ops {
		if err := m.PutAll(ctx, op.Item); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) PutAll(_ context.Context, items ...table.Item) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.items) > 100_000 {
		clear(m.items)
	}
	for _, it := range items {
		m.items[it.Key] = it
	}
	return nil
}

// undecided are profiles of visitors who decided nothing.
type undecided struct{}

func (undecided) Consents(context.Context, event.ShopID, event.VisitorID) (consent.State, error) {
	return consent.State{}, nil
}
func (undecided) Decide(context.Context, event.ShopID, event.VisitorID, consent.State) error {
	return nil
}
func (undecided) Forget(context.Context, event.ShopID, event.VisitorID, time.Time, consent.State) error {
	return nil
}

// body is a batch of product views as Segment's browser SDK sends them.
func body(n int, id int64) []byte {
	var b strings.Builder
	b.WriteString(`{"writeKey":"wk","sentAt":"2026-05-01T12:00:00.000Z","batch":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"type":"track","event":"Product Viewed","messageId":"ajs-%d-%d","anonymousId":"anonymous-%d","timestamp":"2026-05-01T11:59:59.000Z","properties":{"product_id":"85123A","name":"White hanging heart","price":2.55,"currency":"GBP","category":"lights","url":"https://shop.example/p/85123A?utm_source=x"},"context":{"page":{"path":"/p/85123A","url":"https://shop.example/p/85123A"},"userAgent":"Mozilla/5.0","library":{"name":"analytics.js","version":"next-1"},"locale":"en-GB"}}`, id, i, id%5000)
	}
	b.WriteString(`]}`)
	return []byte(b.String())
}

func accept(b *testing.B, s *collect.Service, n int, id int64) {
	p, err := collect.Batch(body(n, id))
	if err != nil {
		b.Error(err)
		return
	}
	if _, err := s.Accept(b.Context(), collect.Request{Shop: shop.Settings{ID: "lamps", Currency: "GBP", Consent: consent.Implied}, UserAgent: "Mozilla/5.0", Payload: p}); err != nil {
		b.Error(err)
	}
}

// BenchmarkAccept is one call with its body, on a map: parsing, placing, scrubbing, encoding.
func BenchmarkAccept(b *testing.B) {
	for _, n := range []int{1, 20} {
		b.Run(fmt.Sprintf("%d messages", n), func(b *testing.B) {
			store := &memory{items: map[table.Key]table.Item{}}
			s := collect.New(time.Now, store, nil, identity.NewAliases(store), undecided{})
			b.ReportAllocs()
			var id int64
			for b.Loop() {
				id++
				accept(b, s, n, id)
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkAcceptDurable is the same on SQLite, durable, by many callers at once.
func BenchmarkAcceptDurable(b *testing.B) {
	for _, n := range []int{1, 20} {
		b.Run(fmt.Sprintf("%d messages", n), func(b *testing.B) {
			db := sqlitetest.Open(b, &sqlite.Options{Feeds: []table.Name{event.Table}})
			s := collect.New(time.Now, db, nil, identity.NewAliases(db), undecided{})
			var id atomic.Int64
			b.SetParallelism(32)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					accept(b, s, n, id.Add(1))
				}
			})
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
