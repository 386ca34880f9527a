package dynamo_test

import (
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"shopkeeper/shared/dynamo"
	"shopkeeper/shared/dynamo/dynamotest"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
	"shopkeeper/shared/table/tabletest"
)

// lossy executes requests and loses the first answer to a write: the connection breaks after the server did what it was asked.
type lossy struct {
	aws.HTTPClient
	mu        sync.Mutex
	lost      bool
	meanwhile func() // runs once, after the lost answer and before the next attempt
}

func (l *lossy) Do(r *http.Request) (*http.Response, error) {
	out, err := l.HTTPClient.Do(r)
	_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil || l.lost || op != "PutItem" && op != "DeleteItem" && op != "TransactWriteItems" {
		return out, err
	}
	l.lost = true
	out.Body.Close()
	l.meanwhile()
	return nil, &net.OpError{Op: "read", Err: syscall.ECONNRESET}
}

func TestLostAnswers(t *testing.T) {
	var (
		k      = table.Key{Table: tabletest.Tables[0], Partition: "shop#p", Sort: "a"}
		first  = table.Item{Key: k, Body: []byte(`{"n":1}`)}
		second = table.Item{Key: k, Body: []byte(`{"n":2}`)}
		third  = table.Item{Key: k, Body: []byte(`{"n":3}`)}
		guard  = table.Key{Table: tabletest.Tables[1], Partition: "shop#p", Sort: "guard"}
	)
	tests := map[string]struct {
		before    []table.Op // done without loss
		ops       []table.Op // whose answer is lost
		meanwhile []table.Op // done by another writer before the SDK asks again
		want      fault.Kind // of the error; ok for none
		ok        bool
		body      string // stored in the end; "" for nothing
	}{
		"a first put is not its own conflict":       {ops: []table.Op{table.Put(first, table.IfAbsent())}, ok: true, body: `{"n":1}`},
		"a next put is not its own conflict":        {before: []table.Op{table.Put(first, table.IfAbsent())}, ops: []table.Op{table.Put(second, table.IfVersion(1))}, ok: true, body: `{"n":2}`},
		"an unconditional put is done":              {before: []table.Op{table.Put(first, table.IfAbsent())}, ops: []table.Op{table.Put(second, table.Always())}, ok: true, body: `{"n":2}`},
		"a transaction is not its own conflict":     {ops: []table.Op{table.Put(first, table.IfAbsent()), table.Check(guard, table.IfAbsent())}, ok: true, body: `{"n":1}`},
		"an unconditional removal is done":          {before: []table.Op{table.Put(first, table.IfAbsent())}, ops: []table.Op{table.Delete(k, table.Always())}, ok: true},
		"a conditional removal cannot know":         {before: []table.Op{table.Put(first, table.IfAbsent())}, ops: []table.Op{table.Delete(k, table.IfVersion(1))}, want: fault.Unavailable},
		"a put that was overtaken cannot know":      {ops: []table.Op{table.Put(first, table.IfAbsent())}, meanwhile: []table.Op{table.Put(second, table.IfVersion(1))}, want: fault.Unavailable, body: `{"n":2}`},
		"a put that was removed is put again":       {ops: []table.Op{table.Put(first, table.IfAbsent())}, meanwhile: []table.Op{table.Delete(k, table.Always())}, ok: true, body: `{"n":1}`},
		"an unconditional put has the last word":    {ops: []table.Op{table.Put(first, table.Always())}, meanwhile: []table.Op{table.Put(third, table.Always())}, ok: true, body: `{"n":1}`},
		"a transaction that was overtaken was done": {ops: []table.Op{table.Put(first, table.IfAbsent()), table.Check(guard, table.IfAbsent())}, meanwhile: []table.Op{table.Put(second, table.IfVersion(1))}, ok: true, body: `{"n":2}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := dynamotest.Start(t)
			tables := dynamotest.CreateTables(t, cfg, tabletest.Tables...)
			other := dynamo.Open(cfg, tables, nil)
			if err := other.Write(t.Context(), tt.before...); err != nil {
				t.Fatal(err)
			}
			client := &lossy{HTTPClient: awshttp.NewBuildableClient(), meanwhile: func() {
				if err := other.Write(t.Context(), tt.meanwhile...); err != nil {
					t.Errorf("meanwhile: %v", err)
				}
			}}
			cfg.HTTPClient = client
			err := dynamo.Open(cfg, tables, nil).Write(t.Context(), tt.ops...)
			if tt.ok && err != nil || !tt.ok && !fault.Is(err, tt.want) {
				t.Errorf("write = %v; want %v (none: %t)", err, tt.want, tt.ok)
			}
			if !client.lost {
				t.Error("no answer was lost")
			}
			wantBody(t, other, k, tt.body)
		})
	}
}

func wantBody(t *testing.T, s table.Store, k table.Key, want string) {
	t.Helper()
	it, err := s.Get(t.Context(), k, table.Strong)
	switch {
	case want == "" && !fault.Is(err, fault.NotFound):
		t.Errorf("get = %s, %v; want nothing", it.Body, err)
	case want != "" && (err != nil || string(it.Body) != want):
		t.Errorf("get = %s, %v; want %s", it.Body, err, want)
	}
}

func TestClockBehind(t *testing.T) {
	cfg := dynamotest.Start(t)
	tables := dynamotest.CreateTables(t, cfg, tabletest.Tables...)
	at := time.Now()
	ahead := dynamo.Open(cfg, tables, &dynamo.Options{Now: func() time.Time { return at.Add(time.Hour) }})
	behind := dynamo.Open(cfg, tables, &dynamo.Options{Now: func() time.Time { return at }})
	k := table.Key{Table: tabletest.Tables[0], Partition: "shop#p", Sort: "a"}
	other := table.Key{Table: tabletest.Tables[1], Partition: "shop#p", Sort: "b"}
	var seen int64
	for i, s := range []*dynamo.Store{ahead, behind, behind, ahead} {
		for _, ops := range [][]table.Op{
			{table.Put(table.Item{Key: k, Body: []byte(`{}`)}, table.Always())},
			{table.Put(table.Item{Key: k, Body: []byte(`{}`)}, table.Always()), table.Put(table.Item{Key: other, Body: []byte(`{}`)}, table.Always())},
		} {
			if err := s.Write(t.Context(), ops...); err != nil {
				t.Fatal(err)
			}
			it, err := s.Get(t.Context(), k, table.Strong)
			if err != nil || it.Version <= seen {
				t.Fatalf("write %d: version %d after %d, %v", i, it.Version, seen, err)
			}
			seen = it.Version
		}
	}
}
