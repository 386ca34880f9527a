package campaign

import (
	"context"
	"fmt"
	"strings"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/people"
	"shopkeeper/shared/segment"
	"shopkeeper/shared/suppression"
)

// Segments is the part of a segment.Store that campaigns need.
type Segments interface {
	// Get reads a definition; NotFound when there is none.
	Get(ctx context.Context, shop event.ShopID, id segment.ID) (segment.Definition, error)
	// Members pages through a segment. A cursor stays good however members come and go.
	Members(ctx context.Context, shop event.ShopID, id segment.ID, cursor string, limit int) (members []segment.Member, next string, err error)
}

// Suppressions is the part of a suppression.Store that campaigns need: what is known of addresses, by address.
type Suppressions interface {
	Check(ctx context.Context, shop event.ShopID, addresses ...string) (map[string]suppression.Entry, error)
}

// pageSize is how many members one step of the planner takes. A step that is repeated after a crash decides them again and stores nothing twice.
const pageSize = 500

// personPrefix begins every person's id; all other members of segments are visitors.
const personPrefix = "p_"

// plan writes the rows of a campaign, page by page, from where the last call stopped. The members are those of the moment at which their page is read; who has a row keeps it,
// whatever becomes of the segment afterwards. It returns when all are planned, when the campaign is no longer Planning, or with ctx's error.
func (r *Runner) plan(ctx context.Context, d Definition) (Definition, error) {
	zone, err := r.zone(ctx, d.Shop)
	if err != nil {
		return d, err
	}
	p, err := r.campaigns.progress(ctx, d.Shop, d.ID)
	if err != nil {
		return d, err
	}
	for !p.Done {
		if err := ctx.Err(); err != nil {
			return d, err
		}
		now, err := r.campaigns.Get(ctx, d.Shop, d.ID)
		if err != nil || now.Status != Planning {
			return now, err
		}
		if err := r.planPage(ctx, d, &p, zone); err != nil {
			return d, fmt.Errorf("plan campaign %s: %w", d.ID, err)
		}
	}
	sums, err := r.ledger.Sums(ctx, d.Shop, d.ID)
	if err != nil {
		return d, err
	}
	return r.campaigns.move(ctx, d.Shop, d.ID, func(d Definition) (Definition, error) {
		if d.Status != Planning {
			return d, nil // paused or stopped meanwhile: the next tick that may, goes on
		}
		d.Status, d.Planned, d.Audience, d.Nobodies = Sending, r.now().UTC().Truncate(time.Millisecond), sums.Rows, p.Nobodies
		return d, nil
	})
}

func (r *Runner) planPage(ctx context.Context, d Definition, p *progress, zone *time.Location) error {
	members, next, err := r.segments.Members(ctx, d.Shop, d.Segment, p.Cursor, pageSize)
	if err != nil {
		return err
	}
	var ids []event.PersonID
	for _, m := range members {
		if strings.HasPrefix(m.Subject, personPrefix) {
			ids = append(ids, event.PersonID(m.Subject))
		} else {
			p.Nobodies++
		}
	}
	rows, err := r.decide(ctx, d, ids, zone)
	if err != nil {
		return err
	}
	if _, err := r.ledger.Plan(ctx, rows...); err != nil {
		return err
	}
	p.Cursor, p.Done, p.Persons = next, next == "", p.Persons+len(rows)
	return r.campaigns.save(ctx, d.Shop, d.ID, p)
}

// decide reads persons and what is known of their addresses, and makes their rows.
func (r *Runner) decide(ctx context.Context, d Definition, ids []event.PersonID, zone *time.Location) ([]ledger.Row, error) {
	known, err := r.people.ReadAll(ctx, d.Shop, ids...)
	if err != nil {
		return nil, err
	}
	byID := make(map[event.PersonID]people.Person, len(known))
	for _, p := range known {
		byID[p.ID] = p
	}
	persons := make([]people.Person, len(ids))
	for i, id := range ids {
		persons[i] = byID[id]
		persons[i].ID = id // one that is not there has no address
	}
	var addresses []string
	for _, p := range persons {
		if p.Email != "" {
			addresses = append(addresses, p.Email)
		}
	}
	entries, err := r.suppressed.Check(ctx, d.Shop, addresses...)
	if err != nil {
		return nil, fmt.Errorf("suppressed addresses: %w", err)
	}
	now := r.now()
	rows := make([]ledger.Row, len(persons))
	for i, p := range persons {
		var entry *suppression.Entry
		if e, ok := entries[p.Email]; ok {
			entry = &e
		}
		rows[i] = d.Decide(p, Barred(p, entry), now, zone)
	}
	return rows, nil
}
