package offer

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// Shards is how many records a day's cohort of an offer is spread over, by a hash of the subject, so that writers seldom meet.
const Shards = 8

// Cohort is what the subjects did that saw an offer for the first time on one day. Orders with the code by subjects who never saw it count on the day of the order, as Coded.
type Cohort struct {
	Day         string              `json:"-"` // of the first impression, UTC, 20260501
	Subjects    int64               `json:"n,omitempty"`
	Impressions int64               `json:"i,omitempty"` // different ones
	Clicked     int64               `json:"c,omitempty"` // subjects
	Orders      int64               `json:"o,omitempty"`
	Coded       int64               `json:"x,omitempty"` // of Orders: with the code, without having seen the offer
	Value       int64               `json:"v,omitempty"` // of Orders, minor units of Currency
	Currency    string              `json:"cur,omitempty"`
	Delays      [DelayBuckets]int64 `json:"d"`           // subjects rewarded, by the time from the first impression to the first order
	In          [Situations]Part    `json:"in,omitzero"` // subjects by the situation of their first impression, where that was kept
}

// Rewarded is how many subjects ordered within the window of their first impression.
func (c Cohort) Rewarded() (n int64) {
	for _, d := range c.Delays {
		n += d
	}
	return n
}

func (c *Cohort) add(x Cohort) {
	c.Subjects += x.Subjects
	c.Impressions += x.Impressions
	c.Clicked += x.Clicked
	c.Orders += x.Orders
	c.Coded += x.Coded
	if c.Currency == "" {
		c.Currency = x.Currency
	}
	if c.Currency == x.Currency {
		c.Value += x.Value
	}
	for i := range c.Delays {
		c.Delays[i] += x.Delays[i]
	}
	for i := range c.In {
		c.In[i].add(x.In[i])
	}
}

// Result is what became of an offer.
type Result struct {
	Total Cohort   // Day is empty
	Days  []Cohort // oldest first
}

// Results counts what comes back of offers: each impression, click and order once, whatever the feed repeats. It is safe for concurrent use.
type Results struct{ tables table.Store }

// NewResults is Results on a table store.
func NewResults(tables table.Store) *Results { return &Results{tables} }

const dayLayout = "20060102"

func dayText(t time.Time) string { return t.UTC().Format(dayLayout) }

func cohortPartition(shop event.ShopID, id ID) string {
	return table.Partition(string(shop), "o", string(id))
}

func cohortKey(shop event.ShopID, id ID, day string, shard int) table.Key {
	return table.Key{Table: Table, Partition: cohortPartition(shop, id), Sort: table.Partition(day, fmt.Sprint(shard))}
}

// Of reads what became of an offer, cohort by cohort, from a day on (the zero time: all). An offer of which nothing came back has an empty Result.
func (r *Results) Of(ctx context.Context, shop event.ShopID, id ID, from time.Time) (Result, error) {
	q := table.Query{Table: Table, Partition: cohortPartition(shop, id)}
	if !from.IsZero() {
		q.From = dayText(from)
	}
	var result Result
	for {
		page, err := r.tables.Query(ctx, q)
		if err != nil {
			return Result{}, fmt.Errorf("read results of offer %s: %w", id, err)
		}
		for _, it := range page.Items {
			c, err := decodeCohort(it)
			if err != nil {
				return Result{}, err
			}
			if n := len(result.Days); n == 0 || result.Days[n-1].Day != c.Day {
				result.Days = append(result.Days, Cohort{Day: c.Day})
			}
			result.Days[len(result.Days)-1].add(c)
			result.Total.add(c)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return result, nil
		}
	}
}

func decodeCohort(it table.Item) (Cohort, error) {
	var c Cohort
	parts := table.Split(it.Key.Sort)
	if len(parts) != 2 {
		return c, fault.Newf(fault.Internal, "cohort key %q has another shape", it.Key.Sort)
	}
	if err := json.Unmarshal(it.Body, &c); err != nil {
		return c, fmt.Errorf("decode cohort %s: %w", it.Key.Sort, err)
	}
	c.Day = parts[0]
	return c, nil
}

// history is one subject's with one offer: it decides what counts.
type history struct {
	First      time.Time `json:"first,omitzero"`   // impression; zero for an order by the code alone
	Last       time.Time `json:"last,omitzero"`    // impression
	Ordinal    int       `json:"n,omitempty"`      // the highest that was seen
	Click      time.Time `json:"click,omitzero"`   // the latest
	Met        int       `json:"met,omitempty"`    // 1 + the situation of the first impression; 0 where it was not kept
	RewardedBy string    `json:"by,omitempty"`     // hash of the order that is the reward
	Orders     []string  `json:"orders,omitempty"` // hashes of the latest, newest last: the erasure finds their markers by them
}

// maxRemembered bounds the orders of a history.
const maxRemembered = 16

// historyLife is how long a history outlives the last impression.
const historyLife = 400 * 24 * time.Hour

func historyPartition(shop event.ShopID, subject string) string {
	return table.Partition(string(shop), "p", subject)
}

func historyKey(shop event.ShopID, subject string, id ID) table.Key {
	return table.Key{Table: Table, Partition: historyPartition(shop, subject), Sort: table.Partition(string(id))}
}

// counted is an order that counts for an offer, kept under a hash of its id: it makes the order count once, for whichever subject it is told, and leads a refund to the cohort that had it.
// It names nobody.
type counted struct {
	Offer    ID       `json:"offer"`
	Day      string   `json:"day"` // of the cohort
	Shard    int      `json:"shard"`
	Net      int64    `json:"net"` // what is left of its value
	Currency string   `json:"cur,omitempty"`
	Delay    int      `json:"delay"`         // its part of the window, when it is a reward; else -1
	Met      int      `json:"met,omitempty"` // as in the history
	Coded    bool     `json:"coded,omitempty"`
	Gone     bool     `json:"gone,omitempty"`    // refunded as a whole or cancelled
	Refunds  []string `json:"refunds,omitempty"` // hashes of the messages that took from it
}

// countedLife is how long after it a refund finds its order.
const countedLife = 180 * 24 * time.Hour

func countedKey(shop event.ShopID, hash string) table.Key {
	return table.Key{Table: Table, Partition: table.Partition(string(shop), "x", hash), Sort: "order"}
}

func hashOf(text string) string { return fmt.Sprintf("%016x", mixed(text)) }

// part is where a cohort counts those who met the offer in a situation; nil where none was kept.
func (c *Cohort) part(met int) *Part {
	if met < 1 || met > Situations {
		return nil
	}
	return &c.In[met-1]
}

// reward counts a reward that came in a part of the window.
func (c *Cohort) reward(delay, met int, n int64) {
	c.Delays[delay] += n
	if p := c.part(met); p != nil {
		p.Delays[delay] += n
	}
}
