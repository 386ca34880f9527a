package main

import (
	"fmt"

	"shopkeeper/shared/event"
)

type simulateCmd struct {
	Seed uint64 `help:"The same seed makes the same shop." default:"1" placeholder:"N"`
}

// Help is what --help says besides the flags.
func (*simulateCmd) Help() string {
	return "Fills a new folder with a made-up shop: some 400 items with drawings, 2,000 customers with tastes, and a year of visits and orders up to now. " +
		"Everything follows from the seed, and nothing is taken from a real shop or person. shopkeeper serve does it by itself in a new folder."
}

// simulated is the result.
type simulated struct {
	Items     int     `json:"items"`
	Customers int     `json:"customers"`
	Events    int     `json:"events"`
	Orders    int     `json:"orders"`
	Seconds   float64 `json:"seconds"`
}

// Run fills the folder.
func (c *simulateCmd) Run(p *program) (err error) {
	started := p.now()
	shop, err := p.open()
	if err != nil {
		return err
	}
	defer closing(shop, &err)
	m := newMeter(p.err)
	defer m.close()
	made, err := shop.Simulate(p, c.Seed, m.count)
	if err != nil {
		return err
	}
	r := simulated{Items: len(made.Items), Customers: len(made.Customers), Events: len(made.Events), Seconds: p.now().Sub(started).Seconds()}
	for _, e := range made.Events {
		if e.Name == event.OrderCompleted {
			r.Orders++
		}
	}
	m.close()
	return p.print(r, fmt.Sprintf("%d items, %d customers, %d events with %d orders, in %.1f s.\nNext: shopkeeper train, then shopkeeper serve.\n", r.Items, r.Customers, r.Events, r.Orders, r.Seconds))
}
