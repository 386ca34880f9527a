package tabletest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/table"
)

var expiryCases = []storeCase{
	{"an item lives until its time", func(t *testing.T, h *harness) {
		it := expiring(item(key("a"), `{"n":1}`), h.clock.Now().Add(time.Hour))
		h.write(t, table.Put(it, table.IfAbsent()))
		h.want(t, versioned(1, it))
		h.clock.Advance(time.Hour - time.Second)
		h.want(t, versioned(1, it))
		h.clock.Advance(time.Second)
		h.wantAbsent(t, key("a"))
	}},
	{"expired items are in no answer", func(t *testing.T, h *harness) {
		for i := range 6 {
			it := item(key(fmt.Sprint(i)), `{}`)
			if i%3 != 1 {
				it.Expires = h.clock.Now().Add(time.Minute)
			}
			h.write(t, table.Put(it, table.Always()))
		}
		h.clock.Advance(time.Hour)
		got, err := h.GetAll(t.Context(), key("0"), key("1"), key("2"), key("4"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"1", "4"}, sorts(byKey(got))); diff != "" {
			t.Errorf("get all (-want +got):\n%s", diff)
		}
		for _, limit := range []int{0, 1, 2} {
			got, _ = h.all(t.Context(), t, table.Query{Table: alpha, Partition: "shop#p", Limit: limit})
			if diff := cmp.Diff([]string{"1", "4"}, sorts(got)); diff != "" {
				t.Errorf("query by %d (-want +got):\n%s", limit, diff)
			}
		}
	}},
	{"an expired item counts as absent in conditions", func(t *testing.T, h *harness) {
		for _, k := range []string{"a", "b", "c", "d"} {
			h.write(t, table.Put(expiring(item(key(k), `{"n":1}`), h.clock.Now().Add(time.Minute)), table.IfAbsent()))
		}
		h.clock.Advance(time.Hour)
		h.wantConflict(t, 0, nil, table.Put(item(key("a"), `{"n":2}`), table.IfVersion(1)))
		h.wantConflict(t, 0, nil, table.Delete(key("a"), table.IfVersion(1)))
		h.wantConflict(t, 0, nil, table.Check(key("a"), table.IfVersion(1)))
		h.write(t, table.Put(item(key("a"), `{"n":2}`), table.IfAbsent()))
		h.write(t, table.Check(key("b"), table.IfAbsent()), table.Delete(key("c"), table.IfAbsent()), table.Put(item(key("d"), `{"n":2}`), table.Always()))
		for _, k := range []string{"a", "d"} {
			got, err := h.Get(t.Context(), key(k), table.Strong)
			if err != nil || !sameBody(got.Body, []byte(`{"n":2}`)) || !got.Expires.IsZero() {
				t.Errorf("after expiry %s = %+v, %v; want the new item, without expiry", k, got, err)
			}
		}
	}},
	{"a put changes or lifts the expiry", func(t *testing.T, h *harness) {
		soon, later := h.clock.Now().Add(time.Minute), h.clock.Now().Add(3*time.Hour)
		h.write(t, table.Put(expiring(item(key("longer"), `{}`), soon), table.Always()), table.Put(expiring(item(key("forever"), `{}`), soon), table.Always()))
		h.write(t, table.Put(expiring(item(key("longer"), `{}`), later), table.Always()), table.Put(item(key("forever"), `{}`), table.Always()))
		h.clock.Advance(time.Hour)
		h.want(t, versioned(2, expiring(item(key("longer"), `{}`), later)))
		h.want(t, versioned(2, item(key("forever"), `{}`)))
	}},
	{"an item may be stored expired", func(t *testing.T, h *harness) {
		h.write(t, table.Put(expiring(item(key("a"), `{}`), h.clock.Now().Add(-time.Hour)), table.Always()))
		h.wantAbsent(t, key("a"))
	}},
	{"expiry has the precision of a second", func(t *testing.T, h *harness) {
		at := h.clock.Now().Add(time.Hour)
		h.write(t, table.Put(expiring(item(key("a"), `{}`), at.Add(700*time.Millisecond)), table.Always()))
		h.want(t, versioned(1, expiring(item(key("a"), `{}`), at)))
	}},
}
