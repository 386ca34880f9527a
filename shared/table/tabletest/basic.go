package tabletest

import (
	"testing"

	"shopkeeper/shared/table"
)

var basicCases = []storeCase{
	{"an absent item is not found", func(t *testing.T, h *harness) {
		h.wantAbsent(t, key("nothing"))
		items, err := h.GetAll(t.Context(), key("nothing"), key("neither"))
		if err != nil || len(items) != 0 {
			t.Errorf("get all = %v, %v; want none", items, err)
		}
		page, err := h.Query(t.Context(), table.Query{Table: alpha, Partition: "nobody"})
		if err != nil || len(page.Items) != 0 || page.Next != "" {
			t.Errorf("query = %+v, %v; want an empty last page", page, err)
		}
	}},
	{"versions count from one", func(t *testing.T, h *harness) {
		k := key("a")
		for v := int64(1); v <= 3; v++ {
			h.put(t, k, `{"same":true}`)
			h.want(t, versioned(v, item(k, `{"same":true}`)))
		}
	}},
	{"an overwrite replaces the whole body", func(t *testing.T, h *harness) {
		h.put(t, key("a"), `{"x":1,"y":2}`)
		h.put(t, key("a"), `{"y":3}`)
		h.want(t, versioned(2, item(key("a"), `{"y":3}`)))
	}},
	{"the version of the item given is ignored", func(t *testing.T, h *harness) {
		h.write(t, table.Put(versioned(41, item(key("a"), `{}`)), table.Always()))
		h.want(t, versioned(1, item(key("a"), `{}`)))
	}},
	{"a removed item is absent and begins again at version one", func(t *testing.T, h *harness) {
		h.put(t, key("a"), `{"x":1}`)
		h.put(t, key("a"), `{"x":2}`)
		h.write(t, table.Delete(key("a"), table.Always()))
		h.wantAbsent(t, key("a"))
		h.put(t, key("a"), `{"x":3}`)
		h.want(t, versioned(1, item(key("a"), `{"x":3}`)))
	}},
	{"removing what is absent is no error", func(t *testing.T, h *harness) {
		h.write(t, table.Delete(key("a"), table.Always()))
		h.wantAbsent(t, key("a"))
	}},
	{"equal keys in two tables are two items", func(t *testing.T, h *harness) {
		k := key("a")
		k.Table = beta
		h.put(t, key("a"), `{"in":"alpha"}`)
		h.put(t, k, `{"in":"beta"}`)
		h.want(t, versioned(1, item(key("a"), `{"in":"alpha"}`)))
		h.want(t, versioned(1, item(k, `{"in":"beta"}`)))
	}},
	{"one write spans tables and partitions", func(t *testing.T, h *harness) {
		k := table.Key{Table: beta, Partition: "other", Sort: "b"}
		h.create(t, key("gone"), `{}`)
		h.write(t,
			table.Put(item(key("a"), `{"n":1}`), table.IfAbsent()),
			table.Put(item(k, `{"n":2}`), table.Always()),
			table.Delete(key("gone"), table.IfVersion(1)))
		h.want(t, versioned(1, item(key("a"), `{"n":1}`)))
		h.want(t, versioned(1, item(k, `{"n":2}`)))
		h.wantAbsent(t, key("gone"))
	}},
	{"get all reads each key once, whatever the tables", func(t *testing.T, h *harness) {
		k := table.Key{Table: beta, Partition: "other", Sort: "b"}
		h.put(t, key("a"), `{"n":1}`)
		h.put(t, k, `{"n":2}`)
		got, err := h.GetAll(t.Context(), k, key("a"), key("absent"), key("a"))
		if err != nil {
			t.Fatal(err)
		}
		want := []table.Item{versioned(1, item(key("a"), `{"n":1}`)), versioned(1, item(k, `{"n":2}`))}
		if diff := diffItems(want, byKey(got)); diff != "" {
			t.Errorf("items (-want +got):\n%s", diff)
		}
	}},
	{"a write of nothing does nothing", func(t *testing.T, h *harness) {
		h.write(t)
		if err := h.PutAll(t.Context()); err != nil {
			t.Errorf("put all of nothing: %v", err)
		}
		if items, err := h.GetAll(t.Context()); err != nil || len(items) != 0 {
			t.Errorf("get all of nothing = %v, %v", items, err)
		}
	}},
	{"what a read returned stays the caller's", func(t *testing.T, h *harness) {
		h.put(t, key("a"), `{"x":"first"}`)
		for range 2 {
			got, err := h.Get(t.Context(), key("a"), table.Strong)
			if err != nil {
				t.Fatal(err)
			}
			for i := range got.Body {
				got.Body[i] = '!'
			}
		}
		h.want(t, versioned(1, item(key("a"), `{"x":"first"}`)))
	}},
	{"what a write was given stays the caller's", func(t *testing.T, h *harness) {
		it := item(key("a"), `{"x":"first"}`)
		h.write(t, table.Put(it, table.Always()))
		for i := range it.Body {
			it.Body[i] = '!'
		}
		h.want(t, versioned(1, item(key("a"), `{"x":"first"}`)))
	}},
}
