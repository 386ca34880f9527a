package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/event"
	"shopkeeper/shared/queue"
	"shopkeeper/shared/stream"
	"shopkeeper/shared/table"
)

// folder is the files' place for one shop and day.
type folder struct {
	shop event.ShopID
	date string
}

// Handler archives what is new in the feed of the events table. A repeated batch is harmless. Removals and overwritten events are passed over: an event never changes, and erasing is Forget's
// work. A change that is no event goes to failures and the rest goes on; when files or failures cannot be stored, the whole batch comes again.
func Handler(log *slog.Logger, files blob.Store, failures queue.Queue) stream.Handler {
	return func(ctx context.Context, batch []table.Change) (string, error) {
		rows := map[folder][]Row{}
		seen := map[table.Key]bool{}
		for _, c := range batch {
			if c.Key.Table != event.Table || c.New == nil || c.Old != nil || seen[c.Key] {
				continue
			}
			seen[c.Key] = true
			e, err := event.FromItem(*c.New)
			if err != nil {
				if err := setAside(ctx, log, failures, c, err); err != nil {
					return "", err
				}
				continue
			}
			f := folder{e.Shop, dateOf(e.At)}
			rows[f] = append(rows[f], Rows(e)...)
		}
		for f, r := range rows {
			if _, err := store(ctx, files, f, batch[0].Seq, r); err != nil {
				return "", err
			}
		}
		return "", nil
	}
}

func setAside(ctx context.Context, log *slog.Logger, failures queue.Queue, c table.Change, why error) error {
	body, err := json.Marshal(stream.Poison{Function: "archive", Table: c.Key.Table, Key: c.Key, Seq: c.Seq, Reason: why.Error()})
	if err != nil {
		return fmt.Errorf("encode failure of change %s: %w", c.Seq, err)
	}
	if err := failures.Send(ctx, 0, body); err != nil {
		return fmt.Errorf("set change %s aside: %w", c.Seq, err)
	}
	log.ErrorContext(ctx, "change cannot be archived", "seq", c.Seq, "err", why)
	return nil
}

// Append archives events directly, for history that is written without waiting for the feed. The label takes the sequence's place in file names.
func Append(ctx context.Context, files blob.Store, label string, events ...event.Event) error {
	rows := map[folder][]Row{}
	for _, e := range events {
		f := folder{e.Shop, dateOf(e.At)}
		rows[f] = append(rows[f], Rows(e)...)
	}
	for f, r := range rows {
		if _, err := store(ctx, files, f, label, r); err != nil {
			return err
		}
	}
	return nil
}

// store writes one file and returns its name.
func store(ctx context.Context, files blob.Store, f folder, label string, rows []Row) (string, error) {
	body, err := encode(rows)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(body)
	name := dayPrefix(f.shop, f.date) + safe(label) + "-" + hex.EncodeToString(sum[:8]) + ".parquet"
	if _, err := files.Put(ctx, name, bytes.NewReader(body)); err != nil {
		return "", fmt.Errorf("store %s: %w", name, err)
	}
	return name, nil
}

func encode(rows []Row) ([]byte, error) {
	var out bytes.Buffer
	w := parquet.NewGenericWriter[Row](&out, parquet.Compression(&parquet.Zstd), parquet.CreatedBy("shopkeeper", "1", ""))
	for chunk := range slices.Chunk(rows, 4096) {
		if _, err := w.Write(chunk); err != nil {
			return nil, errors.Join(fmt.Errorf("write parquet: %w", err), w.Close())
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("finish parquet: %w", err)
	}
	return out.Bytes(), nil
}

// safe keeps a sequence to what a file name may hold everywhere.
func safe(label string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '.' || r == '_' {
			return r
		}
		return '_'
	}, label)
}
