package main

import (
	"time"

	"shopkeeper/shared/archive"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/local"
	"shopkeeper/shared/offpolicy"
	"shopkeeper/shared/recommend"
)

// explored evaluates the last places of shelves from the folder's exposures and what visitors clicked.
func explored(p *program, shop *local.Local, clip float64) (result, error) {
	var all []offpolicy.Placing
	var first int64
	r := offpolicy.Report{}
	broken, err := shop.Exposures(p, local.ShopID, time.Time{}, func(e offpolicy.Exposure) {
		if r.Exposures++; first == 0 || e.At < first {
			first = e.At
		}
		all = append(all, offpolicy.Placings(e)...)
	})
	if err != nil {
		return nil, err
	}
	if r.Exposures == 0 {
		return nil, fault.New(fault.NotFound, "nothing was shown to anybody yet: the log of exposures is empty")
	}
	clicks, err := clicked(p, shop)
	if err != nil {
		return nil, err
	}
	for at := range all {
		if clicks[click{all[at].Answer, all[at].Shown}] {
			all[at].Rewarded = 1
		}
	}
	popular, newest, err := known(p, shop, time.UnixMilli(first))
	if err != nil {
		return nil, err
	}
	made := offpolicy.Explore(all, []offpolicy.Named{{Name: "popularity", Policy: offpolicy.Best(popular)}, {Name: "what is newest", Policy: offpolicy.Best(newest)}}, offpolicy.Options{Clip: clip, Seed: 1})
	made.Reward, made.Exposures, made.Broken = "a click on the item", r.Exposures, broken
	return made, nil
}

// click is an item of an answer.
type click struct {
	answer offpolicy.Answer
	item   string
}

// clicked is what was clicked of answers: events that carry a recommendation id of this shop. Bots' do not count.
func clicked(p *program, shop *local.Local) (map[click]bool, error) {
	signer, err := recommend.NewSigner(shop.Ring)
	if err != nil {
		return nil, err
	}
	out := map[click]bool{}
	var forever time.Time
	err = archive.Read(p, shop.Blobs, local.ShopID, forever, forever, func(r archive.Row) error {
		if r.Recommendation == "" || r.Item == "" || r.Verdict == string(event.Bot) || event.Name(r.Name) == event.RecommendationShown {
			return nil
		}
		token, err := signer.Parse(local.ShopID, r.Recommendation)
		if err != nil {
			return nil //nolint:nilerr // an offer's impression, or an id that somebody made up
		}
		out[click{offpolicy.Answer{Placement: token.Placement.String(), Model: token.Model, Seed: token.Seed, Second: token.At.Unix()}, r.Item}] = true
		return nil
	})
	return out, err
}

// known is how popular each item was before the log begins, and when it was first met: what a policy may know that is not to be judged by what it caused.
func known(p *program, shop *local.Local, before time.Time) (popular, newest func(string) float64, err error) {
	counts, met := map[string]float64{}, map[string]float64{}
	var forever time.Time
	err = archive.Training(p, shop.Blobs, local.ShopID, forever, before, func(in archive.Interaction) error {
		id := string(in.Item)
		counts[id]++
		if at := float64(in.At.Unix()); met[id] == 0 || at < met[id] {
			met[id] = at
		}
		return nil
	})
	return func(id string) float64 { return counts[id] }, func(id string) float64 { return met[id] }, err
}
