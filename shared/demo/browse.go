package demo

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/event"
)

// frontSlots are the shelves of the front page, in order.
const frontSlots = "viewed-before:6,for-you:12,buy-again:6,trending:6,new:6"

type frontView struct {
	Greeting string
	Personal bool // the page has something that only this visitor sees
	Offers   []offerCard
	Shelves  []shelf
	Own      []card // when there are no shelves: the shop's own goods
	Rooms    []room
}

// room is a tile that leads to a department.
type room struct {
	Slug, Name, Image string
	Count             int
}

func (v *visit) frontPage() error {
	v.send(append(v.tookOffer(), pageCall("Home", "/"))...)
	var front frontAnswer
	v.without("front page", v.call(http.MethodGet, "/v1/front-page?slots="+url.QueryEscape(frontSlots), nil, &front))
	view := frontView{Greeting: front.Greeting}
	for _, s := range front.Shelves {
		view.Personal = view.Personal || len(s.Items) > 0 && (s.Placement == "viewed-before" || s.Placement == "buy-again")
	}
	for i, s := range front.Shelves {
		if s.Placement == "for-you" && !view.Personal {
			front.Shelves[i].Title = "Liked by many" // nothing is known yet that would make it this visitor's
		}
	}
	view.Offers = v.offers(front.Offers)
	view.Shelves = v.shelves(front.Shelves)
	if len(view.Shelves) == 0 {
		view.Own = v.own(firstOf(v.stock.newest, 12))
	}
	for _, d := range v.stock.departments {
		view.Rooms = append(view.Rooms, room{d.Slug, d.Name, d.Items[0].Image, len(d.Items)})
	}
	return v.page(http.StatusOK, "front", "", view)
}

// perPage is how many cards a list shows at once.
const perPage = 24

type listView struct {
	Heading string
	Query   string
	Slug    string
	Count   int
	Cards   []card
	Sort    string
	Sorts   []sortOption
	Pages   pager
	Shelves []shelf
}

type sortOption struct {
	Key, Label string
	Chosen     bool
}

// pager leads through a long list. Previous and Next are empty at the ends.
type pager struct {
	Page, Last     int
	Previous, Next string
}

func (v *visit) category() error {
	d, ok := v.stock.department(v.r.PathValue("slug"))
	if !ok {
		return errNotFound
	}
	view := v.listOf(slices.Clone(d.Items))
	view.Heading, view.Slug = d.Name, d.Slug
	listed := properties{product: product{Category: d.Name}}
	for i, c := range view.Cards {
		listed.Products = append(listed.Products, product{ProductID: c.ID, Name: c.Title, Position: i + 1})
	}
	v.send(append(v.tookOffer(), pageCall(d.Name, v.r.URL.Path), track(event.ProductListViewed, listed))...)
	return v.page(http.StatusOK, "list", d.Name, view)
}

func (v *visit) search() error {
	query := strings.TrimSpace(v.r.URL.Query().Get("q"))
	if len(query) > 200 {
		query = strings.ToValidUTF8(query[:200], "")
	}
	view := v.listOf(v.stock.search(query))
	view.Query = query
	view.Heading = "Search"
	sent := []message{pageCall("Search", "/search")}
	if query != "" {
		view.Heading = "“" + query + "”"
		sent = append(sent, track(event.ProductsSearched, properties{Query: query}))
	}
	v.send(sent...)
	if view.Count == 0 {
		view.Shelves = v.list("Popular right now", "/v1/recommendations?placement=trending&limit=6")
	}
	return v.page(http.StatusOK, "list", cmp.Or(query, "Search"), view)
}

// listOf sorts and pages as the address says. items is the caller's to give away; search keeps its own order until another is asked for.
func (v *visit) listOf(items []catalog.Item) listView {
	view := listView{Count: len(items), Sort: v.r.URL.Query().Get("sort")}
	for i, s := range sorts {
		chosen := s.Key == view.Sort || i == 0 && view.Sort == ""
		view.Sorts = append(view.Sorts, sortOption{s.Key, s.Label, chosen})
		if s.Key == view.Sort {
			slices.SortFunc(items, s.compare)
		}
	}
	view.Pages = v.pager(len(items))
	from := (view.Pages.Page - 1) * perPage
	view.Cards = v.own(items[from:min(from+perPage, len(items))])
	return view
}

func (v *visit) pager(count int) pager {
	p := pager{Last: max(1, (count+perPage-1)/perPage)}
	asked, err := strconv.Atoi(v.r.URL.Query().Get("page"))
	if err != nil {
		asked = 1
	}
	p.Page = min(max(asked, 1), p.Last)
	to := func(n int) string {
		query := v.r.URL.Query()
		query.Set("page", strconv.Itoa(n))
		return "?" + query.Encode()
	}
	if p.Page > 1 {
		p.Previous = to(p.Page - 1)
	}
	if p.Page < p.Last {
		p.Next = to(p.Page + 1)
	}
	return p
}

type productView struct {
	Item       catalog.Item
	Card       card
	Department department
	Paragraphs []string
	Quantities []int
	Offers     []offerCard
	Shelves    []shelf
}

func (v *visit) product() error {
	it, ok := v.stock.byID[event.ItemID(v.r.PathValue("id"))]
	if !ok {
		return errNotFound
	}
	sent := append(append(v.tookOffer(), v.clickThrough(it)...), pageCall(it.Title, v.r.URL.Path), track(event.ProductViewed, properties{product: productOf(it, 0)}))
	v.send(sent...)
	view := productView{Item: it, Card: v.own([]catalog.Item{it})[0], Quantities: []int{1, 2, 3, 4, 5, 6}, Paragraphs: strings.Split(it.Text, "\n\n")}
	view.Department, _ = v.stock.department(slug(topCategory(it.Category)))
	view.Offers = v.offersFor(it.ID)
	base := "/v1/items/" + url.PathEscape(string(it.ID))
	together := v.list("Bought together", base+"/bought-together?limit=4")
	query := url.Values{"limit": {"6"}, "exclude": {idsOn(together)}}
	view.Shelves = append(together, v.list("Similar things", base+"/similar?"+query.Encode())...)
	return v.page(http.StatusOK, "product", it.Title, view)
}

// picture serves the drawing of an item.
func (s *Shop) picture(w http.ResponseWriter, r *http.Request) {
	id, isSVG := strings.CutSuffix(r.PathValue("file"), ".svg")
	stock, err := s.goods.current(r.Context())
	if err != nil {
		http.Error(w, "the range is not to be had just now", http.StatusServiceUnavailable)
		return
	}
	it, known := stock.byID[event.ItemID(id)]
	if !isSVG || !known || s.opts.Picture == nil {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "image/svg+xml")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'") // a drawing may style itself, and do nothing else
	h.Set("Cache-Control", "public, max-age=86400")
	if _, err := w.Write(s.opts.Picture(it)); err != nil {
		s.log.Debug("picture not sent", "item", id, "err", err)
	}
}
