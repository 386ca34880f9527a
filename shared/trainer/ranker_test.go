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
	if used := ranker != nil; used != (c.After > best) || used != strings.Contains(c.Note, "is used") {
		t.Errorf("ranker used: %v, with %.4f against %v: %s", used, c.After, c.Alone, c.Note)
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
	if c, better := compareRanker(&w, m, upside, lessons); better || !strings.Contains(c.Note, "fixed shares stay") {
		t.Errorf("a ranker that turns everything over is used: %+v", c)
	}
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
