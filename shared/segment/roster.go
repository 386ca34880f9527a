package segment

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// entry is a subject on the roster: the segments it is in since when, what of it the nightly reckoning needs, and the news that nobody was told yet. News are written
// with the membership and removed when they are published, so that a crash in between delays them and loses none.
type entry struct {
	In      map[ID]time.Time `json:"in,omitempty"`
	Revenue int64            `json:"rev,omitempty"` // minor units
	News    []news           `json:"news,omitempty"`

	shop    event.ShopID
	subject string
	version int64 // 0: not on the roster
}

// news is one notice to come.
type news struct {
	Segment ID        `json:"id"`
	Entered bool      `json:"in,omitempty"`
	At      time.Time `json:"at"`
	Notice  string    `json:"notice"` // its id, whenever it is told
}

// hash spreads subjects: the shard, and the place within it.
func hash(subject string) (shard int, place string) {
	h := fnv.New64a()
	h.Write([]byte(subject)) // never fails
	x := h.Sum64()
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	return int(x % Shards), fmt.Sprintf("%08x", uint32(x>>32))
}

func rosterPartition(shop event.ShopID, shard int) string {
	return table.Partition(string(shop), "r", fmt.Sprintf("%02d", shard))
}

func rosterKey(shop event.ShopID, subject string) table.Key {
	shard, place := hash(subject)
	return table.Key{Table: Table, Partition: rosterPartition(shop, shard), Sort: table.Partition(place, subject)}
}

func memberPartition(shop event.ShopID, id ID, shard int) string {
	return table.Partition(string(shop), "s", string(id), fmt.Sprintf("%02d", shard))
}

func memberKey(shop event.ShopID, id ID, subject string) table.Key {
	shard, _ := hash(subject)
	return table.Key{Table: Table, Partition: memberPartition(shop, id, shard), Sort: table.Partition(subject)}
}

func decodeEntry(shop event.ShopID, it table.Item) (entry, error) {
	e := entry{shop: shop, version: it.Version}
	parts := table.Split(it.Key.Sort)
	if len(parts) != 2 || json.Unmarshal(it.Body, &e) != nil {
		return e, fault.Newf(fault.Internal, "the roster's entry %s is not readable", it.Key.Sort)
	}
	e.subject = parts[1]
	return e, nil
}

func (e *entry) item() (table.Item, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return table.Item{}, fmt.Errorf("encode roster entry: %w", err)
	}
	return table.Item{Key: rosterKey(e.shop, e.subject), Body: body}, nil
}

// cond is that nobody wrote since the entry was read.
func (e *entry) cond() table.Cond {
	if e.version == 0 {
		return table.IfAbsent()
	}
	return table.IfVersion(e.version)
}

// ids are the segments, in order.
func (e *entry) ids() []ID { return slices.Sorted(maps.Keys(e.In)) }

// entry reads a subject's; version 0 when it is not on the roster.
func (s *Store) entry(ctx context.Context, shop event.ShopID, subject string, opts ...table.ReadOption) (entry, error) {
	it, err := s.tables.Get(ctx, rosterKey(shop, subject), opts...)
	if fault.Is(err, fault.NotFound) {
		return entry{shop: shop, subject: subject}, nil
	}
	if err != nil {
		return entry{}, fmt.Errorf("read roster entry of %s: %w", subject, err)
	}
	return decodeEntry(shop, it)
}

// Of are the segments that a subject is in, in order; none for who is unknown. It is one eventually consistent read.
func (s *Store) Of(ctx context.Context, shop event.ShopID, subject string) ([]ID, error) {
	e, err := s.entry(ctx, shop, subject)
	return e.ids(), err
}

// member is what a membership record holds.
type member struct {
	Since time.Time `json:"since"`
}

const membersPage = 100 // where nobody asks for a size

// Members pages through a segment in an order that is the same at every call: pass next as the cursor of the following page, until it is empty. A page may be short or
// empty while next is set. Invalid: the cursor is none of ours.
func (s *Store) Members(ctx context.Context, shop event.ShopID, id ID, cursor string, limit int) (list []Member, next string, err error) {
	shard, inner, err := parseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	limit = cmp.Or(max(limit, 0), membersPage)
	for ; shard < Shards && len(list) < limit; shard, inner = shard+1, "" {
		page, err := s.tables.Query(ctx, table.Query{Table: Table, Partition: memberPartition(shop, id, shard), Limit: limit - len(list), Cursor: inner})
		if err != nil {
			return nil, "", fmt.Errorf("list members of %s: %w", id, err)
		}
		for _, it := range page.Items {
			var m member
			if err := json.Unmarshal(it.Body, &m); err != nil {
				return nil, "", fault.Wrap(fault.Internal, err, "a membership is not readable")
			}
			list = append(list, Member{Subject: table.Split(it.Key.Sort)[0], Since: m.Since})
		}
		if page.Next != "" {
			return list, cursorOf(shard, page.Next), nil
		}
	}
	if shard < Shards {
		return list, cursorOf(shard, ""), nil
	}
	return list, "", nil
}

// A cursor is a shard in hexadecimal, and the table's cursor within it.
const shardDigits = "0123456789abcdef"

func cursorOf(shard int, inner string) string { return shardDigits[shard:shard+1] + inner }

func parseCursor(cursor string) (shard int, inner string, err error) {
	if cursor == "" {
		return 0, "", nil
	}
	if shard = strings.IndexByte(shardDigits, cursor[0]); shard < 0 {
		return 0, "", fault.InvalidField("cursor", "is not one that this list gave out")
	}
	return shard, cursor[1:], nil
}

// Erase removes subjects from the roster and from every segment, without a notice: a notice would name who is to be forgotten. It returns how many records there were.
// Call it after their profile and person are gone, for whoever has those is put back on the roster. Repeated, it finds nothing.
func (s *Store) Erase(ctx context.Context, shop event.ShopID, subjects ...string) (int, error) {
	found := 0
	for _, subject := range subjects {
		n, err := s.erase(ctx, shop, subject)
		if err != nil {
			return found, fmt.Errorf("erase %s from segments: %w", subject, err)
		}
		found += n
	}
	return found, nil
}

func (s *Store) erase(ctx context.Context, shop event.ShopID, subject string) (int, error) {
	for range attempts {
		e, err := s.entry(ctx, shop, subject, table.Strong)
		if err != nil || e.version == 0 {
			return 0, err
		}
		var ops []table.Op
		for _, id := range e.ids() {
			ops = append(ops, table.Delete(memberKey(shop, id, subject), table.Always()))
		}
		ops = append(ops, table.Delete(rosterKey(shop, subject), e.cond())) // last: it says which memberships there are
		for few := range slices.Chunk(ops, table.MaxWriteOps) {
			if err = s.tables.Write(ctx, few...); err != nil {
				break
			}
		}
		if err == nil || !fault.Is(err, fault.Conflict) {
			return len(ops), err
		}
	}
	return 0, fault.Newf(fault.Unavailable, "the roster's entry of %s is being changed by too many", subject)
}
