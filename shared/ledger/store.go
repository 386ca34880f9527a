package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strconv"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// Store keeps the rows. It is safe for concurrent use by any number of processes: every change is conditional on what was read.
type Store struct {
	now    func() time.Time
	tables table.Store
}

// New makes a Store; now stamps changes.
func New(now func() time.Time, tables table.Store) *Store { return &Store{now: now, tables: tables} }

// ShardOf is the shard that a person's rows of any campaign are in.
func ShardOf(person event.PersonID) int {
	h := fnv.New32a()
	h.Write([]byte(person)) // never fails
	return int(h.Sum32()>>16) % Shards
}

// shardKey is the partition of a shard.
func shardKey(shop event.ShopID, campaign CampaignID, shard int) string {
	return table.Partition(string(shop), "c", string(campaign), fmt.Sprintf("%02x", shard))
}

func (r Row) key() table.Key {
	return table.Key{Table: Table, Partition: shardKey(r.Shop, r.Campaign, ShardOf(r.Person)), Sort: table.Partition(string(r.Person), strconv.Itoa(r.Step))}
}

func (r Row) item() (table.Item, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return table.Item{}, fmt.Errorf("encode the row of %s: %w", r.Person, err)
	}
	return table.Item{Key: r.key(), Body: body}, nil
}

func rowOf(it table.Item) (Row, error) {
	owner, name := table.Split(it.Key.Partition), table.Split(it.Key.Sort)
	if len(owner) != 4 || owner[1] != "c" || len(name) != 2 {
		return Row{}, fault.Newf(fault.Internal, "the key %s/%s is no ledger row's", it.Key.Partition, it.Key.Sort)
	}
	step, err := strconv.Atoi(name[1])
	if err != nil {
		return Row{}, fault.Wrap(fault.Internal, err, "the step of a ledger row is no number")
	}
	r := Row{Shop: event.ShopID(owner[0]), Campaign: CampaignID(owner[2]), Person: event.PersonID(name[0]), Step: step, Version: it.Version}
	if err := json.Unmarshal(it.Body, &r); err != nil {
		return Row{}, fault.Wrap(fault.Internal, err, "the ledger row "+it.Key.Sort+" is not readable")
	}
	return r, nil
}

// stamp is the time of a change; a time that was told counts as it is.
func (s *Store) stamp(told time.Time) time.Time {
	if told.IsZero() {
		told = s.now()
	}
	return told.UTC().Truncate(time.Millisecond)
}

// Get reads one row, consistently; NotFound when there is none.
func (s *Store) Get(ctx context.Context, shop event.ShopID, campaign CampaignID, person event.PersonID, step int) (Row, error) {
	it, err := s.tables.Get(ctx, Row{Shop: shop, Campaign: campaign, Person: person, Step: step}.key(), table.Strong)
	if err != nil {
		return Row{}, fmt.Errorf("ledger row of %s in %s: %w", person, campaign, err)
	}
	return rowOf(it)
}
