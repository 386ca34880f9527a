package backtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shopkeeper/shared/fault"
)

// shop is a made-up log: users of four tastes meet items of their taste, three to a basket, one after another.
func shop() []Event {
	random := rand.New(rand.NewPCG(4, 4))
	var out []Event
	for user := range 120 {
		for basket := range 5 {
			first := 15*(user%4) + random.IntN(12)
			for step := range 3 {
				out = append(out, Event{User: fmt.Sprintf("u%03d", user), Basket: fmt.Sprintf("b%03d-%d", user, basket), Item: fmt.Sprintf("i%02d", first+step),
					Time: int64(1000 * (user + 1000*basket + step))})
			}
		}
	}
	return out
}

func TestModelsBeatPopularity(t *testing.T) {
	log := NewLog(shop())
	for protocol, metric := range map[string]string{StrongGeneralisation: "recall@20", TimeSplit: "recall@20", NextItem: "mrr@20"} {
		t.Run(protocol, func(t *testing.T) {
			results := run(t, protocol, log, nil, []string{"popularity", "itemknn", "rp3beta", "ease", "vmis-knn"}, map[string]string{"lambda": "5", "shrink": "1"}, 1)
			for _, r := range results[1:] {
				d, err := Compare(results[0], r, metric, 1)
				if err != nil || !d.Better() {
					t.Errorf("%s is not better than popularity: %+v, %v", r.Model, d, err)
				}
			}
		})
	}
	t.Run(NextBasket, func(t *testing.T) {
		results := run(t, NextBasket, log, nil, []string{"popularity", "p-topfreq", "gp-topfreq", "upcf", "habit"}, map[string]string{"trees": "5"}, 1)
		for _, r := range results[2:] {
			d, err := Compare(results[0], r, "recall@10", 1)
			if err != nil || !d.Better() {
				t.Errorf("%s is not better than popularity: %+v, %v", r.Model, d, err)
			}
		}
	})
}

func TestNothingHiddenIsKnown(t *testing.T) {
	log := NewLog(shop())
	for name, e := range map[string]exam{StrongGeneralisation: strong(log, Options{Seed: 3}), TimeSplit: timeSplit(log, Options{Seed: 3}), NextBasket: nextBasket(log, Options{})} {
		t.Run(name, func(t *testing.T) {
			for _, q := range e.questions {
				if len(q.targets) == 0 || len(q.history.Items) == 0 {
					t.Fatalf("an empty question: %+v", q)
				}
				for _, i := range q.targets {
					if !q.history.Repeats && slices.Contains(q.history.Items, i) {
						t.Fatalf("item %d is given and hidden", i)
					}
				}
			}
			again := e.train.rehearse(1)
			if len(again.questions) == 0 {
				t.Fatal("a rehearsal asks nothing")
			}
			for _, q := range e.questions {
				for _, h := range again.train.past {
					if len(h.items) > 0 && &h.items[0] == &q.history.Items[0] && len(h.items) > len(q.history.Items) {
						t.Fatal("a rehearsal trains on what is hidden")
					}
				}
			}
		})
	}
}

func TestStrongSplitsTheCustomers(t *testing.T) {
	events := shop()
	for n := range 4 {
		events = append(events, Event{User: "few", Item: fmt.Sprintf("i%02d", n)})
	}
	e := strong(NewLog(events), Options{Seed: 1})
	if e.train.Users.Len() != 96 || len(e.questions) != 12 {
		t.Errorf("%d train, %d are asked, want 96 and 12 of 120", e.train.Users.Len(), len(e.questions))
	}
}

func TestTimeSplitHidesTheLast(t *testing.T) {
	var events []Event
	for n := range 6 {
		events = append(events, Event{User: "u", Item: fmt.Sprint("i", n), Time: int64(n)})
	}
	events = append(events, Event{User: "u", Item: "i0", Time: 9}, Event{User: "few", Item: "i9"})
	e := timeSplit(NewLog(events), Options{})
	want := []question{{history: History{Items: ordinals(0, 1, 2, 3), Times: []int64{0, 1, 2, 3}}, targets: ordinals(4, 5)}}
	if diff := cmp.Diff(want, e.questions, cmp.AllowUnexported(question{})); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	if e.train.Users.Len() != 2 || len(e.train.Users.Items) != 5 {
		t.Errorf("%d users with %d items train, want 2 with 5", e.train.Users.Len(), len(e.train.Users.Items))
	}
}

// Logs that no shop should have: each protocol gives figures or says why not, in seconds.
func TestLogsThatNoShopShouldHave(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	var robot, same, future []Event
	for n := range 100_000 {
		robot = append(robot, Event{User: "robot", Item: fmt.Sprint("i", n%300), Time: int64(n) * 60_000})
	}
	for n := range 200 {
		same = append(same, Event{User: fmt.Sprint("u", n%20), Item: "one", Basket: fmt.Sprint(n), Time: int64(n) * 1000})
		future = append(future, Event{User: fmt.Sprint(long, n%20), Item: fmt.Sprint(long, n%7), Time: math.MaxInt64/2 + int64(n)})
	}
	for name, events := range map[string][]Event{
		"a customer with 100,000 events": append(shop(), robot...), "nobody else": robot, "one item": same, "one event": same[:1], "far in the future, with ids of 10 KB": future,
	} {
		for _, protocol := range Protocols() {
			specs, err := Parse([]string{"popularity", "itemknn"}, nil)
			if err != nil {
				t.Fatal(err)
			}
			results, err := Run(t.Context(), protocol, NewLog(events), nil, specs, Options{Seed: 1, Now: time.Now})
			if err != nil && !fault.Is(err, fault.Invalid) {
				t.Errorf("%s, %s: %v", name, protocol, err)
			}
			if err := CompareAll(results, 1); err != nil {
				t.Errorf("%s, %s: %v", name, protocol, err)
			}
			for _, r := range results {
				if _, err := json.Marshal(r); err != nil {
					t.Errorf("%s, %s: a figure that is no number: %v", name, protocol, err)
				}
			}
		}
	}
}

func TestNextItemAsksAfterEachClick(t *testing.T) {
	train := NewLog([]Event{{User: "a", Item: "x", Time: 1}, {User: "a", Item: "y", Time: 2}})
	test := train.Alongside([]Event{{User: "b", Item: "y", Time: 3}, {User: "b", Item: "new", Time: 2}, {User: "b", Item: "x", Time: 1}})
	e := nextItem(train, &test)
	want := []question{
		{history: History{Items: ordinals(0), Times: []int64{1}, Live: true}, targets: ordinals(2, 1)},
		{history: History{Items: ordinals(0, 2), Times: []int64{1, 2}, Live: true}, targets: ordinals(1)},
	}
	if diff := cmp.Diff(want, e.questions, cmp.AllowUnexported(question{})); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

func TestNextBasketHidesTheLastLargeOne(t *testing.T) {
	var events []Event
	for at, basket := range []string{"a", "b", "cd", "efg", "h"} {
		for _, i := range basket {
			events = append(events, Event{User: "u", Basket: fmt.Sprint(at), Item: string(i), Time: int64(at)})
		}
	}
	e := nextBasket(NewLog(events), Options{})
	if len(e.questions) != 1 {
		t.Fatalf("%d questions, want 1", len(e.questions))
	}
	q := e.questions[0]
	if diff := cmp.Diff(ordinals(4, 5, 6), q.targets); diff != "" {
		t.Errorf("targets (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(ordinals(0, 1, 2, 3), q.history.Items); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
}

func TestARunIsAFunctionOfItsSeed(t *testing.T) {
	log := NewLog(shop())
	names := []string{"ease", "vmis-knn", "popularity"}
	a, b := run(t, StrongGeneralisation, log, nil, names, nil, 7), run(t, StrongGeneralisation, log, nil, names, nil, 7)
	if diff := cmp.Diff(a, b, cmpopts.IgnoreFields(Result{}, "Seconds", "P50", "P99"), cmpopts.IgnoreUnexported(Result{})); diff != "" {
		t.Errorf("runs differ (-first +second):\n%s", diff)
	}
	c := run(t, StrongGeneralisation, log, nil, names, nil, 8)
	if cmp.Equal(a[0].Metrics, c[0].Metrics) {
		t.Error("another seed splits alike")
	}
}

func TestWhatCannotBeRun(t *testing.T) {
	specs, err := Parse([]string{"popularity"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Now: time.Now}
	if _, err := Run(t.Context(), "astrology", NewLog(shop()), nil, specs, o); !fault.Is(err, fault.Invalid) {
		t.Errorf("an unknown protocol: got %v", err)
	}
	for _, protocol := range Protocols() {
		if _, err := Run(t.Context(), protocol, NewLog(nil), nil, specs, o); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s of an empty log: got %v", protocol, err)
		}
	}
	results := run(t, StrongGeneralisation, NewLog(shop()), nil, []string{"popularity", "itemknn"}, nil, 1)
	if _, err := Compare(results[0], results[1], "beauty", 1); !fault.Is(err, fault.Invalid) {
		t.Errorf("an unknown metric: got %v", err)
	}
}

func TestParseForOneModel(t *testing.T) {
	specs, err := Parse([]string{"ease", "itemknn", "vmis-knn"}, map[string]string{"k": "40", "vmis-knn.k": "60", "ease.top": "30"})
	if err != nil {
		t.Fatal(err)
	}
	got := []string{specs[0].Params["top"], specs[1].Params["k"], specs[2].Params["k"]}
	if diff := cmp.Diff([]string{"30", "40", "60"}, got); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	if _, err := Parse([]string{"ease"}, map[string]string{"vmis-knn.k": "60"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a setting of a model that is not asked for: %v", err)
	}
}

func TestParse(t *testing.T) {
	specs, err := Parse([]string{"ease", "rp3beta"}, map[string]string{"top": "70", "lambda": "300"})
	if err != nil {
		t.Fatal(err)
	}
	want := []Params{{"lambda": "300", "top": "70"}, {"alpha": "1", "beta": "0.6", "top": "70"}}
	if diff := cmp.Diff(want, []Params{specs[0].Params, specs[1].Params}); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	bad := map[string]struct {
		models   []string
		settings map[string]string
	}{
		"an unknown model":          {[]string{"magic"}, nil},
		"a setting that nobody has": {[]string{"ease"}, map[string]string{"beta": "1"}},
	}
	for name, tt := range bad {
		t.Run(name, func(t *testing.T) {
			if _, err := Parse(tt.models, tt.settings); !fault.Is(err, fault.Invalid) {
				t.Errorf("got %v, want an invalid fault", err)
			}
		})
	}
}

func TestSettingsThatCannotBeRead(t *testing.T) {
	for model, settings := range map[string]map[string]string{
		"ease":     {"lambda": "much"},
		"itemknn":  {"k": "1.5"},
		"rp3beta":  {"beta": ""},
		"upcf":     {"q": "sharp"},
		"habit":    {"lessons": "0"},
		"vmis-knn": {"half-life": "soon"},
	} {
		t.Run(model, func(t *testing.T) {
			specs, err := Parse([]string{model}, settings)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Run(t.Context(), TimeSplit, NewLog(shop()), nil, specs, Options{Now: time.Now}); !fault.Is(err, fault.Invalid) {
				t.Errorf("got %v, want an invalid fault", err)
			}
		})
	}
}

func TestResultAsJSON(t *testing.T) {
	r := run(t, TimeSplit, NewLog(shop()), nil, []string{"vmis-knn"}, nil, 1)[0]
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var line map[string]any
	if err := json.Unmarshal(text, &line); err != nil {
		t.Fatal(err)
	}
	want := []string{"evaluations", "interval", "items", "metrics", "model", "p50_us", "p99_us", "params", "parts", "protocol", "seconds", "seed", "users"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(line))); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	params, _ := line["params"].(map[string]any)
	if params["m"] != 1502. || params["position"] != "linear" || params["half-life"] != "0s" {
		t.Errorf("params are %v, want numbers as numbers and names as text", params)
	}
}
