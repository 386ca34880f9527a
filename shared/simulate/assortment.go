package simulate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/event"
)

// kind is one sort of goods: its name, its drawing, what it costs, whether it is used up, and the kinds people buy with it.
type kind struct {
	department string
	name       string // under the department, and the last word of titles
	shape      string // which drawing
	low, high  int64  // price in minor units
	staple     bool   // used up and bought again
	with       []string
	text       string
}

// kinds is the shop's whole range. The departments of the first line of each group are in the order of the shop's front page.
var kinds = []kind{
	{"Tea", "Teapot", "teapot", 1800, 5200, false, []string{"Tea Cups", "Loose Tea"}, "Pours without a drip and keeps four cups warm."},
	{"Tea", "Tea Cups", "cup", 900, 2600, false, []string{"Teapot", "Tea Infuser"}, "A pair of cups with a handle that fits two fingers."},
	{"Tea", "Loose Tea", "pouch", 450, 1400, true, []string{"Tea Infuser", "Biscuit Tin"}, "A hundred grams of leaves, picked by hand and packed in small lots."},
	{"Tea", "Tea Infuser", "infuser", 500, 1500, false, []string{"Loose Tea", "Tea Cups"}, "Fine mesh that lets the flavour out and keeps the leaves in."},
	{"Coffee", "Coffee Pot", "pot", 2200, 6400, false, []string{"Coffee Cups", "Coffee Beans"}, "For the stove, in three minutes and without paper."},
	{"Coffee", "Coffee Cups", "cup", 800, 2400, false, []string{"Coffee Pot"}, "Small, thick and slow to cool: a pair."},
	{"Coffee", "Coffee Beans", "pouch", 750, 1900, true, []string{"Coffee Grinder", "Coffee Pot"}, "Two hundred and fifty grams, roasted on Mondays."},
	{"Coffee", "Coffee Grinder", "grinder", 3500, 8900, false, []string{"Coffee Beans"}, "Turned by hand, set by a screw, from fine to coarse."},
	{"Baking", "Cake Tin", "tin", 900, 2400, false, []string{"Flour", "Cake Stand"}, "Loose bottom, straight sides, no coating to scratch."},
	{"Baking", "Biscuit Tin", "canister", 700, 1900, false, []string{"Loose Tea", "Cookie Cutters"}, "Closes tightly and looks well on a shelf."},
	{"Baking", "Cookie Cutters", "star", 400, 1200, false, []string{"Flour", "Biscuit Tin"}, "A set of five with rolled edges."},
	{"Baking", "Flour", "pouch", 300, 800, true, []string{"Cake Tin", "Cookie Cutters"}, "Stone-ground, one kilogram."},
	{"Cooking", "Saucepan", "pan", 2900, 8900, false, []string{"Spice Jar", "Chopping Board"}, "A heavy base and a lid that sits."},
	{"Cooking", "Casserole", "casserole", 4500, 14500, false, []string{"Spice Jar", "Linen Apron"}, "From the stove to the oven to the table."},
	{"Cooking", "Chopping Board", "board", 1400, 4200, false, []string{"Saucepan"}, "One piece of wood, oiled twice."},
	{"Cooking", "Spice Jar", "jar", 350, 900, true, []string{"Casserole", "Saucepan"}, "Whole spices, enough for a season."},
	{"Table", "Plates", "plate", 1600, 4800, false, []string{"Soup Bowls", "Glasses"}, "Four plates, glazed by hand, no two quite alike."},
	{"Table", "Soup Bowls", "bowl", 1400, 4200, false, []string{"Plates"}, "Four deep bowls with a wide rim."},
	{"Table", "Glasses", "glass", 1200, 3600, false, []string{"Plates", "Cake Stand"}, "Six tumblers, blown thick enough for every day."},
	{"Table", "Cake Stand", "stand", 1800, 4900, false, []string{"Tea Cups", "Cake Tin"}, "Three tiers for an afternoon that lasts."},
	{"Light", "Candles", "candle", 500, 1600, true, []string{"Candlestick", "Lantern"}, "Beeswax blend, burns for forty hours."},
	{"Light", "Candlestick", "candlestick", 900, 3200, false, []string{"Candles"}, "Stands steadily and takes any household candle."},
	{"Light", "Lantern", "lantern", 1900, 5900, false, []string{"Candles", "Planter"}, "For the step, the hook or the garden table."},
	{"Light", "Paper Lampshade", "shade", 1500, 3900, false, []string{"Candlestick"}, "Folded by hand, gentle on the eyes."},
	{"Linen", "Cushion", "cushion", 1900, 4900, false, []string{"Wool Throw"}, "Feather-filled, with a cover that comes off."},
	{"Linen", "Wool Throw", "throw", 3900, 9900, false, []string{"Cushion", "Candles"}, "Woven in one width, fringed on two sides."},
	{"Linen", "Tea Towels", "towel", 700, 1800, false, []string{"Linen Apron"}, "A set of two that dries glass without lint."},
	{"Linen", "Linen Apron", "apron", 2200, 4400, false, []string{"Tea Towels", "Casserole"}, "Crossed at the back, with one deep pocket."},
	{"Garden", "Planter", "planter", 1200, 4600, false, []string{"Flower Seeds", "Watering Can"}, "Frost-proof, with a hole and a saucer."},
	{"Garden", "Watering Can", "can", 1900, 4800, false, []string{"Flower Seeds"}, "Balanced when full, with a brass rose."},
	{"Garden", "Flower Seeds", "packet", 200, 500, true, []string{"Planter", "Hand Trowel"}, "Open-pollinated seeds for two square metres."},
	{"Garden", "Hand Trowel", "trowel", 900, 2600, false, []string{"Flower Seeds", "Planter"}, "Forged in one piece, handle of ash."},
	{"Paper", "Notebook", "book", 600, 2200, false, []string{"Pencils"}, "Sewn, lies flat, takes ink on both sides."},
	{"Paper", "Pencils", "pencil", 400, 1200, false, []string{"Notebook"}, "Twelve, cedar, in a box."},
	{"Paper", "Greeting Cards", "card", 350, 900, true, []string{"Wrapping Paper"}, "Six cards with envelopes, printed on a hand press."},
	{"Paper", "Wrapping Paper", "roll", 300, 800, true, []string{"Greeting Cards"}, "Four sheets, printed on both sides."},
	{"Bath", "Soap", "soap", 350, 950, true, []string{"Bath Towel", "Bath Brush"}, "Cold-stirred and cured for six weeks."},
	{"Bath", "Bath Salts", "jar", 700, 1800, true, []string{"Soap", "Candles"}, "Sea salt and oils, ten baths."},
	{"Bath", "Bath Towel", "towel", 1500, 4200, false, []string{"Soap"}, "Long loops, quick to dry."},
	{"Bath", "Bath Brush", "brush", 900, 2400, false, []string{"Soap", "Bath Salts"}, "Beech and bristle, with a strap."},
}

// series are the designs that run through the range: goods of one series are bought together.
var series = []string{"Fernleaf", "Harbour", "Foxglove", "Meadow", "Tidepool", "Orchard", "Winter Wren", "Sundial", "Heather", "Saltglaze", "Marigold", "Northlight", "Bramble", "Lakeside", "Thistle", "Moonrise"}

// brand is an invented maker with a price level and departments it is known for.
type brand struct {
	name  string
	level float64 // multiplies prices
}

var brands = []brand{
	{"Kettlewick", 0.85}, {"Larkfield", 0.75}, {"Oxbow", 1.0}, {"Tallow Row", 1.1}, {"Marrow & Pine", 1.25}, {"Saltmarsh", 0.95}, {"Brindle", 0.7}, {"Hollin", 1.4},
	{"Quillstone", 1.15}, {"Wren & Wold", 1.3},
}

// goods is an item with what only the simulation knows of it.
type goods struct {
	catalog.Item
	kind    int
	series  int
	appeal  float64 // popularity, long-tailed
	level   float64 // 0 cheap to 1 dear within its kind
	from    time.Time
	partner []int // indexes of goods bought with it, best first
}

// stock makes n items that are on sale at some time before end. A fifth of them were added during the year.
func stock(rng *rand.Rand, n int, begin, end time.Time) []goods {
	all := make([]goods, 0, n)
	counts := map[string]int{}
	for i := range n {
		k := i % len(kinds)
		round := i / len(kinds)
		def := kinds[k]
		s := (round + 5*departmentNumber(def.department)) % len(series)
		b := brands[(s*3+round/len(series)+departmentNumber(def.department))%len(brands)]
		level := rng.Float64()
		price := math.Exp(math.Log(float64(def.low))*(1-level)+math.Log(float64(def.high))*level) * b.level
		counts[def.department]++
		title := series[s] + " " + def.name
		if r := round / len(series); r > 0 {
			title = fmt.Sprintf("%s %s No. %d", series[s], def.name, r+1)
		}
		id := event.ItemID(fmt.Sprintf("%s%03d", strings.ToUpper(def.department[:min(3, len(def.department))]), counts[def.department]))
		g := goods{
			Item: catalog.Item{
				ID: id, Title: title, URL: "/product/" + string(id), Image: "/demo/img/" + string(id) + ".svg",
				Price: charming(price), Currency: currency, Category: def.department + " > " + def.name, Brand: b.name,
				Text: def.text + " From the " + series[s] + " series by " + b.name + ".",
			},
			kind: k, series: s, appeal: math.Exp(1.1 * rng.NormFloat64()), level: level, from: begin,
		}
		if rng.Float64() < 0.2 {
			g.from = begin.Add(time.Duration(rng.Float64() * float64(end.Sub(begin))))
		}
		g.Created = g.from.Truncate(time.Hour).UTC()
		all = append(all, g)
	}
	pair(all)
	return all
}

const currency = "GBP"

// charming rounds as shops do: 24.50, 8.95.
func charming(price float64) int64 {
	p := int64(price)
	if p < 1000 {
		return max(p/10*10+5, 95)
	}
	return p/50*50 + 50
}

func departmentNumber(name string) int {
	n := 0
	for i := range kinds {
		if i > 0 && kinds[i].department != kinds[i-1].department {
			n++
		}
		if kinds[i].department == name {
			break
		}
	}
	return n
}

// pair finds the goods bought with each: the kinds that go with it, in the same series first.
func pair(all []goods) {
	byKind := map[string][]int{}
	for i, g := range all {
		byKind[kinds[g.kind].name] = append(byKind[kinds[g.kind].name], i)
	}
	for i := range all {
		g := &all[i]
		var others []int
		for _, with := range kinds[g.kind].with {
			best := -1
			for _, j := range byKind[with] {
				if all[j].series == g.series {
					g.partner = append(g.partner, j)
				} else if best < 0 || all[j].appeal > all[best].appeal {
					best = j
				}
			}
			if best >= 0 {
				others = append(others, best)
			}
		}
		g.partner = append(g.partner, others...)
	}
}
