package crashtest

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/app"
	"shopkeeper/shared/app/trigger"
	"shopkeeper/shared/bus"
	"shopkeeper/shared/dynamo"
	"shopkeeper/shared/event"
	"shopkeeper/shared/offer"
	"shopkeeper/shared/offer/impression"
	"shopkeeper/shared/people"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/segment"
	"shopkeeper/shared/table"
)

const (
	subjects = 18 // of segments; every third of them is a person
	rounds   = 2
)

// TestSegmentsThroughTheBootstraps delivers the streams of profiles and people to the real bootstraps of the segment function, shards side by side, every batch twice and in the second round the first
// one's again, processes killed in between, with poison in it: memberships equal those of a run in which nothing went wrong, and the poison is in the failure queue.
func TestSegmentsThroughTheBootstraps(t *testing.T) {
	c := newCloud(t, segment.Table)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	store, other := dynamo.Open(c.cfg, c.tables, nil), dynamo.Open(c.cfg, c.clean, nil)
	for _, s := range []table.Store{store, other} {
		for id, condition := range map[segment.ID]string{"often": "visits >= 3", "seldom": "visits < 3", "french": `country == "FR"`} {
			if _, err := segment.NewStore(time.Now, s).Put(t.Context(), segment.Definition{Shop: demo, ID: id, Name: string(id), Condition: condition}); err != nil {
				t.Fatal(err)
			}
		}
	}
	random := rand.New(rand.NewPCG(seed, 1))
	keeper := app.Segments(quiet, time.Now, other, unheard{})
	for round := range rounds {
		for n := range 3 * subjects {
			c.turn(t, store, random, n%subjects)
		}
		if round == 0 {
			c.odd(t, store)
		}
		c.deliver(t, seed+uint64(round), "segment", slices.Concat(c.shards(t, profile.Table), c.shards(t, people.Table)))
		for n := range subjects {
			if err := keeper.Follow(t.Context(), demo, subject(n)); err != nil {
				t.Fatal(err)
			}
		}
		c.compareSegments(t, other, store)
	}
	c.compareFailures(t)
}

// unheard is a bus for the clean run.
type unheard struct{}

func (unheard) Publish(context.Context, ...bus.Notice) error { return nil }

func subject(n int) string {
	if n%3 == 0 {
		return fmt.Sprint("p_", n)
	}
	return fmt.Sprint("v_", n)
}

// turn changes what is stored of a subject, which now and then is forgotten, or becomes a person's.
func (c *cloud) turn(t *testing.T, store *dynamo.Store, random *rand.Rand, n int) {
	t.Helper()
	id, kind := subject(n), profile.Own
	if n%3 == 0 {
		kind = profile.Merged
		country := []string{"FR", "DE"}[random.IntN(2)]
		if n == 0 { // somebody stays, and is French: else by chance nobody is
			country = "FR"
		}
		person, err := json.Marshal(people.Person{Created: time.Now(), Country: country})
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Write(t.Context(), table.Put(table.Item{Key: people.PersonKey(demo, event.PersonID(id)), Body: person}, table.Always())); err != nil {
			t.Fatal(err)
		}
	}
	p := profile.Profile{Shop: demo, ID: id, FirstSeen: time.Now(), LastSeen: time.Now(), Visits: int64(1 + random.IntN(4))}
	if n%3 == 1 && random.IntN(4) == 0 {
		p.Person = event.PersonID(subject(n - 1))
	}
	it, err := p.Item()
	if err != nil {
		t.Fatal(err)
	}
	it.Key = profile.Key(demo, id, kind)
	op := table.Put(it, table.Always())
	if random.IntN(6) == 0 && n > 0 {
		op = table.Delete(it.Key, table.Always())
	}
	if err := store.Write(t.Context(), op); err != nil {
		t.Fatal(err)
	}
}

// odd stores a profile that cannot be read, and an item that is none of ours.
func (c *cloud) odd(t *testing.T, store *dynamo.Store) {
	t.Helper()
	broken := table.Item{Key: profile.Key(demo, "v_broken", profile.Own), Body: json.RawMessage(`{"s":"!"}`)}
	if err := store.Write(t.Context(), table.Put(broken, table.Always())); err != nil {
		t.Fatal(err)
	}
	if _, err := dynamodb.NewFromConfig(c.cfg).PutItem(t.Context(), &dynamodb.PutItemInput{
		TableName: aws.String(c.tables[profile.Table]), Item: map[string]types.AttributeValue{
			"pk": &types.AttributeValueMemberS{Value: "demo#v_odd"}, "sk": &types.AttributeValueMemberS{Value: profile.Own}, "n": &types.AttributeValueMemberSS{Value: []string{"a"}},
		},
	}); err != nil {
		t.Fatal(err)
	}
}

// compareSegments compares who is in each segment, by the segment and by the subject.
func (c *cloud) compareSegments(t *testing.T, want, got table.Store) {
	t.Helper()
	var both [2]map[string][]string
	for i, s := range []table.Store{want, got} {
		both[i] = memberships(t, segment.NewStore(time.Now, s))
	}
	if diff := cmp.Diff(both[0], both[1]); diff != "" {
		t.Errorf("memberships (-clean +through the bootstraps):\n%s", diff)
	}
	if len(both[1]["often"])+len(both[1]["seldom"]) < subjects/2 || len(both[1]["french"]) == 0 {
		t.Errorf("there is hardly anybody in the segments: %v", both[1])
	}
}

func memberships(t *testing.T, s *segment.Store) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, id := range []segment.ID{"often", "seldom", "french"} {
		for cursor, more := "", true; more; more = cursor != "" {
			list, next, err := s.Members(t.Context(), demo, id, cursor, 100)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range list {
				all[string(id)] = append(all[string(id)], m.Subject)
			}
			cursor = next
		}
		slices.Sort(all[string(id)])
	}
	for n := range subjects {
		of, err := s.Of(t.Context(), demo, subject(n))
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range of {
			all["of "+subject(n)] = append(all["of "+subject(n)], string(id))
		}
		slices.Sort(all["of "+subject(n)])
	}
	return all
}

// TestOffersThroughTheBootstraps does the same to the offers function: results of offers equal those of a run in which nothing went wrong.
func TestOffersThroughTheBootstraps(t *testing.T) {
	c := newCloud(t, offer.Table)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	store, other := dynamo.Open(c.cfg, c.tables, nil), dynamo.Open(c.cfg, c.clean, nil)
	began := time.Now().Add(-time.Hour).UTC().Truncate(time.Second)
	for _, s := range []table.Store{store, other} {
		for _, id := range []offer.ID{"spring", "tea"} {
			early := func() time.Time { return began.Add(-time.Hour) }
			if _, err := offer.NewStore(early, s).Put(t.Context(), offer.Definition{Shop: demo, ID: id, Status: offer.Active, Title: "Offer " + string(id), Code: "CODE-" + string(id)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	signer, err := impression.NewSigner(c.keys)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(seed, 1))
	for n := range visitors * each {
		it, err := promotion(signer, random, n, began).Item()
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Write(t.Context(), table.Put(it, table.IfAbsent())); err != nil {
			t.Fatal(err)
		}
		if n == visitors*each/2 {
			c.poison(t, store)
		}
	}
	parts := c.shards(t, event.Table)
	c.deliver(t, seed, "offers", parts)
	handle, err := trigger.OffersFunction(quiet, time.Now, other, nowhere{}, c.keys)
	if err != nil {
		t.Fatal(err)
	}
	cleanly(t, handle, parts)
	for _, id := range []offer.ID{"spring", "tea"} {
		var both [2]offer.Result
		for i, s := range []table.Store{other, store} {
			if both[i], err = offer.NewResults(s).Of(t.Context(), demo, id, time.Time{}); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(both[0], both[1]); diff != "" {
			t.Errorf("results of %s (-clean +through the bootstraps):\n%s", id, diff)
		}
		if total := both[1].Total; total.Impressions < visitors || total.Clicked == 0 || total.Orders == 0 {
			t.Errorf("hardly anything came of %s: %+v", id, total)
		}
	}
	c.compareFailures(t)
}

// promotion is the n-th event: visitors take turns, each sees offers in order, clicks, orders with and without their codes, and sends back.
func promotion(signer *impression.Signer, random *rand.Rand, n int, began time.Time) event.Event {
	v, turn := fmt.Sprint("v", n%visitors), n/visitors
	at := began.Add(time.Duration(n) * time.Second)
	id := []string{"spring", "tea"}[random.IntN(2)]
	e := event.Event{Shop: demo, Visitor: event.VisitorID(v), ID: event.ID(fmt.Sprintf("m%04d", n)), Type: event.Track, Name: event.PromotionViewed, At: at, ReceivedAt: at}
	shown := impression.Impression{Offer: id, Subject: v, Ordinal: turn + 1, Propensity: 0.5, At: at.Add(-time.Second)}
	e.Recommendation = string(signer.Append(nil, demo, &shown))
	switch kind := random.IntN(6); {
	case turn > 1 && kind == 0:
		e.Name = event.PromotionClicked
	case turn > 1 && kind < 3:
		e.Name, e.Recommendation, e.Order = event.OrderCompleted, "", &event.Order{ID: fmt.Sprint("o", n), Total: 2500, Currency: "GBP"}
		if kind == 2 {
			e.Order.Coupon = "CODE-" + id
		}
	case turn > 1 && kind == 3:
		e.Name, e.Recommendation, e.Order = event.OrderRefunded, "", &event.Order{ID: fmt.Sprint("o", n-visitors), Total: 500, Currency: "GBP"}
	}
	return e
}
