package campaign

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/queue"
	"shopkeeper/shared/table"
)

// dying is a store whose process dies at its n-th call: before the call or, when after is set, when it is done and nobody has heard of it. Then nothing answers any more.
type dying struct {
	table.Store
	left  int
	after bool
}

func (d *dying) die(call func() error) error {
	d.left--
	if d.left < 0 || d.left == 0 && !d.after {
		return fault.New(fault.Unavailable, "dead")
	}
	err := call()
	if d.left == 0 {
		return fault.New(fault.Unavailable, "dead")
	}
	return err
}

func (d *dying) Get(ctx context.Context, k table.Key, o ...table.ReadOption) (it table.Item, err error) {
	failed := d.die(func() error { it, err = d.Store.Get(ctx, k, o...); return err })
	return it, failed
}

func (d *dying) GetAll(ctx context.Context, keys ...table.Key) (items []table.Item, err error) {
	failed := d.die(func() error { items, err = d.Store.GetAll(ctx, keys...); return err })
	return items, failed
}

func (d *dying) Query(ctx context.Context, q table.Query) (p table.Page, err error) {
	failed := d.die(func() error { p, err = d.Store.Query(ctx, q); return err })
	return p, failed
}

func (d *dying) Write(ctx context.Context, ops ...table.Op) error {
	return d.die(func() error { return d.Store.Write(ctx, ops...) })
}

// outcome is what a campaign came to.
type outcome struct {
	Status             Status
	Audience, Nobodies int
	Rows               map[event.PersonID]string
}

func (w *world) outcome(t *testing.T, d Definition) outcome {
	o := outcome{Status: d.Status, Audience: d.Audience, Nobodies: d.Nobodies, Rows: map[event.PersonID]string{}}
	for r, err := range w.ledger.All(t.Context(), tea, d.ID) {
		if err != nil {
			t.Fatal(err)
		}
		o.Rows[r.Person] = fmt.Sprint(r.State, r.Why, r.Variant, r.Control)
	}
	return o
}

// TestThePlannerIsKilledAtEveryStep kills the planner at every call to the store, before and after it, lets another go on, and compares with a run that nobody disturbed.
func TestThePlannerIsKilledAtEveryStep(t *testing.T) {
	d := spring()
	d.Control = 0.25
	d.Variants = append(d.Variants, Variant{Name: "b", Share: 2, Subject: "B", Text: "{{ unsubscribe_url }}"})
	run := func(kill int, after bool) (o outcome, killed bool) {
		w := newWorld(t)
		w.join(t, 33, nil)
		w.segment.subjects = append(w.segment.subjects, "v_1", "v_2", "v_3")
		slices.Sort(w.segment.subjects)
		w.start(t, d)
		if kill > 0 {
			store := &dying{Store: w.db, left: kill, after: after}
			killed = w.on(store).Tick(t.Context(), tea) != nil
		}
		w.tick(t)
		o = w.outcome(t, w.get(t, d.ID))
		w.hand(t, d.ID)
		w.move(time.Hour)
		w.tick(t)
		w.tick(t)
		if end := w.get(t, d.ID); end.Status != Finished {
			t.Errorf("killed at call %d: it is %s in the end", kill, end.Status)
		}
		return o, killed
	}
	want, _ := run(0, false)
	if want.Status != Sending || want.Audience != 33 || want.Nobodies != 3 || len(want.Rows) != 33 {
		t.Fatalf("undisturbed: %+v", want)
	}
	for _, after := range []bool{false, true} {
		kills := 0
		for kill := 1; ; kill++ {
			got, killed := run(kill, after)
			if !killed {
				break
			}
			kills++
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("killed at call %d (after it: %t), resumed (-undisturbed +resumed):\n%s", kill, after, diff)
			}
		}
		if kills < 30 {
			t.Errorf("killed %d times; the planner makes more calls than that", kills)
		}
	}
}

// broken is a queue that is away.
type broken struct{ queue.Queue }

func (broken) Send(context.Context, time.Duration, ...[]byte) error {
	return fault.New(fault.Unavailable, "the queue is away")
}

func TestJobsThatCannotBeSentAreSentLater(t *testing.T) {
	w := newWorld(t)
	w.join(t, 5, nil)
	w.start(t, spring())
	jobs := w.runner.jobs
	w.runner.jobs = broken{}
	if err := w.runner.Tick(t.Context(), tea); !fault.Is(err, fault.Unavailable) {
		t.Fatalf("%v, want Unavailable", err)
	}
	w.runner.jobs = jobs
	w.tick(t)
	shards := map[int]bool{}
	for _, j := range w.jobs.sent {
		shards[j.Shard] = true
	}
	for i := range 5 {
		if shard := ledger.ShardOf(event.PersonID(fmt.Sprintf("p_%04d", i))); !shards[shard] {
			t.Errorf("no job for shard %d", shard)
		}
	}
}

// TestManyTicksAtOnce has several runners plan and send one campaign together, as overlapping schedules do.
func TestManyTicksAtOnce(t *testing.T) {
	w := newWorld(t)
	w.join(t, 60, nil)
	d := spring()
	d.Control = 0.2
	w.start(t, d)
	all, ctx := errgroup.WithContext(t.Context())
	for range 4 {
		r := w.on(w.db)
		r.jobs = sink{}
		all.Go(func() error {
			for range 5 {
				if err := r.Tick(ctx, tea); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	if got, sums := w.get(t, d.ID), w.sums(t, d.ID); got.Status != Sending || got.Audience != 60 || sums.Rows != 60 {
		t.Errorf("%s to %d with %d rows; want it sending to 60", got.Status, got.Audience, sums.Rows)
	}
}

// sink is a queue that takes everything.
type sink struct{ queue.Queue }

func (sink) Send(context.Context, time.Duration, ...[]byte) error { return nil }
