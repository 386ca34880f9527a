package trainer

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"shopkeeper/shared/recommend"
	"shopkeeper/shared/recommend/interaction"
	"shopkeeper/shared/recommend/model"
	"shopkeeper/shared/recommend/rank"
)

// wide is a shop of 300 items in which 80 people go on from item to item; liked says how much more they go for the dear ones of those next to them.
func wide(liked int) Input {
	random := rand.New(rand.NewPCG(7, 1))
	var in Input
	for n := range 300 {
		in.Items = append(in.Items, model.Item{ID: fmt.Sprintf("item-%03d", n), Category: fmt.Sprintf("Shop > Department %d", n/50), Price: int64(100 + 400*(n%2))})
	}
	for day := range 60 {
		for range 25 {
			person := random.IntN(80)
			at := start.AddDate(0, 0, day).Add(time.Duration(random.IntN(80000)) * time.Second)
			n := 50*(person%6) + random.IntN(46)
			for step := range 4 {
				in.Interactions = append(in.Interactions, interaction.Interaction{Person: fmt.Sprint("person-", person), Item: in.Items[n%300].ID, Time: at.Add(time.Duration(step) * time.Minute)})
				if n++; random.IntN(liked+1) > 0 {
					n += 1 - n%2
				}
			}
		}
	}
	return in
}

func rankerCheck(r Report) *Check {
	for _, c := range r.Checks {
		if c.Model == "for you" {
			return &c
		}
	}
	return nil
}

func TestTheRankerIsUsedWhereItIsBetter(t *testing.T) {
	in := wide(3)
	r := train(t, in, nil)
	c := rankerCheck(r.Report)
	if c == nil || c.Questions == 0 || len(c.Alone) != 3 || c.Note == "" {
		t.Fatalf("the blend was not checked: %+v", r.Report.Checks)
	}
	best := 0.0
	for _, alone := range c.Alone {
		best = max(best, alone)
	}
	ranker := open(t, r).Ranker()
	if !c.Gain.Better() || c.After <= best || !strings.Contains(c.Note, "is used") {
		t.Errorf("the ranker is used with %.4f against %v: %+v, %s", c.After, c.Alone, c.Gain, c.Note)
	}
	if ranker == nil {
		t.Fatalf("no ranker where people go for what is dear: %+v", c)
	}
	if ranker.Kind != recommend.ForYouFeatures || ranker.Width() != recommend.ForYouWidth {
		t.Errorf("list %d of %d features", ranker.Kind, ranker.Width())
	}
	if r.Report.Version != open(t, r).Version() {
		t.Error("the report tells another version than the file's")
	}
	in.Previous = r.File
	again := train(t, in, nil)
	if again.Report.Holdout.Unseen || open(t, again).Ranker() == nil {
		t.Errorf("without a rehearsal the ranker of the model in use was not kept: %+v", again.Report.Holdout)
	}
	if c := rankerCheck(again.Report); c == nil || c.Before == nil || *c.Before == 0 || c.Difference == nil {
		t.Errorf("for-you was not held against the model in use: %+v", c)
	}
}

func TestARankerThatIsNoBetterIsNotUsed(t *testing.T) {
	r := train(t, wide(3), nil)
	m, err := recommend.Open(r.File)
	if err != nil {
		t.Fatal(err)
	}
	upside := &rank.Model{Kind: recommend.ForYouFeatures, Mean: make([]float32, recommend.ForYouWidth), Weights: make([]float32, recommend.ForYouWidth)}
	upside.Weights[recommend.FeatureSession], upside.Weights[recommend.FeatureRelated] = -1, -1
	var w recommend.Worker
	h := newHistory(wide(3), mustCatalog(t, wide(3).Items))
	lessons := (&training{catalog: mustCatalog(t, wide(3).Items)}).lessons(h, h.lastTenth())
	judge := &training{catalog: mustCatalog(t, wide(3).Items)}
	c, used := judge.judgeRanker(&w, m, upside, lessons)
	if used == upside || c.Gain.Better() || !strings.Contains(c.Note, "for-you goes by "+goesBy(used)+":") {
		t.Errorf("a ranker that turns everything over is used: %+v", c)
	}
	t.Run("a source that beats fixed shares takes the place of a ranker", func(t *testing.T) {
		one := judge.gains(&w, m, alone(recommend.FeatureSession), lessons)
		shares := judge.gains(&w, m, nil, lessons)
		if want := judge.better(lessons, shares, one).Better(); want != (used != nil && used.Weights[recommend.FeatureSession] == 1) {
			t.Errorf("session neighbours are better than fixed shares: %v, but for-you goes by %s", want, goesBy(used))
		}
	})
}

func mustCatalog(t *testing.T, items []model.Item) *model.Catalog {
	t.Helper()
	c, err := model.NewCatalog(items)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestLessonsKnowOnlyWhatCameBefore(t *testing.T) {
	in := wide(1)
	c := mustCatalog(t, in.Items)
	h := newHistory(in, c)
	lessons := (&training{catalog: c}).lessons(h, h.lastTenth())
	if len(lessons) == 0 {
		t.Fatal("nothing to learn")
	}
	for _, l := range lessons {
		if l.at < h.lastTenth() || len(l.recent) == 0 || len(l.recent) > recalled {
			t.Fatalf("at %d, %d known", l.at, len(l.recent))
		}
		for n, known := range l.recent {
			if known.At.Unix() > l.at || string(known.Item) == in.Items[l.target].ID || n > 0 && known.At.After(l.recent[n-1].At) {
				t.Fatalf("%+v is known of %+v", known, l)
			}
		}
	}
	if got := spread(lessons, 10); len(got) != 10 || got[0].at != lessons[0].at {
		t.Errorf("%d of %d", len(got), len(lessons))
	}
}

// goesBy names what for-you falls back to.
func goesBy(r *rank.Model) string {
	switch {
	case r == nil:
		return byShares
	case r.Weights[recommend.FeatureSession] == 1:
		return ofSessions
	}
	return ofWeights
}

// TestAWorseForYouIsRefused holds a model that ranks well against one whose ranker turns everything over: the parts are the same, the whole is worse.
func TestAWorseForYouIsRefused(t *testing.T) {
	in := wide(3)
	good := train(t, in, nil)
	m, err := model.Open(good.File)
	if err != nil {
		t.Fatal(err)
	}
	upside := &rank.Model{Kind: recommend.ForYouFeatures, Mean: make([]float32, recommend.ForYouWidth), Weights: make([]float32, recommend.ForYouWidth)}
	upside.Weights[recommend.FeatureSession], upside.Weights[recommend.FeatureRelated] = -1, -1
	c := mustCatalog(t, in.Items)
	h := newHistory(in, c)
	bad := built{contents: model.Contents{Trained: m.Trained(), Catalog: c, Sessions: m.Sessions(), Related: m.Weights()}}
	if err := bad.change(func(c *model.Contents) { c.Ranker = upside }); err != nil {
		t.Fatal(err)
	}
	judge := &training{catalog: c}
	lessons := judge.course(h, h.lastTenth())
	for name, tt := range map[string]struct {
		candidate, previous []byte
		publish             bool
	}{
		"a worse one":  {bad.file, good.File, false},
		"a better one": {good.File, bad.file, true},
		"the first":    {bad.file, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			var r Report
			if err := judge.examineForYou(&r, lessons.asked, tt.candidate, tt.previous); err != nil {
				t.Fatal(err)
			}
			if r.decide(false); r.Publish != tt.publish || len(r.Checks) != 1 {
				t.Errorf("published: %v (%s), want %v; %+v", r.Publish, r.Reason, tt.publish, r.Checks)
			}
		})
	}
}
