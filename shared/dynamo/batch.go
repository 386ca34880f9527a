package dynamo

import (
	"context"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/sdkfault"
	"shopkeeper/shared/table"
)

// PutAll stores 25 items per call. A batch has no conditions: all items take the clock as their version, whatever is stored.
func (s *Store) PutAll(ctx context.Context, items ...table.Item) error {
	items, err := table.PrepareItems(items)
	if err != nil {
		return err
	}
	version := s.now().UnixMicro()
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(fanOut)
	for chunk := range slices.Chunk(items, maxBatchWrite) {
		g.Go(func() error { return s.putBatch(ctx, version, chunk) })
	}
	return g.Wait()
}

func (s *Store) putBatch(ctx context.Context, version int64, items []table.Item) error {
	waiting := map[string][]types.WriteRequest{}
	for _, it := range items {
		physical, err := s.physical(it.Key.Table)
		if err != nil {
			return err
		}
		item, err := encode(it, strconv.FormatInt(version, 10))
		if err != nil {
			return err
		}
		waiting[*physical] = append(waiting[*physical], types.WriteRequest{PutRequest: &types.PutRequest{Item: item}})
	}
	for try := range sdkfault.MaxTries {
		out, err := s.client.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: waiting, ReturnConsumedCapacity: s.wanted()})
		if err != nil {
			return translate(err)
		}
		s.wrote("PutAll", out.ConsumedCapacity...)
		if waiting = out.UnprocessedItems; len(waiting) == 0 {
			return nil
		}
		if err := sdkfault.Pause(ctx, try); err != nil {
			return err
		}
	}
	return fault.New(fault.Throttled, "the table asks to write more slowly")
}
