package backtest

import (
	"math"
	"slices"

	"shopkeeper/shared/recommend/item"
)

// clues are what is known of items besides what the parts say. They look back from the question's last event, never ahead of it.
type clues struct {
	total []int
	times [][]int64 // per item: of its events, ascending

	now     int64          // of the question
	moments []int64        // of the history's newest baskets
	sorted  []item.Ordinal // the history
}

const day = 24 * 60 * 60 * 1000 // in milliseconds

// spans are the days over which an item's events are counted.
var spans = [...]int64{1, 7, 30, 90}

// The clues' places in a row.
const (
	cluePopular   = iota                              // events of all time
	clueSpans                                         // events of the last day, week, month, quarter
	clueIdle      = clueSpans + len(spans) + iota - 2 // days since the last event; what follows is counted on from here
	clueAge                                           // since the first event
	clueUnheard                                       // no event so far
	clueSeason                                        // events in the fortnights before each of the history's baskets
	clueSeenAgo                                       // 1 / how many items ago it was met
	clueSeenTimes                                     // how often
	clueSeen                                          // at all
	clueSeenLong                                      // crossed with the length of the history
	clueNear                                          // how near its number is to one of the history's: shops number what belongs together in a row
	clueNearMany                                      // how many of the history's are near
	clueCount
)

const (
	mostMoments = 12
	season      = 14 // days
	nearby      = 5  // numbers
)

func newClues(t Training) *clues {
	c := &clues{total: t.Counts, times: make([][]int64, t.Items)}
	for _, h := range t.past {
		for at, i := range h.items {
			c.times[i] = append(c.times[i], h.times[at])
		}
	}
	for _, times := range c.times {
		slices.Sort(times)
	}
	return c
}

// ask prepares for a question.
func (c *clues) ask(h History) {
	c.now, c.moments = 0, c.moments[:0]
	for _, t := range slices.Backward(h.Times) {
		c.now = max(c.now, t)
		if n := len(c.moments); n < mostMoments && (n == 0 || c.moments[n-1] != t) {
			c.moments = append(c.moments, t)
		}
	}
	c.sorted = append(c.sorted[:0], h.Items...)
	slices.Sort(c.sorted)
}

// count is the item's events in so many days up to a moment, and how many came before it.
func (c *clues) count(times []int64, until int64, days int64) (within, before int) {
	to, _ := slices.BinarySearch(times, until+1)
	from, _ := slices.BinarySearch(times[:to], until-days*day)
	return to - from, to
}

func (c *clues) fill(row []float32, h History, i item.Ordinal) {
	times := c.times[i]
	row[cluePopular] = logOf(c.total[i])
	heard := 0
	for s, days := range spans {
		within, before := c.count(times, c.now, days)
		row[clueSpans+s], heard = logOf(within), before
	}
	if heard > 0 {
		row[clueIdle] = logDays(c.now - times[heard-1])
		row[clueAge] = logDays(c.now - times[0])
	} else {
		row[clueUnheard] = 1
	}
	met := 0
	for _, t := range c.moments {
		within, _ := c.count(times, t, season)
		met += within
	}
	row[clueSeason] = float32(math.Log1p(float64(met) / float64(max(1, len(c.moments)))))
	c.fillSeen(row, h, i)
	c.fillNear(row, i)
}

func (c *clues) fillSeen(row []float32, h History, i item.Ordinal) {
	if _, seen := slices.BinarySearch(c.sorted, i); !seen {
		return
	}
	times := 0
	for at, j := range slices.Backward(h.Items) {
		if j == i {
			if times++; times == 1 {
				row[clueSeenAgo] = 1 / float32(len(h.Items)-at)
			}
		}
	}
	row[clueSeenTimes], row[clueSeen], row[clueSeenLong] = logOf(times), 1, logOf(len(h.Items))
}

func (c *clues) fillNear(row []float32, i item.Ordinal) {
	from, _ := slices.BinarySearch(c.sorted, i-min(i, nearby))
	gap, many := item.Ordinal(nearby+1), 0
	for _, j := range c.sorted[from:] {
		if j > i+nearby {
			break
		}
		if j != i {
			gap = min(gap, max(i, j)-min(i, j))
			many++
		}
	}
	if many > 0 {
		row[clueNear] = 1 / float32(gap)
		row[clueNearMany] = logOf(many)
	}
}

func logOf(n int) float32 { return float32(math.Log1p(float64(n))) }

func logDays(milliseconds int64) float32 {
	return float32(math.Log1p(max(0, float64(milliseconds)) / day))
}
