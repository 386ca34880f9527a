package dynamo

import (
	"bytes"
	"fmt"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// expirer is who removes what has expired, as a stream record names it.
const expirer = "dynamodb.amazonaws.com"

// ChangeOf is what a record says that a Lambda function was given from the stream of a table. Seq is the record's sequence number, which a
// partial-batch answer names. The fault is Invalid for a record that no item of ours can have caused, or whose stream lacks an image: such a
// record never gets better.
//
// A stream also has the puts that changed nothing but the version; see Same.
func ChangeOf(r events.DynamoDBEventRecord, name table.Name) (table.Change, error) {
	who := r.UserIdentity
	rec := record{
		seq:     r.Change.SequenceNumber,
		at:      r.Change.ApproximateCreationDateTime.Time,
		expired: who != nil && who.Type == "Service" && who.PrincipalID == expirer,
	}
	for _, image := range [...]struct {
		from map[string]events.DynamoDBAttributeValue
		into *attributes
	}{{r.Change.Keys, &rec.keys}, {r.Change.OldImage, &rec.old}, {r.Change.NewImage, &rec.new}} {
		var err error
		if *image.into, err = fromEvents(image.from); err != nil {
			return table.Change{}, invalidRecord(err)
		}
	}
	return rec.change(name)
}

func invalidRecord(err error) error {
	return fault.Wrap(fault.Invalid, err, "the stream record is not one of a table of ours")
}

// Same says whether c left body and expiry as they were. A feed leaves such a change out; a stream's consumer may.
func Same(c table.Change) bool {
	return c.Old != nil && c.New != nil && bytes.Equal(c.Old.Body, c.New.Body) && c.Old.Expires.Equal(c.New.Expires)
}

// record is a stream record, whoever delivered it. An absent image is empty.
type record struct {
	seq            string
	at             time.Time
	expired        bool
	keys, old, new attributes
}

func (r *record) change(name table.Name) (table.Change, error) {
	c := table.Change{Seq: r.seq, At: r.at.UTC()}
	var err error
	if c.Key, err = decodeKey(name, r.keys); err != nil {
		return table.Change{}, invalidRecord(err)
	}
	if c.Old, err = image(c.Key, r.old); err != nil {
		return table.Change{}, invalidRecord(fmt.Errorf("old image: %w", err))
	}
	if c.New, err = image(c.Key, r.new); err != nil {
		return table.Change{}, invalidRecord(fmt.Errorf("new image: %w", err))
	}
	if r.seq == "" || c.Old == nil && c.New == nil {
		return table.Change{}, invalidRecord(fmt.Errorf("record %q without images", r.seq))
	}
	c.Expired = r.expired && c.New == nil
	return c, nil
}

// image is nil for an absent one.
func image(k table.Key, attrs attributes) (*table.Item, error) {
	if len(attrs) == 0 {
		return nil, nil
	}
	it, err := decodeItem(k.Table, attrs)
	if err != nil {
		return nil, err
	}
	if it.Key != k {
		return nil, fmt.Errorf("its key is another one")
	}
	return &it, nil
}

func fromEvents(from map[string]events.DynamoDBAttributeValue) (attributes, error) {
	into := make(attributes, len(from))
	for name, v := range from {
		a, err := fromEvent(v)
		if err != nil {
			return nil, fmt.Errorf("attribute %q: %w", name, err)
		}
		into[name] = a
	}
	return into, nil
}

func fromEvent(v events.DynamoDBAttributeValue) (types.AttributeValue, error) {
	switch v.DataType() {
	case events.DataTypeString:
		return text(v.String()), nil
	case events.DataTypeNumber:
		return number(v.Number()), nil
	case events.DataTypeBoolean:
		return &types.AttributeValueMemberBOOL{Value: v.Boolean()}, nil
	case events.DataTypeNull:
		return &types.AttributeValueMemberNULL{Value: true}, nil
	case events.DataTypeMap:
		m, err := fromEvents(v.Map())
		return &types.AttributeValueMemberM{Value: m}, err
	case events.DataTypeList:
		list := make([]types.AttributeValue, len(v.List()))
		for i, e := range v.List() {
			var err error
			if list[i], err = fromEvent(e); err != nil {
				return nil, err
			}
		}
		return &types.AttributeValueMemberL{Value: list}, nil
	default:
		return nil, fmt.Errorf("type %d has no JSON form here", v.DataType())
	}
}
