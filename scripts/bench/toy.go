package main

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"time"

	"shopkeeper/shared/backtest"
	"shopkeeper/shared/process"
)

// benchToy measures lists over HTTP in the shop of Serenade's toy set. It needs SHOPKEEPER_DATA.
func benchToy(ctx context.Context, shop string, length time.Duration) error {
	s, cookies, err := openToy(ctx, shop)
	if s == nil || err != nil {
		return err
	}
	defer s.stop()
	return benchLists(ctx, s, cookies, "the shop of Serenade's toy set, 64 visitors with the first clicks of its test visits, at most 6 each", length)
}

// openToy starts the shop of Serenade's toy set: the visits that its figures are about, imported and trained as any shop's are, and asked about by visitors, of whom these are the cookies, who made the
// visits of its test file. It is made in the folder unless it is there. Without SHOPKEEPER_DATA there is no server.
func openToy(ctx context.Context, shop string) (*server, []string, error) {
	data := os.Getenv("SHOPKEEPER_DATA")
	if data == "" {
		fmt.Println("toy: skipped, SHOPKEEPER_DATA is not set")
		return nil, nil, nil
	}
	visits, err := clicks(data, toyTest)
	if err != nil {
		return nil, nil, err
	}
	slices.SortStableFunc(visits, func(a, b backtest.Event) int { return cmp.Compare(a.Time, b.Time) })
	if _, err := os.Stat(shop); errors.Is(err, fs.ErrNotExist) {
		past, err := clicks(data, toyTrain)
		if err != nil {
			return nil, nil, err
		}
		fmt.Printf("\npreparing: %d clicks of Serenade's toy set are imported and trained ...\n", len(past))
		if err := makeToy(ctx, shop, past); err != nil {
			return nil, nil, err
		}
	}
	s, err := startServer(ctx, "dist/shopkeeper", shop, "--no-demo")
	if err != nil {
		return nil, nil, err
	}
	cookies, err := repeatVisits(ctx, s, visits, 64)
	if err != nil {
		s.stop()
		return nil, nil, err
	}
	s.settle(ctx)
	return s, cookies, nil
}

// toyDays is how long the visits of the toy set take here. Its own times lie between 1970 and 2025: only their order means something.
const toyDays = 30 * 24 * time.Hour

// makeToy imports the clicks in their order, spread evenly over some weeks of which the last ended an hour ago, with an item for each, and trains.
func makeToy(ctx context.Context, shop string, past []backtest.Event) error {
	past = slices.Clone(past)
	slices.SortStableFunc(past, func(a, b backtest.Event) int { return cmp.Compare(a.Time, b.Time) })
	began, step := time.Now().Add(-time.Hour-toyDays), toyDays/time.Duration(len(past))
	events, items := [][]string{{"id", "event", "time", "visitor", "session", "item"}}, [][]string{{"id", "title", "price"}}
	known := map[string]bool{}
	for n, e := range past {
		visit := cmp.Or(e.Basket, e.User)
		events = append(events, []string{"toy-" + strconv.Itoa(n), "Product Viewed", strconv.FormatInt(began.Add(time.Duration(n)*step).Unix(), 10), "toy-" + visit, visit, e.Item})
		if !known[e.Item] {
			known[e.Item] = true
			items = append(items, []string{e.Item, "Item " + e.Item, strconv.Itoa(5 + len(items)%50)})
		}
	}
	making := shop + ".making" // so that what is left of an attempt is never taken for the shop
	if err := os.RemoveAll(making); err != nil {
		return err
	}
	for _, step := range []struct {
		as   string
		rows [][]string
	}{{"items", items}, {"events", events}} {
		file := shop + "-" + step.as + ".csv"
		if err := writeCSV(file, step.rows); err != nil {
			return err
		}
		if err := command(ctx, "dist/shopkeeper", "import", file, "--as", step.as, "--data", making); err != nil {
			return err
		}
	}
	if err := command(ctx, "dist/shopkeeper", "train", "--data", making); err != nil {
		return err
	}
	return os.Rename(making, shop)
}

func writeCSV(path string, rows [][]string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return csv.NewWriter(f).WriteAll(rows)
}

// command runs a program, on both processors, and returns what it said if it failed.
func command(ctx context.Context, args ...string) error {
	args = pin("0-1", args...)
	if out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("%q: %w\n%s", args, err, out)
	}
	return nil
}

// repeatVisits lets visitors make the first visits of the file, as far as six clicks, and returns their cookies once the last is remembered.
func repeatVisits(ctx context.Context, s *server, all []backtest.Event, visitors int) ([]string, error) {
	var cookies []string
	made := map[string]*visitor{}
	for _, e := range all {
		visit := cmp.Or(e.Basket, e.User)
		v := made[visit]
		if v == nil {
			if len(made) == visitors {
				continue
			}
			v = s.newVisitor()
			made[visit] = v
			if _, err := v.frontPage(ctx); err != nil {
				return nil, err
			}
			cookies = append(cookies, v.cookie())
		}
		if v.n == 6 {
			continue
		}
		if err := v.view(ctx, e.Item); err != nil {
			return nil, err
		}
	}
	return cookies, nil
}

// settle waits until the server has nothing to do by itself, a minute at most: a shop that was just made has its past to look through.
func (s *server) settle(ctx context.Context) {
	for range 60 {
		before := process.CPU(s.cmd.Process.Pid)
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return
		}
		if process.CPU(s.cmd.Process.Pid)-before < 0.05 {
			return
		}
	}
}
