package dynamo

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/sdkfault"
	"shopkeeper/shared/table"
)

// DynamoDB's limits per call, and how many such calls one operation makes at a time.
const (
	maxBatchGet   = 100
	maxBatchWrite = 25
	fanOut        = 4
)

// Get reads one item: half a read unit per 4 KB, a whole one with table.Strong.
func (s *Store) Get(ctx context.Context, k table.Key, opts ...table.ReadOption) (table.Item, error) {
	if err := table.ValidateKey(k); err != nil {
		return table.Item{}, err
	}
	physical, err := s.physical(k.Table)
	if err != nil {
		return table.Item{}, err
	}
	strong := slices.Contains(opts, table.Strong)
	out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: physical, Key: keyOf(k), ConsistentRead: &strong, ReturnConsumedCapacity: s.wanted(),
	})
	if err != nil {
		return table.Item{}, translate(err)
	}
	s.read("Get", one(out.ConsumedCapacity)...)
	if len(out.Item) == 0 {
		return table.Item{}, absent()
	}
	it, err := decode(k.Table, out.Item)
	if err != nil {
		return table.Item{}, err
	}
	if it.Expired(s.now()) {
		return table.Item{}, absent()
	}
	return it, nil
}

func absent() error { return fault.New(fault.NotFound, "nothing is stored at this key") }

// GetAll reads a hundred keys per call.
func (s *Store) GetAll(ctx context.Context, keys ...table.Key) ([]table.Item, error) {
	keys, err := table.PrepareKeys(keys)
	if err != nil {
		return nil, err
	}
	found := make([][]table.Item, (len(keys)+maxBatchGet-1)/maxBatchGet)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(fanOut)
	i := 0
	for chunk := range slices.Chunk(keys, maxBatchGet) {
		into := &found[i]
		i++
		g.Go(func() (err error) {
			*into, err = s.getBatch(ctx, chunk)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(found...), nil
}

func (s *Store) getBatch(ctx context.Context, keys []table.Key) ([]table.Item, error) {
	wanted := map[string]types.KeysAndAttributes{}
	for _, k := range keys {
		physical, err := s.physical(k.Table)
		if err != nil {
			return nil, err
		}
		of := wanted[*physical]
		of.Keys = append(of.Keys, keyOf(k))
		wanted[*physical] = of
	}
	var items []table.Item
	for try := range sdkfault.MaxTries {
		out, err := s.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: wanted, ReturnConsumedCapacity: s.wanted()})
		if err != nil {
			return nil, translate(err)
		}
		s.read("GetAll", out.ConsumedCapacity...)
		if items, err = s.appendLive(items, out.Responses); err != nil {
			return nil, err
		}
		if wanted = out.UnprocessedKeys; len(wanted) == 0 {
			return items, nil
		}
		if err := sdkfault.Pause(ctx, try); err != nil {
			return nil, err
		}
	}
	return nil, fault.New(fault.Throttled, "the table asks to read more slowly")
}

func (s *Store) appendLive(items []table.Item, found map[string][]attributes) ([]table.Item, error) {
	now := s.now()
	for physical, rows := range found {
		for _, row := range rows {
			it, err := decode(s.logical[physical], row)
			if err != nil {
				return nil, err
			}
			if !it.Expired(now) {
				items = append(items, it)
			}
		}
	}
	return items, nil
}
