package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"shopkeeper/shared/app"
	"shopkeeper/shared/app/trigger"
	"shopkeeper/shared/bus"
	"shopkeeper/shared/event"
	"shopkeeper/shared/people"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/replay"
	"shopkeeper/shared/segment"
	"shopkeeper/shared/table"
)

// heard is a bus that keeps what is published, without the ids, which no two runs draw alike.
type heard struct {
	t       *testing.T
	ids     map[string]bool
	notices []bus.Notice
}

func (h *heard) Publish(_ context.Context, notices ...bus.Notice) error {
	for _, n := range notices {
		if n.ID == "" || h.ids[n.ID] {
			h.t.Errorf("notice %q came twice", n.ID)
		}
		h.ids[n.ID] = true
		n.ID = ""
		h.notices = append(h.notices, n)
	}
	slices.SortFunc(h.notices, func(a, b bus.Notice) int {
		return cmp.Or(cmp.Compare(a.Shop, b.Shop), cmp.Compare(string(a.Detail), string(b.Detail)))
	})
	return nil
}

// stored is what the tables hold when the records arrive: what the latest of them say. A change only tells whom to look at.
func stored(t *testing.T) []table.Item {
	t.Helper()
	own := func(shop event.ShopID, id string, change func(*profile.Profile)) table.Item {
		p := profile.Profile{Shop: shop, ID: id, FirstSeen: replay.Clock.AddDate(0, 0, -1), LastSeen: replay.Clock, Visits: 3}
		if change != nil {
			change(&p)
		}
		it, err := p.Item()
		if err != nil {
			t.Fatal(err)
		}
		return it
	}
	cleo, err := json.Marshal(people.Person{Email: "cleo@shop.example", Country: "FR", Created: replay.Clock})
	if err != nil {
		t.Fatal(err)
	}
	return []table.Item{
		own("tea", "v_anna", nil), own("mugs", "v_anna", nil), own("tea", "v_busy", nil),
		own("tea", "v_ben", func(p *profile.Profile) { p.Person = "p_ben" }),
		own("tea", "p_ben", func(p *profile.Profile) {
			p.Person, p.Members = "p_ben", []profile.Member{{Visitor: "v_ben", Since: replay.Clock}}
		}),
		{Key: people.PersonKey("tea", "p_cleo"), Body: cleo},
		{Key: profile.Key("tea", "v_broken", profile.Own), Body: json.RawMessage(`{"s":"!"}`)},
	}
}

// before lets the shops state their segments an hour ago, and v_gone and v_ben be visitors of their own who came often.
func before(t *testing.T, w *replay.World) {
	t.Helper()
	earlier := func() time.Time { return replay.Clock.Add(-time.Hour) }
	ctx, segments, keeper := t.Context(), segment.NewStore(earlier, w.DB), app.Segments(w.Log, earlier, w.DB, &heard{t: t, ids: map[string]bool{}})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, shop := range []event.ShopID{"tea", "mugs"} {
		must(segments.Found(ctx, shop))
		for id, condition := range map[segment.ID]string{"often": "visits >= 3", "french": `country == "FR"`} {
			_, err := segments.Put(ctx, segment.Definition{Shop: shop, ID: id, Name: string(id), Condition: condition})
			must(err)
		}
	}
	for _, id := range []string{"v_gone", "v_ben"} {
		it, err := profile.Profile{Shop: "tea", ID: id, LastSeen: replay.Clock, Visits: 3}.Item()
		must(err)
		must(w.DB.PutAll(ctx, it))
		must(keeper.Follow(ctx, "tea", id))
	}
	must(w.DB.Write(ctx, table.Delete(profile.Key("tea", "v_gone", profile.Own), table.Always())))
	must(w.DB.PutAll(ctx, stored(t)...))
	must(w.Settle(ctx))
}

func TestReplay(t *testing.T) {
	tables := map[table.Name]string{}
	for _, name := range []table.Name{segment.Table, profile.Table, people.Table, "shops"} {
		tables[name] = fmt.Sprintf("shopkeeper-dev-%s", name)
	}
	replay.Cases(t, "segment", func(t *testing.T) replay.Started {
		w := replay.NewWorld(t)
		if err := w.Bucket(t.Context(), replay.Folder+"/segment/bucket"); err != nil {
			t.Fatal(err)
		}
		before(t, w)
		news := &heard{t: t, ids: map[string]bool{}}
		handler := trigger.SegmentFunction(w.Log, replay.Now, replay.Busy{Store: w.DB}, w.Files, w.Failures, news, tables)
		state := func(ctx context.Context) (any, error) {
			memberships, err := w.Changed(ctx, segment.Table)
			if err != nil {
				return nil, err
			}
			poison, err := w.Poison(ctx)
			return map[string]any{"segments": memberships, "news": news.notices, "failures": poison}, err
		}
		return replay.Started{Handler: handler, State: state, Keeps: state}
	})
}
