// Package admin is what staff can do, once: the console and the admin API call the same use cases.
//
// Every use case is told who acts. It asks the table of permissions first, stays within the actor's shop, and, when it changes something, stands in the audit log: the entry is
// written before the change and completed after it. Faults are those of the domain; a stale version is a Conflict with a *table.ConflictError inside.
package admin

import (
	"context"
	"log/slog"
	"time"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/campaign"
	"shopkeeper/shared/catalog"
	"shopkeeper/shared/compare"
	"shopkeeper/shared/evaluate"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/mail"
	"shopkeeper/shared/offer"
	"shopkeeper/shared/people"
	"shopkeeper/shared/privacy"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/recommend"
	"shopkeeper/shared/recommend/rules"
	"shopkeeper/shared/segment"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/staff"
	"shopkeeper/shared/table"
)

// Deps is what the use cases stand on.
type Deps struct {
	Tables   table.Store
	Files    blob.Store
	Staff    *staff.Store
	Shops    *shop.Store
	Items    *catalog.Store
	People   *people.Store
	Profiles *profile.Folder

	Segments  *segment.Store
	Keeper    *segment.Keeper
	Offers    *offer.Store
	Results   *offer.Results
	Rules     *rules.Store
	Models    *recommend.Models
	Campaigns *campaign.Store
	Runner    *campaign.Runner
	Rows      *ledger.Store
	Evaluator *evaluate.Evaluator
	Comparer  *compare.Comparer

	Composer Composer
	Mailer   mail.Sender // takes test letters
	Outbox   Outbox      // nil where mail goes to a provider

	Privacy  *privacy.Service
	Backlogs Backlogs // nil where the provider measures them
}

// Service has the use cases. It is safe for concurrent use.
type Service struct {
	Deps
	log *slog.Logger
	now func() time.Time

	figures  overviews
	compared trials
}

// New makes a Service.
func New(log *slog.Logger, now func() time.Time, deps Deps) *Service {
	return &Service{Deps: deps, log: log, now: now}
}

// Page is part of a list. Next is the cursor of the page after it, empty on the last one.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"`
}

// MaxPage bounds a page.
const MaxPage = 200

// pageSize is how many to answer when asked for limit.
func pageSize(limit int) int {
	if limit <= 0 {
		return 50
	}
	return min(limit, MaxPage)
}

// page is items as a Page, never null in JSON.
func page[T any](items []T, next string) Page[T] {
	if items == nil {
		items = []T{}
	}
	return Page[T]{items, next}
}

// act is what a change did to its target: what it was and what it is, nil for nothing; neither may hold personal data of customers.
type act struct{ before, after any }

// change carries out a use case that changes something: permission, log, change, log. target is what is changed, "segment/loyal".
func (s *Service) change(ctx context.Context, a staff.Actor, action staff.Action, target string, do func() (act, error)) error {
	if err := s.Permit(ctx, a, action, target); err != nil {
		return err
	}
	entry, err := s.Staff.Begin(ctx, entryOf(a, action, target))
	if err != nil {
		return err
	}
	did, err := do()
	if err != nil {
		entry.Outcome, entry.Why = staff.Refused, fault.KindOf(err).String()
	} else {
		entry.Outcome, entry.Changes = staff.Done, staff.Diff(did.before, did.after)
	}
	// The change is made, or refused, by now: an entry that stays begun is worth a line in the log of the process, not an answer that says it failed.
	if noted := s.Staff.Complete(context.WithoutCancel(ctx), entry); noted != nil {
		s.log.ErrorContext(ctx, "an entry of the audit log stays begun", "entry", entry.ID, "err", noted)
	}
	return err
}

func entryOf(a staff.Actor, action staff.Action, target string) staff.Entry {
	return staff.Entry{Shop: a.Shop, Actor: a.ID, Role: a.Role, Via: a.Via, Action: action, Target: target}
}

// Permit is Forbidden unless the actor may do the action, and notes a refused change in the log. Edges ask it before they look at the input; the use cases ask again.
func (s *Service) Permit(ctx context.Context, a staff.Actor, action staff.Action, target string) error {
	err := a.Check(action)
	if err == nil || a.Shop == "" || action.Reads() {
		return err
	}
	entry := entryOf(a, action, target)
	entry.Outcome, entry.Why = staff.Refused, fault.KindOf(err).String()
	if noted := s.Staff.Note(ctx, entry); noted != nil {
		return noted
	}
	return err
}
