package main

import (
	"context"
	"fmt"
	"path/filepath"
	"sort"
	"time"

	"shopkeeper/shared/chart"
	"shopkeeper/shared/recommend/ease"
	"shopkeeper/shared/recommend/slim"
	"shopkeeper/shared/trainer"
)

// train measures reading and training a real shop.
func (b *recommending) train(ctx context.Context) error {
	m, err := part{Task: "train", Shop: "retail", Data: b.data, File: filepath.Join(b.work, "retail.model")}.run(ctx)
	if err != nil {
		return err
	}
	b.begin("Training a whole shop, Online Retail II 2009-2010", "all lines that are no cancellation, read from gzipped CSV; every source, twice: the rehearsal before the last tenth, and the file; the exam included; a process of its own on all cores, its peak of resident memory")
	total := m["load s"] + m["train s"]
	b.add("load + train", fmt.Sprintf("%.1f + %.1f s (cpu %.1f)", m["load s"], m["train s"], m["cpu load s"]+m["cpu train s"]), "under 20 s", total < 20, "Gorse 155 s until every user is cached")
	b.add("peak memory", fmt.Sprintf("%.0f MB", m["peak MB"]), "under 600 MB", m["peak MB"] < 600, "Gorse 240 MB")
	b.add("model file", fmt.Sprintf("%.1f MB", m["file MB"]), "", nil, "")
	return nil
}

// build measures how long building takes, and how it grows.
func (b *recommending) build(ctx context.Context) error {
	b.begin("Building, and how it grows", "made-up shops (package crowd, seed 1): 10 clicks a visit, 20 clicks an item, 4 visits a person; a process of its own on all cores for each line, its peak of resident memory with the input in it; growth by the size")
	sizes := []int{b.scaled(1_000_000), b.scaled(3_000_000), b.scaled(10_000_000)}
	sessions, err := b.grow(ctx, "session index", "clicks", "build s", sizes, func(size int) part {
		return part{Task: "sessions", Clicks: size, Newest: 500, Memory: 2048}
	})
	if err != nil {
		return err
	}
	last := sessions[len(sessions)-1]
	b.add(fmt.Sprintf("session index of %.0f clicks", last["clicks"]), fmt.Sprintf("%.1f s (cpu %.1f), %.0f MB", last["build s"], last["cpu build s"], last["peak MB"]), "<= 60 s, <= 2048 MB", last["build s"] <= 60 && last["peak MB"] <= 2048, "")
	b.add("the same: bytes per click", fmt.Sprintf("%.1f B", last["index bytes per click"]), "<= 25 B", last["index bytes per click"] <= 25, "")
	walks, err := b.grow(ctx, "walks between items (RP3beta)", "clicks", "fit s", sizes, func(size int) part { return part{Task: "walks", Clicks: size} })
	if err != nil {
		return err
	}
	if _, err := b.grow(ctx, "regressions between items (SLIM)", "clicks", "fit s", []int{b.scaled(100_000), b.scaled(300_000), b.scaled(1_000_000)}, func(size int) part { return part{Task: "slim", Clicks: size} }); err != nil {
		return err
	}
	weights, err := b.grow(ctx, "EASE", "items", "fit s", []int{b.scaled(500), b.scaled(1500), b.scaled(5000)}, func(size int) part { return part{Task: "ease", Items: size} })
	if err != nil {
		return err
	}
	last = weights[len(weights)-1]
	b.add(fmt.Sprintf("EASE, %.0f items, %.0f people", last["items"], last["people"]), fmt.Sprintf("%.1f s (cpu %.1f), %.0f MB", last["fit s"], last["cpu fit s"], last["peak MB"]), "<= 15 s", last["fit s"] <= 15, "gonum 11 s for 4,017 items; numpy 5.9 s, 711 MB")
	return b.takeover(sessions, walks)
}

// grow runs a part at 1x, 3x and 10x and shows what becomes of time and memory.
func (b *recommending) grow(ctx context.Context, name, unit, seconds string, sizes []int, of func(int) part) ([]findings, error) {
	var all []findings
	for _, size := range sizes {
		m, err := of(size).run(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	first, most := all[0], all[len(all)-1]
	var times, memory []chart.Bar
	for n, m := range all {
		label := fmt.Sprintf("%s, %d %s", name, sizes[n], unit)
		b.add(label, fmt.Sprintf("%.2f s (%.1fx), cpu %.2f s, %.0f MB (%.1fx)", m[seconds], m[seconds]/first[seconds], m["cpu "+seconds], m["peak MB"], m["peak MB"]/first["peak MB"]), "", nil,
			bar(m[seconds], most[seconds])+" s  "+bar(m["peak MB"], most["peak MB"])+" MB")
		times, memory = append(times, chart.Bar{Label: label, Value: m[seconds]}), append(memory, chart.Bar{Label: label, Value: m["peak MB"], Soft: true})
	}
	id := fmt.Sprintf("growth-%d", len(b.charts))
	b.draw(chart.Bars(chart.About{ID: id, Title: name + ": seconds", Desc: "Time of building at one, three and ten times the size."}, times))
	b.draw(chart.Bars(chart.About{ID: id + "-memory", Title: name + ": MB at the peak", Desc: "Memory at one, three and ten times the size."}, memory))
	return all, nil
}

// takeover says where one machine ends: what the largest function of AWS, or training's own budget, can hold.
func (b *recommending) takeover(sessions, walks []findings) error {
	const function = 10240.0 // MB, the most a Lambda can have
	settings := trainer.DefaultSettings(time.Now)
	budget := settings.Memory
	regressions := sort.Search(1<<29, func(items int) bool { return 2*slim.Memory(items+1, settings.SLIM) > budget })
	b.add("EASE gives way to SLIM above", fmt.Sprintf("%d items", ease.Most(budget/3)), "", nil, fmt.Sprintf("two builds side by side in a budget of %d MB: 8 B x items^2 each", budget>>20))
	b.add("SLIM gives way to walks above", fmt.Sprintf("%d items", regressions), "", nil, "the same budget, linear in the items")
	for _, one := range []struct {
		name string
		all  []findings
		by   string
	}{{"session index", sessions, "clicks"}, {"walks", walks, "pairs"}} {
		first, last := one.all[0], one.all[len(one.all)-1]
		slope := (last["peak MB"] - first["peak MB"]) / (last[one.by] - first[one.by])
		fits := first[one.by] + (function-first["peak MB"])/slope
		b.add("distributed path takes over: "+one.name, fmt.Sprintf("above %.0f million %s", fits/1e6, one.by), "", nil, fmt.Sprintf("%.0f MB of one function, at %.0f B each, measured from 1x to 10x", function, slope*(1<<20)))
	}
	return nil
}
