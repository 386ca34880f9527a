package backtest

import (
	"fmt"
	"testing"
)

// journey reads a year of a grocery chain, with the type of each product.
func journey(t testing.TB) (events []Event, types map[string]string) {
	t.Helper()
	const name, products = "complete-journey/transactions.csv.gz", "complete-journey/products.csv.gz"
	columns := map[string]string{"user": "household_id", "basket": "basket_id", "item": "product_id", "time": "transaction_timestamp"}
	events, rejects, err := Read(shopData(t, name), Baskets, FormatOf(name), columns)
	if err != nil || len(rejects) > 0 {
		t.Fatalf("%v, %d rejects", err, len(rejects))
	}
	types, rejects, err = ReadGroups(shopData(t, products), FormatOf(products), map[string]string{"item": "product_id", "group": "product_type"})
	if err != nil || len(rejects) > 0 {
		t.Fatalf("%v, %d rejects", err, len(rejects))
	}
	return events, types
}

// The reference breaks ties of products by number, a log by the bytes of the name: with leading zeros that is the same.
func padded(events []Event) []Event {
	out := make([]Event, len(events))
	for at, e := range events {
		e.Item = fmt.Sprintf("%08s", e.Item)
		out[at] = e
	}
	return out
}

// What a household buys again is most of its next basket. The figures are those of an independent implementation of the same protocol on the same file.
func TestDataNextBasket(t *testing.T) {
	events, types := journey(t)
	type figures struct{ recall, ndcg float64 }
	for name, tt := range map[string]struct {
		log         Log
		r           string
		users, asks int
		want        []figures
		at5         figures
		all         figures
	}{
		"products": {NewLog(padded(events)), "25", 2419, 2350, []figures{{.038285, .063467}, {.109781, .168890}, {.109922, .168961}, {.11446536394054531, .17532759364915723}},
			figures{.092117, .141465}, figures{.109585, .168559}},
		"types of products": {NewLog(ByGroup(events, types)), "50", 2417, 2347, []figures{{.12049350429966779, .17716807686322042}, {.2015293466063021, .27631032552459933},
			{.20184890348742693, .27648143282018683}, {.20402989395505475, .27884659400557754}}, figures{.172446, .237282}, figures{.200932, .275594}},
	} {
		t.Run(name, func(t *testing.T) {
			check := func(models []string, r string, want []figures) {
				for at, got := range run(t, NextBasket, tt.log, nil, models, map[string]string{"upcf.r": r}, 1) {
					if got.Users != tt.users || got.Evaluations != tt.asks {
						t.Errorf("%d customers, %d asked, want %d and %d", got.Users, got.Evaluations, tt.users, tt.asks)
					}
					near(t, got.Model+"'s recall@10", got.Metrics["recall@10"], want[at].recall, 1e-5)
					near(t, got.Model+"'s ndcg@10", got.Metrics["ndcg@10"], want[at].ndcg, 1e-5)
				}
			}
			check([]string{"popularity", "p-topfreq", "gp-topfreq", "upcf"}, tt.r, tt.want)
			check([]string{"upcf"}, "5", []figures{tt.at5})
			check([]string{"upcf"}, "0", []figures{tt.all})
		})
	}
}

// The product's own model is better than what it is made of, beyond chance, in both figures and at both levels.
func TestDataHabits(t *testing.T) {
	events, types := journey(t)
	for name, tt := range map[string]struct {
		log Log
		r   string
	}{"products": {NewLog(events).WithGroups(types), "25"}, "types of products": {NewLog(ByGroup(events, types)), "50"}} {
		t.Run(name, func(t *testing.T) {
			results := run(t, NextBasket, tt.log, nil, []string{"gp-topfreq", "upcf", "habit"}, map[string]string{"upcf.r": tt.r}, 1)
			for _, peer := range results[:2] {
				for _, metric := range []string{"recall@10", "ndcg@10", "explore-recall@10"} {
					d, err := Compare(peer, results[2], metric, 1)
					if err != nil || !d.Better() {
						t.Errorf("%s of habit is not better than that of %s: %+v, %v", metric, peer.Model, d, err)
					}
					t.Logf("%s over %s: %+v", metric, peer.Model, d)
				}
			}
		})
	}
}
