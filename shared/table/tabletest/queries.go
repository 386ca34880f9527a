package tabletest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

var queryCases = []storeCase{
	{"ranges", queryRanges},
	{"pages cross every boundary without loss or repeat", func(t *testing.T, h *harness) {
		var want []string
		for i := range 11 {
			k := key(fmt.Sprintf("%02d", i))
			h.put(t, k, `{}`)
			want = append(want, k.Sort)
		}
		for _, limit := range []int{1, 2, 3, 10, 11, 12} {
			for _, descending := range []bool{false, true} {
				got, pages := h.all(t.Context(), t, table.Query{Table: alpha, Partition: "shop#p", Limit: limit, Descending: descending})
				if descending {
					slices.Reverse(got)
				}
				if diff := cmp.Diff(want, sorts(got)); diff != "" {
					t.Errorf("limit %d, descending %t (-want +got):\n%s", limit, descending, diff)
				}
				if least := (len(want) + limit - 1) / limit; pages < least {
					t.Errorf("limit %d: %d pages, at least %d are needed", limit, pages, least)
				}
			}
		}
	}},
	{"pages within a range", func(t *testing.T, h *harness) {
		for i := range 9 {
			h.put(t, key(fmt.Sprintf("x#%d", i)), `{}`)
		}
		h.put(t, key("w"), `{}`)
		h.put(t, key("y"), `{}`)
		q := table.Query{Table: alpha, Partition: "shop#p", Prefix: "x#", From: "x#2", To: "x#6", Limit: 2}
		got, _ := h.all(t.Context(), t, q)
		if diff := cmp.Diff([]string{"x#2", "x#3", "x#4", "x#5", "x#6"}, sorts(got)); diff != "" {
			t.Errorf("ascending (-want +got):\n%s", diff)
		}
		q.Descending = true
		got, _ = h.all(t.Context(), t, q)
		if diff := cmp.Diff([]string{"x#6", "x#5", "x#4", "x#3", "x#2"}, sorts(got)); diff != "" {
			t.Errorf("descending (-want +got):\n%s", diff)
		}
	}},
	{"items come whole", func(t *testing.T, h *harness) {
		h.put(t, key("a"), `{"n":1}`)
		h.put(t, key("a"), `{"n":2}`)
		it := expiring(item(key("b"), `{"n":3}`), h.clock.Now().Add(3600e9))
		h.write(t, table.Put(it, table.Always()))
		got, _ := h.all(t.Context(), t, table.Query{Table: alpha, Partition: "shop#p"})
		if diff := diffItems([]table.Item{versioned(2, item(key("a"), `{"n":2}`)), versioned(1, it)}, got); diff != "" {
			t.Errorf("items (-want +got):\n%s", diff)
		}
	}},
	{"other partitions and tables stay out", func(t *testing.T, h *harness) {
		h.put(t, key("a"), `{}`)
		h.put(t, table.Key{Table: alpha, Partition: "shop#p2", Sort: "a2"}, `{}`)
		h.put(t, table.Key{Table: alpha, Partition: "shop#", Sort: "a3"}, `{}`)
		h.put(t, table.Key{Table: beta, Partition: "shop#p", Sort: "a4"}, `{}`)
		got, _ := h.all(t.Context(), t, table.Query{Table: alpha, Partition: "shop#p"})
		if diff := cmp.Diff([]string{"a"}, sorts(got)); diff != "" {
			t.Errorf("sort keys (-want +got):\n%s", diff)
		}
	}},
	{"more than a megabyte takes several pages", func(t *testing.T, h *harness) {
		var want []string
		for i := range 7 {
			k := key(fmt.Sprintf("%d", i))
			h.put(t, k, `{"fill":"`+strings.Repeat("x", 300<<10)+`"}`)
			want = append(want, k.Sort)
		}
		got, pages := h.all(t.Context(), t, table.Query{Table: alpha, Partition: "shop#p"})
		if diff := cmp.Diff(want, sorts(got)); diff != "" {
			t.Errorf("sort keys (-want +got):\n%s", diff)
		}
		if pages < 2 {
			t.Errorf("%d pages of two megabytes", pages)
		}
	}},
	{"a made-up cursor is invalid", func(t *testing.T, h *harness) {
		h.put(t, key("a"), `{}`)
		for _, cursor := range []string{"x", "!!!", "AAAA", strings.Repeat("Q", 5000)} {
			_, err := h.Query(t.Context(), table.Query{Table: alpha, Partition: "shop#p", Cursor: cursor})
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("cursor %.10q: %v; want Invalid", cursor, err)
			}
		}
	}},
	{"a query without table or partition is invalid", func(t *testing.T, h *harness) {
		for _, q := range []table.Query{{Table: alpha}, {Partition: "p"}, {Table: alpha, Partition: "p", Limit: -1}} {
			_, err := h.Query(t.Context(), q)
			wantInvalid(t, err)
		}
	}},
}

func queryRanges(t *testing.T, h *harness) {
	// Byte order of UTF-8: capitals before small letters, é and 日 after them, the emoji (four bytes) after the private use area (three).
	stored := []string{"A", "Z", "a", "a#1", "a#10", "a#2", "b", "é", "日本", "\ue000", "😀"}
	for _, i := range []int{7, 0, 10, 3, 5, 1, 9, 4, 2, 8, 6} {
		h.put(t, key(stored[i]), `{}`)
	}
	tests := map[string]struct {
		q    table.Query
		want []string
	}{
		"everything in byte order":         {table.Query{}, stored},
		"a prefix":                         {table.Query{Prefix: "a#"}, []string{"a#1", "a#10", "a#2"}},
		"a prefix is itself in":            {table.Query{Prefix: "a"}, []string{"a", "a#1", "a#10", "a#2"}},
		"a prefix beyond ASCII":            {table.Query{Prefix: "日"}, []string{"日本"}},
		"a prefix of four bytes":           {table.Query{Prefix: "😀"}, []string{"😀"}},
		"a prefix of nothing":              {table.Query{Prefix: "c"}, nil},
		"from, inclusive":                  {table.Query{From: "b"}, []string{"b", "é", "日本", "\ue000", "😀"}},
		"to, inclusive":                    {table.Query{To: "a"}, []string{"A", "Z", "a"}},
		"between":                          {table.Query{From: "Z", To: "a#10"}, []string{"Z", "a", "a#1", "a#10"}},
		"between what is not stored":       {table.Query{From: "B", To: "a#11"}, []string{"Z", "a", "a#1", "a#10"}},
		"an empty range":                   {table.Query{From: "b", To: "a"}, nil},
		"a prefix and a lower bound":       {table.Query{Prefix: "a#", From: "a#10"}, []string{"a#10", "a#2"}},
		"a prefix and an upper bound":      {table.Query{Prefix: "a", To: "a#1"}, []string{"a", "a#1"}},
		"a prefix and a bound outside":     {table.Query{Prefix: "a#", From: "A", To: "b"}, []string{"a#1", "a#10", "a#2"}},
		"a prefix and a bound beyond it":   {table.Query{Prefix: "a", From: "b"}, nil},
		"a prefix and a bound in front":    {table.Query{Prefix: "b", To: "a"}, nil},
		"bounds longer than any sort key":  {table.Query{From: strings.Repeat("a", 2000), To: strings.Repeat("b", 2000)}, []string{"b"}},
		"a prefix longer than any":         {table.Query{Prefix: strings.Repeat("a", 2000)}, nil},
		"a lower bound with a prefix only": {table.Query{Prefix: "😀", From: "日"}, []string{"😀"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			q := tt.q
			q.Table, q.Partition = alpha, "shop#p"
			up, _ := h.all(t.Context(), t, q)
			if diff := cmp.Diff(tt.want, sorts(up), itemOptions); diff != "" {
				t.Errorf("ascending (-want +got):\n%s", diff)
			}
			q.Descending = true
			down, _ := h.all(t.Context(), t, q)
			slices.Reverse(down)
			if diff := cmp.Diff(tt.want, sorts(down), itemOptions); diff != "" {
				t.Errorf("descending, reversed (-want +got):\n%s", diff)
			}
		})
	}
}
