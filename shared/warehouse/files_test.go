package warehouse

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/parquetrows"
)

func TestFilesAreReadAsWritten(t *testing.T) {
	files := folderOf(t)
	want := []decayRow{{1, 2, 3}, {4, 5, 6}}
	for n, name := range []string{"place/b", "place/a.parquet"} {
		if err := Put(t.Context(), files, name, want[n:n+1]); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"place/.hidden", "place/_SUCCESS", "place2/x"} { // the engine's own, and another's
		if _, err := files.Put(t.Context(), name, strings.NewReader("no Parquet")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := files.Put(t.Context(), "place/empty", strings.NewReader("")); err != nil {
		t.Fatal(err)
	}
	var got []decayRow
	err := Read(t.Context(), files, "place/", func(rows []decayRow) error {
		got = append(got, rows...)
		return nil
	})
	slices.SortFunc(got, func(a, b decayRow) int { return int(a.Hours - b.Hours) })
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v, rows (-want +got):\n%s", err, diff)
	}
	err = Read(t.Context(), files, "place2/", func([]decayRow) error { return nil })
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "place2/x") {
		t.Errorf("a file that is none: %v", err)
	}
}

// FuzzDecode reads what is no Parquet, or Parquet of others: an error or rows, never a panic.
func FuzzDecode(f *testing.F) {
	var good bytes.Buffer
	w := parquet.NewGenericWriter[heatRow](&good)
	if _, err := w.Write([]heatRow{{1, 2, 3, 4}, {}}); err != nil {
		f.Fatal(err)
	}
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add(good.Bytes())
	f.Add([]byte("PAR1PAR1"))
	f.Add([]byte{})
	f.Add(good.Bytes()[:good.Len()/2])
	damagedFile := bytes.Clone(good.Bytes())
	damagedFile[len(damagedFile)/3] ^= 0x55
	f.Add(damagedFile)
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) > 1<<16 {
			t.Skip()
		}
		rows := 0
		err := parquetrows.Read(body, fault.Unavailable, damaged, func(some []heatRow) error {
			if rows += len(some); rows > 1<<20 {
				t.Skip() // a file may say that it has very many rows of nothing
			}
			return nil
		})
		if err != nil && !fault.Is(err, fault.Unavailable) {
			t.Errorf("%v is not Unavailable", err)
		}
	})
}
