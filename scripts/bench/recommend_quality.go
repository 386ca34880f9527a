package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"shopkeeper/shared/backtest"
)

// asked is a model with settings, and what the peers have in its place.
type asked struct {
	model    string
	settings map[string]string
	label    string // empty: the model's name
	peers    map[string]string
}

func (a asked) name() string {
	if a.label != "" {
		return a.label
	}
	return a.model
}

// known drops the models that this program has not.
func known(all []asked) []asked {
	return slices.DeleteFunc(all, func(a asked) bool { return !slices.Contains(backtest.Models(), a.model) })
}

// play runs a protocol for each model.
func (b *recommending) play(ctx context.Context, protocol string, train backtest.Log, test *backtest.Log, models []asked, seed uint64) ([]backtest.Result, error) {
	o := backtest.Options{Seed: seed, Now: time.Now}
	if b.quick {
		o.Users = 40
	}
	var out []backtest.Result
	for _, m := range models {
		specs, err := backtest.Parse([]string{m.model}, m.settings)
		if err != nil {
			return nil, err
		}
		r, err := backtest.Run(ctx, protocol, train, test, specs, o)
		if err != nil {
			return nil, err
		}
		out = append(out, r...)
	}
	return out, nil
}

// with writes a metric and its interval.
func with(r backtest.Result, metric string) string {
	i, ok := r.Interval[metric]
	if !ok {
		return fmt.Sprintf("%.4f", r.Metrics[metric])
	}
	return fmt.Sprintf("%.4f [%.4f, %.4f]", r.Metrics[metric], i.Low, i.High)
}

// toy is Serenade's own evaluation of session neighbours.
func (b *recommending) toy(ctx context.Context) error {
	events, err := clicks(b.data, toyTrain)
	if err != nil {
		return err
	}
	test, err := clicks(b.data, toyTest)
	if err != nil {
		return err
	}
	train := backtest.NewLog(events)
	questions := train.Alongside(test)
	models := known([]asked{
		{"vmis-knn", map[string]string{"m": "1502", "k": "288", "last": "4"}, "VMIS-kNN, m 1502, k 288, last 4", map[string]string{"mrr@20": "Serenade .3401, its evaluator .338-.341", "hr@20": "Serenade .6649"}},
		{"vmis-knn", map[string]string{"m": "500", "k": "50", "last": "2"}, "VMIS-kNN, m 500, k 50, last 2", map[string]string{"mrr@20": "Serenade .3277", "hr@20": "Serenade .6402"}},
		{"v-stan", nil, "the tuned product model (v-stan)", nil},
		{"blend-sessions", nil, "the blend for sessions", nil},
	})
	results, err := b.play(ctx, backtest.NextItem, train, &questions, models, 1)
	if err != nil {
		return err
	}
	b.begin("Session neighbours, Serenade's toy set", fmt.Sprintf("next-item: every prefix of every session of test.txt, the next item among 20, %d evaluations; the index of train.txt; 95 %% bootstrap intervals", results[0].Evaluations))
	for n, m := range models {
		for _, metric := range []string{"mrr@20", "hr@20"} {
			wanted, met := toyWanted(n, m.model, metric, results[n].Metrics[metric])
			b.add(m.name()+": "+metric, with(results[n], metric), wanted, met, m.peers[metric])
		}
	}
	for n := 2; n < len(models); n++ {
		if err := b.against(results[0], results[n], "mrr@20", models[0].name(), models[n].name()); err != nil {
			return err
		}
	}
	return nil
}

func toyWanted(n int, name, metric string, got float64) (wanted string, met any) {
	switch {
	case metric != "mrr@20":
		return "", nil
	case n == 0:
		return "0.3401 +- 0.003", math.Abs(got-.3401) <= .003
	case name != "vmis-knn":
		return ">= 0.355", got >= .355
	}
	return "", nil
}

// against is a paired bootstrap.
func (b *recommending) against(one, other backtest.Result, metric, oneName, otherName string) error {
	d, err := backtest.Compare(one, other, metric, 1)
	if err != nil {
		return err
	}
	b.add(fmt.Sprintf("%s - %s: %s", otherName, oneName, metric), fmt.Sprintf("%+.4f [%+.4f, %+.4f]", d.Mean, d.Interval.Low, d.Interval.High), "above 0, interval too", d.Better(), "paired bootstrap")
	return nil
}

// sets are the models that answer customers x items.
func sets() []asked {
	return known([]asked{
		{"popularity", nil, "", map[string]string{"recall@20": ".0645", "ndcg@100": ".0986", "time recall@20": ".059", "time ndcg@100": ".080"}},
		{"itemknn", nil, "", map[string]string{"recall@20": ".2034", "ndcg@100": ".2435", "time recall@20": "implicit cosine .129, BM25 .153", "time ndcg@100": ".153, .176"}},
		{"rp3beta", nil, "", map[string]string{"recall@20": ".2323", "ndcg@100": ".2691"}},
		{"follow", nil, "", nil},
		{"recent", nil, "", nil},
		{"slim", nil, "", map[string]string{"time recall@20": "SANSA 1.1 .142", "time ndcg@100": ".166"}},
		{"ease", map[string]string{"top": "0"}, "ease, not cut", map[string]string{"recall@20": ".3244", "ndcg@100": ".3486", "time recall@20": ".168", "time ndcg@100": ".192"}},
		{"ease", nil, "ease, best 50", map[string]string{"recall@20": ".3243", "ndcg@100": ".3553; iALS d 128 .3088"}},
		{"blend", nil, "", map[string]string{"time recall@20": "Gorse .110", "time ndcg@100": "Gorse .138"}},
	})
}

// strong is strong generalisation on the gift shop, over five splits.
func (b *recommending) strong(ctx context.Context) error {
	log, err := retail(b.data, false)
	if err != nil {
		return err
	}
	seeds := uint64(5)
	if b.quick {
		seeds = 1
	}
	models := sets()
	all := make([][]backtest.Result, len(models))
	for seed := range seeds {
		results, err := b.play(ctx, backtest.StrongGeneralisation, log, nil, models, seed+1)
		if err != nil {
			return err
		}
		for n, r := range results {
			all[n] = append(all[n], r)
		}
	}
	b.begin("Customers x items, Online Retail II 2009-2010, strong generalisation", fmt.Sprintf("customers with 5 items or more: 10 %% test, 10 %% unused, of a test customer's items 80 %% given and 20 %% hidden; mean and standard deviation over %d random splits, the same for every model; %d customers asked each",
		seeds, all[0][0].Evaluations))
	for n, m := range models {
		for _, metric := range []string{"recall@20", "recall@50", "ndcg@100"} {
			mean, deviation := overSeeds(all[n], metric)
			wanted, met := "", any(nil)
			if at := map[string]float64{"recall@20": .33, "ndcg@100": .36}[metric]; at > 0 && n == len(models)-1 {
				wanted, met = fmt.Sprintf(">= %.2f", at), mean >= at
			}
			b.add(m.name()+": "+metric, fmt.Sprintf("%.4f +- %.4f", mean, deviation), wanted, met, m.peers[metric])
		}
	}
	return nil
}

func overSeeds(results []backtest.Result, metric string) (mean, deviation float64) {
	for _, r := range results {
		mean += r.Metrics[metric] / float64(len(results))
	}
	for _, r := range results {
		deviation += (r.Metrics[metric] - mean) * (r.Metrics[metric] - mean) / float64(max(len(results)-1, 1))
	}
	return mean, math.Sqrt(deviation)
}

// byTime hides each customer's future.
func (b *recommending) byTime(ctx context.Context) error {
	log, err := retail(b.data, true)
	if err != nil {
		return err
	}
	models := sets()
	results, err := b.play(ctx, backtest.TimeSplit, log, nil, models, 1)
	if err != nil {
		return err
	}
	b.begin("Customers x items by time, Online Retail II 2009-2010", fmt.Sprintf("known customers, lines that sell; of each customer's items the last fifth by time is hidden, %d customers asked, items they had are never answers; 95 %% bootstrap intervals", results[0].Evaluations))
	for n, m := range models {
		for _, metric := range []string{"recall@20", "ndcg@100"} {
			wanted, met := "", any(nil)
			if at := map[string]float64{"recall@20": .175, "ndcg@100": .20}[metric]; m.model == "blend" {
				wanted, met = fmt.Sprintf(">= %.3f", at), results[n].Metrics[metric] >= at
			}
			b.add(m.name()+": "+metric, with(results[n], metric), wanted, met, m.peers["time "+metric])
		}
		b.add(m.name()+": fit, and p50 / p99 of an answer", fmt.Sprintf("%.2f s, %.0f / %.0f us", results[n].Seconds, results[n].P50, results[n].P99), "", nil, map[string]string{"ease, not cut": "numpy 5.9 s, 711 MB, p50 130 us"}[m.name()])
	}
	return b.againstAll(models, results, "blend", "recall@20", "ndcg@100")
}

// byMoments asks again and again as time goes by.
func (b *recommending) byMoments(ctx context.Context) error {
	log, err := retail(b.data, true)
	if err != nil {
		return err
	}
	models := known(append([]asked{{"trending", nil, "", nil}, {"upcf", nil, "", nil}}, sets()...))
	results, err := b.play(ctx, backtest.Sliding, log, nil, models, 1)
	if err != nil {
		return err
	}
	b.begin("Customers' next baskets, Online Retail II 2009-2010: what is new to them", fmt.Sprintf("sliding: from %d moments in the second half of the year, everything before is learned, and what known customers first buy in the six or seven weeks after it is to be found; %d questions; 95 %% bootstrap intervals by customer", backtest.DefaultSplits, results[0].Evaluations))
	b.list(models, results, nil, "recall@20", "ndcg@100")
	return b.againstAll(models, results, "blend", "recall@20", "ndcg@100")
}

// orders asks for a customer's next basket, of which most was bought before.
func (b *recommending) orders(ctx context.Context) error {
	log, err := retail(b.data, true)
	if err != nil {
		return err
	}
	var models []asked
	for _, name := range []string{"popularity", "recent", "trending", "itemknn", "rp3beta", "slim", "ease", "follow", "buyagain", "p-topfreq", "gp-topfreq", "upcf", "blend", "habit"} {
		models = append(models, asked{name, nil, "", nil})
	}
	models = known(models)
	results, err := b.play(ctx, backtest.NextBasket, log, nil, models, 1)
	if err != nil {
		return err
	}
	b.begin("Customers' next baskets, Online Retail II 2009-2010: all of them", fmt.Sprintf("next-basket: each customer's last basket with 3 items or more is hidden, 10 are named, %d customers asked; habit is the model of baskets, blend that of for-you, beside which buy again has a shelf of its own; 95 %% bootstrap intervals", results[0].Evaluations))
	b.list(models, results, nil, "recall@10", "ndcg@10", "repeat-recall@10", "explore-recall@10")
	return b.againstAll(models, results, "habit", "recall@10", "ndcg@10")
}

// list adds what each model reached.
func (b *recommending) list(models []asked, results []backtest.Result, peers map[string]map[string]string, metrics ...string) {
	for n, m := range models {
		for _, metric := range metrics {
			b.add(m.name()+": "+metric, with(results[n], metric), "", nil, peers[m.model][metric])
		}
	}
}

// againstAll holds our own model to each of the others.
func (b *recommending) againstAll(models []asked, results []backtest.Result, ours string, metrics ...string) error {
	at := slices.IndexFunc(models, func(m asked) bool { return m.model == ours })
	for n, m := range models {
		if at < 0 || n == at {
			continue
		}
		for _, metric := range metrics {
			if err := b.against(results[n], results[at], metric, m.name(), ours); err != nil {
				return err
			}
		}
	}
	return nil
}

// baskets asks for a household's next basket, product by product and kind by kind.
func (b *recommending) baskets(ctx context.Context) error {
	for _, level := range []struct {
		name   string
		byType bool
		peers  map[string]map[string]string
	}{
		{"product", false, map[string]map[string]string{"gp-topfreq": {"recall@10": ".109922", "ndcg@10": ".168961"}, "upcf": {"recall@10": ".114465", "ndcg@10": ".175328"}, "popularity": {"recall@10": ".038285", "ndcg@10": ".063467"}}},
		{"product type", true, map[string]map[string]string{"gp-topfreq": {"recall@10": ".201849", "ndcg@10": ".276481"}, "upcf": {"recall@10": ".204030", "ndcg@10": ".278847"}, "popularity": {"recall@10": ".120493", "ndcg@10": ".177168"}}},
	} {
		log, err := journey(b.data, level.byType)
		if err != nil {
			return err
		}
		upcf := map[string]string{"r": "25", "q": "10"}
		if level.byType {
			upcf["r"] = "50"
		}
		models := known([]asked{{"popularity", nil, "", nil}, {"gp-topfreq", nil, "", nil}, {"upcf", upcf, "", nil}, {"habit", nil, "", nil}})
		results, err := b.play(ctx, backtest.NextBasket, log, nil, models, 1)
		if err != nil {
			return err
		}
		b.begin("Next basket, Complete Journey, by "+level.name, fmt.Sprintf("next-basket: each household's last basket with 3 items or more is hidden, 10 are named, %d households asked; 95 %% bootstrap intervals", results[0].Evaluations))
		b.list(models, results, level.peers, "recall@10", "repeat-recall@10", "explore-recall@10", "ndcg@10")
		if err := b.againstAll(models, results, "habit", "recall@10", "ndcg@10"); err != nil {
			return err
		}
	}
	return nil
}
