// Package eventbridge is the bus on Amazon EventBridge. A notice becomes an event of source "shopkeeper" whose detail-type is the notice's type and
// whose detail is the whole notice, so that rules can match the shop and what happened, and the notice's id goes along.
package eventbridge

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"shopkeeper/shared/bus"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/sdkfault"
)

// Source is what a rule's pattern asks for to match the product's events and no others.
const Source = "shopkeeper"

// Limits of EventBridge.
const (
	maxEntries = 10
	timeBytes  = 14 // what it counts for an entry's time
)

// Bus is one event bus.
type Bus struct {
	client *eventbridge.Client
	name   string
}

var _ bus.Bus = (*Bus)(nil)

// Open returns the bus of this name or ARN; no call is made yet.
func Open(cfg aws.Config, name string) *Bus {
	return &Bus{client: eventbridge.NewFromConfig(cfg), name: name}
}

// special are EventBridge's own error codes.
var special = map[string]fault.Kind{
	"ConcurrentModificationException": fault.Unavailable,
	"InternalException":               fault.Unavailable,
}

// Publish makes one call per ten notices, fewer when they are large. What EventBridge refuses of a call for reasons of its own is put again.
func (b *Bus) Publish(ctx context.Context, notices ...bus.Notice) error {
	entries := make([]types.PutEventsRequestEntry, len(notices))
	for i, n := range notices {
		e, err := b.entry(n)
		if err != nil {
			return fault.Wrap(fault.Invalid, err, "notices["+strconv.Itoa(i)+"] is not valid")
		}
		entries[i] = e
	}
	for len(entries) > 0 {
		n := fit(entries)
		if err := b.put(ctx, entries[:n]); err != nil {
			return err
		}
		entries = entries[n:]
	}
	return nil
}

func (b *Bus) entry(n bus.Notice) (types.PutEventsRequestEntry, error) {
	if err := validate(n); err != nil {
		return types.PutEventsRequestEntry{}, err
	}
	detail, err := json.Marshal(n)
	if err != nil {
		return types.PutEventsRequestEntry{}, err
	}
	e := types.PutEventsRequestEntry{
		EventBusName: &b.name, Source: aws.String(Source), DetailType: &n.Type, Detail: aws.String(string(detail)),
	}
	if !n.At.IsZero() {
		e.Time = &n.At
	}
	if got := size(e); got > bus.MaxBytes {
		return e, fault.InvalidField("detail", strconv.Itoa(got)+" bytes with all fields, at most "+strconv.Itoa(bus.MaxBytes)+" are allowed")
	}
	return e, nil
}

func validate(n bus.Notice) error {
	var fields []fault.Field
	for _, f := range [...]struct{ name, value string }{{"id", n.ID}, {"shop", n.Shop}, {"type", n.Type}} {
		if f.value == "" {
			fields = append(fields, fault.Field{Path: f.name, Reason: "is missing"})
		}
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(n.Detail, &object) != nil || object == nil {
		fields = append(fields, fault.Field{Path: "detail", Reason: "is not a JSON object"})
	}
	if len(fields) == 0 {
		return nil
	}
	return fault.InvalidFields(fields...)
}

func size(e types.PutEventsRequestEntry) int {
	return timeBytes + len(*e.Source) + len(*e.DetailType) + len(*e.Detail)
}

// fit is how many of the first entries go into one call.
func fit(entries []types.PutEventsRequestEntry) int {
	total := 0
	for i, e := range entries[:min(maxEntries, len(entries))] {
		if total += size(e); i > 0 && total > bus.MaxBytes {
			return i
		}
	}
	return min(maxEntries, len(entries))
}

func (b *Bus) put(ctx context.Context, entries []types.PutEventsRequestEntry) error {
	for try := range sdkfault.MaxTries {
		out, err := b.client.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: entries})
		if err != nil {
			return sdkfault.From(err, "the bus did not answer", special)
		}
		if out.FailedEntryCount == 0 {
			return nil
		}
		if entries, err = refused(entries, out.Entries); err != nil {
			return err
		}
		if err := sdkfault.Pause(ctx, try); err != nil {
			return err
		}
	}
	return fault.New(fault.Throttled, "the bus asks to publish more slowly")
}

// refused are the entries to put again; results stand in their order. It is an error when putting again is no use.
func refused(entries []types.PutEventsRequestEntry, results []types.PutEventsResultEntry) ([]types.PutEventsRequestEntry, error) {
	var again []types.PutEventsRequestEntry
	for i, r := range results[:min(len(results), len(entries))] {
		switch code := aws.ToString(r.ErrorCode); code {
		case "":
		case "ThrottlingException", "InternalFailure", "InternalException":
			again = append(again, entries[i])
		case "NotAuthorizedForSourceException", "NotAuthorizedForDetailTypeException":
			return nil, fault.Newf(fault.Internal, "the bus refuses a notice: %s", code)
		default: // InvalidArgument, MalformedDetail and the like
			return nil, fault.Newf(fault.Invalid, "the bus refuses a notice: %s", code)
		}
	}
	return again, nil
}

// Pattern is the event pattern of a bus.Rule's Prefix: the type itself and those that continue it behind a dot; "" matches every notice.
func Pattern(prefix string) string {
	if prefix == "" {
		return `{"source":["` + Source + `"]}`
	}
	exact, _ := json.Marshal(prefix) // of a string there is no error
	longer, _ := json.Marshal(prefix + ".")
	return `{"source":["` + Source + `"],"detail-type":[` + string(exact) + `,{"prefix":` + string(longer) + `}]}`
}

// NoticeOf is the notice in an event that a rule delivered. It is Invalid for an event that this package did not put.
func NoticeOf(e events.EventBridgeEvent) (bus.Notice, error) {
	var n bus.Notice
	if e.Source != Source {
		return n, fault.InvalidField("source", "is not "+Source)
	}
	if err := json.Unmarshal(e.Detail, &n); err != nil {
		return bus.Notice{}, fault.Wrap(fault.Invalid, err, "the event's detail is not a notice")
	}
	if err := validate(n); err != nil {
		return bus.Notice{}, err
	}
	if n.Type != e.DetailType {
		return bus.Notice{}, fault.InvalidField("detail-type", "is not the notice's type")
	}
	return n, nil
}
