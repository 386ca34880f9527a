package privacy

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"mime/quotedprintable"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"

	"shopkeeper/shared/table"
)

// memory is a ground of a few files and records.
type memory struct {
	records map[string]string
	files   map[string][]byte
}

func (memory) Scrub(context.Context, []string) (int, error) { return 0, nil }

func (m memory) Records(_ context.Context, each func(string, []byte) error) error {
	for where, values := range m.records {
		if err := each(where, []byte(values)); err != nil {
			return err
		}
	}
	return nil
}

func (m memory) Files(_ context.Context, each func(string, func() (io.ReadCloser, error)) error) error {
	for name, body := range m.files {
		if err := each(name, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }); err != nil {
			return err
		}
	}
	return nil
}

const word = `Zoë "Tea" #7 <x>@example.org`

func packed(t *testing.T, w io.WriteCloser, out *bytes.Buffer, text string) []byte {
	t.Helper()
	_, err := io.WriteString(w, text)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return slices.Clone(out.Bytes())
}

func TestScanFindsAWordInEveryForm(t *testing.T) {
	wideText := func(s string) (b []byte) {
		for _, u := range utf16.Encode([]rune(s)) {
			b = append(b, byte(u), byte(u>>8))
		}
		return b
	}
	var gz, zs, qp, pq bytes.Buffer
	zw, err := zstd.NewWriter(&zs)
	if err != nil {
		t.Fatal(err)
	}
	type row struct {
		Name string `parquet:"name,dict"`
	}
	w := parquet.NewGenericWriter[row](&pq, parquet.Compression(&parquet.Zstd))
	rows := make([]row, 3000)
	for i := range rows {
		rows[i].Name = strings.Repeat("abc", i%7)
	}
	rows[2500].Name = "before " + word
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("filler ", 1<<18)
	encoded := base64.StdEncoding.EncodeToString([]byte("Dear " + word + ", " + strings.Repeat("well ", 40)))
	var lines strings.Builder
	for part := range slices.Chunk([]byte(encoded), 76) {
		lines.Write(part)
		lines.WriteString("\r\n")
	}
	files := map[string][]byte{
		"plain":                          []byte("a" + word + "b"),
		"escaped for HTML in JSON":       []byte(jsonText(word, true)),
		"escaped for JSON":               []byte(jsonText(word, false)),
		"in a key":                       []byte(table.Partition("shop", word)),
		"in a query":                     []byte("?q=" + url.QueryEscape(word)),
		"in UTF-16":                      wideText("x" + word),
		"in base64":                      []byte(base64.StdEncoding.EncodeToString([]byte(word))),
		"in base64, one byte later":      []byte(base64.StdEncoding.EncodeToString([]byte("x" + word))),
		"in base64, two bytes later":     []byte(base64.RawURLEncoding.EncodeToString([]byte("xy" + word + "z"))),
		"packed.gz":                      packed(t, gzip.NewWriter(&gz), &gz, "x"+word),
		"packed.zst":                     packed(t, zw, &zs, "x"+word),
		"rows.parquet":                   pq.Bytes(),
		"quoted.eml":                     append([]byte("Subject: x\r\n\r\n"), packed(t, quotedprintable.NewWriter(&qp), &qp, strings.Repeat("y ", 30)+word)...),
		"base64.eml":                     []byte("Subject: x\r\nContent-Transfer-Encoding: base64\r\n\r\n" + lines.String() + "\r\n--end"),
		"across two windows":             []byte(long[:window-len(word)/2] + word + long[:1000]),
		"at the very end of a window":    []byte(long[:window-len(word)] + word),
		"nothing of it":                  []byte("Zoe Tea 7 example.org"),
		"broken.gz":                      {0x1f, 0x8b, 0x08},
		"broken.parquet":                 []byte("PAR1 and no more"),
		"empty":                          nil,
		"another word that is too short": []byte("short"),
	}
	found := []string{"table people"}
	for name := range files {
		if !slices.Contains([]string{"nothing of it", "broken.gz", "broken.parquet", "empty", "another word that is too short"}, name) {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	s, err := Scan(t.Context(), memory{map[string]string{"table people": "x\n" + word, "table events": "y"}, files}, []string{word, "short", " ", word})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range s.Found {
		got = append(got, f.Where)
	}
	if diff := cmp.Diff(found, got); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}
	if s.Words != 1 || s.Files != len(files) || s.Records != 2 || s.Clean() {
		t.Errorf("scanned %+v", s)
	}
}

func TestScanFoldsLetters(t *testing.T) {
	s, err := Scan(t.Context(), memory{files: map[string][]byte{"a": []byte("ZOE@EXAMPLE.ORG")}}, []string{"Zoe@example.org"})
	if err != nil || s.Clean() {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestStrip(t *testing.T) {
	sub := Subject{
		Person: "p_1234567", Users: []string{"42"}, Emails: []string{"ann@example.org"}, Phones: []string{"+44 20 7946 0018"}, Needles: []string{"p_1234567", "ann@example.org"},
	}
	tests := map[string]struct {
		in, want string
		removed  int
	}{
		"rows of CSV":                {"user,email\n42,x@y\n142,b@example.org\n7,Ann@Example.org\n", "user,email\n142,b@example.org\n", 2},
		"records over several lines": {"a,b\n\"one\ntwo, ann@example.org\n\",c\n\"three\nfour\",d\n", "a,b\n\"three\nfour\",d\n", 1},
		"an open quote":              {"a,b\n\"open,42\n7,8\n", "a,b\n7,8\n", 1},
		"NDJSON":                     {`{"userId":"42"}` + "\n" + `{"userId":"43","n":4.2}` + "\n", `{"userId":"43","n":4.2}` + "\n", 1},
		"a number in another form":   {"p\n+442079460018\n02079460019\n", "p\n02079460019\n", 1},
		"no line break at the end":   {"a\n42", "a\n", 1},
		"Windows-1252":               {"n,m\nZo\xeb,42\nRen\xe9,b\n", "n,m\nRené,b\n", 1},
		"nothing of them":            {"a,b\n1,2\n", "a,b\n1,2\n", 0},
		"nothing":                    {"", "", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			left, n, err := NewStripper(sub).Strip(strings.NewReader(tt.in))
			if err != nil || n != tt.removed || string(left) != tt.want {
				t.Errorf("%d removed, %q left, %v; want %d and %q", n, left, err, tt.removed, tt.want)
			}
		})
	}
}

// FuzzStrip holds the stripper to this: what is left names the subject nowhere, and nothing else is lost of a file of plain lines.
func FuzzStrip(f *testing.F) {
	for _, s := range []string{"a,ann@example.org\nb\n", "\"ann@example.org", "\"\n\"\nann@example.org", "\x1f\x8b", "{\"a\":\"ANN@example.org\"}"} {
		f.Add([]byte(s))
	}
	strip := NewStripper(Subject{Emails: []string{"ann@example.org"}, Needles: []string{"ann@example.org"}})
	f.Fuzz(func(t *testing.T, in []byte) {
		left, n, err := strip.Strip(bytes.NewReader(in))
		if err != nil {
			return
		}
		if bytes.Contains(bytes.ToLower(left), []byte("ann@example.org")) {
			t.Errorf("left %q", left)
		}
		if again, more, err := strip.Strip(bytes.NewReader(left)); n == 0 && err == nil && more == 0 && !bytes.Equal(again, left) && bytes.ContainsAny(left, "\n") && left[0] < 0x80 && left[0] != 0x1f && left[0] != 0x28 {
			t.Errorf("stripping again left %q of %q", again, left)
		}
	})
}
