package simulate

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
)

// Customer is one made-up person, with the truth that models try to find. Addresses are at example.com and reach nobody.
type Customer struct {
	UserID    string
	Person    event.PersonID
	FirstName string
	LastName  string
	Name      string // as the person writes it
	Email     string
	Country   string
	Locale    string
	Tastes    map[string]float64 // by department, sum 1
	Brands    []string           // liked
	Means     float64            // 0 thrifty to 1 well-off: the price level sought within a kind
	Visits    float64            // a year, on average
	Staples   []event.ItemID     // bought again and again
	Since     time.Time
	Mail      consent.Choice // what they said about letters from the shop, if they were asked
	Orders    int
	Spent     int64 // minor units

	favourites []int // staples as indexes into the range
	liked      map[string]bool
}

// people are the names of a country. family first is for those who write it so.
type people struct {
	locale, country string
	weight          float64
	given, family   []string
	familyFirst     bool
}

var nations = []people{
	{"en", "United Kingdom", 0.5, []string{"Alice", "Ben", "Chloe", "Daniel", "Ella", "Finn", "Grace", "Harry", "Isla", "Jack", "Kate", "Liam", "Maya", "Noah", "Olive", "Priya", "Rosie", "Sam", "Tess", "Zara"},
		[]string{"Archer", "Bailey", "Carter", "Dawson", "Ellis", "Fletcher", "Grant", "Hughes", "Irwin", "Jennings", "Khan", "Lloyd", "Mason", "Nash", "O'Neill", "Patel", "Reid", "Shaw", "Turner", "Webb"}, false},
	{"fr", "France", 0.17, []string{"Amélie", "Bastien", "Camille", "Élodie", "Hugo", "Julien", "Léa", "Manon", "Noé", "Zoé"},
		[]string{"Bernard", "Chevalier", "Dubois", "Faure", "Girard", "Lefèvre", "Moreau", "Petit", "Renaud", "Vidal"}, false},
	{"de", "Germany", 0.17, []string{"Anke", "Björn", "Clara", "Dieter", "Greta", "Jonas", "Katrin", "Lukas", "Mia", "Sören"},
		[]string{"Bauer", "Fischer", "Huber", "Jäger", "Krüger", "Lange", "Möller", "Schäfer", "Vogel", "Weiß"}, false},
	{"ru", "Kazakhstan", 0.08, []string{"Алиса", "Борис", "Вера", "Дмитрий", "Елена", "Иван", "Мария", "Олег"},
		[]string{"Белов", "Громов", "Зайцев", "Ковалёв", "Лебедев", "Орлов"}, false},
	{"en", "Japan", 0.05, []string{"葵", "健太", "美咲", "翔", "結衣"}, []string{"佐藤", "鈴木", "高橋", "田中"}, true},
	{"en", "Indonesia", 0.03, []string{"Ayu", "Budi", "Dewi", "Putra", "Sari"}, nil, false},
}

// population makes n customers.
func population(seed uint64, n int, all []goods, begin, end time.Time) []Customer {
	customers := make([]Customer, n)
	for i := range customers {
		customers[i] = newCustomer(rand.New(rand.NewPCG(seed, 1_000_000+uint64(i))), seed, i, all, begin, end)
	}
	return customers
}

func newCustomer(rng *rand.Rand, seed uint64, i int, all []goods, begin, end time.Time) Customer {
	c := Customer{
		UserID: fmt.Sprintf("c%05d", i+1), Person: event.PersonID("p_" + opaque(seed, "person", i)), Tastes: map[string]float64{},
		Means: rng.Float64(), Visits: 1.1 + 2.4*rng.ExpFloat64(), liked: map[string]bool{},
	}
	c.Mail = mailChoice(c.UserID)
	c.Since = begin
	if rng.Float64() < 0.55 { // the others were customers before the year began
		c.Since = begin.Add(time.Duration(rng.Float64() * 0.9 * float64(end.Sub(begin))))
	}
	c.nameFrom(rng, i)
	sum := 0.0
	for k := range kinds {
		d := kinds[k].department
		if _, done := c.Tastes[d]; !done {
			c.Tastes[d] = math.Pow(rng.Float64(), 5) // most departments leave most people cold
			sum += c.Tastes[d]
		}
	}
	for d := range c.Tastes {
		c.Tastes[d] /= sum
	}
	for len(c.Brands) < 2 {
		b := brands[rng.IntN(len(brands))].name
		if !c.liked[b] {
			c.liked[b] = true
			c.Brands = append(c.Brands, b)
		}
	}
	for range rng.IntN(3) {
		if j := c.staple(rng, all, begin); j >= 0 {
			c.favourites = append(c.favourites, j)
			c.Staples = append(c.Staples, all[j].ID)
		}
	}
	return c
}

func (c *Customer) nameFrom(rng *rand.Rand, i int) {
	at := rng.Float64()
	p := nations[0]
	for _, n := range nations {
		if p = n; at < n.weight {
			break
		}
		at -= n.weight
	}
	c.Locale, c.Country = p.locale, p.country
	c.FirstName = p.given[rng.IntN(len(p.given))]
	c.Name = c.FirstName
	if len(p.family) > 0 {
		c.LastName = p.family[rng.IntN(len(p.family))]
		c.Name = c.FirstName + " " + c.LastName
		if p.familyFirst {
			c.Name = c.LastName + " " + c.FirstName
		}
	}
	c.Email = fmt.Sprintf("%s%d@example.com", ascii(c.FirstName), i+1)
}

// ascii is a name as a mailbox; "customer" for scripts without Latin letters.
func ascii(name string) string {
	s := strings.NewReplacer("é", "e", "É", "e", "è", "e", "ö", "oe", "ä", "ae", "ü", "ue").Replace(strings.ToLower(name))
	for _, r := range s {
		if r < 'a' || r > 'z' {
			return "customer"
		}
	}
	return s
}

// staple picks something used up that the customer would like and that was on sale from the beginning; -1 when a few tries found none.
func (c *Customer) staple(rng *rand.Rand, all []goods, begin time.Time) int {
	for range 20 {
		j := c.choose(rng, all, begin)
		if kinds[all[j].kind].staple {
			return j
		}
	}
	return -1
}

// choose picks an item by taste: the department by liking, then the item by appeal, brand and price level. It draws a few candidates and takes one by weight, so that it costs the
// same whatever the size of the range.
func (c *Customer) choose(rng *rand.Rand, all []goods, at time.Time) int {
	best, bestWeight := 0, -1.0
	for range 40 {
		j := rng.IntN(len(all))
		w := c.likes(&all[j])
		if all[j].from.After(at) {
			w = 0
		}
		// The largest of w^(1/-ln u) is a draw in proportion to w.
		if key := w / rng.ExpFloat64(); key > bestWeight {
			best, bestWeight = j, key
		}
	}
	return best
}

func (c *Customer) likes(g *goods) float64 {
	w := c.Tastes[kinds[g.kind].department] * g.appeal
	if c.liked[g.Brand] {
		w *= 2.5
	}
	distance := g.level - c.Means
	return w * math.Exp(-3*distance*distance)
}

// opaque is a deterministic id of 22 characters.
func opaque(seed uint64, what string, i int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s %d", seed, what, i))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// The shares of customers who want letters, and who do not; the others were never asked.
const (
	wantMail   = 0.62
	refuseMail = 0.14
)

// mailChoice follows from the user id alone, so that it moves nothing else in the shop.
func mailChoice(userID string) consent.Choice {
	h := fnv.New64a()
	h.Write([]byte("mail " + userID))
	switch x := float64(h.Sum64()>>11) / (1 << 53); {
	case x < wantMail:
		return consent.Granted
	case x < wantMail+refuseMail:
		return consent.Denied
	}
	return consent.Undecided
}
