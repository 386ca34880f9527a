package crashtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shopkeeper/shared/app"
	"shopkeeper/shared/app/trigger"
	"shopkeeper/shared/clicks"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/dynamo"
	"shopkeeper/shared/dynamo/dynamotest"
	"shopkeeper/shared/env"
	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/ministacktest"
	"shopkeeper/shared/people"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/queue"
	"shopkeeper/shared/rapi"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/sqs"
	"shopkeeper/shared/stream"
	"shopkeeper/shared/table"
)

const (
	shards   = 3
	visitors = 9
	each     = 14 // events of a visitor
	persons  = 2
)

// cloud is the deployment's tables, keys and queue on stand-ins.
type cloud struct {
	cfg      aws.Config // of DynamoDB
	emulator string
	tables   dynamo.Tables // that the bootstraps fold into
	clean    dynamo.Tables // the same, with tables of its own for what is written
	keys     *identity.Keyring
	queueURL string
	env      []string
	seal     *identity.Sealer
}

// newCloud makes a cloud for a function that writes these tables.
func newCloud(t *testing.T, written ...table.Name) *cloud {
	t.Helper()
	c := &cloud{cfg: dynamotest.Start(t), emulator: ministacktest.Start(t, ministacktest.Options{})}
	read := slices.DeleteFunc([]table.Name{event.Table, identity.Table, shop.Table, consent.Table, profile.Table, people.Table, clicks.Table}, func(n table.Name) bool { return slices.Contains(written, n) })
	c.tables = dynamotest.CreateTables(t, c.cfg, append(read, written...)...)
	c.clean = maps.Clone(c.tables)
	maps.Copy(c.clean, dynamotest.CreateTables(t, c.cfg, written...))

	emulated := ministacktest.Config(c.emulator)
	made, err := awssqs.NewFromConfig(emulated).CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: aws.String(fmt.Sprint("failures-", time.Now().UnixNano()))})
	if err != nil {
		t.Fatal(err)
	}
	c.queueURL = *made.QueueUrl
	ring := identity.NewKeyring()
	if c.keys, err = identity.ParseKeyring(ring); err != nil {
		t.Fatal(err)
	}
	if c.seal, err = identity.NewSealer(c.keys); err != nil {
		t.Fatal(err)
	}
	secret, err := secretsmanager.NewFromConfig(emulated).CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: aws.String(fmt.Sprint("keys-", time.Now().UnixNano())), SecretString: aws.String(flat(t, ring)),
	})
	if err != nil {
		t.Fatal(err)
	}
	c.env = []string{
		"AWS_ENDPOINT_URL=" + c.emulator, "AWS_ENDPOINT_URL_DYNAMODB=" + *c.cfg.BaseEndpoint,
		env.QueueFailures + "=" + c.queueURL, env.KeysSecret + "=" + *secret.ARN, env.BusName + "=default", env.BucketData + "=files",
	}
	for name, physical := range c.tables {
		c.env = append(c.env, env.TableVar(name)+"="+physical)
	}
	shops := shop.NewStore(time.Now, dynamo.Open(c.cfg, c.tables, nil), c.seal)
	if err := shops.Put(t.Context(), shop.Settings{ID: demo, Name: "Demo", Currency: "GBP", Consent: consent.Implied}); err != nil {
		t.Fatal(err)
	}
	return c
}

// flat is a keyring in the form of the deployment's secret.
func flat(t *testing.T, ring []byte) string {
	t.Helper()
	var nested struct {
		Current string            `json:"current"`
		Keys    map[string]string `json:"keys"`
	}
	if err := json.Unmarshal(ring, &nested); err != nil {
		t.Fatal(err)
	}
	nested.Keys["current"] = nested.Current
	text, err := json.Marshal(nested.Keys)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// happen stores what some visitors do, theirs in order and all mixed, and traits that wait in both people tables; and puts poison among it: an item that is no event, and
// one that is no item of ours.
func (c *cloud) happen(t *testing.T, random *rand.Rand) {
	t.Helper()
	began := time.Now().Add(-time.Hour).UTC().Truncate(time.Millisecond)
	store, other := dynamo.Open(c.cfg, c.tables, nil), dynamo.Open(c.cfg, c.clean, nil)
	for n := range visitors * each {
		e := c.event(random, event.VisitorID(fmt.Sprint("v", n%visitors)), n, began.Add(time.Duration(n)*time.Second))
		if e.Type == event.Identify {
			it, err := people.Pending{
				Shop: demo, Person: e.Person, Event: e.ID, Visitor: e.Visitor, At: e.At, Traits: map[string]json.RawMessage{"firstName": fmt.Appendf(nil, `"Ann %c"`, 'A'+rune(n%26))},
			}.Item()
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range []*dynamo.Store{store, other} {
				if err := s.PutAll(t.Context(), it); err != nil {
					t.Fatal(err)
				}
			}
		}
		it, err := e.Item()
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Write(t.Context(), table.Put(it, table.IfAbsent())); err != nil {
			t.Fatal(err)
		}
		if n == visitors*each/2 {
			c.poison(t, store)
		}
	}
}

func (c *cloud) event(random *rand.Rand, v event.VisitorID, n int, at time.Time) event.Event {
	item := event.Line{Item: event.ItemID(fmt.Sprint("item", random.IntN(20))), Quantity: 1, Price: 250, Category: fmt.Sprint("Kind ", random.IntN(4))}
	e := event.Event{Shop: demo, Visitor: v, ID: event.ID(fmt.Sprintf("m%04d", n)), Type: event.Track, Name: event.ProductViewed, At: at, ReceivedAt: at, Lines: []event.Line{item}}
	switch random.IntN(8) {
	case 0:
		e.Type, e.Name, e.Lines, e.Person = event.Identify, "", nil, event.PersonID(fmt.Sprint("p_", int(v[1])%persons))
	case 1:
		e.Name, e.Order = event.OrderCompleted, &event.Order{ID: fmt.Sprint("o", n), Total: 250, Currency: "GBP"}
	case 2, 3:
		e.Name = event.ProductAdded
	}
	return e
}

func (c *cloud) poison(t *testing.T, store *dynamo.Store) {
	t.Helper()
	bad := table.Item{Key: event.Key(demo, "v1", "no event"), Body: []byte(`{"at":"yesterday"}`)}
	if err := store.Write(t.Context(), table.Put(bad, table.IfAbsent())); err != nil {
		t.Fatal(err)
	}
	_, err := dynamodb.NewFromConfig(c.cfg).PutItem(t.Context(), &dynamodb.PutItemInput{
		TableName: aws.String(c.tables[event.Table]), Item: map[string]types.AttributeValue{
			"pk": &types.AttributeValueMemberS{Value: "demo#v2"}, "sk": &types.AttributeValueMemberS{Value: "no item"}, "n": &types.AttributeValueMemberSS{Value: []string{"a"}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestStreamThroughTheBootstraps delivers the events table's stream to the real bootstraps of the profile function, shards side by side, every batch twice, processes killed
// in between, with poison in it: the profiles equal those of a run in which nothing went wrong, and the poison is in the failure queue.
func TestStreamThroughTheBootstraps(t *testing.T) {
	c := newCloud(t, profile.Table, people.Table)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	c.happen(t, rand.New(rand.NewPCG(seed, 1)))
	parts := c.shards(t, event.Table)
	if got := len(slices.Concat(parts...)); got != visitors*each+2 {
		t.Fatalf("the stream has %d records", got)
	}
	c.deliver(t, seed, "profile", parts)
	c.foldCleanly(t, parts)
	c.compare(t)
	c.compareFailures(t)
}

// deliver hands shards to the real bootstrap of a function side by side, every batch twice, with processes killed in between.
func (c *cloud) deliver(t *testing.T, seed uint64, function string, parts [][]rapi.Record) {
	t.Helper()
	bootstrap := rapi.Build(t, "./functions/"+function)
	var running sync.WaitGroup
	var calls, kills atomic.Int64
	for i, shard := range parts {
		f := rapi.NewFunction(bootstrap, rapi.Options{Env: c.env})
		t.Cleanup(func() { f.Close() }) // the process is of no more use
		running.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(i+2)))
			p := rapi.Poller{
				Mapping: stream.Mapping{BatchSize: 10, MaxAttempts: -1, Bisect: true},
				Invoke: func(ctx context.Context, payload []byte) ([]byte, error) {
					calls.Add(2)
					if _, err := f.Invoke(ctx, payload); err != nil {
						return nil, err
					}
					if random.IntN(2) == 0 {
						kills.Add(1)
						time.AfterFunc(time.Duration(random.Int64N(int64(40*time.Millisecond))), f.Kill)
					}
					return f.Invoke(ctx, payload)
				},
				Trace: func(batch []rapi.Record, reported []string, err error) {
					if _, killed := errors.AsType[*rapi.ExitError](err); err != nil && !killed || len(reported) > 0 {
						t.Logf("shard %d, %d records from %s: reported %v, %v", i, len(batch), batch[0].Seq, reported, err)
					}
				},
			}
			if err := p.Deliver(t.Context(), shard); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	t.Logf("%d calls, %d kills", calls.Load(), kills.Load())
}

// shards makes several of the one that a table's stream has: each partition key in one of them, in order.
func (c *cloud) shards(t *testing.T, of table.Name) [][]rapi.Record {
	t.Helper()
	read, err := rapi.ReadStream(t.Context(), c.cfg, c.tables[of])
	if err != nil {
		t.Fatal(err)
	}
	parts := make([][]rapi.Record, shards)
	for _, r := range slices.Concat(read...) {
		var parsed events.DynamoDBEventRecord
		if err := json.Unmarshal(r.Raw, &parsed); err != nil {
			t.Fatal(err)
		}
		h := fnv.New32()
		h.Write([]byte(parsed.Change.Keys["pk"].String()))
		n := h.Sum32() % shards
		parts[n] = append(parts[n], r)
	}
	return parts
}

// foldCleanly folds every shard into profiles once.
func (c *cloud) foldCleanly(t *testing.T, parts [][]rapi.Record) {
	t.Helper()
	fold, err := app.Profile(quiet, time.Now, dynamo.Open(c.cfg, c.clean, nil), nowhere{}, c.keys)
	if err != nil {
		t.Fatal(err)
	}
	cleanly(t, trigger.OnEvents(quiet, "profile", nowhere{}, fold), parts)
}

var quiet = slog.New(slog.DiscardHandler)

// cleanly hands every shard to a function once, one after the other, in this process.
func cleanly(t *testing.T, handle trigger.Changes, parts [][]rapi.Record) {
	t.Helper()
	for _, shard := range parts {
		for batch := range slices.Chunk(shard, profile.MaxApplied) {
			var e events.DynamoDBEvent
			for _, r := range batch {
				var parsed events.DynamoDBEventRecord
				if err := json.Unmarshal(r.Raw, &parsed); err != nil {
					t.Fatal(err)
				}
				e.Records = append(e.Records, parsed)
			}
			answer, err := handle(t.Context(), e)
			if err != nil || len(answer.BatchItemFailures) > 0 {
				t.Fatalf("a clean run reports %v, %v", answer.BatchItemFailures, err)
			}
		}
	}
}

// nowhere is a queue for the failures of the clean run.
type nowhere struct{ queue.Queue }

func (nowhere) Send(context.Context, time.Duration, ...[]byte) error { return nil }

func (c *cloud) compare(t *testing.T) {
	t.Helper()
	want, got := profile.NewStore(dynamo.Open(c.cfg, c.clean, nil)), profile.NewStore(dynamo.Open(c.cfg, c.tables, nil))
	folded := int64(0)
	for i := range visitors {
		p := c.same(t, want, got, fmt.Sprint("v", i), profile.Own)
		folded += p.Applied.Count
	}
	if folded != visitors*each {
		t.Errorf("%d events folded of %d", folded, visitors*each)
	}
	for i := range persons {
		if p := c.same(t, want, got, fmt.Sprint("p_", i), profile.Merged); len(p.Members) == 0 {
			t.Errorf("person %d has no members", i)
		}
	}
}

// same compares a profile in both runs but for its version and the nonce of its seal.
func (c *cloud) same(t *testing.T, want, got *profile.Store, id, sort string) profile.Profile {
	t.Helper()
	var both [2]profile.Profile
	for i, s := range []*profile.Store{want, got} {
		p, err := s.Read(t.Context(), demo, id, sort)
		if err != nil {
			t.Fatalf("read %s: %v", id, err)
		}
		if len(p.Name) > 0 {
			if p.Name, err = c.seal.Open(demo, id, p.Name); err != nil {
				t.Fatalf("name of %s: %v", id, err)
			}
		}
		both[i] = p
	}
	if diff := cmp.Diff(both[0], both[1], cmpopts.EquateEmpty(), cmpopts.IgnoreFields(profile.Profile{}, "Version")); diff != "" {
		t.Errorf("profile %s (-clean +through the bootstraps):\n%s", id, diff)
	}
	return both[1]
}

// compareFailures finds both pieces of poison in the queue, each at least once, and nothing else.
func (c *cloud) compareFailures(t *testing.T) {
	t.Helper()
	q := sqs.Open(ministacktest.Config(c.emulator), c.queueURL)
	found := map[string]bool{}
	for {
		messages, err := q.Receive(t.Context(), 10, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if len(messages) == 0 {
			break
		}
		for _, m := range messages {
			var p stream.Poison
			if err := json.Unmarshal(m.Body, &p); err != nil {
				t.Fatalf("%s: %v", m.Body, err)
			}
			found[p.Function+" "+p.Seq] = true
			if err := q.Done(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(found) != 2 {
		t.Errorf("the failure queue has %v, want the two pieces of poison", found)
	}
}
