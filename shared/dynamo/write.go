package dynamo

import (
	"context"
	"errors"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/sdkfault"
	"shopkeeper/shared/table"
)

// Write makes a single put or delete a plain call (one write unit per KB); more ops or a check are a transaction at twice the price.
func (s *Store) Write(ctx context.Context, ops ...table.Op) error {
	ops, err := table.Prepare(ops)
	if err != nil {
		return err
	}
	w := &writing{Store: s, ops: ops, floors: make([]int64, len(ops))}
	if len(ops) == 0 {
		return nil
	}
	once := w.transact
	if len(ops) == 1 && ops[0].Kind != table.OpCheck {
		once = w.single
	}
	for try := range sdkfault.MaxTries {
		next, err := once(ctx)
		if next == never {
			return err
		}
		if next == afterPause {
			if err := sdkfault.Pause(ctx, try); err != nil {
				return err
			}
		}
	}
	return fault.New(fault.Throttled, "other writers hold the same items")
}

// writing is one Write: its ops, and per op the least version that an unconditional put may take.
type writing struct {
	*Store
	ops    []table.Op
	floors []int64
}

// repeat says whether a write that was not done is tried again.
type repeat uint8

const (
	never      repeat = iota
	again             // with what was learned from the refusal
	afterPause        // another transaction held the items
)

// step is one op made ready for a call.
type step struct {
	op        table.Op
	table     *string
	item      attributes // of a put
	stamp     string     // of a put
	condition *string    // nil: none
	values    attributes // nil: none
	names     map[string]string
}

// The conditions. ver is a fraction between the version and the next one.
const (
	whenOlder   = "attribute_not_exists(pk) OR ver < :next"
	whenAbsent  = "attribute_not_exists(pk) OR #ttl <= :now"
	whenVersion = "ver BETWEEN :ver AND :end AND (attribute_not_exists(#ttl) OR #ttl > :now)"
)

func (w *writing) step(i int) (step, error) {
	op := w.ops[i]
	physical, err := w.physical(op.Item.Key.Table)
	if err != nil {
		return step{}, err
	}
	st := step{op: op, table: physical}
	now := w.now()
	version := max(now.UnixMicro(), w.floors[i])
	wanted, conditional := op.If.Version()
	switch {
	case conditional:
		version = wanted + 1
		from := strconv.FormatInt(max(wanted, 0), 10) // no stored version is below 1
		st.hold(whenVersion, attributes{":ver": number(from), ":end": number(from + ".9999999999999"), ":now": seconds(now)})
	case op.If.Absent():
		version = 1
		st.hold(whenAbsent, attributes{":now": seconds(now)})
	case op.Kind == table.OpPut:
		st.hold(whenOlder, attributes{":next": number(strconv.FormatInt(version, 10))})
	}
	if op.Kind == table.OpPut {
		st.stamp = stamp(version)
		st.item, err = encode(op.Item, st.stamp)
	}
	return st, err
}

func (st *step) hold(condition string, values attributes) {
	st.condition, st.values = &condition, values
	if _, ok := values[":now"]; ok {
		st.names = map[string]string{"#ttl": attrExpires}
	}
}

// wrote says whether what is stored is what the step put there.
func (st *step) wrote(stored attributes) bool {
	n, ok := stored[attrVersion].(*types.AttributeValueMemberN)
	return ok && st.op.Kind == table.OpPut && n.Value == st.stamp
}

// refused is what a failed condition means for op i.
func (w *writing) refused(i int, st step, stored attributes) (repeat, error) {
	if st.op.If == table.Always() {
		had, err := decodeVersion(stored)
		if err != nil {
			return never, fault.Wrap(fault.Internal, err, "a stored item cannot be read")
		}
		w.floors[i] = had + 1 // a clock is behind another's
		return again, nil
	}
	conflict := &table.ConflictError{Op: i, Key: st.op.Item.Key}
	if len(stored) > 0 {
		it, err := decode(st.op.Item.Key.Table, stored)
		if err != nil {
			return never, err
		}
		if !it.Expired(w.now()) {
			conflict.Stored = &it
		}
	}
	return never, fault.Wrap(fault.Conflict, conflict, "the stored item is not as expected")
}

func (w *writing) single(ctx context.Context) (repeat, error) {
	st, err := w.step(0)
	if err != nil {
		return never, err
	}
	var sent sdkfault.Attempts
	watch := func(o *dynamodb.Options) { o.APIOptions = append(o.APIOptions, sent.Watch) }
	if st.op.Kind == table.OpPut {
		err = w.put(ctx, st, watch)
	} else {
		err = w.remove(ctx, st, watch)
	}
	if failed, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		switch {
		case st.wrote(failed.Item):
			return never, nil // by an attempt whose answer was lost
		case sent.Repeated() && st.op.If != table.Always():
			return never, fault.Wrap(fault.Unavailable, err, "the table's first answer was lost")
		}
		return w.refused(0, st, failed.Item)
	}
	if _, ok := errors.AsType[*types.TransactionConflictException](err); ok {
		return afterPause, nil
	}
	return never, translate(err)
}

func (w *writing) put(ctx context.Context, st step, options func(*dynamodb.Options)) error {
	out, err := w.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: st.table, Item: st.item, ReturnConsumedCapacity: w.wanted(),
		ConditionExpression: st.condition, ExpressionAttributeNames: st.names, ExpressionAttributeValues: st.values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}, options)
	if err == nil {
		w.Store.wrote("Put", one(out.ConsumedCapacity)...)
	}
	return err
}

func (w *writing) remove(ctx context.Context, st step, options func(*dynamodb.Options)) error {
	out, err := w.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: st.table, Key: keyOf(st.op.Item.Key), ReturnConsumedCapacity: w.wanted(),
		ConditionExpression: st.condition, ExpressionAttributeNames: st.names, ExpressionAttributeValues: st.values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}, options)
	if err == nil {
		w.Store.wrote("Delete", one(out.ConsumedCapacity)...)
	}
	return err
}

// transact is safe against lost answers: the SDK gives each call a token, by which DynamoDB knows a repeated one.
func (w *writing) transact(ctx context.Context) (repeat, error) {
	steps := make([]step, 0, len(w.ops))
	index := make([]int, 0, len(w.ops)) // of steps in ops
	in := &dynamodb.TransactWriteItemsInput{ReturnConsumedCapacity: w.wanted()}
	for i := range w.ops {
		st, err := w.step(i)
		if err != nil {
			return never, err
		}
		if st.op.Kind == table.OpCheck && st.condition == nil {
			continue // holds always
		}
		steps, index = append(steps, st), append(index, i)
		in.TransactItems = append(in.TransactItems, st.action())
	}
	if len(steps) == 0 {
		return never, nil
	}
	out, err := w.client.TransactWriteItems(ctx, in)
	if err == nil {
		w.Store.wrote("Transact", out.ConsumedCapacity...)
		return never, nil
	}
	canceled, ok := errors.AsType[*types.TransactionCanceledException](err)
	if !ok {
		return never, translate(err)
	}
	return w.canceled(steps, index, canceled)
}

func (st *step) action() types.TransactWriteItem {
	const old = types.ReturnValuesOnConditionCheckFailureAllOld
	key := keyOf(st.op.Item.Key)
	switch st.op.Kind {
	case table.OpPut:
		return types.TransactWriteItem{Put: &types.Put{
			TableName: st.table, Item: st.item, ConditionExpression: st.condition,
			ExpressionAttributeNames: st.names, ExpressionAttributeValues: st.values, ReturnValuesOnConditionCheckFailure: old,
		}}
	case table.OpDelete:
		return types.TransactWriteItem{Delete: &types.Delete{
			TableName: st.table, Key: key, ConditionExpression: st.condition,
			ExpressionAttributeNames: st.names, ExpressionAttributeValues: st.values, ReturnValuesOnConditionCheckFailure: old,
		}}
	default:
		return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
			TableName: st.table, Key: key, ConditionExpression: st.condition,
			ExpressionAttributeNames: st.names, ExpressionAttributeValues: st.values, ReturnValuesOnConditionCheckFailure: old,
		}}
	}
}

// canceled reads why a transaction was not done: the first failed condition counts, then what may pass on another try.
func (w *writing) canceled(steps []step, index []int, err *types.TransactionCanceledException) (repeat, error) {
	next := never
	for i, reason := range err.CancellationReasons[:min(len(steps), len(err.CancellationReasons))] {
		switch aws.ToString(reason.Code) {
		case "", "None":
		case "ConditionalCheckFailed":
			r, err := w.refused(index[i], steps[i], reason.Item)
			if r == never {
				return never, err
			}
			next = max(next, r)
		case "ValidationError", "ItemCollectionSizeLimitExceeded":
			return never, fault.Wrap(fault.Invalid, err, "the table refuses an item: "+aws.ToString(reason.Message))
		default: // TransactionConflict, ThrottlingError, ProvisionedThroughputExceeded
			next = afterPause
		}
	}
	if next == never {
		return never, translate(err)
	}
	return next, nil
}
