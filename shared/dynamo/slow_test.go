package dynamo_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"shopkeeper/shared/dynamo"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// answering is a store whose server answers every call with f.
func answering(t *testing.T, f http.HandlerFunc) *dynamo.Store {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	cfg := aws.Config{
		Region: "local", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
	return dynamo.Open(cfg, dynamo.Tables{"items": "real"}, nil)
}

func keys(n int) ([]table.Key, []table.Item) {
	var ks []table.Key
	var items []table.Item
	for i := range n {
		ks = append(ks, table.Key{Table: "items", Partition: "p", Sort: fmt.Sprint(i)})
		items = append(items, table.Item{Key: ks[i], Body: []byte(`{}`)})
	}
	return ks, items
}

// TestHalfBatches has a table that does one key of each call and leaves the rest.
func TestHalfBatches(t *testing.T) {
	var calls atomic.Int32
	s := answering(t, func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		var in struct {
			RequestItems map[string]json.RawMessage
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			t.Error(err)
		}
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), "BatchWriteItem") {
			var puts []json.RawMessage
			if err := json.Unmarshal(in.RequestItems["real"], &puts); err != nil {
				t.Error(err)
			}
			left, _ := json.Marshal(puts[1:])
			fmt.Fprintf(w, `{"UnprocessedItems":{%s}}`, unless(len(puts) == 1, `"real":`+string(left)))
			return
		}
		var gets struct {
			Keys []map[string]struct{ S string }
		}
		if err := json.Unmarshal(in.RequestItems["real"], &gets); err != nil {
			t.Error(err)
		}
		left, _ := json.Marshal(gets.Keys[1:])
		fmt.Fprintf(w, `{"Responses":{"real":[{"pk":{"S":"p"},"sk":{"S":%q},"ver":{"N":"1"}}]},"UnprocessedKeys":{%s}}`,
			gets.Keys[0]["sk"].S, unless(len(gets.Keys) == 1, `"real":{"Keys":`+string(left)+`}`))
	})
	ks, items := keys(4)
	if err := s.PutAll(t.Context(), items...); err != nil || calls.Load() != 4 {
		t.Errorf("put all = %v after %d calls, want 4 calls", err, calls.Load())
	}
	if got, err := s.GetAll(t.Context(), ks...); err != nil || len(got) != 4 || calls.Load() != 8 {
		t.Errorf("get all = %d items, %v after %d calls", len(got), err, calls.Load())
	}
}

func unless(not bool, s string) string {
	if not {
		return ""
	}
	return s
}

func TestFaults(t *testing.T) {
	ks, items := keys(2)
	single := func(s *dynamo.Store) error { return s.Write(t.Context(), table.Put(items[0], table.IfAbsent())) }
	both := func(s *dynamo.Store) error {
		return s.Write(t.Context(), table.Put(items[0], table.IfAbsent()), table.Put(items[1], table.IfAbsent()))
	}
	get := func(s *dynamo.Store) error { _, err := s.Get(t.Context(), ks[0]); return err }
	tests := map[string]struct {
		status int
		body   string
		do     func(*dynamo.Store) error
		want   fault.Kind
	}{
		"too much for the table":      {400, `{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}`, get, fault.Throttled},
		"too much for the account":    {400, `{"__type":"com.amazon.coral.availability#ThrottlingException"}`, single, fault.Throttled},
		"the engine is broken":        {500, `{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError"}`, get, fault.Unavailable},
		"something answers in HTML":   {503, `<html>`, single, fault.Unavailable},
		"nothing that is JSON":        {200, `<html>`, get, fault.Unavailable},
		"a request that is not right": {400, `{"__type":"com.amazon.coral.validate#ValidationException"}`, get, fault.Invalid},
		"no such table":               {400, `{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"}`, get, fault.Internal},
		"not allowed":                 {400, `{"__type":"com.amazon.coral.service#AccessDeniedException"}`, get, fault.Internal},
		"an item of somebody else":    {200, `{"Item":{"pk":{"S":"p"},"sk":{"S":"0"},"ver":{"N":"1"},"b":{"B":"AAEC"}}}`, get, fault.Internal},
		"a failed condition on none":  {400, `{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"}`, single, fault.Conflict},
		"an item too large in a transaction": {400, `{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
			"CancellationReasons":[{"Code":"None"},{"Code":"ValidationError","Message":"too large"}]}`, both, fault.Invalid},
		"a condition before a throttle": {400, `{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
			"CancellationReasons":[{"Code":"ThrottlingError"},{"Code":"ConditionalCheckFailed"}]}`, both, fault.Conflict},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := answering(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/x-amz-json-1.0")
				w.WriteHeader(tt.status)
				fmt.Fprint(w, tt.body)
			})
			if err := tt.do(s); !fault.Is(err, tt.want) {
				t.Errorf("error %v; want %v", err, tt.want)
			}
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		server := httptest.NewServer(nil)
		server.Close()
		cfg := aws.Config{Region: "local", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
		if err := get(dynamo.Open(cfg, dynamo.Tables{"items": "real"}, nil)); !fault.Is(err, fault.Unavailable) {
			t.Errorf("error %v; want Unavailable", err)
		}
	})
	t.Run("a table that is not configured", func(t *testing.T) {
		if err := get(dynamo.Open(aws.Config{Region: "local"}, nil, nil)); !fault.Is(err, fault.Internal) {
			t.Errorf("error %v; want Internal", err)
		}
	})
}

// TestHeldItems has a table on which another transaction always is, and one on which it was at first.
func TestHeldItems(t *testing.T) {
	_, items := keys(2)
	for name, tt := range map[string]struct {
		body string
		ops  []table.Op
	}{
		"a put": {`{"__type":"com.amazonaws.dynamodb.v20120810#TransactionConflictException"}`, []table.Op{table.Put(items[0], table.IfAbsent())}},
		"a transaction": {`{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","CancellationReasons":[{"Code":"TransactionConflict"},{"Code":"None"}]}`,
			[]table.Op{table.Put(items[0], table.IfAbsent()), table.Put(items[1], table.IfAbsent())}},
	} {
		t.Run(name+" waits", func(t *testing.T) {
			var calls atomic.Int32
			s := answering(t, func(w http.ResponseWriter, _ *http.Request) {
				if calls.Add(1) < 3 {
					w.WriteHeader(http.StatusBadRequest)
					fmt.Fprint(w, tt.body)
					return
				}
				fmt.Fprint(w, `{}`)
			})
			if err := s.Write(t.Context(), tt.ops...); err != nil || calls.Load() != 3 {
				t.Errorf("write = %v after %d calls, want success by the third", err, calls.Load())
			}
		})
	}
}
