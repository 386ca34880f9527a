package sending_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/campaign"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/mail"
	"shopkeeper/shared/sending"
	"shopkeeper/shared/sqlite"
	"shopkeeper/shared/sqlite/sqlitetest"
	"shopkeeper/shared/table"
)

const (
	tea    event.ShopID      = "tea"
	spring ledger.CampaignID = "spring"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// world is a campaign that is being sent, and a provider that does what a test says.
type world struct {
	tables table.Store
	rows   *ledger.Store

	mu         sync.Mutex
	at         time.Time
	definition campaign.Definition
	batch      int
	answer     func(m mail.Message) mail.Result                // of the provider; nil: accepted
	compose    func(r ledger.Row) (mail.Message, error)        // nil: a plain message
	before     func(ctx context.Context, batch []mail.Message) // the provider answers
	sent       map[string]int                                  // by message id
	most       int                                             // in flight at once
	flying     int
	bad        []string // addresses that were told as bad
}

func newWorld(t *testing.T, people int) *world {
	t.Helper()
	w := &world{at: noon, batch: 1, sent: map[string]int{}}
	w.tables = sqlitetest.Open(t, &sqlite.Options{Now: w.now})
	w.definition = campaign.Definition{Shop: tea, ID: spring, Status: campaign.Sending, Until: noon.Add(7 * 24 * time.Hour)}
	w.rows = ledger.New(w.now, w.tables)
	w.plan(t, people)
	return w
}

func (w *world) plan(t *testing.T, people int) {
	t.Helper()
	var rows []ledger.Row
	for n := range people {
		rows = append(rows, ledger.Row{Shop: tea, Campaign: spring, Person: person(n), State: ledger.Planned, Variant: "a"})
	}
	if _, err := w.rows.Plan(t.Context(), rows...); err != nil {
		t.Fatal(err)
	}
}

func person(n int) event.PersonID { return event.PersonID(fmt.Sprintf("p_%04d", n)) }

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *world) move(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

// Get is sending.Campaigns.
func (w *world) Get(context.Context, event.ShopID, ledger.CampaignID) (campaign.Definition, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(time.Second) // so that every look is a fresh one
	return w.definition, nil
}

func (w *world) status(s campaign.Status) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.definition.Status = s
}

// Compose is sending.Composer.
func (w *world) Compose(_ context.Context, r ledger.Row) (mail.Message, string, error) {
	if w.compose != nil {
		m, err := w.compose(r)
		return m, "", err
	}
	return mail.Message{From: mail.Address{Email: "shop@tea.example"}, To: mail.Address{Email: string(r.Person) + "@home.example"}, Subject: "s", Text: "t"}, "offer-1", nil
}

// Batch is mail.Sender's.
func (w *world) Batch() int { return w.batch }

// Send is mail.Sender's.
func (w *world) Send(ctx context.Context, messages ...mail.Message) []mail.Result {
	w.mu.Lock()
	w.flying += len(messages)
	w.most = max(w.most, w.flying)
	w.mu.Unlock()
	if w.before != nil {
		w.before(ctx, messages)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.flying -= len(messages)
	results := make([]mail.Result, len(messages))
	for i, m := range messages {
		if ctx.Err() != nil {
			results[i] = mail.Result{Outcome: mail.Deferred, Code: "ended"}
			continue
		}
		results[i] = mail.Result{Outcome: mail.Accepted, Code: "250", ProviderID: "q-" + m.ID}
		if w.answer != nil {
			results[i] = w.answer(m)
		}
		if results[i].Outcome == mail.Accepted || results[i].Outcome == mail.Unknown {
			w.sent[m.ID]++
		}
	}
	return results
}

func (w *world) worker(o sending.Options) *sending.Worker {
	o.BadAddress = func(_ context.Context, r ledger.Row, email, _ string) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.bad = append(w.bad, email)
		return nil
	}
	return sending.New(slog.New(slog.DiscardHandler), w.now, w.rows, w, w, w, &o)
}

// all sends every shard once.
func (w *world) all(t *testing.T, ctx context.Context, k *sending.Worker) error {
	t.Helper()
	var failed []error
	for shard := range ledger.Shards {
		body, err := json.Marshal(campaign.Job{Shop: tea, Campaign: spring, Shard: shard})
		if err != nil {
			t.Fatal(err)
		}
		failed = append(failed, k.Handle(ctx, body))
	}
	return errors.Join(failed...)
}

// states counts the rows, and checks that nobody was sent two.
func (w *world) states(t *testing.T) map[ledger.State]int {
	t.Helper()
	s, err := w.rows.Sums(t.Context(), tea, spring)
	if err != nil {
		t.Fatal(err)
	}
	for id, n := range w.sent {
		if n != 1 {
			t.Errorf("%s was sent %d times", id, n)
		}
	}
	for state, n := range s.States {
		if n == 0 {
			delete(s.States, state)
		}
	}
	return s.States
}

func TestEverybodyOnce(t *testing.T) {
	for _, batch := range []int{1, 50} {
		t.Run(fmt.Sprint("batches of ", batch), func(t *testing.T) {
			w := newWorld(t, 500)
			w.batch = batch
			if err := w.all(t, t.Context(), w.worker(sending.Options{Lanes: 4})); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(map[ledger.State]int{ledger.Handed: 500}, w.states(t)); diff != "" {
				t.Errorf("states (-want +got):\n%s", diff)
			}
			if len(w.sent) != 500 || w.most > 4*batch {
				t.Errorf("%d sent, %d in flight at once", len(w.sent), w.most)
			}
			row, err := w.rows.Get(t.Context(), tea, spring, person(7), 0)
			if err != nil || row.Provider != "q-tea.spring.p_0007.0" || row.Code != "250" || row.Offer != "offer-1" {
				t.Errorf("row %+v, %v", row, err)
			}
		})
	}
}

func TestOutcomes(t *testing.T) {
	tests := map[string]struct {
		answer  mail.Result
		compose error
		want    ledger.State
		why     ledger.Why
		later   time.Duration // at least, of NotBefore
		bad     bool
	}{
		"accepted":                     {answer: mail.Result{Outcome: mail.Accepted}, want: ledger.Handed},
		"refused":                      {answer: mail.Result{Outcome: mail.Refused, Code: "554"}, want: ledger.Bounced},
		"refused for the address":      {answer: mail.Result{Outcome: mail.Refused, Code: "550 5.1.1", BadAddress: true}, want: ledger.Bounced, bad: true},
		"unknown":                      {answer: mail.Result{Outcome: mail.Unknown}, want: ledger.Uncertain},
		"deferred":                     {answer: mail.Result{Outcome: mail.Deferred}, want: ledger.Planned, later: sending.DefaultBackOff},
		"deferred for longer":          {answer: mail.Result{Outcome: mail.Deferred, RetryAfter: time.Hour}, want: ledger.Planned, later: time.Hour},
		"deferred until it is over":    {answer: mail.Result{Outcome: mail.Deferred, RetryAfter: 30 * 24 * time.Hour}, want: ledger.Suppressed, why: ledger.TooLate},
		"not rendered":                 {compose: fault.New(fault.Invalid, "no such filter"), want: ledger.Suppressed, why: ledger.NotRendered},
		"consent withdrawn":            {compose: &sending.Skip{Why: ledger.NoConsent}, want: ledger.Suppressed, why: ledger.NoConsent},
		"not now":                      {compose: fmt.Errorf("x: %w", &sending.Skip{Until: noon.Add(3 * time.Hour)}), want: ledger.Planned, later: 2 * time.Hour},
		"the composer's table is busy": {compose: fault.New(fault.Throttled, "slower"), want: ledger.Planned, later: sending.DefaultBackOff},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 1)
			w.answer = func(mail.Message) mail.Result { return tt.answer }
			if tt.compose != nil {
				w.compose = func(ledger.Row) (mail.Message, error) { return mail.Message{}, tt.compose }
			}
			if err := w.all(t, t.Context(), w.worker(sending.Options{})); err != nil {
				t.Fatal(err)
			}
			row, err := w.rows.Get(t.Context(), tea, spring, person(0), 0)
			if err != nil {
				t.Fatal(err)
			}
			if row.State != tt.want || row.Why != tt.why || row.Code != tt.answer.Code {
				t.Errorf("row %+v, want %s %s", row, tt.want, tt.why)
			}
			if tt.later > 0 && row.NotBefore.Before(noon.Add(tt.later)) {
				t.Errorf("again at %v, want %v later", row.NotBefore, tt.later)
			}
			if tt.bad != (len(w.bad) == 1) {
				t.Errorf("bad addresses %v", w.bad)
			}
		})
	}
}

func TestDeferredUntilGivenUp(t *testing.T) {
	w := newWorld(t, 1)
	tries := 0
	w.answer = func(mail.Message) mail.Result {
		tries++
		return mail.Result{Outcome: mail.Deferred, Code: "451"}
	}
	var pauses []time.Duration
	k := w.worker(sending.Options{Tries: 5, BackOff: time.Minute, MaxBack: 5 * time.Minute})
	for range 10 {
		if err := w.all(t, t.Context(), k); err != nil {
			t.Fatal(err)
		}
		row, err := w.rows.Get(t.Context(), tea, spring, person(0), 0)
		if err != nil {
			t.Fatal(err)
		}
		if row.State == ledger.Suppressed {
			if row.Why != ledger.GaveUp {
				t.Errorf("row %+v", row)
			}
			break
		}
		pauses = append(pauses, row.NotBefore.Sub(row.At).Round(time.Minute))
		w.move(row.NotBefore.Sub(w.now()))
	}
	if diff := cmp.Diff([]time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 5 * time.Minute}, pauses); diff != "" || tries != 5 {
		t.Errorf("%d tries, pauses (-want +got):\n%s", tries, diff)
	}
}

func TestProviderThatIsAway(t *testing.T) {
	w := newWorld(t, 600)
	tries := 0
	w.answer = func(mail.Message) mail.Result {
		tries++
		return mail.Result{Outcome: mail.Deferred, Code: "connect"}
	}
	body := []byte(`{"shop":"tea","campaign":"spring","shard":3}`)
	if err := w.worker(sending.Options{Lanes: 3}).Handle(t.Context(), body); !fault.Is(err, fault.Unavailable) {
		t.Errorf("%v, want Unavailable", err)
	}
	if tries > 12 {
		t.Errorf("%d people were tried in vain", tries)
	}
	if got := w.states(t); got[ledger.Planned] != 600 {
		t.Errorf("states %v", got)
	}
}

func TestPausedInTheMiddle(t *testing.T) {
	w := newWorld(t, 300)
	w.before = func(context.Context, []mail.Message) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.sent) >= 10 {
			w.definition.Status = campaign.Paused
		}
	}
	k := w.worker(sending.Options{Lanes: 4})
	if err := w.all(t, t.Context(), k); err != nil {
		t.Fatal(err)
	}
	got := w.states(t)
	if got[ledger.Handed] < 10 || got[ledger.Handed] > 10+2*4 || got[ledger.Handed]+got[ledger.Planned] != 300 {
		t.Errorf("states %v", got)
	}
	w.before = nil
	w.status(campaign.Sending)
	if err := w.all(t, t.Context(), k); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[ledger.State]int{ledger.Handed: 300}, w.states(t)); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
}

func TestToldToStop(t *testing.T) {
	w := newWorld(t, 300)
	ctx, cancel := context.WithCancel(t.Context())
	w.before = func(context.Context, []mail.Message) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.sent) >= 10 {
			cancel()
		}
	}
	k := w.worker(sending.Options{Lanes: 4})
	if err := w.all(t, ctx, k); err != nil {
		t.Fatal(err)
	}
	got := w.states(t)
	if got[ledger.Claimed]+got[ledger.Uncertain] != 0 || got[ledger.Handed]+got[ledger.Planned] != 300 || got[ledger.Handed] > 20 {
		t.Errorf("states %v", got)
	}
	w.before = nil
	if err := w.all(t, t.Context(), k); err != nil {
		t.Fatal(err)
	}
	if got := w.states(t); got[ledger.Handed] != 300 {
		t.Errorf("states %v: who was stopped before the message has not been tried", got)
	}
}

func TestJobDeliveredToMany(t *testing.T) {
	w := newWorld(t, 300)
	var running sync.WaitGroup
	failed := make(chan error, 4)
	for range 4 {
		k := w.worker(sending.Options{Lanes: 3})
		running.Go(func() { failed <- w.all(t, t.Context(), k) })
	}
	running.Wait()
	for range 4 {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff(map[ledger.State]int{ledger.Handed: 300}, w.states(t)); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
}

func TestFrequencyCap(t *testing.T) {
	w := newWorld(t, 20)
	w.definition.Cap = campaign.Cap{Messages: 1, Within: 24 * time.Hour}
	if err := w.all(t, t.Context(), w.worker(sending.Options{})); err != nil {
		t.Fatal(err)
	}
	var rows []ledger.Row
	for n := range 20 {
		rows = append(rows, ledger.Row{Shop: tea, Campaign: spring, Person: person(n), Step: 1, State: ledger.Planned})
	}
	if _, err := w.rows.Plan(t.Context(), rows...); err != nil {
		t.Fatal(err)
	}
	if err := w.all(t, t.Context(), w.worker(sending.Options{})); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[ledger.State]int{ledger.Handed: 20, ledger.Suppressed: 20}, w.states(t)); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
}

func TestQuietHours(t *testing.T) {
	w := newWorld(t, 20)
	until := noon.Add(8 * time.Hour)
	k := w.worker(sending.Options{NotBefore: func(_ context.Context, _ campaign.Definition, r ledger.Row) (time.Time, error) {
		if r.Person < person(10) && w.now().Before(until) {
			return until, nil
		}
		return time.Time{}, nil
	}})
	for _, want := range []map[ledger.State]int{{ledger.Handed: 10, ledger.Planned: 10}, {ledger.Handed: 20}} {
		if err := w.all(t, t.Context(), k); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, w.states(t)); diff != "" {
			t.Errorf("states (-want +got):\n%s", diff)
		}
		w.move(9 * time.Hour)
	}
}

// failing is a table that cannot be written to now and then.
type failing struct {
	table.Store
	mu    sync.Mutex
	after int // writes until it fails
	times int // it fails
}

func (f *failing) Write(ctx context.Context, ops ...table.Op) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.after--; f.after < 0 && f.times > 0 {
		f.times--
		return fault.New(fault.Unavailable, "the disk is full")
	}
	return f.Store.Write(ctx, ops...)
}

func TestLedgerThatIsAwayForAMoment(t *testing.T) {
	w := newWorld(t, 100)
	f := &failing{Store: w.tables, after: 5, times: 3}
	w.rows = ledger.New(w.now, f)
	k := w.worker(sending.Options{Lanes: 2})
	for range 4 {
		_ = w.all(t, t.Context(), k) // a job that fails comes again
	}
	got := w.states(t)
	if got[ledger.Handed] != 100 {
		t.Errorf("states %v", got)
	}
	if f.times != 0 {
		t.Error("the table never failed")
	}
}

func TestBodiesThatAreNoJobs(t *testing.T) {
	w := newWorld(t, 1)
	k := w.worker(sending.Options{})
	for _, body := range []string{"", "{", "[]", `{"shop":"tea"}`, `{"shop":"tea","campaign":"spring","shard":16}`, `{"shop":"tea","campaign":"spring","shard":-1}`} {
		if err := k.Handle(t.Context(), []byte(body)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v, want Invalid", body, err)
		}
	}
}

func FuzzHandle(f *testing.F) {
	f.Add([]byte(`{"shop":"tea","campaign":"spring","shard":3}`))
	f.Add([]byte(`{"shop":1}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		w := &world{at: noon, batch: 1, definition: campaign.Definition{Status: campaign.Paused}}
		if err := w.worker(sending.Options{}).Handle(t.Context(), body); err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", body, err)
		}
	})
}

func TestMessageIDsAreValid(t *testing.T) {
	row := ledger.Row{Shop: tea, Campaign: spring, Person: "p_A-b_9", Step: 2}
	if got := sending.MessageID(row); got != "tea.spring.p_A-b_9.2" || slices.Contains([]string{sending.TagsOf(row).Step}, "") {
		t.Errorf("id %q, tags %+v", got, sending.TagsOf(row))
	}
}
