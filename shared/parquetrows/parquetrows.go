// Package parquetrows reads the rows of Parquet files that may be damaged: the library reports some damage by a panic, which is a fault here.
package parquetrows

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"

	"shopkeeper/shared/fault"
)

// step is how many rows are handed over at once.
const step = 2048

// Read hands a file's rows to each, some thousands at a time. Columns are matched by name; one that the file has not is zero. A damaged file is a fault of the given kind that says what is
// damaged. The rows belong to Read again when each returns.
func Read[T any](body []byte, kind fault.Kind, damaged string, each func([]T) error) error {
	reader, err := open[T](body)
	if err != nil {
		return fault.Wrap(kind, err, damaged)
	}
	defer reader.Close() //nolint:errcheck // it holds nothing but memory
	buf := make([]T, step)
	for {
		n, err := next(reader, buf)
		if n > 0 {
			if err := each(buf[:n]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fault.Wrap(kind, err, damaged)
		}
		clear(buf)
	}
}

func open[T any](body []byte) (r *parquet.GenericReader[T], err error) {
	defer caught(&err)
	f, err := parquet.OpenFile(bytes.NewReader(body), int64(len(body)), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, err
	}
	return parquet.NewGenericReader[T](f), nil
}

func next[T any](r *parquet.GenericReader[T], buf []T) (n int, err error) {
	defer caught(&err)
	return r.Read(buf)
}

func caught(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("parquet: %v", p)
	}
}
