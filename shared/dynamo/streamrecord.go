package dynamo

import (
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	stream "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
)

func fromStream(from stream.Record) (record, error) {
	if from.Dynamodb == nil {
		return record{}, errors.New("record without content")
	}
	who := from.UserIdentity
	rec := record{
		seq:     aws.ToString(from.Dynamodb.SequenceNumber),
		at:      aws.ToTime(from.Dynamodb.ApproximateCreationDateTime),
		expired: who != nil && aws.ToString(who.Type) == "Service" && aws.ToString(who.PrincipalId) == expirer,
	}
	for _, image := range [...]struct {
		from map[string]stream.AttributeValue
		into *attributes
	}{{from.Dynamodb.Keys, &rec.keys}, {from.Dynamodb.OldImage, &rec.old}, {from.Dynamodb.NewImage, &rec.new}} {
		var err error
		if *image.into, err = fromStreamValues(image.from); err != nil {
			return record{}, err
		}
	}
	return rec, nil
}

func fromStreamValues(from map[string]stream.AttributeValue) (attributes, error) {
	into := make(attributes, len(from))
	for name, v := range from {
		a, err := fromStreamValue(v)
		if err != nil {
			return nil, fmt.Errorf("attribute %q: %w", name, err)
		}
		into[name] = a
	}
	return into, nil
}

func fromStreamValue(v stream.AttributeValue) (types.AttributeValue, error) {
	switch v := v.(type) {
	case *stream.AttributeValueMemberS:
		return text(v.Value), nil
	case *stream.AttributeValueMemberN:
		return number(v.Value), nil
	case *stream.AttributeValueMemberBOOL:
		return &types.AttributeValueMemberBOOL{Value: v.Value}, nil
	case *stream.AttributeValueMemberNULL:
		return &types.AttributeValueMemberNULL{Value: true}, nil
	case *stream.AttributeValueMemberM:
		m, err := fromStreamValues(v.Value)
		return &types.AttributeValueMemberM{Value: m}, err
	case *stream.AttributeValueMemberL:
		list := make([]types.AttributeValue, len(v.Value))
		for i, e := range v.Value {
			var err error
			if list[i], err = fromStreamValue(e); err != nil {
				return nil, err
			}
		}
		return &types.AttributeValueMemberL{Value: list}, nil
	default:
		return nil, fmt.Errorf("type %T has no JSON form here", v)
	}
}
