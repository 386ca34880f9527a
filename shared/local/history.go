package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"shopkeeper/shared/app"
	"shopkeeper/shared/archive"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/people"
	"shopkeeper/shared/queue"
	"shopkeeper/shared/simulate"
	"shopkeeper/shared/stream"
	"shopkeeper/shared/table"
)

// Progress hears how far a long task is; done of total.
type Progress func(what string, done, total int)

// premise is what a simulated history follows from. It is kept before the history is stored, so that a start that was killed half-way stores the same history
// again, over what is there.
type premise struct {
	Seed uint64    `json:"seed"`
	End  time.Time `json:"end"`
}

// premise reads the folder's, or makes it: history ends with the last full hour.
func (l *Local) premise(seed uint64) (premise, error) {
	path := filepath.Join(l.Dir, "simulation.json")
	var p premise
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		p = premise{Seed: seed, End: l.Now().UTC().Truncate(time.Hour)}
		if text, err = json.Marshal(p); err == nil {
			err = createWhole(path, text)
		}
	} else if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil {
		return p, fmt.Errorf("premise of the simulation: %w", err)
	}
	return p, nil
}

// failures is the queue of what can never be handled.
func (l *Local) failures() queue.Queue { return l.DB.Queue("failures", nil) }

// simulated makes up the folder's shop, the same one at every call.
func (l *Local) simulated(seed uint64) (simulate.Made, error) {
	p, err := l.premise(seed)
	if err != nil {
		return simulate.Made{}, err
	}
	size := l.size
	size.ID, size.End = ShopID, p.End
	return simulate.Shop(p.Seed, size), nil
}

// populate stores a made-up shop: range, archive, and the customers' profiles by the handler that folds them in production. Repeated, it changes nothing.
func (l *Local) populate(ctx context.Context, made simulate.Made, failures queue.Queue, progress Progress) error {
	if err := l.Shops.Put(ctx, made.Settings); err != nil {
		return err
	}
	if _, err := l.Items.Put(ctx, ShopID, made.Items...); err != nil {
		return err
	}
	if err := l.putOffers(ctx, made); err != nil {
		return err
	}
	offered, err := l.offered(&made)
	if err != nil {
		return err
	}
	progress("archiving a year of visits", 0, len(made.Events))
	if err := l.archive(ctx, made.Events); err != nil {
		return err
	}
	if err := l.introduce(ctx, made); err != nil {
		return err
	}
	fold, err := app.Profile(l.Log, l.Now, l.DB, failures, l.Ring)
	if err != nil {
		return err
	}
	if err := l.remember(ctx, fold, known(made), progress); err != nil {
		return err
	}
	if err := l.countOffers(ctx, failures, offered); err != nil {
		return err
	}
	return l.permit(ctx, made)
}

// permit records what the customers said about letters when they first came.
func (l *Local) permit(ctx context.Context, made simulate.Made) error {
	came := map[event.PersonID]bool{}
	for _, e := range made.Events {
		came[e.Person] = true
	}
	persons := people.New(l.DB)
	all, asked := errgroup.WithContext(ctx)
	all.SetLimit(binders)
	for _, c := range made.Customers {
		if c.Mail == consent.Undecided || !came[c.Person] {
			continue
		}
		p := people.Permission{Channel: people.Email, Choice: c.Mail, Text: "welcome-1", Source: "checkout", At: c.Since}
		if c.Mail == consent.Granted {
			p.Confirmed = c.Since
		}
		all.Go(func() error { return persons.Permit(asked, ShopID, c.Person, p) })
	}
	return all.Wait()
}

// archive stores events that stand in order of time, several days at once.
func (l *Local) archive(ctx context.Context, events []event.Event) error {
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(daysAtOnce)
	for len(events) > 0 {
		n := slices.IndexFunc(events, func(e event.Event) bool { return !sameDay(e.At, events[0].At) })
		if n < 0 {
			n = len(events)
		}
		today := events[:n]
		events = events[n:]
		all.Go(func() error { return archive.Append(ctx, l.Blobs, "simulated", today...) })
	}
	return all.Wait()
}

// daysAtOnce is how many files are written at once: most of the time goes by waiting for the disk.
const daysAtOnce = 8

func sameDay(a, b time.Time) bool { return a.UTC().Truncate(day).Equal(b.UTC().Truncate(day)) }

// introduce binds the customers' user ids to their persons, and leaves their traits for the handler.
func (l *Local) introduce(ctx context.Context, made simulate.Made) error {
	first := map[event.PersonID]event.Event{}
	for _, e := range made.Events {
		if _, met := first[e.Person]; e.Type == event.Identify && !met {
			first[e.Person] = e
		}
	}
	aliases := identity.NewAliases(l.DB)
	var pending []table.Item
	all, bound := errgroup.WithContext(ctx)
	all.SetLimit(binders)
	for _, c := range made.Customers {
		e, visited := first[c.Person]
		if !visited {
			continue
		}
		it, err := introduction(c, e).Item()
		if err != nil {
			return err
		}
		pending = append(pending, it)
		all.Go(func() error {
			_, err := aliases.EnsurePerson(bound, ShopID, c.UserID, c.Person)
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return fmt.Errorf("bind user ids: %w", err)
	}
	return l.DB.PutAll(ctx, pending...)
}

// binders is how many user ids are bound at once: the database commits many at the price of one.
const binders = 64

// introduction is what a customer's identify told.
func introduction(c simulate.Customer, e event.Event) people.Pending {
	traits := map[string]json.RawMessage{}
	for name, text := range map[string]string{"name": c.Name, "firstName": c.FirstName, "lastName": c.LastName, "email": c.Email, "country": c.Country} {
		if text != "" {
			traits[name], _ = json.Marshal(text) // a string always is JSON
		}
	}
	return people.Pending{
		Shop: ShopID, Person: c.Person, Event: e.ID, Visitor: e.Visitor, UserID: c.UserID, Trusted: true, At: e.At, Traits: traits,
	}
}

// known are the events of customers, each one's together and in order, in batches for the handler. Passers-by never come back: they are for the archive alone.
func known(made simulate.Made) [][]event.Event {
	lives := map[event.VisitorID][]event.Event{}
	for _, e := range made.Events {
		if e.Person != "" {
			lives[e.Visitor] = append(lives[e.Visitor], e)
		}
	}
	var batches [][]event.Event
	for few := range slices.Chunk(made.Customers, customersAtOnce) {
		var batch []event.Event
		for _, c := range few {
			batch = append(batch, lives[event.VisitorID(c.Person)]...)
		}
		batches = append(batches, batch)
	}
	return batches
}

// A batch has some customers, and some batches are folded at once: a customer takes several writes one after the other, and the database commits the writes of many at the
// price of one.
const (
	customersAtOnce = 20
	batchesAtOnce   = 8
)

// remember folds batches, no two of which have a customer in common.
func (l *Local) remember(ctx context.Context, fold stream.Handler, batches [][]event.Event, progress Progress) error {
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(batchesAtOnce)
	for i, events := range batches {
		if ctx.Err() != nil {
			break
		}
		progress("remembering customers", i, len(batches))
		all.Go(func() error { return l.fold(ctx, fold, events) })
	}
	if err := all.Wait(); err != nil {
		return err
	}
	progress("remembering customers", len(batches), len(batches))
	return nil
}

func (l *Local) fold(ctx context.Context, fold stream.Handler, events []event.Event) error {
	changes := make([]table.Change, len(events))
	for i, e := range events {
		it, err := e.Item()
		if err != nil {
			return err
		}
		changes[i] = table.Change{Seq: fmt.Sprint(i + 1), Key: it.Key, New: &it, At: e.ReceivedAt}
	}
	again, err := fold(ctx, changes)
	if err != nil {
		return fmt.Errorf("fold history: %w", err)
	}
	if again != "" {
		return fault.New(fault.Unavailable, "the history cannot be folded now; start again")
	}
	return nil
}

// hasOwnGoods says whether somebody imported a catalog here: there are items, and no simulation made them.
func (l *Local) hasOwnGoods(ctx context.Context) (bool, error) {
	if _, err := os.Stat(filepath.Join(l.Dir, "simulation.json")); err == nil {
		return false, nil
	}
	items, err := l.Items.All(ctx, ShopID)
	return len(items) > 0, err
}
