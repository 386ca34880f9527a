package app

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"shopkeeper/shared/archive"
	"shopkeeper/shared/catalog"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/interaction"
	"shopkeeper/shared/recommend/model"
	"shopkeeper/shared/trainer"
	"shopkeeper/shared/warehouse"
)

// input is what a shop's training learns from: its catalog, its history or a sample of it, the model in use.
func (t *Trainer) input(ctx context.Context, shop event.ShopID) (in trainer.Input, err error) {
	err = t.items.List(ctx, shop, func(it catalog.Item) error {
		in.Items = append(in.Items, model.Item{ID: string(it.ID), Title: it.Title, URL: it.URL, Image: it.Image, Price: it.Price, Currency: it.Currency,
			Category: it.Category, Brand: it.Brand, Text: it.Text, Hidden: it.Hidden, SoldOut: it.SoldOut, Created: it.Created})
		return nil
	})
	if err != nil {
		return in, fmt.Errorf("read the catalog of %s: %w", shop, err)
	}
	if len(in.Items) == 0 {
		return in, fault.New(fault.NotFound, "the shop has no items: import a catalog or orders first")
	}
	end, err := archive.Newest(ctx, t.files, shop)
	if err != nil {
		return in, err
	}
	window := warehouse.Window{From: end.Add(-History), To: end}
	if t.Warehouse != nil {
		err = t.sample(ctx, shop, window, &in)
	} else {
		err = t.history(ctx, shop, window, &in)
	}
	if err != nil {
		return in, fmt.Errorf("read the archive of %s: %w", shop, err)
	}
	return in, t.previous(ctx, shop, &in)
}

// history reads all that happened.
func (t *Trainer) history(ctx context.Context, shop event.ShopID, w warehouse.Window, in *trainer.Input) error {
	baskets := basketMaker{orders: map[string]int{}}
	err := archive.Training(ctx, t.files, shop, w.From, w.To, func(a archive.Interaction) error {
		if a.Signal == archive.Bought && a.Basket != "" {
			baskets.add(a.User, a.Basket, basketLine{a.At.UnixMilli(), a.Line, string(a.Item)})
		} else {
			in.Interactions = append(in.Interactions, interaction.Interaction{Person: a.User, Session: a.Session, Item: string(a.Item), Time: a.At, Kind: kinds[a.Signal]})
		}
		return nil
	})
	in.Baskets = baskets.sorted()
	sortInteractions(in.Interactions)
	return err
}

// sampleMost is how much of a history in the warehouse is read here, for search, exam and ranker: these ask some thousands of questions.
const sampleMost = 1_000_000

// sample reads what some people did, and leaves the rest to the warehouse.
func (t *Trainer) sample(ctx context.Context, shop event.ShopID, w warehouse.Window, in *trainer.Input) error {
	catalog, err := model.NewCatalog(in.Items)
	if err != nil {
		return err
	}
	if in.Warehouse, err = warehouse.Begin(ctx, t.Warehouse, t.files, t.now, shop, catalog, w); err != nil {
		return err
	}
	return readSample(ctx, in.Warehouse, sampleMost, in)
}

func readSample(ctx context.Context, run *warehouse.Run, most int, in *trainer.Input) error {
	baskets := basketMaker{orders: map[string]int{}}
	err := run.Sample(ctx, most, func(d warehouse.Doing) {
		if d.Basket != "" {
			baskets.add(d.User, d.Basket, basketLine{d.Millis, d.Line, d.Item})
			return
		}
		in.Interactions = append(in.Interactions, interaction.Interaction{Person: d.User, Session: d.Session, Item: d.Item, Time: time.UnixMilli(d.Millis), Kind: interaction.Kind(d.Kind)})
	})
	in.Baskets = baskets.sorted()
	sortInteractions(in.Interactions)
	return err
}

// kinds are the trainer's words for the archive's.
var kinds = map[archive.Signal]interaction.Kind{
	archive.Viewed: interaction.View, archive.Clicked: interaction.View, archive.Wished: interaction.Cart, archive.Carted: interaction.Cart,
	archive.Bought: interaction.Order, archive.Returned: interaction.Return, archive.Dismissed: interaction.Dismissal,
}

// basketMaker puts the lines of an order together, whichever events they came in. An order is as old as its first line.
type basketMaker struct {
	orders map[string]int
	all    []interaction.Basket
	lines  [][]basketLine // of each
}

type basketLine struct {
	at   int64
	line int32
	item string
}

func (b *basketMaker) add(user, order string, l basketLine) {
	key := user + "\x00" + order
	n, ok := b.orders[key]
	if !ok {
		n = len(b.all)
		b.orders[key] = n
		b.all = append(b.all, interaction.Basket{ID: order, Person: user})
		b.lines = append(b.lines, nil)
	}
	b.lines[n] = append(b.lines[n], l)
}

// sorted is by time, then order number, and the lines of an order by time and place: the archive is read in the order in which files arrived, and equal input must train an equal model.
func (b *basketMaker) sorted() []interaction.Basket {
	for n, lines := range b.lines {
		slices.SortFunc(lines, func(x, y basketLine) int {
			return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.line, y.line), cmp.Compare(x.item, y.item))
		})
		b.all[n].Time, b.all[n].Items = time.UnixMilli(lines[0].at), make([]string, len(lines))
		for at, l := range lines {
			b.all[n].Items[at] = l.item
		}
	}
	slices.SortStableFunc(b.all, func(x, y interaction.Basket) int {
		return cmp.Or(x.Time.Compare(y.Time), cmp.Compare(x.ID, y.ID), cmp.Compare(x.Person, y.Person))
	})
	return b.all
}

func sortInteractions(all []interaction.Interaction) {
	slices.SortStableFunc(all, func(x, y interaction.Interaction) int {
		return cmp.Or(x.Time.Compare(y.Time), cmp.Compare(x.Person, y.Person), cmp.Compare(x.Item, y.Item), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Session, y.Session))
	})
}
