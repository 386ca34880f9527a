package main

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"shopkeeper/shared/backtest"
	"shopkeeper/shared/recommend/interaction"
	"shopkeeper/shared/recommend/model"
)

// The files of real data.
const (
	toyTrain    = "serenade/train.txt.gz"
	toyTest     = "serenade/test.txt"
	retailFile  = "online-retail/online_retail_II_2009-2010.csv.gz"
	journeyFile = "complete-journey/transactions.csv.gz"
	journeyKind = "complete-journey/products.csv.gz"
)

// clicks reads a file of sessions.
func clicks(data, name string) ([]backtest.Event, error) {
	f, err := os.Open(filepath.Join(data, name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	events, rejects, err := backtest.Read(f, backtest.Sessions, backtest.FormatOf(name), nil)
	if err == nil && len(rejects) > 0 {
		err = fmt.Errorf("%s: %d lines cannot be used", name, len(rejects))
	}
	return events, err
}

// lines goes through a compressed CSV file, without its heading. The record belongs to the reader.
func lines(path string, each func(record []string) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	text, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	records := csv.NewReader(text)
	records.ReuseRecord = true
	if _, err := records.Read(); err != nil {
		return err
	}
	for {
		record, err := records.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = each(record)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
}

// retail reads the invoices of known customers without cancellations; goods keeps only lines that sell a stock code of five digits.
func retail(data string, goods bool) (backtest.Log, error) {
	var events []backtest.Event
	err := lines(filepath.Join(data, retailFile), func(r []string) error {
		if r[6] == "" || strings.HasPrefix(r[0], "C") || goods && !sells(r[1], r[3]) {
			return nil
		}
		at, err := time.Parse(time.DateTime, r[4])
		events = append(events, backtest.Event{User: strings.Clone(r[6]), Basket: strings.Clone(r[0]), Item: strings.Clone(r[1]), Time: at.UnixMilli()})
		return err
	})
	return backtest.NewLog(events), err
}

func sells(code, quantity string) bool {
	return len(code) >= 5 && strings.Trim(code[:5], "0123456789") == "" && !strings.HasPrefix(quantity, "-") && quantity != "0"
}

// journey reads the baskets of a grocery chain; by type, a product is its kind, and those without one are dropped.
func journey(data string, byType bool) (backtest.Log, error) {
	kinds := map[string]string{}
	if byType {
		err := lines(filepath.Join(data, journeyKind), func(r []string) error {
			kinds[strings.Clone(r[0])] = strings.Clone(r[5])
			return nil
		})
		if err != nil {
			return backtest.Log{}, err
		}
	}
	f, err := os.Open(filepath.Join(data, journeyFile))
	if err != nil {
		return backtest.Log{}, err
	}
	defer f.Close()
	columns := map[string]string{"user": "household_id", "basket": "basket_id", "item": "product_id", "time": "transaction_timestamp"}
	all, rejects, err := backtest.Read(f, backtest.Baskets, backtest.FormatOf(journeyFile), columns)
	if err == nil && len(rejects) > 0 {
		err = fmt.Errorf("%s: %d lines cannot be used", journeyFile, len(rejects))
	}
	if !byType || err != nil {
		return backtest.NewLog(all), err
	}
	events := all[:0]
	for _, e := range all {
		if e.Item = kinds[e.Item]; e.Item != "" {
			events = append(events, e)
		}
	}
	return backtest.NewLog(events), nil
}

// retailShop is the gift shop as training takes it: every stock code an item, every invoice that is not a cancellation a basket.
func retailShop(data string) (orders shopLog, err error) {
	known := map[string]bool{}
	in := &orders
	err = lines(filepath.Join(data, retailFile), func(r []string) error {
		if strings.HasPrefix(r[0], "C") {
			return nil
		}
		at, err := time.Parse(time.DateTime, r[4])
		if err != nil {
			return err
		}
		id := strings.Clone(r[1])
		if !known[id] {
			known[id] = true
			in.items = append(in.items, model.Item{ID: id, Title: strings.Clone(r[2]), Currency: "GBP"})
		}
		if n := len(in.baskets); n == 0 || in.baskets[n-1].ID != r[0] {
			in.baskets = append(in.baskets, interaction.Basket{ID: strings.Clone(r[0]), Person: strings.Clone(r[6]), Time: at})
		}
		last := &in.baskets[len(in.baskets)-1]
		last.Items = append(last.Items, id)
		return nil
	})
	return orders, err
}

// toyShop is Serenade's toy set as training takes it: every click a look.
func toyShop(data string) (looks shopLog, err error) {
	events, err := clicks(data, toyTrain)
	known := map[string]bool{}
	for _, e := range events {
		if !known[e.Item] {
			known[e.Item] = true
			looks.items = append(looks.items, model.Item{ID: e.Item, Title: "Item " + e.Item, Currency: "EUR"})
		}
		looks.interactions = append(looks.interactions, interaction.Interaction{Person: e.User, Session: e.User, Item: e.Item, Time: time.UnixMilli(e.Time).UTC()})
	}
	return looks, err
}

// shopLog is a shop's history.
type shopLog struct {
	items        []model.Item
	interactions []interaction.Interaction
	baskets      []interaction.Basket
}
