package tabletest

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

var manyCases = []storeCase{
	{"put all beyond a batch, twice", func(t *testing.T, h *harness) {
		n := 260
		if h.gaps.Slow {
			n = 60
		}
		var items []table.Item
		for i := range n {
			k := table.Key{Table: Tables[i%2], Partition: fmt.Sprintf("shop#%d", i%7), Sort: fmt.Sprintf("%05d", i)}
			items = append(items, item(k, fmt.Sprintf(`{"n":%d}`, i)))
		}
		keys := make([]table.Key, len(items))
		for i := range items {
			keys[i] = items[i].Key
		}
		for round := range int64(2) {
			if err := h.PutAll(t.Context(), items...); err != nil {
				t.Fatal(err)
			}
			got, err := h.GetAll(t.Context(), keys...)
			if err != nil {
				t.Fatal(err)
			}
			for i := range items {
				items[i].Version = round + 1
			}
			if diff := diffItems(byKey(items), byKey(got)); diff != "" {
				t.Fatalf("round %d (-want +got):\n%s", round, diff)
			}
		}
	}},
	{"put all with a bad item is refused", func(t *testing.T, h *harness) {
		wantInvalid(t, h.PutAll(t.Context(), item(key("a"), `{}`), item(key("b"), `[]`)))
		h.wantAbsent(t, key("a"))
	}},
	{"concurrent writers lose no update", func(t *testing.T, h *harness) {
		writers, rounds := 8, 40
		if h.gaps.Slow {
			writers, rounds = 4, 8
		}
		var group sync.WaitGroup
		for range writers {
			group.Go(func() {
				for range rounds {
					if err := increment(t, h, key("counter")); err != nil {
						t.Errorf("increment: %v", err)
						return
					}
				}
			})
		}
		group.Wait()
		n := int64(writers * rounds)
		h.want(t, versioned(n, item(key("counter"), fmt.Sprintf(`{"n":%d}`, n))))
	}},
	{"concurrent first writers: one wins", func(t *testing.T, h *harness) {
		const writers = 8
		won := make(chan int, writers)
		var group sync.WaitGroup
		for i := range writers {
			group.Go(func() {
				err := repeatThrottled(func() error {
					return h.Write(t.Context(), table.Put(item(key("a"), fmt.Sprintf(`{"n":%d}`, i)), table.IfAbsent()))
				})
				switch {
				case err == nil:
					won <- i
				case !fault.Is(err, fault.Conflict):
					t.Errorf("writer %d: %v", i, err)
				}
			})
		}
		group.Wait()
		close(won)
		if len(won) != 1 {
			t.Fatalf("%d writers won", len(won))
		}
		h.want(t, versioned(1, item(key("a"), fmt.Sprintf(`{"n":%d}`, <-won))))
	}},
	{"readers never see half a write", func(t *testing.T, h *harness) {
		rounds := 60
		if h.gaps.Slow {
			rounds = 10
		}
		a, b := key("a"), key("b")
		write := func(n int) error {
			body := fmt.Sprintf(`{"n":%d}`, n)
			return h.Write(t.Context(), table.Put(item(a, body), table.Always()), table.Put(item(b, body), table.Always()))
		}
		if err := write(0); err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		group.Go(func() {
			for n := 1; n <= rounds; n++ {
				if err := repeatThrottled(func() error { return write(n) }); err != nil {
					t.Errorf("write: %v", err)
					return
				}
			}
		})
		for seen := int64(0); seen < int64(rounds) && !t.Failed(); {
			first, errA := count(t, h, a)
			second, errB := count(t, h, b)
			if errA != nil || errB != nil {
				t.Errorf("get: %v, %v", errA, errB)
				break
			}
			if first < seen || second < first {
				t.Errorf("a strong read went back: a %d, then b %d, after %d", first, second, seen)
			}
			seen = second
		}
		group.Wait()
	}},
}

// count is the number in the item, read strongly.
func count(t *testing.T, s table.Store, k table.Key) (int64, error) {
	var state struct {
		N int64 `json:"n"`
	}
	it, err := s.Get(t.Context(), k, table.Strong)
	if err != nil {
		return 0, err
	}
	err = json.Unmarshal(it.Body, &state)
	return state.N, err
}

// increment reads, adds one and writes under the version read, as often as it takes.
func increment(t *testing.T, s table.Store, k table.Key) error {
	for {
		var state struct {
			N int64 `json:"n"`
		}
		cond := table.IfAbsent()
		err := repeatThrottled(func() error {
			it, err := s.Get(t.Context(), k, table.Strong)
			if err != nil {
				return err
			}
			cond = table.IfVersion(it.Version)
			return json.Unmarshal(it.Body, &state)
		})
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		err = repeatThrottled(func() error {
			return s.Write(t.Context(), table.Put(item(k, fmt.Sprintf(`{"n":%d}`, state.N+1)), cond))
		})
		if _, lost := errors.AsType[*table.ConflictError](err); !lost {
			return err
		}
	}
}

// repeatThrottled repeats what an engine asked to repeat. Only Throttled: after Unavailable the outcome is not known.
func repeatThrottled(do func() error) error {
	for {
		if err := do(); !fault.Is(err, fault.Throttled) {
			return err
		}
	}
}
