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
