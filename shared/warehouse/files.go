package warehouse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/parquet-go/parquet-go"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/parquetrows"
)

const listPage = 1000

// Put stores rows as one Parquet file.
func Put[T any](ctx context.Context, files blob.Store, name string, rows []T) error {
	var out bytes.Buffer
	w := parquet.NewGenericWriter[T](&out, parquet.Compression(&parquet.Zstd), parquet.CreatedBy("shopkeeper", "1", ""))
	_, err := w.Write(rows)
	if err := errors.Join(err, w.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if _, err := files.Put(ctx, name, &out); err != nil {
		return fmt.Errorf("store %s: %w", name, err)
	}
	return nil
}

// Read hands the rows of all files of a place to each, some thousands at a time, in no order. Columns are matched by name; one that a file has not is zero. Files whose names
// begin with a dot or an underscore are the engine's own. Memory: one file.
func Read[T any](ctx context.Context, files blob.Store, place string, each func([]T) error) error {
	return list(ctx, files, place, func(f blob.Info) error {
		if base := path.Base(f.Name); f.Size == 0 || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
			return nil
		}
		r, _, err := files.Open(ctx, f.Name)
		if err != nil {
			return fmt.Errorf("open %s: %w", f.Name, err)
		}
		body, err := io.ReadAll(r)
		if err := errors.Join(err, r.Close()); err != nil {
			return fmt.Errorf("read %s: %w", f.Name, err)
		}
		if err := parquetrows.Read(body, fault.Unavailable, damaged, each); err != nil {
			return fmt.Errorf("read %s: %w", f.Name, err)
		}
		return nil
	})
}

// list calls each for the files whose names begin with prefix.
func list(ctx context.Context, files blob.Store, prefix string, each func(blob.Info) error) error {
	for after := ""; ; {
		page, err := files.List(ctx, prefix, after, listPage)
		if err != nil {
			return fmt.Errorf("list %s: %w", prefix, err)
		}
		for _, f := range page {
			if err := each(f); err != nil {
				return err
			}
			after = f.Name
		}
		if len(page) < listPage {
			return nil
		}
	}
}

// remove deletes the files whose names begin with prefix.
func remove(ctx context.Context, files blob.Store, prefix string) error {
	return list(ctx, files, prefix, func(f blob.Info) error { return files.Delete(ctx, f.Name) })
}

// damaged says what a file is that cannot be read; the engine can make another.
const damaged = "a file of the warehouse is damaged"
