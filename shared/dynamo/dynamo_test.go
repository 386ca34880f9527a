package dynamo_test

import (
	"testing"
	"time"

	"shopkeeper/shared/dynamo"
	"shopkeeper/shared/dynamo/dynamotest"
	"shopkeeper/shared/table"
	"shopkeeper/shared/table/tabletest"
)

func open(t testing.TB, now func() time.Time) *dynamo.Store {
	cfg := dynamotest.Start(t)
	return dynamo.Open(cfg, dynamotest.CreateTables(t, cfg, tabletest.Tables...), &dynamo.Options{Now: now})
}

func TestStore(t *testing.T) {
	tabletest.Store(t, func(t *testing.T, now func() time.Time) table.Store { return open(t, now) }, tabletest.Gaps{Slow: true})
}

func TestFeed(t *testing.T) {
	tabletest.Feed(t, func(t *testing.T, now func() time.Time) tabletest.Fed {
		cfg := dynamotest.Start(t)
		const marks table.Name = "marks"
		tables := dynamotest.CreateTables(t, cfg, append(tabletest.Tables, marks)...)
		store := dynamo.Open(cfg, tables, &dynamo.Options{Now: now})
		open := func() *dynamo.Feed { return dynamo.OpenFeed(cfg, tables, tabletest.Tables[0], store, marks) }
		return tabletest.Fed{Store: store, Feed: open(), Reopen: func(*testing.T) table.Feed { return open() }}
	}, tabletest.Gaps{Slow: true})
}

func BenchmarkStore(b *testing.B) {
	tabletest.Benchmark(b, func(b *testing.B) table.Store { return open(b, time.Now) })
}
