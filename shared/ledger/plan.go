package ledger

import (
	"context"
	"fmt"
	"slices"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// Plan writes the rows that are not there yet and returns how many it wrote; a row that is there stays as it is, so that planning again is harmless. Rows are
// planned or suppressed, nothing else (Conflict). After an error some may have been written.
func (s *Store) Plan(ctx context.Context, rows ...Row) (added int, err error) {
	for _, r := range rows {
		if !CanMove("", r.State) {
			return 0, illegal("", r.State)
		}
	}
	return s.begin(ctx, rows)
}

// Record is Plan for the rows of a campaign that has been run elsewhere: they may be in any state, but for claimed.
func (s *Store) Record(ctx context.Context, rows ...Row) (added int, err error) {
	for _, r := range rows {
		if _, known := moves[r.State]; !known || r.State == Claimed || r.State == "" {
			return 0, illegal("", r.State)
		}
	}
	return s.begin(ctx, rows)
}

func (s *Store) begin(ctx context.Context, rows []Row) (added int, err error) {
	items := make([]table.Item, 0, len(rows))
	seen := make(map[table.Key]bool, len(rows))
	at := s.stamp(s.now())
	for _, r := range rows {
		if r.Person == "" || r.Step < 0 {
			return 0, fault.InvalidField("person", "a row needs a person and a step")
		}
		if r.State == Suppressed && r.Why == "" {
			return 0, fault.InvalidField("why", "a suppressed row says why")
		}
		if r.At.IsZero() {
			r.At = at
		}
		if r.PlannedAt.IsZero() {
			r.PlannedAt = r.At
		}
		it, err := r.item()
		if err != nil {
			return 0, err
		}
		if !seen[it.Key] {
			seen[it.Key] = true
			items = append(items, it)
		}
	}
	for some := range slices.Chunk(items, table.MaxWriteOps) {
		n, err := s.insert(ctx, some)
		added += n
		if err != nil {
			return added, fmt.Errorf("plan %d rows: %w", len(rows), err)
		}
	}
	return added, nil
}

// insert stores those items that are not there: all at once, or without those that are there, or one by one where others insert at the same time.
func (s *Store) insert(ctx context.Context, items []table.Item) (int, error) {
	err := s.tables.Write(ctx, inserts(items)...)
	if err == nil || !fault.Is(err, fault.Conflict) {
		return count(len(items), err), err
	}
	keys := make([]table.Key, len(items))
	for i, it := range items {
		keys[i] = it.Key
	}
	there, err := s.tables.GetAll(ctx, keys...)
	if err != nil {
		return 0, err
	}
	known := make(map[table.Key]bool, len(there))
	for _, it := range there {
		known[it.Key] = true
	}
	missing := slices.DeleteFunc(slices.Clone(items), func(it table.Item) bool { return known[it.Key] })
	err = s.tables.Write(ctx, inserts(missing)...)
	if err == nil || !fault.Is(err, fault.Conflict) {
		return count(len(missing), err), err
	}
	added := 0
	for _, it := range missing {
		switch err := s.tables.Write(ctx, table.Put(it, table.IfAbsent())); {
		case err == nil:
			added++
		case !fault.Is(err, fault.Conflict):
			return added, err
		}
	}
	return added, nil
}

func inserts(items []table.Item) []table.Op {
	ops := make([]table.Op, len(items))
	for i, it := range items {
		ops[i] = table.Put(it, table.IfAbsent())
	}
	return ops
}

func count(n int, err error) int {
	if err != nil {
		return 0
	}
	return n
}
