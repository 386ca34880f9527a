package ingest

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDataOnlineRetail imports the real file, when it is at hand.
func TestDataOnlineRetail(t *testing.T) {
	data := os.Getenv("SHOPKEEPER_DATA")
	if data == "" {
		t.Skip("SHOPKEEPER_DATA is not set")
	}
	path := filepath.Join(data, "online-retail", "online_retail_II_2009-2010.csv.gz")
	w := newWorld(t, nil)
	j := Job{Shop: "real", Name: path, As: OnlineRetail, Currency: "GBP", Open: func() (io.ReadCloser, error) { return os.Open(path) }}
	if diff := cmp.Diff(Result{Rows: 525461, Accepted: 518855, Other: 6606, Events: 24678, People: 4318, Items: 4243}, w.load(t, j)); diff != "" {
		t.Errorf("first (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(Result{Rows: 525461, Duplicates: 518855, Other: 6606}, w.load(t, j)); diff != "" {
		t.Errorf("again (-want +got):\n%s", diff)
	}
}
