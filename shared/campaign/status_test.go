package campaign

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/ledger"
)

// legal is the table of moves for people to read.
const legal = `
draft     -> scheduled
scheduled -> draft planning paused stopped missed
planning  -> sending paused stopped
sending   -> paused stopped finished
paused    -> scheduled planning sending stopped finished
finished  ->
stopped   ->
missed    -> draft
`

func TestMoves(t *testing.T) {
	var b strings.Builder
	b.WriteString("\n")
	for _, from := range Statuses() {
		fmt.Fprintf(&b, "%-9s ->", from)
		for _, to := range moves[from] {
			fmt.Fprintf(&b, " %s", to)
		}
		b.WriteString("\n")
	}
	if diff := cmp.Diff(legal, b.String()); diff != "" {
		t.Errorf("legal moves (-want +got):\n%s", diff)
	}
}

// TestEveryOrder gives every order to a campaign of every status: it is carried out or refused, and a refused one changes nothing.
func TestEveryOrder(t *testing.T) {
	type order = func(w *world) error
	orders := map[string]order{
		"start":    func(w *world) error { _, err := w.runner.Start(t.Context(), tea, "spring", 0); return err },
		"pause":    func(w *world) error { _, err := w.store.Pause(t.Context(), tea, "spring", ""); return err },
		"resume":   func(w *world) error { _, err := w.store.Resume(t.Context(), tea, "spring"); return err },
		"stop":     func(w *world) error { _, err := w.store.Stop(t.Context(), tea, "spring"); return err },
		"withdraw": func(w *world) error { _, err := w.store.Withdraw(t.Context(), tea, "spring"); return err },
		"delete":   func(w *world) error { return w.store.Delete(t.Context(), tea, "spring", 0) },
		"put":      func(w *world) error { _, err := w.store.Put(t.Context(), w.get(t, "spring")); return err },
	}
	want := map[Status]map[string]Status{
		Draft:     {"start": Scheduled, "withdraw": Draft, "delete": "", "put": Draft},
		Scheduled: {"start": Scheduled, "pause": Paused, "stop": Stopped, "withdraw": Draft},
		Planning:  {"pause": Paused, "stop": Stopped},
		Sending:   {"pause": Paused, "stop": Stopped},
		Paused:    {"pause": Paused, "resume": Scheduled, "stop": Stopped},
		Finished:  {},
		Stopped:   {"stop": Stopped},
		Missed:    {"withdraw": Draft},
	}
	for _, from := range Statuses() {
		for name, do := range orders {
			t.Run(name+" when "+string(from), func(t *testing.T) {
				w := newWorld(t)
				d := w.put(t, spring())
				d.Status, d.At, d.Until = from, noon, noon.Add(time.Hour)
				if from == Planning || from == Sending || from == Finished {
					d.Begun = noon
				}
				if _, err := w.store.write(t.Context(), d); err != nil {
					t.Fatal(err)
				}
				err := do(w)
				to, allowed := want[from][name]
				after, getErr := w.store.Get(t.Context(), tea, "spring")
				switch {
				case !allowed && (!fault.Is(err, fault.Conflict) || after.Status != from):
					t.Errorf("%v, and it is %s; want a Conflict", err, after.Status)
				case allowed && err != nil:
					t.Error(err)
				case allowed && to == "" && !fault.Is(getErr, fault.NotFound):
					t.Errorf("it is still there: %v", getErr)
				case allowed && after.Status != to:
					t.Errorf("it is %s, want %s", after.Status, to)
				}
			})
		}
	}
}

func TestPutKeepsWhatIsTheProducts(t *testing.T) {
	w := newWorld(t)
	d := spring()
	d.Status, d.Audience, d.Started = Finished, 7, noon
	first := w.put(t, d)
	if first.Status != Draft || first.Audience != 0 || !first.Started.IsZero() || first.Version == 0 {
		t.Errorf("stored %+v; want a bare draft", first)
	}
	first.Name = "Summer"
	second := w.put(t, first)
	if diff := cmp.Diff(second, w.get(t, d.ID)); diff != "" {
		t.Errorf("stored (-returned +read):\n%s", diff)
	}
	for name, wrong := range map[string]Definition{"an old version": first, "an id that is taken": d} {
		if _, err := w.store.Put(t.Context(), wrong); !fault.Is(err, fault.Conflict) {
			t.Errorf("%s: %v, want Conflict", name, err)
		}
	}
	if _, err := w.runner.Start(t.Context(), tea, d.ID, first.Version); !fault.Is(err, fault.Conflict) {
		t.Errorf("started as of an old version: %v, want Conflict", err)
	}
	all, err := w.store.List(t.Context(), tea)
	if err != nil || len(all) != 1 || all[0].Name != "Summer" {
		t.Errorf("listed %+v, %v", all, err)
	}
	if other, err := w.store.List(t.Context(), "mugs"); len(other) != 0 || err != nil {
		t.Errorf("another shop lists %+v, %v", other, err)
	}
}

func TestALateStartIsRefused(t *testing.T) {
	w := newWorld(t)
	w.join(t, 3, nil)
	d := spring()
	d.At = noon.Add(time.Hour)
	w.start(t, d)
	w.tick(t)
	if got := w.get(t, d.ID).Status; got != Scheduled {
		t.Errorf("before its time it is %s", got)
	}
	w.move(-24 * time.Hour) // the clock is put back
	w.tick(t)
	w.move(24*time.Hour + 3*time.Hour) // and nothing runs for long
	w.tick(t)
	if got := w.get(t, d.ID); got.Status != Missed || got.Why == "" || w.sums(t, d.ID).Rows != 0 {
		t.Errorf("%s (%s) with %d rows; want it missed, and why", got.Status, got.Why, w.sums(t, d.ID).Rows)
	}
}

func TestPauseResumeStop(t *testing.T) {
	w := newWorld(t)
	w.join(t, 30, nil)
	d := spring()
	w.start(t, d)
	w.tick(t)
	if _, err := w.store.Pause(t.Context(), tea, d.ID, "staff"); err != nil {
		t.Fatal(err)
	}
	w.move(time.Hour)
	w.tick(t)
	if n := w.hand(t, d.ID); n != 0 {
		t.Errorf("%d handed over while paused", n)
	}
	sent := len(w.jobs.sent)
	if _, err := w.store.Resume(t.Context(), tea, d.ID); err != nil {
		t.Fatal(err)
	}
	w.tick(t)
	if len(w.jobs.sent) == sent {
		t.Error("no job after resume")
	}
	r := w.claimOne(t, d.ID)
	if _, err := w.store.Stop(t.Context(), tea, d.ID); err != nil {
		t.Fatal(err)
	}
	w.tick(t)
	if got := w.get(t, d.ID); got.Status != Stopped || !got.Ended.IsZero() || w.sums(t, d.ID).Whys[ledger.Stopped] != 29 {
		t.Errorf("%+v; want it stopped and not ended: one message is in flight", got)
	}
	if _, err := w.ledger.Exchange(t.Context(), []ledger.Settlement{{Row: r, To: ledger.Planned}}, nil); err != nil { // given back
		t.Fatal(err)
	}
	w.tick(t)
	if got := w.get(t, d.ID); got.Ended.IsZero() || w.sums(t, d.ID).Whys[ledger.Stopped] != 30 {
		t.Errorf("%+v; want it ended, and all 30 suppressed", got)
	}
	if ids, err := w.store.active(t.Context(), tea); len(ids) != 0 || err != nil {
		t.Errorf("there is still something to do for %v, %v", ids, err)
	}
}

func (w *world) claimOne(t *testing.T, id ledger.CampaignID) ledger.Row {
	t.Helper()
	for r, err := range w.ledger.All(t.Context(), tea, id) {
		if err != nil {
			t.Fatal(err)
		}
		x, err := w.ledger.Exchange(t.Context(), nil, []ledger.Claim{claim(w.get(t, id), r, w.now())})
		if err != nil || len(x.Claimed) != 1 {
			t.Fatalf("%+v, %v", x, err)
		}
		return x.Claimed[0]
	}
	t.Fatal("no rows")
	return ledger.Row{}
}

func TestWhatIsNotSentByTheEndIsTooLate(t *testing.T) {
	w := newWorld(t)
	w.join(t, 10, nil)
	d := spring()
	d.Until = noon.Add(time.Hour)
	w.start(t, d)
	w.tick(t)
	r := w.claimOne(t, d.ID)
	w.move(-time.Minute) // a clock that is put back loses nothing
	w.tick(t)
	w.move(2 * time.Hour)
	w.tick(t)
	if got := w.get(t, d.ID); got.Status != Finished {
		t.Errorf("it is %s", got.Status)
	}
	sums := w.sums(t, d.ID)
	if sums.Whys[ledger.TooLate] != 9 || sums.States[ledger.Uncertain] != 1 {
		t.Errorf("%+v; want nine too late, and %s uncertain", sums, r.Person)
	}
}
