package parquetrows

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"shopkeeper/shared/fault"
)

type row struct {
	Name string `parquet:"name,dict"`
	N    int64  `parquet:"n"`
}

func file(t *testing.T, rows []row) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := parquet.Write(&out, rows); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestRead(t *testing.T) {
	var want []row
	for n := range 2*step + 7 {
		want = append(want, row{[]string{"a", "b", "c"}[n%3], int64(n)})
	}
	var got []row
	if err := Read(file(t, want), fault.Internal, "broken", func(rows []row) error { got = append(got, rows...); return nil }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	enough := errors.New("enough")
	if err := Read(file(t, want), fault.Internal, "broken", func([]row) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("what each says is %v", err)
	}
	if err := Read(file(t, nil), fault.Internal, "broken", func([]row) error { return enough }); err != nil {
		t.Errorf("a file without rows: %v", err)
	}
}

func TestReadDamagedFiles(t *testing.T) {
	whole := file(t, []row{{"a", 1}, {"b", 2}})
	for at := range whole {
		body := bytes.Clone(whole)
		body[at] ^= 0xff
		if err := Read(body, fault.Unavailable, "broken", func([]row) error { return nil }); err != nil && !fault.Is(err, fault.Unavailable) {
			t.Fatalf("byte %d: %v", at, err)
		}
	}
	for _, body := range [][]byte{nil, []byte("PAR1"), whole[:len(whole)/2]} {
		if err := Read(body, fault.Unavailable, "broken", func([]row) error { return nil }); !fault.Is(err, fault.Unavailable) {
			t.Errorf("%d bytes: %v", len(body), err)
		}
	}
}
