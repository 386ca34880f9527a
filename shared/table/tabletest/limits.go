package tabletest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"shopkeeper/shared/table"
)

var limitCases = []storeCase{
	{"odd keys", func(t *testing.T, h *harness) {
		odd := []string{
			"#", "%", "%23", "a#b%c", " ", " a ", "tab\there", "new\nline", "quote'\"`", "日本語", "😀", "e\u0301", "é", "NULL", "0", "-1",
			strings.Repeat("k", table.MaxSortBytes),
		}
		var ops []table.Op
		for i, s := range odd {
			k := table.Key{Table: alpha, Partition: s, Sort: s}
			ops = append(ops, table.Put(item(k, fmt.Sprintf(`{"n":%d}`, i)), table.IfAbsent()))
		}
		h.write(t, ops...)
		for _, op := range ops {
			h.want(t, versioned(1, op.Item))
			got, _ := h.all(t.Context(), t, table.Query{Table: alpha, Partition: op.Item.Key.Partition, Prefix: op.Item.Key.Sort})
			if diff := diffItems([]table.Item{versioned(1, op.Item)}, got); diff != "" {
				t.Errorf("partition %q (-want +got):\n%s", op.Item.Key.Partition, diff)
			}
		}
	}},
	{"the longest keys", func(t *testing.T, h *harness) {
		k := table.Key{Table: alpha, Partition: strings.Repeat("p", table.MaxPartitionBytes), Sort: strings.Repeat("s", table.MaxSortBytes)}
		h.put(t, k, `{}`)
		h.want(t, versioned(1, item(k, `{}`)))
	}},
	{"keys that are refused everywhere", func(t *testing.T, h *harness) {
		for name, k := range map[string]table.Key{
			"no table":           {Partition: "p", Sort: "s"},
			"no partition":       {Table: alpha, Sort: "s"},
			"no sort key":        {Table: alpha, Partition: "p"},
			"partition too long": {Table: alpha, Partition: strings.Repeat("p", table.MaxPartitionBytes+1), Sort: "s"},
			"sort key too long":  {Table: alpha, Partition: "p", Sort: strings.Repeat("s", table.MaxSortBytes+1)},
			"broken UTF-8":       {Table: alpha, Partition: "p", Sort: "\xff"},
		} {
			t.Run(name, func(t *testing.T) {
				_, err := h.Get(t.Context(), k)
				wantInvalid(t, err)
				_, err = h.GetAll(t.Context(), key("a"), k)
				wantInvalid(t, err)
				wantInvalid(t, h.Write(t.Context(), table.Put(item(k, `{}`), table.Always())))
				wantInvalid(t, h.Write(t.Context(), table.Delete(k, table.Always())))
				wantInvalid(t, h.Write(t.Context(), table.Check(k, table.IfAbsent())))
				wantInvalid(t, h.PutAll(t.Context(), item(k, `{}`)))
			})
		}
	}},
	{"the largest item and one byte more", func(t *testing.T, h *harness) {
		largest := filled(key("a"), table.MaxItemBytes)
		h.write(t, table.Put(largest, table.Always()))
		h.want(t, versioned(1, largest))
		over := filled(key("b"), table.MaxItemBytes+1)
		wantInvalid(t, h.Write(t.Context(), table.Put(item(key("c"), `{}`), table.Always()), table.Put(over, table.Always())))
		wantInvalid(t, h.PutAll(t.Context(), over))
		h.wantAbsent(t, key("b"))
		h.wantAbsent(t, key("c"))
	}},
	{"a hundred ops and one more", func(t *testing.T, h *harness) {
		var ops []table.Op
		for i := range table.MaxWriteOps {
			ops = append(ops, table.Put(item(key(fmt.Sprintf("%03d", i)), `{}`), table.IfAbsent()))
		}
		wantInvalid(t, h.Write(t.Context(), append(ops, table.Put(item(key("more"), `{}`), table.Always()))...))
		h.wantAbsent(t, key("000"))
		h.write(t, ops...)
		if got, _ := h.all(t.Context(), t, table.Query{Table: alpha, Partition: "shop#p"}); len(got) != len(ops) {
			t.Errorf("%d items, want %d", len(got), len(ops))
		}
	}},
	{"a write of more than four megabytes", func(t *testing.T, h *harness) {
		var ops []table.Op
		for i := range 11 {
			ops = append(ops, table.Put(filled(key(fmt.Sprintf("%02d", i)), 390<<10), table.Always()))
		}
		wantInvalid(t, h.Write(t.Context(), ops...))
		h.wantAbsent(t, key("00"))
	}},
	{"more than a thousand keys", func(t *testing.T, h *harness) {
		var keys []table.Key
		for i := range table.MaxReadKeys + 1 {
			keys = append(keys, key(fmt.Sprint(i)))
		}
		_, err := h.GetAll(t.Context(), keys...)
		wantInvalid(t, err)
	}},
}

// filled is an item of exactly that size.
func filled(k table.Key, size int) table.Item {
	body := func(n int) json.RawMessage { return json.RawMessage(`{"fill":"` + strings.Repeat("x", n) + `"}`) }
	rest := size - table.Size(table.Item{Key: k, Body: body(0)})
	return table.Item{Key: k, Body: body(rest)}
}
