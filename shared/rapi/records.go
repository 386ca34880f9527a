package rapi

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
)

// ReadStream reads all shards of a DynamoDB table's stream from the beginning, as it stands now: the records of each in order, as Lambda hands them over.
func ReadStream(ctx context.Context, cfg aws.Config, physical string) ([][]Record, error) {
	described, err := dynamodb.NewFromConfig(cfg).DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &physical})
	if err != nil {
		return nil, fmt.Errorf("describe %s: %w", physical, err)
	}
	streams, arn := dynamodbstreams.NewFromConfig(cfg), described.Table.LatestStreamArn
	shards, err := streams.DescribeStream(ctx, &dynamodbstreams.DescribeStreamInput{StreamArn: arn})
	if err != nil {
		return nil, fmt.Errorf("describe the stream of %s: %w", physical, err)
	}
	var all [][]Record
	for _, s := range shards.StreamDescription.Shards {
		start, err := streams.GetShardIterator(ctx, &dynamodbstreams.GetShardIteratorInput{StreamArn: arn, ShardId: s.ShardId, ShardIteratorType: types.ShardIteratorTypeTrimHorizon})
		if err != nil {
			return nil, fmt.Errorf("begin shard %s: %w", aws.ToString(s.ShardId), err)
		}
		records, err := readShard(ctx, streams, start.ShardIterator, aws.ToString(arn))
		if err != nil {
			return nil, fmt.Errorf("read shard %s: %w", aws.ToString(s.ShardId), err)
		}
		all = append(all, records)
	}
	return all, nil
}

func readShard(ctx context.Context, streams *dynamodbstreams.Client, at *string, arn string) ([]Record, error) {
	var all []Record
	for at != nil {
		page, err := streams.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: at})
		if err != nil {
			return nil, err
		}
		for _, r := range page.Records {
			record, err := lambdaRecord(r, arn)
			if err != nil {
				return nil, err
			}
			all = append(all, record)
		}
		if at = page.NextShardIterator; len(page.Records) == 0 {
			return all, nil // an open shard has no end
		}
	}
	return all, nil
}

// lambdaRecord is a record in the form in which Lambda hands it over.
func lambdaRecord(r types.Record, arn string) (Record, error) {
	d := r.Dynamodb
	change := map[string]any{
		"ApproximateCreationDateTime": aws.ToTime(d.ApproximateCreationDateTime).Unix(), "SequenceNumber": aws.ToString(d.SequenceNumber),
		"SizeBytes": aws.ToInt64(d.SizeBytes), "StreamViewType": d.StreamViewType,
	}
	for name, attributes := range map[string]map[string]types.AttributeValue{"Keys": d.Keys, "OldImage": d.OldImage, "NewImage": d.NewImage} {
		if len(attributes) > 0 {
			change[name] = wireMap(attributes)
		}
	}
	raw, err := json.Marshal(map[string]any{
		"eventID": aws.ToString(r.EventID), "eventName": r.EventName, "eventVersion": "1.1", "eventSource": "aws:dynamodb", "awsRegion": aws.ToString(r.AwsRegion),
		"dynamodb": change, "eventSourceARN": arn,
	})
	if err != nil {
		return Record{}, fmt.Errorf("encode record %s: %w", aws.ToString(d.SequenceNumber), err)
	}
	return Record{Seq: aws.ToString(d.SequenceNumber), Raw: raw}, nil
}

func wireMap(attributes map[string]types.AttributeValue) map[string]any {
	m := make(map[string]any, len(attributes))
	for name, v := range attributes {
		m[name] = wire(v)
	}
	return m
}

// wire is an attribute in DynamoDB's JSON.
func wire(v types.AttributeValue) map[string]any {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return map[string]any{"S": v.Value}
	case *types.AttributeValueMemberN:
		return map[string]any{"N": v.Value}
	case *types.AttributeValueMemberBOOL:
		return map[string]any{"BOOL": v.Value}
	case *types.AttributeValueMemberNULL:
		return map[string]any{"NULL": true}
	case *types.AttributeValueMemberB:
		return map[string]any{"B": v.Value}
	case *types.AttributeValueMemberM:
		return map[string]any{"M": wireMap(v.Value)}
	case *types.AttributeValueMemberL:
		list := make([]any, len(v.Value))
		for i, e := range v.Value {
			list[i] = wire(e)
		}
		return map[string]any{"L": list}
	}
	return map[string]any{"NULL": true}
}
