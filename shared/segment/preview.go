package segment

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"shopkeeper/shared/event"
	"shopkeeper/shared/table"
)

// Preview is who a condition would match now.
type Preview struct {
	Count   int      `json:"count"`             // subjects that match; an estimate unless Exact
	Exact   bool     `json:"exact"`             // everybody was looked at
	Of      int      `json:"of"`                // subjects in all; an estimate unless Exact
	Looked  int      `json:"looked"`            // subjects looked at
	Sample  []string `json:"sample,omitempty"`  // some who match
	Warning string   `json:"warning,omitempty"` // when nobody or nearly everybody matches
}

// Sizes of previews.
const (
	DefaultLook = 20_000 // subjects: a second of one core
	sampleSize  = 20
	previewPage = 250
	previewers  = 4
	nearlyAll   = 0.95
)

// Preview evaluates a condition over the roster. It looks at limit subjects at most (0: DefaultLook): at all of them where that suffices, else at a sample drawn by hash, the same at
// every call, and estimates from it. Invalid as Compile says.
func (k *Keeper) Preview(ctx context.Context, shop event.ShopID, condition string, limit int) (Preview, error) {
	c, err := Compile(condition)
	if err != nil {
		return Preview{}, err
	}
	now, err := k.rulesOf(ctx, shop)
	if err != nil {
		return Preview{}, err
	}
	r := &rules{frame: now.frame}
	r.add("preview", c)
	if limit <= 0 {
		limit = DefaultLook
	}
	var looks [Shards]look
	all, looking := errgroup.WithContext(ctx)
	all.SetLimit(previewers)
	for shard := range Shards {
		all.Go(func() (err error) {
			looks[shard], err = k.lookAt(looking, shop, shard, r, c, (limit+Shards-1)/Shards)
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return Preview{}, fmt.Errorf("preview: %w", err)
	}
	return summary(looks[:]), nil
}

// look is what was seen of one shard.
type look struct {
	looked, matched int
	covered         float64 // of the shard, 0 to 1
	sample          []string
}

func (k *Keeper) lookAt(ctx context.Context, shop event.ShopID, shard int, r *rules, c *Condition, limit int) (look, error) {
	var l look
	q := table.Query{Table: Table, Partition: rosterPartition(shop, shard)}
	for {
		q.Limit = min(previewPage, limit-l.looked)
		page, err := k.tables.Query(ctx, q)
		if err != nil {
			return l, fmt.Errorf("read the roster: %w", err)
		}
		err = k.lookAll(ctx, shop, k.entries(ctx, shop, page.Items), r, func(e entry, who *Customer) {
			if who == nil {
				return
			}
			l.looked++
			if c.Match(who) {
				l.matched++
				if len(l.sample) < sampleSize {
					l.sample = append(l.sample, e.subject)
				}
			}
		})
		if err != nil {
			return l, err
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			l.covered = 1
			return l, nil
		}
		if l.looked >= limit && len(page.Items) > 0 {
			l.covered = place(page.Items[len(page.Items)-1])
			return l, nil
		}
	}
}

// place is where an entry stands in its shard, 0 to 1: entries are spread evenly.
func place(it table.Item) float64 {
	digits, _, _ := strings.Cut(it.Key.Sort, "#")
	n, err := strconv.ParseUint(digits, 16, 32)
	if err != nil {
		return 1
	}
	return (float64(n) + 1) / (math.MaxUint32 + 1)
}

// summary puts the shards together.
func summary(looks []look) Preview {
	p := Preview{Exact: true}
	matched, covered := 0, 0.0
	for _, l := range looks {
		p.Looked += l.looked
		matched += l.matched
		covered += l.covered / float64(len(looks))
		p.Exact = p.Exact && l.covered == 1
		p.Sample = append(p.Sample, l.sample...)
	}
	slices.SortFunc(p.Sample, func(a, b string) int { // a fair choice among the shards'
		_, x := hash(a)
		_, y := hash(b)
		return strings.Compare(x+a, y+b)
	})
	p.Sample = p.Sample[:min(len(p.Sample), sampleSize)]
	p.Count, p.Of = matched, p.Looked
	if !p.Exact {
		p.Count, p.Of = int(math.Round(float64(matched)/covered)), int(math.Round(float64(p.Looked)/covered))
	}
	switch {
	case p.Of == 0:
		p.Warning = "the shop has no customers yet"
	case matched == 0 && p.Exact:
		p.Warning = "nobody matches"
	case matched == 0:
		p.Warning = fmt.Sprintf("nobody matches among the %d customers that were looked at", p.Looked)
	case matched == p.Looked:
		p.Warning = "everybody matches"
	case float64(matched) >= nearlyAll*float64(p.Looked):
		p.Warning = "nearly everybody matches"
	}
	return p
}

// Membership is why a subject is in a segment, or is not.
type Membership struct {
	Definition Definition `json:"definition"`
	In         bool       `json:"in"`
	Reasons    []Reason   `json:"reasons"`
}

// Explain says of every segment whether a subject is in it by what is stored now, and the clauses that decide. NotFound: there is no such subject.
func (k *Keeper) Explain(ctx context.Context, shop event.ShopID, subject string) ([]Membership, error) {
	who, err := k.Customer(ctx, shop, subject)
	if err != nil {
		return nil, err
	}
	list, err := k.store.List(ctx, shop)
	if err != nil {
		return nil, err
	}
	memberships := make([]Membership, 0, len(list))
	for _, d := range list {
		m := Membership{Definition: d}
		if c, err := Compile(d.Condition); err == nil {
			m.In, m.Reasons = c.Match(who), c.Why(who)
		}
		memberships = append(memberships, m)
	}
	return memberships, nil
}

// Values are the shop's at present; zero where nobody bought yet.
func (k *Keeper) Values(ctx context.Context, shop event.ShopID) (Values, error) {
	r, err := k.rulesOf(ctx, shop)
	if err != nil {
		return Values{}, err
	}
	return r.frame.Values, nil
}
