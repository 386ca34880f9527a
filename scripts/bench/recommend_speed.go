package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"shopkeeper/shared/backtest"
	"shopkeeper/shared/catalog"
	"shopkeeper/shared/event"
	"shopkeeper/shared/process"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/recommend"
	"shopkeeper/shared/recommend/item"
	"shopkeeper/shared/recommend/knn"
)

// neighbours measures the session neighbours alone.
func (b *recommending) neighbours(ctx context.Context) error {
	b.begin("Session neighbours in process, Serenade's toy set", "one list of 21 for every prefix of the sessions of test.txt, over and over; a process of its own on one core; single answers, the clock included; median of 5 rounds, and the best of them")
	for _, setting := range []struct {
		newest         int
		wanted50, want float64
		peers          string
	}{{500, 3, 9, "p50 4.1 (best 2.6), p90 10.7"}, {1502, 0, 0, "p50 5.4 (best 3.3), p90 13.9"}} {
		m, err := part{Task: "neighbours", Data: b.data, Newest: setting.newest, Rounds: b.scaled(200_000), Cores: 1}.run(ctx)
		if err != nil {
			return err
		}
		wanted, met := "", any(nil)
		if setting.want > 0 {
			wanted, met = "p50 <= 3, p90 <= 9 us", m["p50 us"] <= setting.wanted50 && m["p90 us"] <= setting.want
		}
		b.add(fmt.Sprintf("m %d: p50 / p90 / p99", setting.newest), fmt.Sprintf("%.1f / %.1f / %.1f us (best %.1f / %.1f)", m["p50 us"], m["p90 us"], m["p99 us"], m["best p50 us"], m["best p90 us"]), wanted, met, "Serenade: "+setting.peers)
		b.add(fmt.Sprintf("m %d: index built, bytes per click", setting.newest), fmt.Sprintf("%.0f ms, %.1f B", 1000*m["build s"], m["index bytes per click"]), "<= 25 B", m["index bytes per click"] <= 25, "Serenade: 60 ms (best 37), 20 MB")
	}
	return nil
}

// sessionsOf groups a log's clicks.
func sessionsOf(events []backtest.Event, ordinal map[string]item.Ordinal) []knn.Session {
	slices.SortStableFunc(events, func(a, b backtest.Event) int {
		return cmp.Or(cmp.Compare(a.User, b.User), cmp.Compare(a.Time, b.Time))
	})
	var out []knn.Session
	for at, e := range events {
		if at == 0 || events[at-1].User != e.User {
			out = append(out, knn.Session{})
		}
		i, ok := ordinal[e.Item]
		if !ok {
			i = item.Ordinal(len(ordinal)) // unknown
		}
		last := &out[len(out)-1]
		last.Items, last.Time = append(last.Items, i), e.Time/1000
	}
	return out
}

// answerSessions continues every prefix of the test sessions.
func answerSessions(_ context.Context, p part, m findings) error {
	train, err := clicks(p.Data, toyTrain)
	if err != nil {
		return err
	}
	test, err := clicks(p.Data, toyTest)
	if err != nil {
		return err
	}
	ordinal := map[string]item.Ordinal{}
	for _, e := range train {
		if _, known := ordinal[e.Item]; !known {
			ordinal[e.Item] = item.Ordinal(len(ordinal))
		}
	}
	settings := knn.DefaultSettings
	if settings.Newest = p.Newest; p.Newest == 500 {
		settings.Neighbours, settings.Last = 50, 2
	}
	var x *knn.Index
	learned := sessionsOf(train, ordinal)
	if err := m.took("build s", func() (err error) { x, err = knn.Build(learned, len(ordinal), settings); return err }); err != nil {
		return err
	}
	m["index bytes per click"] = float64(4*(len(x.Postings)+len(x.SessionItems)+len(x.ItemOffsets)+len(x.SessionOffsets)+len(x.Rarity)+len(x.Freshness))) / float64(len(train))
	var prefixes [][]item.Ordinal
	for _, s := range sessionsOf(test, ordinal) {
		for n := 1; n < len(s.Items); n++ {
			prefixes = append(prefixes, s.Items[:n])
		}
	}
	var scratch knn.Scratch
	dst := make([]item.Scored, 0, 21)
	m.rounds(p.Rounds, func(n int) { dst = x.Continue(dst[:0], &scratch, prefixes[n%len(prefixes)], 21) })
	return nil
}

// rounds times single calls in five rounds, the first tenth of a round before it for warmth: the medians and the best of the percentiles, by the clock and, in a run of its own, by the processor, which counts nothing
// of what others do on a busy machine.
func (m findings) rounds(calls int, call func(n int)) {
	const rounds = 5
	all := map[string][]float64{}
	took, used := make([]time.Duration, calls), make([]time.Duration, calls)
	for range rounds {
		for n := range calls / 10 {
			call(n)
		}
		for n := range calls {
			began := time.Now()
			call(n)
			took[n] = time.Since(began)
		}
		for n := range calls {
			before := processor()
			call(n)
			used[n] = processor() - before
		}
		slices.Sort(took)
		slices.Sort(used)
		for _, p := range []float64{50, 90, 99} {
			at := int(p * float64(calls-1) / 100)
			clock, cpu := fmt.Sprintf("p%.0f us", p), fmt.Sprintf("cpu p%.0f us", p)
			all[clock] = append(all[clock], float64(took[at].Nanoseconds())/1000)
			all[cpu] = append(all[cpu], float64(used[at].Nanoseconds())/1000)
		}
	}
	for name, values := range all {
		slices.Sort(values)
		m[name], m["best "+name] = values[rounds/2], values[0]
	}
}

// pages measures the whole page.
func (b *recommending) pages(ctx context.Context) error {
	size := b.scaled(10_000_000)
	shops := []struct {
		name string
		make part
	}{
		{"Serenade's toy set", part{Task: "train", Shop: "toy", Data: b.data}},
		{"Online Retail", part{Task: "train", Shop: "retail", Data: b.data}},
		{fmt.Sprintf("made up, %d clicks", size), part{Task: "shop", Clicks: size}},
	}
	b.begin("The whole page in process", "recommend.Worker.Answer with the front page's five shelves, for 2,000 visitors whose history is a session of the index; a process of its own on one core; single pages, median of 5 rounds, by the clock and by time of the processor (collector included); "+
		"the file is opened from memory: checksums and bounds of all of it; a change is laying a catalog change of 100 items over the model")
	for n, shop := range shops {
		if shop.make.Data == "" && shop.make.Task == "train" {
			b.note("%s: skipped, SHOPKEEPER_DATA names no folder with real data", shop.name)
			continue
		}
		shop.make.File = filepath.Join(b.work, fmt.Sprintf("shop-%d.model", n))
		made, err := shop.make.run(ctx)
		if err != nil {
			return err
		}
		m, err := part{Task: "page", File: shop.make.File, Rounds: b.scaled(4000), Cores: 1}.run(ctx)
		if err != nil {
			return err
		}
		wanted, met := "", any(nil)
		if n == 2 {
			wanted, met = "p99 <= 2 ms", m["p99 us"] <= 2000
		}
		b.add(shop.name+": p50 / p90 / p99", fmt.Sprintf("%.0f / %.0f / %.0f us (cpu p99 %.0f)", m["p50 us"], m["p90 us"], m["p99 us"], m["cpu p99 us"]), wanted, met, "")
		b.add(shop.name+": items, sessions", fmt.Sprintf("%.0f, %.0f", m["items"], m["sessions"]), "", nil, "")
		b.add(shop.name+": file, opened, resident", fmt.Sprintf("%.0f MB, %.0f ms, %.0f MB", made["file MB"], 1000*m["open s"], m["resident MB"]), "", nil, "")
		b.add(shop.name+": a change, its first page", fmt.Sprintf("%.2f ms, %.2f ms", 1000*m["change s"], 1000*m["first page s"]), "", nil, "")
		if shop.make.Task == "shop" {
			b.add(shop.name+": built", fmt.Sprintf("sessions %.0f, walks %.0f, similar %.0f, lists %.0f, write %.0f s; peak %.0f MB", made["sessions s"], made["walks s"], made["similar s"], made["lists s"], made["write s"], made["peak MB"]), "", nil, "")
		}
	}
	return nil
}

// answerPages opens a model file and answers visitors.
func answerPages(_ context.Context, p part, m findings) error {
	file, err := os.ReadFile(p.File)
	if err != nil {
		return err
	}
	var shop *recommend.Model
	if err := m.took("open s", func() (err error) { shop, err = recommend.Open(file); return err }); err != nil {
		return err
	}
	m["items"], m["sessions"] = float64(shop.Len()), float64(shop.Sessions().Sessions())
	visitors := visitorsOf(shop)
	if len(visitors) == 0 {
		return fmt.Errorf("the model of %d items has no sessions", shop.Len())
	}
	var w recommend.Worker
	q := recommend.Query{Shop: "bench", Slots: recommend.DefaultSlots, Now: shop.Trained()}
	answer := func(n int) {
		q.Viewer.Profile, q.Seed = visitors[n%len(visitors)], uint32(n)
		w.Answer(shop, &q)
	}
	m.rounds(p.Rounds, answer)
	delta := catalog.Delta{Changes: map[event.ItemID]catalog.Change{}}
	for n := range 100 {
		i := item.Ordinal(n * 7919 % shop.Len())
		delta.Changes[event.ItemID(shop.ID(i))] = catalog.Change{Price: 1 + shop.Price(i), At: shop.Trained()}
	}
	if err := m.took("change s", func() error { shop = shop.With(delta); return nil }); err != nil {
		return err
	}
	if err := m.took("first page s", func() error { answer(0); return nil }); err != nil {
		return err
	}
	m["resident MB"] = process.Resident(os.Getpid())
	return nil
}

// visitorsOf makes visitors of a model's sessions, from the newest on: what they looked at, the last a minute ago.
func visitorsOf(shop *recommend.Model) []*profile.Profile {
	x := shop.Sessions()
	var out []*profile.Profile
	step := max(x.Sessions()/2000, 1)
	for s := 0; s < x.Sessions() && len(out) < 2000; s += step {
		p := &profile.Profile{}
		looked := x.SessionItems[x.SessionOffsets[s]:x.SessionOffsets[s+1]]
		for n, i := range slices.Backward(looked[:min(len(looked), 60)]) {
			p.Recent = append(p.Recent, profile.Recent{Item: event.ItemID(shop.ID(i)), At: shop.Trained().Add(-time.Duration(len(looked)-n) * time.Minute)})
		}
		out = append(out, p)
	}
	return out
}
