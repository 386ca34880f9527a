package dynamo

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	stream "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/sdkfault"
	"shopkeeper/shared/table"
)

// Feed reads a table's stream by calls. A deployment does not need it: there the stream invokes a function, whose records ChangeOf reads. It is for
// replaying the last day from a workstation, and it lets DynamoDB's streams be held to the feed's contract.
//
// A stream is made of shards that follow each other; a shard is read when its parent has been read to its end. Seq is shard, slash, number.
type Feed struct {
	streams   *dynamodbstreams.Client
	tables    *dynamodb.Client
	name      table.Name
	physical  string
	marks     table.Store
	marksName table.Name

	mu        sync.Mutex
	arn       *string
	consumers map[string]*consumer
}

var _ table.Feed = (*Feed)(nil)

// OpenFeed returns the feed of the table called name. Its consumers' checkpoints are items of the table marksName in marks, which must not be the
// table that is read.
func OpenFeed(cfg aws.Config, tables Tables, name table.Name, marks table.Store, marksName table.Name) *Feed {
	return &Feed{
		streams: dynamodbstreams.NewFromConfig(cfg), tables: dynamodb.NewFromConfig(cfg),
		name: name, physical: tables[name], marks: marks, marksName: marksName, consumers: map[string]*consumer{},
	}
}

// consumer is how far one has come: per shard the last number that it is done with.
type consumer struct {
	Shards map[string]string `json:"shards"`
	read   []position        // what the last Read returned
}

// position is one record in the stream.
type position struct{ shard, number string }

func (p position) String() string { return p.shard + "/" + p.number }

// Read makes one call per shard at least.
func (f *Feed) Read(ctx context.Context, name string, limit int) ([]table.Change, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, err := f.consumer(ctx, name)
	if err != nil {
		return nil, err
	}
	shards, err := f.shards(ctx)
	if err != nil {
		return nil, err
	}
	r := &reading{Feed: f, consumer: c, limit: limit, open: map[string]bool{}}
	for _, sh := range shards {
		if len(r.changes) >= limit {
			break
		}
		if err := r.shard(ctx, sh); err != nil {
			return nil, err
		}
	}
	c.read = r.read
	return r.changes, nil
}

// Commit expects what Read returned.
func (f *Feed) Commit(ctx context.Context, name, seq string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	shard, number, ok := strings.Cut(seq, "/")
	if !ok || shard == "" || number == "" || strings.Trim(number, "0123456789") != "" {
		return fault.InvalidField("seq", "is not one of this feed")
	}
	c, err := f.consumer(ctx, name)
	if err != nil {
		return err
	}
	done := []position{{shard, number}}
	for i, p := range c.read {
		if p == done[0] {
			done = c.read[:i+1]
			break
		}
	}
	for _, p := range done {
		if later(p.number, c.Shards[p.shard]) {
			c.Shards[p.shard] = p.number
		}
	}
	body, err := json.Marshal(c)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "the checkpoint cannot be written")
	}
	return f.marks.Write(ctx, table.Put(table.Item{Key: f.mark(name), Body: body}, table.Always()))
}

// later compares numbers of any length; "" is before all.
func later(a, b string) bool {
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) > 0
}

func (f *Feed) mark(name string) table.Key {
	return table.Key{Table: f.marksName, Partition: table.Partition("feed", string(f.name)), Sort: name}
}

func (f *Feed) consumer(ctx context.Context, name string) (*consumer, error) {
	if c, ok := f.consumers[name]; ok {
		return c, nil
	}
	c := &consumer{Shards: map[string]string{}}
	it, err := f.marks.Get(ctx, f.mark(name), table.Strong)
	switch {
	case err == nil:
		if err := json.Unmarshal(it.Body, c); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "the checkpoint cannot be read")
		}
	case !fault.Is(err, fault.NotFound):
		return nil, err
	}
	f.consumers[name] = c
	return c, nil
}

// shards are the stream's, each after its parent.
func (f *Feed) shards(ctx context.Context) ([]stream.Shard, error) {
	if f.arn == nil {
		out, err := f.tables.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &f.physical})
		if err != nil {
			return nil, translate(err)
		}
		if f.arn = out.Table.LatestStreamArn; f.arn == nil {
			return nil, fault.Newf(fault.Internal, "table %q has no stream", f.name)
		}
	}
	all := map[string]stream.Shard{}
	var ids []string
	in := &dynamodbstreams.DescribeStreamInput{StreamArn: f.arn}
	for more := true; more; more = in.ExclusiveStartShardId != nil {
		out, err := f.streams.DescribeStream(ctx, in)
		if err != nil {
			return nil, translate(err)
		}
		for _, sh := range out.StreamDescription.Shards {
			ids = append(ids, aws.ToString(sh.ShardId))
			all[aws.ToString(sh.ShardId)] = sh
		}
		in.ExclusiveStartShardId = out.StreamDescription.LastEvaluatedShardId
	}
	return parentsFirst(ids, all), nil
}

// parentsFirst empties all.
func parentsFirst(ids []string, all map[string]stream.Shard) []stream.Shard {
	var ordered []stream.Shard
	var visit func(id string)
	visit = func(id string) {
		sh, ok := all[id]
		if !ok {
			return // visited, or gone from the stream
		}
		delete(all, id)
		visit(aws.ToString(sh.ParentShardId))
		ordered = append(ordered, sh)
	}
	for _, id := range ids {
		visit(id)
	}
	return ordered
}

// reading is one Read.
type reading struct {
	*Feed
	consumer *consumer
	limit    int
	changes  []table.Change
	read     []position
	open     map[string]bool // shards whose end was not reached
}

// emptyAnswers is how many answers without records in a row mean that there are none: a shard may have gaps.
const emptyAnswers = 4

func (r *reading) shard(ctx context.Context, sh stream.Shard) error {
	id := aws.ToString(sh.ShardId)
	r.open[id] = true
	if r.open[aws.ToString(sh.ParentShardId)] {
		return nil
	}
	iterator, err := r.iterator(ctx, id)
	if err != nil {
		return err
	}
	for empty := 0; iterator != nil && empty < emptyAnswers && len(r.changes) < r.limit; {
		out, err := r.streams.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: iterator})
		if err != nil {
			return translate(err)
		}
		if empty++; len(out.Records) > 0 {
			empty = 0
		}
		for _, rec := range out.Records {
			if err := r.add(id, rec); err != nil || len(r.changes) == r.limit {
				return err
			}
		}
		iterator = out.NextShardIterator
	}
	r.open[id] = iterator != nil
	return nil
}

func (r *reading) iterator(ctx context.Context, shard string) (*string, error) {
	in := &dynamodbstreams.GetShardIteratorInput{StreamArn: r.arn, ShardId: &shard, ShardIteratorType: stream.ShardIteratorTypeTrimHorizon}
	if number := r.consumer.Shards[shard]; number != "" {
		in.ShardIteratorType, in.SequenceNumber = stream.ShardIteratorTypeAfterSequenceNumber, &number
	}
	out, err := r.streams.GetShardIterator(ctx, in)
	if _, trimmed := errors.AsType[*stream.TrimmedDataAccessException](err); trimmed {
		in.ShardIteratorType, in.SequenceNumber = stream.ShardIteratorTypeTrimHorizon, nil
		out, err = r.streams.GetShardIterator(ctx, in)
	}
	if err != nil {
		return nil, sdkfault.From(err, "the stream did not answer", special)
	}
	return out.ShardIterator, nil
}

func (r *reading) add(shard string, from stream.Record) error {
	rec, err := fromStream(from)
	if err != nil {
		return invalidRecord(err)
	}
	at := position{shard, rec.seq}
	c, err := rec.change(r.name)
	if err != nil {
		return err
	}
	c.Seq = at.String()
	if !Same(c) {
		r.changes, r.read = append(r.changes, c), append(r.read, at)
	}
	return nil
}
