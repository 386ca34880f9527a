package ledger

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"shopkeeper/shared/dynamo"
	"shopkeeper/shared/dynamo/dynamotest"
	"shopkeeper/shared/event"
	"shopkeeper/shared/sqlite/sqlitetest"
	"shopkeeper/shared/table"
)

// noon is later than any clock of an engine, so that nothing expires under a test.
var noon = time.Date(2036, 3, 14, 12, 0, 0, 0, time.UTC)

const (
	tea    event.ShopID = "tea"
	spring CampaignID   = "spring"
)

// clock is a time that a test moves.
type clock struct {
	sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.Lock()
	defer c.Unlock()
	return c.at
}

func (c *clock) move(d time.Duration) {
	c.Lock()
	defer c.Unlock()
	c.at = c.at.Add(d)
}

// engines are what the ledger is tested on.
var engines = map[string]func(t *testing.T) table.Store{
	"sqlite": func(t *testing.T) table.Store { return sqlitetest.Open(t, nil) },
	"dynamo": func(t *testing.T) table.Store {
		cfg := dynamotest.Start(t)
		return dynamo.Open(cfg, dynamotest.CreateTables(t, cfg, Table), nil)
	},
}

// onEngines runs a test on every engine.
func onEngines(t *testing.T, test func(t *testing.T, tables table.Store)) {
	for name, open := range engines {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func person(n int) event.PersonID { return event.PersonID(fmt.Sprintf("p_%04d", n)) }

func planned(n int) Row {
	return Row{Shop: tea, Campaign: spring, Person: person(n), State: Planned, Variant: "a"}
}

// plan stores planned rows and returns them as they are stored.
func plan(t *testing.T, s *Store, rows ...Row) []Row {
	t.Helper()
	if _, err := s.Plan(t.Context(), rows...); err != nil {
		t.Fatal(err)
	}
	for i, r := range rows {
		rows[i] = get(t, s, r)
	}
	return rows
}

func get(t *testing.T, s *Store, r Row) Row {
	t.Helper()
	got, err := s.Get(t.Context(), r.Shop, r.Campaign, r.Person, r.Step)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// claimed claims rows for a minute.
func claimed(t *testing.T, s *Store, rows ...Row) []Row {
	t.Helper()
	claims := make([]Claim, len(rows))
	for i, r := range rows {
		claims[i] = Claim{Row: r, By: "w", Lease: s.now().Add(time.Minute)}
	}
	x, err := s.Exchange(t.Context(), nil, claims)
	if err != nil || len(x.Claimed) != len(rows) {
		t.Fatalf("claimed %d of %d: %+v, %v", len(x.Claimed), len(rows), x.Refused, err)
	}
	return x.Claimed
}
