package dynamo_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/dynamo"
	"shopkeeper/shared/dynamo/dynamotest"
	"shopkeeper/shared/table"
	"shopkeeper/shared/table/tabletest"
)

// units is what calls consumed.
type units struct {
	mu          sync.Mutex
	read, write float64
}

func (u *units) observe(_ string, _ table.Name, read, write float64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.read, u.write = u.read+read, u.write+write
}

// localTransaction is how many times the price of a plain write DynamoDB Local reports for one in a transaction. AWS charges twice.
const localTransaction = 1

// TestUnits is the price list: what an operation costs is part of what it promises.
func TestUnits(t *testing.T) {
	var used units
	cfg := dynamotest.Start(t)
	s := dynamo.Open(cfg, dynamotest.CreateTables(t, cfg, tabletest.Tables...), &dynamo.Options{Observe: used.observe})
	key := func(sort string) table.Key {
		return table.Key{Table: tabletest.Tables[0], Partition: "shop#p", Sort: sort}
	}
	sized := func(sort string, bytes int) table.Item {
		it := table.Item{Key: key(sort), Body: []byte(`{"fill":""}`)}
		it.Body = []byte(`{"fill":"` + strings.Repeat("x", bytes-table.Size(it)) + `"}`)
		return it
	}
	var many []table.Item
	var keys []table.Key
	for i := range 100 {
		many = append(many, sized(fmt.Sprintf("many %02d", i), 1000))
		keys = append(keys, many[i].Key)
	}
	ctx := t.Context()
	get := func(k table.Key, opts ...table.ReadOption) func() error {
		return func() error { _, err := s.Get(ctx, k, opts...); return err }
	}
	write := func(ops ...table.Op) func() error { return func() error { return s.Write(ctx, ops...) } }
	steps := []struct {
		what        string
		do          func() error
		read, write float64
	}{
		{"put of 1 KB if absent", write(table.Put(sized("1k", 1024), table.IfAbsent())), 0, 1},
		{"put of 1 KB over it, if version", write(table.Put(sized("1k", 1024), table.IfVersion(1))), 0, 1},
		{"put of 1 KB over it, always", write(table.Put(sized("1k", 1024), table.Always())), 0, 1},
		{"put of 4 KB", write(table.Put(sized("4k", 4096), table.IfAbsent())), 0, 4},
		{"get of 4 KB", get(key("4k")), 0.5, 0},
		{"strong get of 4 KB", get(key("4k"), table.Strong), 1, 0},
		{"get of 1 KB", get(key("1k")), 0.5, 0},
		{"two puts of 1 KB together", write(table.Put(sized("t1", 1024), table.IfAbsent()), table.Put(sized("t2", 1024), table.IfAbsent())), 0, 2 * localTransaction},
		{"put of 1 KB with a check", write(table.Put(sized("t3", 1024), table.IfAbsent()), table.Check(key("t4"), table.IfAbsent())), 0, 2 * localTransaction},
		{"removal of 1 KB", write(table.Delete(key("t1"), table.Always())), 0, 1},
		{"put all of 100 times 1 KB", func() error { return s.PutAll(ctx, many...) }, 0, 100},
		{"get all of 100 times 1 KB", func() error { _, err := s.GetAll(ctx, keys...); return err }, 50, 0},
		{"query of 100 times 1 KB", func() error {
			_, err := s.Query(ctx, table.Query{Table: tabletest.Tables[0], Partition: "shop#p", Prefix: "many "})
			return err
		}, 12.5, 0},
	}
	for _, step := range steps {
		used = units{}
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.what, err)
		}
		t.Logf("%-34s %5.1f read units %5.1f write units", step.what, used.read, used.write)
		if diff := cmp.Diff([2]float64{step.read, step.write}, [2]float64{used.read, used.write}); diff != "" {
			t.Errorf("%s: read and write units (-want +got):\n%s", step.what, diff)
		}
	}
}
