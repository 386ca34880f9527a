package ingest

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/fault"
)

// readAll is every row as "line: a|b", or "line: reason".
func readAll(text string) ([]string, error) {
	rows, err := openRows(strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	var got []string
	for {
		r, err := rows.next()
		if errors.Is(err, io.EOF) {
			return got, nil
		}
		if broken, ok := errors.AsType[*rowError](err); ok {
			got = append(got, fmt.Sprintf("%d: %s", broken.Line, broken.Reason))
			continue
		}
		if err != nil {
			return got, err
		}
		got = append(got, fmt.Sprintf("%d: %s", r.line, strings.Join(r.values, "|")))
	}
}

func TestCSV(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		want []string
	}{
		"plain":                           {"a,b\n1,2\n3,4", []string{"2: 1|2", "3: 3|4"}},
		"semicolons":                      {"a;b\n1;2,5\n", []string{"2: 1|2,5"}},
		"tabs":                            {"a\tb\n1\t2\n", []string{"2: 1|2"}},
		"blank lines":                     {"\n\na,b\n\n1,2\n\n", []string{"5: 1|2"}},
		"quotes":                          {"a,b\n\"1, \"\"one\"\"\",2\n", []string{`2: 1, "one"|2`}},
		"a quote inside a field":          {"a,b\n7\" frame,2\n", []string{`2: 7" frame|2`}},
		"a field over two lines":          {"a,b\n\"1\nx\",2\n3,4\n", []string{"2: 1\nx|2", "4: 3|4"}},
		"empty quotes":                    {"a,b\n\"\",\n", []string{"2: |"}},
		"text after a quote":              {"a,b\n\"1\"x,2\n3,4\n", []string{"2: text follows a closing quote", "3: 3|4"}},
		"a quote never closed":            {"a,b\n\"1,2\n3,4\n5,6\n", []string{"2: a quote is opened and not closed", "3: 3|4", "4: 5|6"}},
		"a quote closed by the next line": {"a,b\n\"1,2\n3,\"4\"\n5,6\n", []string{"2: a quote is opened and not closed", "3: 3|4", "4: 5|6"}},
		"too few fields":                  {"a,b\n1\n", []string{"2: has 1 fields, the header has 2"}},
		"not UTF-8":                       {"a,b\n\xff,2\n3,4\n", []string{"2: is not valid UTF-8", "3: 3|4"}},
		"a line without end":              {"a,b\n" + strings.Repeat("x", maxLine+1) + "\n3,4\n", []string{"2: the line is longer than 1 MB", "3: 3|4"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := readAll(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzRows(f *testing.F) {
	f.Add("a,b\n1,2\n\"3\"\"\",4\n")
	f.Add("{\"a\":{\"b\":1}}\n{\n")
	f.Add("a;b\n\"1\n2\";3\n\"")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := readAll(text)
		if err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("%v, want Invalid or rows", err)
		}
		if most := strings.Count(text, "\n") + 1; len(got) > most {
			t.Errorf("%d rows of %d lines", len(got), most)
		}
	})
}

func FuzzImport(f *testing.F) {
	f.Add("order,item,time,price,quantity\n1,T1,2026-01-01,12.50,2\n", uint8(0))
	f.Add("id,title,price,url\nT1,Teapot,\"1,250.00\",/p\n", uint8(2))
	f.Add(retailFile, uint8(5))
	f.Add("user,email,time\nc1,a@example.com,1769940000\n", uint8(3))
	kinds := []Kind{Orders, Events, Items, Customers, Contacts, OnlineRetail}
	f.Fuzz(func(t *testing.T, text string, kind uint8) {
		rows, err := openRows(strings.NewReader(text))
		if err != nil {
			return
		}
		j := Job{Shop: "a", As: kinds[int(kind)%len(kinds)], Currency: "GBP"}
		bound, err := bind(j.As, nil, rows.header)
		if err != nil {
			return
		}
		emitted, kept := 0, 0
		emit := func(u unit) error {
			if u.event != nil && (u.event.ID == "" || len(u.event.ID) > 120) {
				t.Errorf("event id %q", u.event.ID)
			}
			if u.item != nil {
				if err := u.item.Validate(""); err != nil {
					t.Errorf("item %q: %v", u.item.ID, err)
				}
			}
			emitted += u.rows
			return nil
		}
		in := &reader{bound: bound, zone: j.zone(), currency: j.Currency}
		build := newBuilder(&j)
		for {
			r, err := rows.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				continue
			}
			in.row, in.wrong = r, nil
			ok, err := build.add(in, emit)
			if err != nil {
				t.Fatal(err)
			}
			if ok && !in.rejected() {
				kept++
			}
		}
		if err := build.end(emit); err != nil {
			t.Fatal(err)
		}
		if emitted != kept {
			t.Errorf("%d rows were kept, the messages stand for %d", kept, emitted)
		}
	})
}
