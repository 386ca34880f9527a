package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// Table holds one checkpoint for every file ever imported into a shop: partition shop#files, sort key the hash of content, kind and mapping.
const Table table.Name = "imports"

// checkpoint is how far an import is. The batch numbered Batch is counted in it and is stored right after it.
type checkpoint struct {
	File       string        `json:"file"`
	Batch      int           `json:"batch"`
	Done       bool          `json:"done,omitempty"`
	Accepted   int64         `json:"accepted"`
	Duplicates int64         `json:"duplicates"`
	Erased     int64         `json:"erased,omitempty"`
	Events     int64         `json:"events"`
	People     int64         `json:"people"`
	Added      int64         `json:"itemsAdded"`
	Updated    int64         `json:"itemsUpdated"`
	Received   time.Time     `json:"received"` // when the first of the batch's events count as received
	Span       time.Duration `json:"span"`     // from then to the last
	Started    time.Time     `json:"started"`
	At         time.Time     `json:"at"`
}

// fingerprint names a job by what decides its outcome: the file's bytes, the kind, the mapping, currency and time zone.
func fingerprint(job *Job) (string, error) {
	r, err := job.Open()
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	_, err = io.Copy(hash, r)
	if err := errors.Join(err, r.Close()); err != nil {
		return "", fmt.Errorf("read %s: %w", job.Name, err)
	}
	fmt.Fprintf(hash, "\x00%q %q %q", job.As, job.Currency, job.zone().String())
	for _, field := range slices.Sorted(maps.Keys(job.Map)) {
		fmt.Fprintf(hash, " %q=%q", field, job.Map[field])
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

func checkpointKey(shop event.ShopID, fingerprint string) table.Key {
	return table.Key{Table: Table, Partition: table.Partition(string(shop), "files"), Sort: fingerprint}
}

// load is the checkpoint of a file; the zero one when there is none.
func load(ctx context.Context, tables table.Store, k table.Key) (checkpoint, error) {
	var c checkpoint
	it, err := tables.Get(ctx, k, table.Strong)
	if fault.Is(err, fault.NotFound) {
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("read the checkpoint: %w", err)
	}
	if err := json.Unmarshal(it.Body, &c); err != nil {
		return c, fmt.Errorf("decode the checkpoint: %w", err)
	}
	return c, nil
}

func (c checkpoint) save(ctx context.Context, tables table.Store, k table.Key) error {
	body, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("encode the checkpoint: %w", err)
	}
	if err := tables.Write(ctx, table.Put(table.Item{Key: k, Body: body}, table.Always())); err != nil {
		return fmt.Errorf("store the checkpoint: %w", err)
	}
	return nil
}
