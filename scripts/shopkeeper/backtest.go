package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"shopkeeper/shared/archive"
	"shopkeeper/shared/backtest"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/ingest"
	"shopkeeper/shared/local"
	"shopkeeper/shared/recommend/content"
)

type backtestCmd struct {
	File      string            `arg:"" optional:"" help:"A log to measure on; the shop's own when absent. .gz and .zst are read as they are, - is standard input."`
	As        string            `help:"What the file's rows are: interactions (user, item, time), sessions (session, item, time), baskets (user, basket, item, time) or otto (sessions as the OTTO data set has them)." enum:"interactions,sessions,baskets,otto," default:"" placeholder:"KIND"`
	Map       map[string]string `help:"Which column holds a field, where the usual names do not fit: --map item=StockCode; segment (of the user) is told apart where it is mapped. Repeatable." mapsep:"none" placeholder:"FIELD=COLUMN"`
	Skip      map[string]string `help:"Rows to pass over, by the beginning of a column: --skip Invoice=C leaves out cancellations. Repeatable." mapsep:"none" placeholder:"COLUMN=TEXT"`
	Keep      map[string]string `help:"The only rows to read, by a regular expression that a column must match: --keep StockCode=^[0-9]{5}. Repeatable." mapsep:"none" placeholder:"COLUMN=PATTERN"`
	Protocol  string            `required:"" help:"What is hidden from whom: strong-generalisation, time-split, sliding, next-item or next-basket." enum:"strong-generalisation,time-split,sliding,next-item,next-basket" placeholder:"NAME"`
	Model     []string          `required:"" help:"Models, separated by commas: ${models}." placeholder:"NAME"`
	Param     map[string]string `help:"A setting of the models: --param lambda=200, or of one model: --param ease.lambda=200. Repeatable." mapsep:"none" placeholder:"KEY=VALUE"`
	SplitFile string            `help:"The test sessions of next-item, in a file of their own." placeholder:"FILE"`
	Groups    string            `help:"A file that says which group (a category, a type of product) each item is in, and what else is known of it: columns item and group, and where there are such title, text, category and brand; or --group-map." placeholder:"FILE"`
	GroupMap  map[string]string `help:"Which column of the groups' file holds a field: --group-map group=product_type. Repeatable." mapsep:"none" placeholder:"FIELD=COLUMN"`
	ByGroup   bool              `help:"Ask for groups instead of items; events of items without a group are left out."`
	Seed      uint64            `help:"Of the random split." default:"1" placeholder:"N"`
	Users     int               `help:"At most so many test users; 0 is the protocol's own number." default:"0" placeholder:"N"`
	HTML      string            `name:"html" help:"Also write a page with charts." placeholder:"FILE"`
	Splits    int               `help:"From how many moments sliding looks." default:"4" placeholder:"N"`
	Cold      int               `help:"Items that fewer baskets or sessions hold are told apart as cold." default:"5" placeholder:"N"`
}

// Help is what --help says besides the flags.
func (*backtestCmd) Help() string {
	return `strong-generalisation: a tenth of the customers is unseen in training; 80 % of their items are given, 20 % are to be found.
time-split: of each customer's items, the last 20 % by time are to be found.
sliding: from several moments, everything before is learned, and what known customers first meet in the time after it is to be found.
next-item: after every item of a test session, the next one is to be found.
next-basket: of each customer's orders, the last one is to be found. repeat-recall and explore-recall tell apart what the customer bought before.

Every model answers the same questions; of several, each is compared with the first by a paired bootstrap. Metrics have 95 % intervals by customer or session. Files are CSV, or NDJSON when they end in .ndjson, .jsonl or .json.`
}

// Run measures.
func (c *backtestCmd) Run(p *program) error {
	models, err := backtest.Parse(c.Model, c.Param)
	if err != nil {
		return err
	}
	train, test, err := c.logs(p)
	if err != nil {
		return err
	}
	results, err := backtest.Run(p, c.Protocol, train, test, models, backtest.Options{Seed: c.Seed, Users: c.Users, Splits: c.Splits, Cold: c.Cold, Now: p.now})
	if err != nil {
		return err
	}
	if err := backtest.CompareAll(results, c.Seed); err != nil {
		return err
	}
	return c.report(p, backtest.Report{Results: results, Source: c.source()})
}

// report prints what came out: the text, or one line of JSON a model.
func (c *backtestCmd) report(p *program, r backtest.Report) error {
	if c.HTML != "" {
		page, err := r.HTML()
		if err != nil {
			return err
		}
		if err := os.WriteFile(c.HTML, page, 0o600); err != nil {
			return fault.Wrap(fault.Unavailable, err, "the page cannot be written")
		}
	}
	if !p.json {
		_, err := io.WriteString(p.out, r.Text())
		return err
	}
	for _, one := range r.Results {
		if err := p.print(one, ""); err != nil {
			return err
		}
	}
	return nil
}

// source says in words what is measured on.
func (c *backtestCmd) source() string {
	switch {
	case c.File == "":
		return "The shop's own history."
	case c.SplitFile != "":
		return fmt.Sprintf("%s to learn from, %s to be asked about.", filepath.Base(c.File), filepath.Base(c.SplitFile))
	}
	return filepath.Base(c.File) + "."
}

// logs are what is learned from, and the test sessions if they are in a file of their own.
func (c *backtestCmd) logs(p *program) (backtest.Log, *backtest.Log, error) {
	if c.File == "" {
		if c.SplitFile != "" || c.Groups != "" {
			return backtest.Log{}, nil, fault.InvalidFields(fault.Field{Path: "--split-file, --groups", Reason: "need a FILE to learn from"})
		}
		train, err := c.own(p)
		return train, nil, err
	}
	groups, err := c.groups(p)
	if err != nil {
		return backtest.Log{}, nil, err
	}
	read := func(path string) ([]backtest.Event, error) {
		events, err := c.read(p, path)
		if c.ByGroup {
			events = backtest.ByGroup(events, groups)
		}
		return events, err
	}
	events, err := read(c.File)
	if err != nil {
		return backtest.Log{}, nil, err
	}
	train := backtest.NewLog(events)
	if groups != nil && !c.ByGroup {
		train = train.WithGroups(groups)
		items, err := c.described(p)
		if err != nil {
			return train, nil, err
		}
		train = train.WithItems(items)
	}
	if c.SplitFile == "" {
		return train, nil, nil
	}
	if events, err = read(c.SplitFile); err != nil {
		return train, nil, err
	}
	test := train.Alongside(events)
	return train, &test, nil
}

// groups are the groups of items, nil without a file of them.
func (c *backtestCmd) groups(p *program) (groups map[string]string, err error) {
	if c.Groups == "" {
		if c.ByGroup || c.GroupMap != nil {
			return nil, fault.InvalidField("--groups", "names the file that --by-group and --group-map need")
		}
		return nil, nil
	}
	err = c.open(p, c.Groups, func(text io.Reader, format backtest.Format) (rejects []backtest.Reject, err error) {
		groups, rejects, err = backtest.ReadGroups(text, format, c.GroupMap)
		return rejects, err
	})
	return groups, err
}

// described is what the groups' file says of the items besides.
func (c *backtestCmd) described(p *program) (items map[string]content.Item, err error) {
	mapping := maps.Clone(c.GroupMap)
	delete(mapping, "group")
	err = c.open(p, c.Groups, func(text io.Reader, format backtest.Format) (_ []backtest.Reject, err error) {
		items, _, err = backtest.ReadItems(text, format, mapping) // the groups told of broken lines
		return nil, err
	})
	return items, err
}

// read reads one file of events.
func (c *backtestCmd) read(p *program, path string) (events []backtest.Event, err error) {
	err = c.open(p, path, func(text io.Reader, format backtest.Format) (rejects []backtest.Reject, err error) {
		format.Skip, format.Keep = c.Skip, c.Keep
		events, rejects, err = backtest.Read(text, c.kind(), format, c.Map)
		return rejects, err
	})
	return events, err
}

// open has one file read, and tells of lines that could not be used.
func (c *backtestCmd) open(p *program, path string, read func(io.Reader, backtest.Format) ([]backtest.Reject, error)) (err error) {
	s, err := openSource(p, path)
	if err != nil {
		return err
	}
	defer closing(s, &err)
	file, err := s.open()
	if err != nil {
		return err
	}
	defer closing(file, &err)
	text, err := ingest.Decompress(file)
	if err != nil {
		return err
	}
	defer closing(text, &err)
	rejects, err := read(text, backtest.FormatOf(strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(path), ".zst"), ".gz")))
	for i, r := range rejects {
		if i == 10 {
			fmt.Fprintf(p.err, "... and %d more\n", len(rejects)-i)
			break
		}
		fmt.Fprintf(p.err, "%s line %d: %s %s\n", s.name, r.Line, r.Column, r.Reason)
	}
	return err
}

// kind is what the file's rows are; without --as, what the protocol needs.
func (c *backtestCmd) kind() string {
	usual := map[string]string{backtest.NextItem: backtest.Sessions, backtest.NextBasket: backtest.Baskets}[c.Protocol]
	return cmp.Or(c.As, usual, backtest.Interactions)
}

// own is the shop's own history as the protocol needs it: sessions, orders, or what each customer bought.
func (c *backtestCmd) own(p *program) (log backtest.Log, err error) {
	shop, err := p.existing()
	if err != nil {
		return log, err
	}
	defer closing(shop, &err)
	var forever time.Time
	var events []backtest.Event
	categories := map[string]string{}
	err = archive.Training(p, shop.Blobs, local.ShopID, forever, forever, func(in archive.Interaction) error {
		e := backtest.Event{User: in.User, Basket: in.Basket, Item: string(in.Item), Time: in.At.UnixMilli()}
		switch {
		case c.Protocol == backtest.NextItem:
			e.User = in.Session
			if in.Signal > archive.Bought {
				return nil
			}
		case in.Signal != archive.Bought:
			return nil
		}
		if in.Category != "" {
			categories[e.Item] = in.Category
		}
		if e.User != "" {
			events = append(events, e)
		}
		return nil
	})
	if err == nil && len(events) == 0 {
		err = errors.New("the shop's archive is empty: import orders, or serve visitors first")
	}
	log = backtest.NewLog(events)
	if len(categories) > 0 {
		log = log.WithGroups(categories)
	}
	return log, err
}
