package crashtest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shopkeeper/shared/app"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/people"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/sqlite"
	"shopkeeper/shared/table"
)

const (
	kills    = 50
	clients  = 4
	demo     = event.ShopID("demo")
	writeKey = "wk_crash-0123456789abcdef"
	patience = time.Minute // for one step on a busy machine
)

// process is the shop as a process of its own.
type process struct {
	cmd     *exec.Cmd
	address string
	log     *bytes.Buffer
}

func start(t *testing.T, dir string) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: exec.Command(self), log: &bytes.Buffer{}}
	p.cmd.Env = append(os.Environ(), folderVariable+"="+dir)
	p.cmd.Stderr = p.log
	if _, err := p.cmd.StdinPipe(); err != nil { // ends when this process does
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	first, err := bufio.NewReader(out).ReadString('\n')
	address, ok := strings.CutPrefix(strings.TrimSpace(first), "listening on ")
	if err != nil || !ok {
		p.kill()
		t.Fatalf("the shop does not start: %q %v\n%s", first, err, p.log)
	}
	p.address = address
	return p
}

// kill is kill -9.
func (p *process) kill() {
	p.cmd.Process.Kill() // it may have died by itself: then the test fails by what is missing
	p.cmd.Wait()
}

// client is one device that sends one call after another, the same again when it was not answered, as SDKs do; now and then it gives up.
type client struct {
	name     string
	random   *rand.Rand
	next     int
	sent     map[string]string // message id to event name, whatever became of it
	accepted map[string]bool   // those answered with 200
}

type message struct {
	Type        string         `json:"type"`
	Event       string         `json:"event,omitempty"`
	MessageID   string         `json:"messageId"`
	AnonymousID string         `json:"anonymousId"`
	Timestamp   time.Time      `json:"timestamp"`
	UserID      string         `json:"userId,omitempty"`
	Properties  map[string]any `json:"properties,omitempty"`
	Traits      map[string]any `json:"traits,omitempty"`
}

// batch is what the device does next.
func (c *client) batch() []message {
	var list []message
	now := time.Now().UTC().Truncate(time.Millisecond) // a message that is sent again happened when it happened: without a time of its own, what is stored has that of the last attempt, and the profile that of the first
	for range 1 + c.random.IntN(5) {
		c.next++
		m := message{Type: "track", MessageID: fmt.Sprintf("%s-%06d", c.name, c.next), AnonymousID: c.name, Timestamp: now}
		// As few items as every list of a profile holds: which of more are left out depends on the order of folding, and a rebuild has an order of its own.
		product := map[string]any{"product_id": fmt.Sprint("item", c.random.IntN(12)), "category": fmt.Sprint("Kind ", c.random.IntN(5)), "price": 2.5}
		switch n := c.random.IntN(12); {
		case n == 0:
			m.Type, m.UserID, m.Traits = "identify", "user-of-all", map[string]any{"firstName": "Ann", "visits": c.next}
		case n == 1:
			m.Event = string(event.OrderCompleted)
			m.Properties = map[string]any{"order_id": "order of " + m.MessageID, "total": 5, "currency": "GBP", "products": []any{product}}
		case n < 5:
			m.Event, m.Properties = string(event.ProductAdded), product
		default:
			m.Event, m.Properties = string(event.ProductViewed), product
		}
		c.sent[m.MessageID] = m.Event
		list = append(list, m)
	}
	return list
}

// run sends until stop is closed. address changes when the shop is started again; begun counts calls.
func (c *client) run(ctx context.Context, address *atomic.Value, begun *atomic.Int64, stop <-chan struct{}) error {
	for {
		list := c.batch()
		for accepted := false; !accepted; {
			select {
			case <-stop:
				return nil
			default:
			}
			begun.Add(1)
			status, err := post(ctx, address.Load().(string), list)
			switch {
			case err == nil && status == http.StatusOK:
				accepted = true
				for _, m := range list {
					c.accepted[m.MessageID] = true
				}
			case err == nil && status != http.StatusServiceUnavailable:
				return fmt.Errorf("a batch was answered with %d", status)
			case c.random.IntN(20) == 0:
				accepted = true // given up
			}
		}
	}
}

func post(ctx context.Context, address string, list []message) (int, error) {
	body, err := json.Marshal(map[string]any{"batch": list})
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/v1/batch", bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.SetBasicAuth(writeKey, "")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, errors.Join(err, res.Body.Close())
}

func found(t *testing.T, dir string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "keys.json"), identity.NewKeyring(), 0o600); err != nil {
		t.Fatal(err)
	}
	db, keys, err := open(dir)
	if err != nil {
		t.Fatal(err)
	}
	seal, err := identity.NewSealer(keys)
	if err != nil {
		t.Fatal(err)
	}
	shops := shop.NewStore(time.Now, db, seal)
	if err := shops.Put(t.Context(), shop.Settings{ID: demo, Name: "Demo", Currency: "GBP", Consent: consent.Implied}); err != nil {
		t.Fatal(err)
	}
	if err := shops.AddKey(t.Context(), demo, shop.WriteKey, "test", writeKey); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestKilledAtAnyMoment sends events from several devices while the shop is killed again and again: no accepted event is lost, and none that is stored is folded twice or not at all.
func TestKilledAtAnyMoment(t *testing.T) {
	dir := t.TempDir()
	found(t, dir)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))

	shopProcess := start(t, dir)
	var address atomic.Value
	address.Store(shopProcess.address)
	var begun atomic.Int64
	stop := make(chan struct{})
	var devices []*client
	var running sync.WaitGroup
	failed := make(chan error, clients)
	for i := range clients {
		c := &client{name: fmt.Sprint("device", i), random: rand.New(rand.NewPCG(seed, uint64(i+2))), sent: map[string]string{}, accepted: map[string]bool{}}
		devices = append(devices, c)
		running.Go(func() { failed <- c.run(t.Context(), &address, &begun, stop) })
	}
	for range kills {
		await(t, &begun, begun.Load()+1+random.Int64N(12))
		moment := time.NewTimer(time.Duration(random.Int64N(int64(4 * time.Millisecond)))) // between any two instructions of a call
		<-moment.C
		shopProcess.kill()
		shopProcess = start(t, dir)
		address.Store(shopProcess.address)
	}
	await(t, &begun, begun.Load()+20)
	close(stop)
	running.Wait()
	shopProcess.kill()
	for range clients {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	verify(t, dir, devices)
}

// await waits until a number of calls have begun.
func await(t *testing.T, begun *atomic.Int64, n int64) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for begun.Load() < n {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%d calls begun, %d awaited", begun.Load(), n)
		}
	}
}

func verify(t *testing.T, dir string, devices []*client) {
	t.Helper()
	db, keys, err := open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	log := slog.New(slog.DiscardHandler)
	loop, err := folding(log, db, keys)
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n > 0; { // what the last kill left
		if n, err = loop.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	folder, err := app.Folder(log, time.Now, db, keys)
	if err != nil {
		t.Fatal(err)
	}
	total, accepted := 0, 0
	var person event.PersonID
	var parts []profile.Part
	for _, c := range devices {
		v, err := identity.NewAliases(db).Visitor(t.Context(), demo, c.name)
		if err != nil {
			t.Fatal(err)
		}
		own := c.verify(t, db, folder, v)
		total, accepted = total+int(own.Applied.Count), accepted+len(c.accepted)
		person = own.Person
		parts = append(parts, profile.Part{Member: profile.Member{Visitor: v}, Own: own})
	}
	t.Logf("%d events accepted, %d folded, through %d kills", accepted, total, kills)
	verifyPerson(t, db, person, parts)
	if n, err := db.Queue("failures", nil).Len(t.Context()); err != nil || n != 0 {
		t.Errorf("%d changes were set aside, %v", n, err)
	}
}

// verify holds one device's profile against what is stored, and that against what was accepted.
func (c *client) verify(t *testing.T, db *sqlite.DB, folder *profile.Folder, v event.VisitorID) profile.Profile {
	t.Helper()
	stored := map[string]int{}
	count := 0
	q := table.Query{Table: event.Table, Partition: event.Key(demo, v, "any").Partition}
	missing := len(c.accepted)
	for {
		page, err := db.Query(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range page.Items {
			e, err := event.FromItem(it)
			if err != nil {
				t.Fatal(err)
			}
			name, sent := c.sent[string(e.ID)]
			if !sent {
				t.Errorf("%s: event %s was never sent", c.name, e.ID)
			}
			if c.accepted[string(e.ID)] {
				missing--
			}
			if name == "" {
				name = "identify"
			}
			stored[name]++
			count++
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	if missing != 0 {
		t.Errorf("%s: %d accepted events are lost", c.name, missing)
	}
	own, err := profile.NewStore(db).Read(t.Context(), demo, string(v), profile.Own)
	if err != nil {
		t.Fatal(err)
	}
	if own.Applied.Count != int64(count) {
		t.Errorf("%s: %d events are stored, %d folded", c.name, count, own.Applied.Count)
	}
	counted := map[string]int{}
	for _, x := range own.Counters {
		counted[string(x.Name)] += int(x.Count)
	}
	if diff := cmp.Diff(stored, counted); diff != "" {
		t.Errorf("%s: counters (-stored +folded):\n%s", c.name, diff)
	}
	if got := int(own.Orders.Count); got != stored[string(event.OrderCompleted)] {
		t.Errorf("%s: %d orders, %d counted", c.name, stored[string(event.OrderCompleted)], got)
	}
	rebuilt, err := folder.Rebuild(t.Context(), demo, v)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(rebuilt, own, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(profile.Applied{}, "IDs", "Floor")); diff != "" {
		t.Errorf("%s: profile (-rebuilt +kept):\n%s", c.name, diff)
	}
	return own
}

// verifyPerson holds the person's profile against the devices'.
func verifyPerson(t *testing.T, db *sqlite.DB, person event.PersonID, parts []profile.Part) {
	t.Helper()
	file, err := people.New(db).Load(t.Context(), demo, person)
	if err != nil {
		t.Fatal(err)
	}
	if len(file.Pending) != 0 || file.Person.FirstName != "Ann" {
		t.Errorf("person %+v with %d traits pending", file.Person, len(file.Pending))
	}
	var merged []profile.Part
	for _, m := range file.Members(profile.MaxMembers) {
		i := slices.IndexFunc(parts, func(p profile.Part) bool { return p.Visitor == m.Visitor })
		if i < 0 {
			t.Errorf("member %s is none of the devices", m.Visitor)
			continue
		}
		parts[i].Since, parts[i].Trusted = m.At, m.Trusted
		merged = append(merged, parts[i])
	}
	got, err := profile.NewStore(db).Read(t.Context(), demo, string(person), profile.Merged)
	if err != nil {
		t.Fatal(err)
	}
	want := profile.Merge(demo, person, merged)
	ignore := cmpopts.IgnoreFields(profile.Profile{}, "Version", "Name", "NameBy")
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), ignore); diff != "" {
		t.Errorf("the person's profile (-merged anew +kept):\n%s", diff)
	}
	if len(merged) != clients || len(got.Name) == 0 {
		t.Errorf("%d of %d devices are members; the name has %d bytes", len(merged), clients, len(got.Name))
	}
}
