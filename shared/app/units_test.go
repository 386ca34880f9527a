package app

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/clicks"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/dynamo"
	"shopkeeper/shared/dynamo/dynamotest"
	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/people"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/sqlite/sqlitetest"
	"shopkeeper/shared/table"
)

// meter counts capacity units.
type meter struct {
	mu          sync.Mutex
	read, write map[table.Name]float64
}

func (m *meter) observe(_ string, name table.Name, read, write float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.read[name] += read
	m.write[name] += write
}

func (m *meter) take() (read, write map[table.Name]float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	read, write = m.read, m.write
	m.read, m.write = map[table.Name]float64{}, map[table.Name]float64{}
	return read, write
}

func total(units map[table.Name]float64) (sum float64) {
	for _, u := range units {
		sum += u
	}
	return sum
}

// TestUnits counts what DynamoDB charges: half a read unit for a front page, whoever asks.
func TestUnits(t *testing.T) {
	cfg := dynamotest.Start(t)
	tables := dynamotest.CreateTables(t, cfg, event.Table, profile.Table, people.Table, identity.Table, catalog.Table, clicks.Table, shop.Table, consent.Table)
	m := &meter{}
	m.take()
	store := dynamo.Open(cfg, tables, &dynamo.Options{Observe: m.observe})
	embedded := sqlitetest.Open(t, nil)
	w := newWorldOn(t, store, dynamo.OpenFeed(cfg, tables, event.Table, embedded, "marks"), embedded.Queue("failures", nil))

	a := w.browser()
	a.frontPage("")
	for i := range 12 {
		a.send(teaKey, view("anon-a", fmt.Sprintf("t%02d", i)))
	}
	w.fold()
	a.frontPage("") // keys, settings and model are in memory from here on
	m.take()

	const n = 40
	for range n {
		if got := a.frontPage("").shelf("viewed-before"); len(got) == 0 {
			t.Fatal("the page is not personal")
		}
	}
	read, write := m.take()
	delete(read, catalog.Table) // the delta item: once per process and refresh, not per page
	delete(read, clicks.Table)  // as the delta
	if total(read) != 0.5*n || total(write) != 0 {
		t.Errorf("%d front pages consumed %v read and %v write units, want %v and 0", n, read, write, 0.5*n)
	}

	page, pageWrite := total(read)/n, total(write)/n
	for i := range n {
		a.send(teaKey, view("anon-a", fmt.Sprintf("t%02d", i%20)))
	}
	collected, collectedWrite := m.take()
	w.fold()
	folded, foldedWrite := m.take()
	reads := page * 0.125 // dollars a million units
	out := fmt.Sprintf(`units on DynamoDB Local, one visitor, %d of each, keys and settings in memory
                                 read units   write units
a front page                     %10.3f  %12.3f
an event, collected              %10.3f  %12.3f
an event, folded (batch of %d)   %10.3f  %12.3f

one million front pages, on demand, us-east-1, 10 ms of 256 MB arm64 each (list prices; without logs and egress)
HTTP API                         $%7.4f
Lambda, calls                    $%7.4f
Lambda, time                     $%7.4f
DynamoDB, reads as counted above $%7.4f
together                         $%7.4f   through a function URL instead of the API $%.4f
Amazon Personalize               $55.6000 to $150.0000, and a minimum rate around the clock
`, n, page, pageWrite, total(collected)/n, total(collectedWrite)/n, n, total(folded)/n, total(foldedWrite)/n, 1.0, 0.2, 0.0333, reads, 1.2333+reads, 0.2333+reads)
	t.Log("\n" + out)
	if dir := os.Getenv("SHOPKEEPER_OUTPUT"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, "units.txt"), []byte(out), 0o644); err != nil {
			t.Error(err)
		}
	}
	if per := total(collectedWrite) / n; per > 1.01 {
		t.Errorf("an event costs %.2f write units to collect, want 1", per)
	}
}
