package privacy

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/people"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/suppression"
	"shopkeeper/shared/table"
)

// Deps is what a Service stands on.
type Deps struct {
	Log         *slog.Logger
	Now         func() time.Time
	Tables      table.Store
	Files       blob.Store // the archive, and files that were dropped
	Aliases     *identity.Aliases
	Hasher      *identity.Hasher
	Sealer      *identity.Sealer
	Folder      *profile.Folder
	People      *people.Store
	Suppression *suppression.Store
	Erased      *consent.Erased
	Erasers     []Eraser // of those who keep something besides; ours come of themselves
	Ground      Ground   // nil where bytes are out of reach, as in the cloud: there engines drop what was removed within a day, and the certificate has no scan
}

// Service exports and erases. It is safe for concurrent use.
type Service struct{ Deps }

// New is a Service.
func New(d Deps) *Service { return &Service{d} }

// erasers in the order in which they work: what others are made of comes before those, so that nothing is made anew.
func (s *Service) erasers() []Eraser {
	return slices.Concat([]Eraser{eventsEraser{s.Folder}, profilesEraser{s.Folder}, consentEraser{s.Tables}, peopleEraser{s.People}}, s.Erasers,
		[]Eraser{identityEraser{s.Aliases}, archiveEraser{s.Files}, importsEraser{s.Files}})
}

// job is an erasure that is not finished: the subject, sealed, so that it goes on after a crash, when the tables know the subject no more.
type job struct {
	At       time.Time   `json:"at"`
	Who      string      `json:"who"` // keyed hash of what was asked for
	Sealed   []byte      `json:"sealed,omitempty"`
	Waits    bool        `json:"waits,omitempty"` // nobody is at it: whoever looks next carries it out
	Finished Certificate `json:"certificate,omitzero"`
}

// jobKey is where an erasure is on record: shop#erasing until it is finished, then shop#erasures.
func jobKey(shop event.ShopID, id string, finished bool) table.Key {
	where := "erasing"
	if finished {
		where = "erasures"
	}
	return table.Key{Table: consent.Table, Partition: table.Partition(string(shop), where), Sort: id}
}

// Erase erases everybody whom the text names (see Find) and certifies it. An error leaves the erasure to Resume, which goes on where it stopped. NotFound when nobody is known by the text.
func (s *Service) Erase(ctx context.Context, shop event.ShopID, who string) (Certificate, error) {
	subjects, err := s.Find(ctx, shop, who)
	if err != nil {
		return Certificate{}, err
	}
	return s.EraseAll(ctx, shop, s.Hasher.Hash(shop, "asked", identity.NormalEmail(who)), subjects...)
}

// EraseAll erases subjects that were found. who is a keyed hash for the record.
func (s *Service) EraseAll(ctx context.Context, shop event.ShopID, who string, subjects ...Subject) (Certificate, error) {
	id, j, err := s.begin(ctx, shop, who, subjects, false)
	if err != nil {
		return Certificate{}, err
	}
	return s.carryOut(ctx, shop, id, j, subjects)
}

// Begin puts an erasure on record and leaves its tombstones, in the time that a request has: from now on nothing of the subjects is stored. Resume does the rest.
func (s *Service) Begin(ctx context.Context, shop event.ShopID, who string, subjects ...Subject) error {
	id, _, err := s.begin(ctx, shop, who, subjects, true)
	for _, sub := range subjects {
		if err == nil {
			err = s.bury(ctx, shop, id, sub)
		}
	}
	return err
}

// begin dates the subjects and keeps them, sealed.
func (s *Service) begin(ctx context.Context, shop event.ShopID, who string, subjects []Subject, waits bool) (string, job, error) {
	now := s.Now().UTC().Truncate(time.Millisecond)
	for i := range subjects {
		subjects[i].At = now
	}
	id := now.Format("20060102T150405.000Z") + "-" + randomID()
	plain, err := json.Marshal(subjects)
	if err != nil {
		return "", job{}, fmt.Errorf("encode an erasure: %w", err)
	}
	j := job{At: now, Who: who, Waits: waits, Sealed: s.Sealer.Seal(shop, "erasure/"+id, plain)}
	it, err := j.item(jobKey(shop, id, false))
	if err != nil {
		return "", job{}, err
	}
	if err := s.Tables.Write(ctx, table.Put(it, table.IfAbsent())); err != nil {
		return "", job{}, fmt.Errorf("record an erasure: %w", err)
	}
	return id, j, nil
}

func randomID() string {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

func (j job) item(k table.Key) (table.Item, error) {
	body, err := json.Marshal(j)
	if err != nil {
		return table.Item{}, fmt.Errorf("encode an erasure: %w", err)
	}
	return table.Item{Key: k, Body: body}, nil
}

// finish replaces the job by its certificate.
func (s *Service) finish(ctx context.Context, shop event.ShopID, id string, j job, c Certificate) error {
	it, err := job{At: j.At, Who: j.Who, Finished: c}.item(jobKey(shop, id, true))
	if err != nil {
		return err
	}
	if err := s.Tables.Write(ctx, table.Put(it, table.Always()), table.Delete(jobKey(shop, id, false), table.Always())); err != nil {
		return fmt.Errorf("record an erasure: %w", err)
	}
	return nil
}

// Patience is how long an erasure that somebody carries out is left to them: several times what a large shop's takes.
const Patience = 15 * time.Minute

// Resume carries out the erasures that wait, and finishes those that were begun longer ago than patience, because whoever was at it is gone. The deployment calls it again and again.
func (s *Service) Resume(ctx context.Context, shop event.ShopID, patience time.Duration) ([]Certificate, error) {
	var all []Certificate
	q := table.Query{Table: consent.Table, Partition: jobKey(shop, "any", false).Partition, Strong: true}
	for {
		page, err := s.Tables.Query(ctx, q)
		if err != nil {
			return all, fmt.Errorf("list erasures: %w", err)
		}
		for _, it := range page.Items {
			var j job
			if err := json.Unmarshal(it.Body, &j); err != nil {
				return all, fmt.Errorf("decode erasure %s: %w", it.Key.Sort, err)
			}
			if !j.Waits && s.Now().Sub(j.At) < patience {
				continue
			}
			c, err := s.resume(ctx, shop, it.Key.Sort, j)
			if err != nil {
				return all, err
			}
			all = append(all, c)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return all, nil
		}
	}
}

func (s *Service) resume(ctx context.Context, shop event.ShopID, id string, j job) (Certificate, error) {
	plain, err := s.Sealer.Open(shop, "erasure/"+id, j.Sealed)
	if err != nil {
		return Certificate{}, fmt.Errorf("open erasure %s: %w", id, err)
	}
	var subjects []Subject
	if err := json.Unmarshal(plain, &subjects); err != nil {
		return Certificate{}, fmt.Errorf("decode erasure %s: %w", id, err)
	}
	return s.carryOut(ctx, shop, id, j, subjects)
}

// carryOut does every step, each of which may be done again: tombstones, the suppression of the addresses, the erasers, the ground, the scan, the record.
func (s *Service) carryOut(ctx context.Context, shop event.ShopID, id string, j job, subjects []Subject) (Certificate, error) {
	c := Certificate{Erasure: id, Shop: shop, Who: j.Who, At: j.At, Subjects: len(subjects)}
	var words []string
	for _, sub := range subjects {
		if err := s.bury(ctx, shop, id, sub); err != nil {
			return c, err
		}
		for _, e := range s.erasers() {
			found, err := e.Erase(ctx, shop, sub)
			if err != nil {
				return c, fmt.Errorf("erase from %s: %w", e.Name(), err)
			}
			c.add(e.Name(), found)
		}
		words = append(words, sub.Needles...)
	}
	s.Aliases.Forget()
	if err := s.prove(ctx, shop, &c, subjects, words); err != nil {
		return c, err
	}
	c.Finished = s.Now().UTC().Truncate(time.Millisecond)
	if err := s.finish(ctx, shop, id, j, c); err != nil {
		return c, err
	}
	s.Log.InfoContext(ctx, "erased", "shop", shop, "erasure", id, "clean", c.Clean())
	return c, nil
}

// bury leaves the tombstones, so that nothing of the subject is stored from now on, and suppresses the addresses.
func (s *Service) bury(ctx context.Context, shop event.ShopID, id string, sub Subject) error {
	names := []consent.Name{{Kind: identity.KindPerson, Text: string(sub.Person)}}
	for _, p := range sub.Also {
		names = append(names, consent.Name{Kind: identity.KindPerson, Text: string(p)})
	}
	var messages []event.ID
	for _, v := range sub.Visitors {
		names = append(names, consent.Name{Kind: identity.KindVisitor, Text: string(v)})
		of, err := s.Folder.Messages(ctx, shop, v)
		if err != nil {
			return err
		}
		messages = append(messages, of...)
	}
	for kind, texts := range map[string][]string{identity.KindUser: sub.Users, identity.KindEmail: sub.Emails, identity.KindDevice: sub.Devices} {
		for _, text := range texts {
			names = append(names, consent.Name{Kind: kind, Text: text})
		}
	}
	if err := s.Erased.Note(ctx, shop, id, sub.At, names, messages); err != nil {
		return err
	}
	for _, email := range sub.Emails {
		if err := s.Suppression.Add(ctx, shop, email, suppression.Entry{Reason: suppression.Erased, Source: id, At: sub.At}); err != nil && !fault.Is(err, fault.Invalid) {
			return err
		}
	}
	return nil
}

// prove removes the last bytes, then looks for any. What arrived while the erasers were at work, because it was under way before the tombstones, is removed first.
func (s *Service) prove(ctx context.Context, shop event.ShopID, c *Certificate, subjects []Subject, words []string) error {
	if s.Ground == nil {
		for _, sub := range subjects {
			for _, v := range sub.Visitors { // the night looks at the archive again, when what was under way has arrived
				if err := consent.NewRecords(s.Tables).NoteForgotten(ctx, shop, consent.Forgotten{Visitor: v, At: sub.At}); err != nil {
					return err
				}
			}
		}
		return nil
	}
	freed, err := s.Ground.Scrub(ctx, words)
	if err != nil {
		return fmt.Errorf("scrub: %w", err)
	}
	c.add("feeds, queues and freed pages", freed)
	scanned, err := Scan(ctx, s.Ground, words)
	if err != nil {
		return err
	}
	c.Scan = &scanned
	return nil
}

// Certificates are the erasures of a shop that are finished, oldest first.
func (s *Service) Certificates(ctx context.Context, shop event.ShopID) ([]Certificate, error) {
	var all []Certificate
	q := table.Query{Table: consent.Table, Partition: jobKey(shop, "any", true).Partition, Strong: true}
	for {
		page, err := s.Tables.Query(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("list erasures: %w", err)
		}
		for _, it := range page.Items {
			var j job
			if err := json.Unmarshal(it.Body, &j); err != nil {
				return nil, errors.Join(fmt.Errorf("decode erasure %s", it.Key.Sort), err)
			}
			all = append(all, j.Finished)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return all, nil
		}
	}
}
