package athena_test

import (
	"testing"

	"shopkeeper/shared/athena/athenatest"
	"shopkeeper/shared/blob"
	"shopkeeper/shared/warehouse"
	"shopkeeper/shared/warehouse/warehousetest"
)

// TestEngine runs the suite on a real Trino server behind Athena's API.
func TestEngine(t *testing.T) {
	warehousetest.Run(t, func(t *testing.T) (warehouse.Engine, blob.Store) {
		w := athenatest.Open(t)
		return w.Engine, w.Files
	})
}
