package habit

import (
	"math"

	"shopkeeper/shared/recommend/purchase"
)

// windows are the numbers of newest baskets in which purchases are counted.
var windows = [...]int{2, 5, 10, 25, 50}

// fades are what a purchase is worth one basket later; halves what half-lives in days its weight has.
var (
	fades  = [...]float64{0.8, 0.9, 0.97}
	halves = [...]float64{14, 45, 120}
)

// trace is what one customer did with one thing.
type trace struct {
	thing       uint32
	count       float32
	within      [len(windows)]float32
	fading      [len(fades)]float32
	aging       [len(halves)]float32
	first, last int32 // places among the baskets
	since, from int64 // times of last and first
	logs        float64
	gaps        float64
}

// diary is what one customer did with all things of a kind. Memory is reused.
type diary struct {
	slots  []uint32 // thing -> 1 + place among traces
	traces []trace
}

func (d *diary) find(thing uint32) *trace {
	if int(thing) >= len(d.slots) || d.slots[thing] == 0 {
		return nil
	}
	return &d.traces[d.slots[thing]-1]
}

// read writes the diary anew. of yields the things of a basket, each once.
func (d *diary) read(c purchase.Customer, things int, of func(purchase.Basket) []uint32, weigh *weighing) {
	for _, t := range d.traces {
		d.slots[t.thing] = 0
	}
	d.traces = d.traces[:0]
	if grow := things - len(d.slots); grow > 0 {
		d.slots = append(d.slots, make([]uint32, grow)...)
	}
	for at, b := range c {
		for _, i := range of(b) {
			if d.slots[i] == 0 {
				d.traces = append(d.traces, trace{thing: i, first: int32(at), from: b.Time})
				d.slots[i] = uint32(len(d.traces))
			}
			t := &d.traces[d.slots[i]-1]
			if t.count > 0 {
				t.logs += logDays(b.Time - t.since)
				t.gaps++
			}
			t.count++
			t.last, t.since = int32(at), b.Time
			for w, width := range windows {
				if len(c)-at <= width {
					t.within[w]++
				}
			}
			for f := range fades {
				t.fading[f] += weigh.fading[f][at]
			}
			for h := range halves {
				t.aging[h] += weigh.aging[h][at]
			}
		}
	}
}

// weighing is what each basket of a customer is worth, as shares that add up to 1.
type weighing struct {
	fading [len(fades)][]float32
	aging  [len(halves)][]float32
}

func (w *weighing) read(c purchase.Customer, now int64) {
	for f, keep := range fades {
		w.fading[f] = normal(w.fading[f], len(c), func(at int) float64 { return math.Pow(keep, float64(len(c)-1-at)) })
	}
	for h, half := range halves {
		w.aging[h] = normal(w.aging[h], len(c), func(at int) float64 {
			return math.Exp2(-max(0, float64(now-c[at].Time)) / day / half)
		})
	}
}

func normal(dst []float32, n int, of func(int) float64) []float32 {
	dst = dst[:0]
	sum := 1e-9
	for at := range n {
		sum += of(at)
	}
	for at := range n {
		dst = append(dst, float32(of(at)/sum))
	}
	return dst
}
