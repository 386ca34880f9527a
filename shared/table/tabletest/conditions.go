package tabletest

import (
	"testing"

	"shopkeeper/shared/table"
)

var conditionCases = []storeCase{
	{"if absent holds once", func(t *testing.T, h *harness) {
		h.write(t, table.Put(item(key("a"), `{"n":1}`), table.IfAbsent()))
		stored := versioned(1, item(key("a"), `{"n":1}`))
		h.wantConflict(t, 0, &stored, table.Put(item(key("a"), `{"n":2}`), table.IfAbsent()))
		h.want(t, stored)
	}},
	{"if version holds for that version only", func(t *testing.T, h *harness) {
		h.create(t, key("a"), `{"n":1}`)
		h.write(t, table.Put(item(key("a"), `{"n":2}`), table.IfVersion(1)))
		stored := versioned(2, item(key("a"), `{"n":2}`))
		h.wantConflict(t, 0, &stored, table.Put(item(key("a"), `{"n":3}`), table.IfVersion(1)))
		h.wantConflict(t, 0, &stored, table.Put(item(key("a"), `{"n":3}`), table.IfVersion(3)))
		h.want(t, stored)
	}},
	{"if version never holds for an absent item", func(t *testing.T, h *harness) {
		h.wantConflict(t, 0, nil, table.Put(item(key("a"), `{}`), table.IfVersion(1)))
		h.wantConflict(t, 0, nil, table.Put(item(key("a"), `{}`), table.IfVersion(0)))
		h.wantConflict(t, 0, nil, table.Delete(key("a"), table.IfVersion(1)))
		h.wantAbsent(t, key("a"))
	}},
	{"a removal keeps to its condition", func(t *testing.T, h *harness) {
		h.create(t, key("a"), `{"n":1}`)
		stored := versioned(1, item(key("a"), `{"n":1}`))
		h.wantConflict(t, 0, &stored, table.Delete(key("a"), table.IfVersion(2)))
		h.wantConflict(t, 0, &stored, table.Delete(key("a"), table.IfAbsent()))
		h.write(t, table.Delete(key("a"), table.IfVersion(1)))
		h.wantAbsent(t, key("a"))
		h.write(t, table.Delete(key("a"), table.IfAbsent()))
	}},
	{"a check holds the others to its condition and writes nothing", func(t *testing.T, h *harness) {
		h.create(t, key("guard"), `{"n":1}`)
		guard := versioned(1, item(key("guard"), `{"n":1}`))
		h.write(t, table.Check(key("guard"), table.IfVersion(1)), table.Put(item(key("a"), `{}`), table.Always()))
		h.want(t, guard)
		h.wantConflict(t, 1, &guard, table.Put(item(key("a"), `{"n":2}`), table.Always()), table.Check(key("guard"), table.IfAbsent()))
		h.wantConflict(t, 0, nil, table.Check(key("no guard"), table.IfVersion(1)), table.Put(item(key("a"), `{"n":2}`), table.Always()))
		h.want(t, versioned(1, item(key("a"), `{}`)))
		h.write(t, table.Check(key("no guard"), table.IfAbsent()), table.Put(item(key("a"), `{"n":3}`), table.Always()))
		h.want(t, versioned(2, item(key("a"), `{"n":3}`)))
	}},
	{"a check without condition holds", func(t *testing.T, h *harness) {
		h.write(t, table.Check(key("no guard"), table.Always()), table.Put(item(key("a"), `{}`), table.Always()))
		h.want(t, versioned(1, item(key("a"), `{}`)))
	}},
	{"one failed condition undoes all, across tables", func(t *testing.T, h *harness) {
		k := table.Key{Table: beta, Partition: "other", Sort: "b"}
		h.put(t, k, `{"n":1}`)
		h.put(t, key("kept"), `{"n":1}`)
		stored := versioned(1, item(k, `{"n":1}`))
		h.wantConflict(t, 2, &stored,
			table.Put(item(key("a"), `{}`), table.Always()),
			table.Delete(key("kept"), table.Always()),
			table.Put(item(k, `{"n":2}`), table.IfAbsent()))
		h.wantAbsent(t, key("a"))
		h.want(t, versioned(1, item(key("kept"), `{"n":1}`)))
		h.want(t, stored)
	}},
	{"the first failed op is named", func(t *testing.T, h *harness) {
		h.put(t, key("b"), `{}`)
		h.put(t, key("c"), `{}`)
		stored := versioned(1, item(key("b"), `{}`))
		h.wantConflict(t, 1, &stored,
			table.Put(item(key("a"), `{}`), table.IfAbsent()),
			table.Put(item(key("b"), `{}`), table.IfAbsent()),
			table.Put(item(key("c"), `{}`), table.IfAbsent()))
	}},
	{"a key twice in one write is refused", func(t *testing.T, h *harness) {
		wantInvalid(t, h.Write(t.Context(),
			table.Put(item(key("a"), `{"n":1}`), table.Always()), table.Put(item(key("a"), `{"n":2}`), table.Always())))
		wantInvalid(t, h.Write(t.Context(),
			table.Check(key("a"), table.IfAbsent()), table.Put(item(key("a"), `{"n":2}`), table.Always())))
		wantInvalid(t, h.PutAll(t.Context(), item(key("a"), `{"n":1}`), item(key("a"), `{"n":2}`)))
		h.wantAbsent(t, key("a"))
	}},
}
