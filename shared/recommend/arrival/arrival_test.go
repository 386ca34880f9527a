package arrival

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/model"
)

// teaShop has items in categories of equal names, of several words, and in one that holds nearly everything.
func teaShop(t testing.TB) *model.Model {
	t.Helper()
	return open(t, []model.Item{
		{ID: "a", Category: "Shop > Tea > Tea Cups", URL: "https://tea.example/p/cup-of-day"},
		{ID: "b", Category: "Shop > Tea > Loose Teas", URL: "/p/th%C3%A9-vert/"},
		{ID: "c", Category: "Shop > Coffee", URL: "https://tea.example/item.php?id=3&utm_source=feed"},
		{ID: "d", Category: "Shop > Men > Shoes", URL: "/item.php?id=4"},
		{ID: "e", Category: "Shop > Women > Shoes", URL: "https://tea.example/"},
		{ID: "f", Category: "Shop > Home & Garden", URL: "/p/cup-of-day"},
		{ID: "g", Category: "Кухня", URL: "not an address"},
		{ID: "h", Category: "Shop > Bad \xff", URL: ""},
	})
}

func open(t testing.TB, items []model.Item) *model.Model {
	t.Helper()
	c, err := model.NewCatalog(items)
	if err != nil {
		t.Fatal(err)
	}
	file, err := model.Encode(model.Contents{Catalog: c})
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// say is what was found, in words.
func say(m *model.Model, f Found) string {
	if f.Landed {
		return m.ID(f.Item)
	}
	var paths []string
	for _, c := range f.Categories {
		paths = append(paths, m.Path(c))
	}
	return strings.Join(paths, ", ")
}

func TestRead(t *testing.T) {
	m := teaShop(t)
	x := NewIndex(m)
	var s Scratch
	for name, tt := range map[string]struct {
		from Arrival
		want string
	}{
		"nothing":                                {Arrival{}, ""},
		"an item's page, on another host":        {Arrival{URL: "http://www.tea.example/p/cup-of-day?utm_campaign=coffee&gclid=x#top"}, "a"},
		"an item's page, escaped otherwise":      {Arrival{URL: "/p/thé-vert"}, "b"},
		"items told apart by the query":          {Arrival{URL: "/item.php?id=4&fbclid=1"}, "d"},
		"a feed's own parameters do not count":   {Arrival{URL: "/item.php?id=3"}, "c"},
		"another query of an item's path":        {Arrival{URL: "/p/cup-of-day?colour=red"}, "a"},
		"the root is no item":                    {Arrival{URL: "https://tea.example/"}, ""},
		"a category's path":                      {Arrival{URL: "https://tea.example/c/tea/tea-cups.html?page=2"}, "Shop > Tea > Tea Cups"},
		"singular and plural":                    {Arrival{URL: "/loose_TEA"}, "Shop > Tea > Loose Teas"},
		"the most specific of a path":            {Arrival{URL: "/shop/tea"}, "Shop > Tea"},
		"two categories":                         {Arrival{URL: "/tea-or-coffee"}, "Shop > Tea, Shop > Coffee"},
		"namesakes":                              {Arrival{URL: "/shoes"}, "Shop > Men > Shoes, Shop > Women > Shoes"},
		"namesakes below one that is named":      {Arrival{URL: "/women/shoes"}, "Shop > Women > Shoes"},
		"a category and one below it, once":      {Arrival{URL: "/tea-cups/tea"}, "Shop > Tea > Tea Cups"},
		"and, und":                               {Arrival{URL: "/home-and-garden"}, "Shop > Home & Garden"},
		"another alphabet, escaped":              {Arrival{URL: "/%D0%9A%D0%A3%D0%A5%D0%9D%D0%AF"}, "Кухня"},
		"a category of nearly everything":        {Arrival{URL: "/shop"}, ""},
		"the campaign of the address":            {Arrival{URL: "/?utm_source=tea&utm_campaign=spring+coffee%20week"}, "Shop > Coffee"},
		"the term before the campaign":           {Arrival{URL: "/?utm_campaign=coffee&utm_term=loose+tea"}, "Shop > Tea > Loose Teas"},
		"a campaign of its own":                  {Arrival{Campaign: "100% coffee"}, "Shop > Coffee"},
		"a source says nothing":                  {Arrival{URL: "/?utm_source=coffee&utm_medium=tea"}, ""},
		"the page's own search":                  {Arrival{URL: "/search?q=tea%20cups"}, "Shop > Tea > Tea Cups"},
		"a search engine's words":                {Arrival{URL: "/", Referrer: "https://search.example/?query=women+shoes"}, "Shop > Women > Shoes"},
		"the path of another site":               {Arrival{Referrer: "https://forum.example/r/coffee"}, "Shop > Coffee"},
		"another site has no items of ours":      {Arrival{Referrer: "https://forum.example/p/cup-of-day"}, ""},
		"a host is no word":                      {Arrival{Referrer: "https://coffee.example"}, ""},
		"the page before the referrer":           {Arrival{URL: "/tea", Referrer: "https://forum.example/r/coffee"}, "Shop > Tea"},
		"half a word":                            {Arrival{URL: "/teas-pot/coffeehouse/steam"}, "Shop > Tea"},
		"a bad escape is passed over":            {Arrival{URL: "/tea%2", Campaign: "coffee"}, "Shop > Coffee"},
		"a bad escape of two":                    {Arrival{URL: "/tea%zz"}, ""},
		"no address":                             {Arrival{URL: "javascript:tea"}, ""},
		"another scheme":                         {Arrival{URL: "ftp://host/tea"}, ""},
		"an address of 10,000 bytes":             {Arrival{URL: "/tea/" + strings.Repeat("x", 10_000), Campaign: "coffee"}, "Shop > Coffee"},
		"a campaign of 10,000 bytes":             {Arrival{Campaign: strings.Repeat("tea ", 2500)}, ""},
		"the first words of many":                {Arrival{Campaign: strings.Repeat("x ", maxWords-1) + "coffee tea"}, "Shop > Coffee"},
		"what is no text":                        {Arrival{Campaign: "\xff\xfe\x00 coffee\xff"}, "Shop > Coffee"},
		"slashes, question marks and ampersands": {Arrival{URL: "////???&&&==", Referrer: "&?/"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, say(m, x.Read(tt.from, nil, &s))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	t.Run("an item that the model does not know", func(t *testing.T) {
		got := x.Read(Arrival{URL: "https://tea.example/p/new?utm_campaign=tea"}, map[string]item.Ordinal{"/p/new": 99}, &s)
		if !got.Landed || got.Item != 99 {
			t.Errorf("%+v", got)
		}
	})
	t.Run("nothing is allocated", func(t *testing.T) {
		a := Arrival{URL: "/c/some/path/that-names/nothing?utm_campaign=spring&q=none", Referrer: "https://search.example/?q=women+shoes"}
		if n := testing.AllocsPerRun(100, func() { x.Read(a, nil, &s) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

func TestOddCatalogs(t *testing.T) {
	many := make([]model.Item, 500)
	for i := range many {
		many[i] = model.Item{ID: fmt.Sprint(i), Category: fmt.Sprintf("C%d > Tea", i), URL: "/same"}
	}
	long := strings.Repeat("tea ", 3000)
	var s Scratch
	for name, tt := range map[string]struct {
		items []model.Item
		from  Arrival
		want  string
	}{
		"no items":                      {nil, Arrival{URL: "/tea"}, ""},
		"one item is everything":        {[]model.Item{{ID: "a", Category: "Tea", URL: "/"}}, Arrival{URL: "/tea"}, ""},
		"its page is its page":          {[]model.Item{{ID: "a", Category: "Tea", URL: "/a"}}, Arrival{URL: "/a"}, "a"},
		"one page of all":               {many, Arrival{URL: "/same"}, "0"},
		"too many namesakes":            {many, Arrival{URL: "/tea"}, "C0 > Tea, C1 > Tea, C10 > Tea, C100 > Tea"},
		"a namesake among them":         {many, Arrival{URL: "/c10/tea"}, "C10 > Tea"},
		"names and addresses too long":  {[]model.Item{{ID: "a", Category: long, URL: "/" + long}, {ID: "b", Category: "Tea"}}, Arrival{URL: "/tea"}, "Tea"},
		"a category without any letter": {[]model.Item{{ID: "a", Category: "--"}, {ID: "b", Category: "Tea"}}, Arrival{URL: "/--"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			m := open(t, tt.items)
			if diff := cmp.Diff(tt.want, say(m, NewIndex(m).Read(tt.from, nil, &s))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []Arrival{{URL: "/c/tea?utm_campaign=a+b%20c#x", Referrer: "https://a.example/?q=%D0%9A"}, {URL: "https://%", Campaign: "\xff"}, {URL: "?&=%zz", Term: "tea\x00cups"},
		{URL: "/item.php?id=3&&gclid", Referrer: "://"}, {Campaign: "s s ss sss ssss and et и"}} {
		f.Add(seed.URL, seed.Referrer, seed.Term, seed.Campaign)
	}
	m := teaShop(f)
	x := NewIndex(m)
	f.Fuzz(func(t *testing.T, url, referrer, term, campaign string) {
		var s, again Scratch
		a := Arrival{url, referrer, term, campaign}
		x.Read(Arrival{URL: "/women/shoes?q=tea"}, nil, &s) // what was read before must not shine through
		got := x.Read(a, nil, &s)
		if diff := cmp.Diff(x.Read(a, nil, &again), got); diff != "" {
			t.Errorf("a used scratch changes the answer (-fresh +used):\n%s", diff)
		}
		if len(got.Categories) > MaxCategories || got.Landed && len(got.Categories) > 0 {
			t.Errorf("%+v", got)
		}
		for at, c := range got.Categories {
			for other, d := range got.Categories {
				if at != other && m.Below(c, d) {
					t.Errorf("%q and, above it, %q", m.Path(c), m.Path(d))
				}
			}
		}
		if key := Address(nil, url); strings.HasSuffix(string(key), "/") && !strings.Contains(string(key), "?") {
			t.Errorf("%q becomes %q", url, key)
		}
	})
}
