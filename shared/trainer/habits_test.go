package trainer

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"shopkeeper/shared/recommend/interaction"
	"shopkeeper/shared/recommend/model"
)

// larder is a shop whose 40 people order every week for a year. With habits, what they buy comes in turns: each item after a number of weeks that every person has of their own. Without, they take what they had before by chance.
func larder(habits bool) Input {
	const items, people, weeks = 30, 40, 52
	random := rand.New(rand.NewPCG(5, 1))
	var in Input
	for n := range items {
		in.Items = append(in.Items, model.Item{ID: fmt.Sprintf("item-%02d", n)})
	}
	for week := range weeks {
		for person := range people {
			at := start.AddDate(0, 0, 7*week).Add(time.Duration(random.IntN(80000)) * time.Second)
			b := interaction.Basket{ID: fmt.Sprint(week, "-", person), Person: fmt.Sprint("person-", person), Time: at}
			for n := range 12 {
				one := (person + n*7) % items
				if habits && (week+person)%(1+(one+person)%6) == 0 || !habits && random.IntN(2) == 0 {
					b.Items = append(b.Items, in.Items[one].ID)
				}
			}
			in.Baskets = append(in.Baskets, b)
		}
	}
	return in
}

func TestHabitsAreUsedWhereTheyAreBetter(t *testing.T) {
	in := larder(true)
	r := train(t, in, nil)
	c := checkOf(r.Report, again)
	if c == nil || c.Gain == nil || !c.Gain.Better() || c.After <= c.Alone["what is due"] || c.Note != "habits are used" {
		t.Fatalf("habits were not used where everything comes in turns: %+v", c)
	}
	habits := open(t, r).Habits()
	if habits == nil || len(habits.Hazard) != len(in.Items) || habits.Ranker.Trees() == 0 {
		t.Fatalf("the file has no habits: %+v", habits)
	}
	in.Previous = r.File
	kept := train(t, in, nil)
	if kept.Report.Holdout.Unseen || open(t, kept).Habits() == nil {
		t.Errorf("without a rehearsal the habits of the model in use were not kept: %+v", kept.Report.Holdout)
	}
}

func TestHabitsThatAreNoBetterAreNotUsed(t *testing.T) {
	r := train(t, larder(false), nil)
	c := checkOf(r.Report, again)
	if c == nil || c.Gain == nil {
		t.Fatal("habits were not judged")
	}
	if used := open(t, r).Habits() != nil; used != c.Gain.Better() || used || !strings.HasPrefix(c.Note, "the shelf goes by what is due") {
		t.Errorf("habits are used: %v, of people who choose by chance: %+v", used, c)
	}
}
