package rapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"shopkeeper/shared/stream"
)

// Record is one record of a stream as a function receives it.
type Record struct {
	Seq string // its sequence number
	Raw json.RawMessage
}

// Poller delivers the records of shards to a function as an event source mapping with ReportBatchItemFailures does: see stream.Delivery.
type Poller struct {
	stream.Mapping
	Invoke    func(ctx context.Context, payload []byte) ([]byte, error)       // such as Function.Invoke
	OnFailure func(ctx context.Context, records []Record, cause string) error // the mapping's failure destination
	Trace     func(records []Record, reported []string, err error)            // told of every call; nil for none
}

// Deliver delivers one shard and returns when every record is done or given up.
func (p *Poller) Deliver(ctx context.Context, shard []Record) error {
	d := stream.Delivery[Record]{Mapping: p.Mapping, Invoke: p.invoke, GiveUp: p.OnFailure, Pause: func(ctx context.Context, _ int, _ error) error { return ctx.Err() }}
	return d.Deliver(ctx, shard)
}

func (p *Poller) invoke(ctx context.Context, batch []Record) (int, error) {
	reported, err := p.call(ctx, batch)
	if p.Trace != nil {
		p.Trace(batch, reported, err)
	}
	if err != nil {
		return 0, err
	}
	return stream.Checkpoint(batch, func(r Record) string { return r.Seq }, reported...)
}

// call returns the identifiers that the function reported.
func (p *Poller) call(ctx context.Context, batch []Record) ([]string, error) {
	event := struct{ Records []json.RawMessage }{}
	for _, r := range batch {
		event.Records = append(event.Records, r.Raw)
	}
	payload, err := json.Marshal(event)
	if err != nil {
		return nil, fmt.Errorf("encode batch: %w", err)
	}
	body, err := p.Invoke(ctx, payload)
	if err != nil {
		return nil, err
	}
	var answer struct {
		BatchItemFailures []struct {
			ItemIdentifier string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("the function answered %q: %w", body, err)
	}
	var reported []string
	for _, f := range answer.BatchItemFailures {
		if f.ItemIdentifier == "" {
			return nil, errors.New("the function reported an empty identifier")
		}
		reported = append(reported, f.ItemIdentifier)
	}
	return reported, nil
}
