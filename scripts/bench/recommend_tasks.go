package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"shopkeeper/shared/recommend/cosine"
	"shopkeeper/shared/recommend/ease"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/knn"
	"shopkeeper/shared/recommend/model"
	"shopkeeper/shared/recommend/rp3beta"
	"shopkeeper/shared/recommend/slim"
	"shopkeeper/shared/recommend/sparse"
	"shopkeeper/shared/recommend/trend"
	"shopkeeper/shared/simulate/crowd"
	"shopkeeper/shared/trainer"
)

// visits keeps a made-up shop's visits as the index takes them. Their items lie in one array.
func visits(s *crowd.Shop, clicks int) (sessions []knn.Session, total int) {
	all := make([]item.Ordinal, 0, clicks+clicks/8)
	for v := range s.Visits() {
		from := len(all)
		all = append(all, v.Items...)
		sessions = append(sessions, knn.Session{Time: v.Time.Unix(), Items: all[from:len(all):len(all)]})
	}
	return sessions, len(all)
}

// buildSessions builds the session index.
func buildSessions(_ context.Context, p part, m findings) error {
	s := p.crowdOf()
	sessions, total := visits(s, p.Clicks)
	settings := knn.DefaultSettings
	settings.Newest = p.Newest
	var x *knn.Index
	err := m.took("build s", func() (err error) {
		x, err = knn.Build(sessions, crowd.Of(p.Clicks).Items, settings)
		return err
	})
	if err != nil {
		return err
	}
	file, err := model.Encode(model.Contents{Catalog: emptyCatalog(crowd.Of(p.Clicks).Items), Sessions: x})
	if err != nil {
		return err
	}
	bare, err := model.Encode(model.Contents{Catalog: emptyCatalog(crowd.Of(p.Clicks).Items)})
	m["clicks"], m["sessions"], m["items"] = float64(total), float64(len(sessions)), float64(crowd.Of(p.Clicks).Items)
	m["index bytes per click"] = float64(len(file)-len(bare)) / float64(total)
	return err
}

// emptyCatalog has items that are nothing but ids.
func emptyCatalog(n int) *model.Catalog {
	items := make([]model.Item, n)
	for i := range items {
		items[i].ID = fmt.Sprintf("p%08d", i)
	}
	c, err := model.NewCatalog(items)
	if err != nil {
		panic(err) // the ids are distinct and none is empty
	}
	return c
}

// matrix is people x items of a made-up shop.
func matrix(s *crowd.Shop) sparse.Rows {
	rows := sparse.Rows{Offsets: make([]uint32, 1, s.People()+1)}
	var held []item.Ordinal
	person := 0
	end := func() {
		slices.Sort(held)
		rows.Append(slices.Compact(held), nil)
		held = held[:0]
	}
	for v := range s.Visits() {
		if v.Person != person {
			end()
			person = v.Person
		}
		held = append(held, v.Items...)
	}
	end()
	return rows
}

// fitEASE fits EASE on so many items, with forty clicks an item.
func fitEASE(ctx context.Context, p part, m findings) error {
	p.Clicks = 40 * p.Items
	users := matrix(p.crowdOf())
	m["items"], m["people"], m["pairs"] = float64(p.Items), float64(users.Len()), float64(len(users.Items))
	return m.took("fit s", func() error {
		_, err := ease.Fit(ctx, users, p.Items, ease.DefaultSettings)
		return err
	})
}

// fitSLIM fits the regressions that take EASE's place where its matrix would not fit.
func fitSLIM(ctx context.Context, p part, m findings) error {
	users := matrix(p.crowdOf())
	items := crowd.Of(p.Clicks).Items
	m["items"], m["people"], m["pairs"] = float64(items), float64(users.Len()), float64(len(users.Items))
	return m.took("fit s", func() error {
		_, err := slim.Fit(ctx, users, items, slim.DefaultSettings)
		return err
	})
}

// fitWalks fits what takes their place in the largest shops.
func fitWalks(ctx context.Context, p part, m findings) error {
	users := matrix(p.crowdOf())
	items := crowd.Of(p.Clicks).Items
	m["items"], m["people"], m["pairs"] = float64(items), float64(users.Len()), float64(len(users.Items))
	s := rp3beta.DefaultSettings
	s.Top = 50
	return m.took("fit s", func() error {
		_, err := rp3beta.Fit(ctx, users, items, s)
		return err
	})
}

// makeShop writes the model file of a made-up shop: sessions, walks in EASE's place, similar items and the lists.
func makeShop(ctx context.Context, p part, m findings) error {
	s := p.crowdOf()
	catalog, err := model.NewCatalog(slices.Collect(s.Items()))
	if err != nil {
		return err
	}
	items := len(catalog.Items)
	c := model.Contents{Trained: crowd.End(), Catalog: catalog}
	if err := m.took("sessions s", func() (err error) {
		sessions, total := visits(s, p.Clicks)
		m["clicks"], m["sessions"], m["items"] = float64(total), float64(len(sessions)), float64(items)
		c.Sessions, err = knn.Build(sessions, items, knn.DefaultSettings)
		return err
	}); err != nil {
		return err
	}
	users := matrix(s)
	if err := m.took("walks s", func() (err error) {
		walks := rp3beta.DefaultSettings
		walks.Top = 50
		c.Related, err = rp3beta.Fit(ctx, users, items, walks)
		return err
	}); err != nil {
		return err
	}
	if err := m.took("similar s", func() (err error) {
		c.Similar, err = cosine.Fit(ctx, users, items, cosine.Settings{Shrink: 20, Top: 20})
		return err
	}); err != nil {
		return err
	}
	if err := m.took("lists s", func() error { rankLists(s, &c); return nil }); err != nil {
		return err
	}
	return m.took("write s", func() error {
		file, err := model.Encode(c)
		if err != nil {
			return err
		}
		m["file MB"] = float64(len(file)) / (1 << 20)
		return os.WriteFile(p.File, file, 0o600)
	})
}

// rankLists fills the lists of what is popular, trending and new, as training does.
func rankLists(s *crowd.Shop, c *model.Contents) {
	var clicks []trend.Event
	for v := range s.Visits() {
		for _, i := range v.Items {
			clicks = append(clicks, trend.Event{Item: i, Time: v.Time.Unix(), Weight: .1})
		}
	}
	heat := trend.Measure(clicks, len(c.Catalog.Items), crowd.End().Unix(), trend.DefaultSettings)
	c.Popularity = heat.Popular
	for _, members := range c.Catalog.Members() {
		c.Popular = append(c.Popular, trend.Rank(members, func(i item.Ordinal) float32 { return heat.Popular[i] }, trend.DefaultSettings.Top))
		c.Trending = append(c.Trending, trend.Rank(members, func(i item.Ordinal) float32 { return heat.Trending[i] }, trend.DefaultSettings.Top))
		newest := slices.Clone(members)
		slices.SortStableFunc(newest, func(a, b item.Ordinal) int { return c.Catalog.Items[b].Created.Compare(c.Catalog.Items[a].Created) })
		c.Newest = append(c.Newest, newest[:min(len(newest), trend.DefaultSettings.Top)])
	}
}

// trainShop reads real data and trains a whole model file, rehearsal and exam included.
func trainShop(ctx context.Context, p part, m findings) error {
	var log shopLog
	if err := m.took("load s", func() (err error) {
		if p.Shop == "toy" {
			log, err = toyShop(p.Data)
		} else {
			log, err = retailShop(p.Data)
		}
		return err
	}); err != nil {
		return err
	}
	var r trainer.Result
	if err := m.took("train s", func() (err error) {
		r, err = trainer.Train(ctx, trainer.Input{Items: log.items, Interactions: log.interactions, Baskets: log.baskets}, trainer.DefaultSettings(time.Now), nil)
		return err
	}); err != nil {
		return err
	}
	for _, one := range r.Report.Models {
		m[one.Name+" s"] = one.Seconds
	}
	m["file MB"] = float64(len(r.File)) / (1 << 20)
	return os.WriteFile(p.File, r.File, 0o600)
}
