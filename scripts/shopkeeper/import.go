package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"shopkeeper/shared/app"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/ingest"
	"shopkeeper/shared/local"
)

type importCmd struct {
	File     string            `arg:"" help:"The file; .gz and .zst are read as they are, - is standard input."`
	As       string            `required:"" help:"What the rows are: orders, events, items, customers, contacts, campaign (a finished one, a row per person) or online-retail, which is the layout of the UCI data set." enum:"orders,events,items,customers,contacts,campaign,online-retail"`
	Map      map[string]string `help:"Which column holds a field, where the usual names do not fit: --map item=Article. Repeatable. traits.NAME=COLUMN keeps a further trait of a customer." mapsep:"none" placeholder:"FIELD=COLUMN"`
	Currency string            `help:"Currency of amounts that name none; the shop's when absent." placeholder:"CODE"`
	Zone     string            `help:"Time zone of times that name none; the shop's when absent." placeholder:"AREA/CITY"`
	Report   string            `help:"Where to list rejected rows (line, column, reason, value); in the shop's folder when absent." placeholder:"FILE"`
	finishedFlags
}

// Help is what --help says besides the flags.
func (*importCmd) Help() string {
	return `The first line of a CSV file names the columns; of NDJSON, nested fields are named with dots. Rows that break a rule are listed in the report, and the rest is imported. ` +
		`The same file, or one with the same orders in it, can be imported again: nothing counts twice. An import that was stopped goes on when it is started again.

Fields: orders have order, item, time, quantity, price, user, email, currency, total, coupon, status, category, brand, country. ` +
		`Events have event, time, user or visitor, id, session, item, quantity, price, category, brand, query, path. ` +
		`Items have id, title, price, currency, url, image, category, brand, text, hidden, soldout, stock, created. ` +
		`Customers have user, email, phone, name, firstName, lastName, country, time; contacts the same without user. ` +
		`Campaigns have arm, user, visit, conversion, orders, spend, before (spent before it), delivered, opened, clicked, unsubscribed, bounced.`
}

// Run imports the file.
func (c *importCmd) Run(p *program) (err error) {
	source, err := openSource(p, c.File)
	if err != nil {
		return err
	}
	defer closing(source, &err)
	shop, err := p.open()
	if err != nil {
		return err
	}
	defer closing(shop, &err)
	m := newMeter(p.err)
	defer m.close()
	if c.As == string(ingest.Campaign) {
		return c.finished(p, shop, source, m)
	}
	result, err := c.load(p, shop, source, m)
	if errors.Is(err, context.Canceled) {
		fmt.Fprintf(p.err, "shopkeeper: stopped after %d rows; the same command goes on from there\n", result.Rows)
	}
	if err != nil {
		return err
	}
	if err := shop.CatchUp(p, m.count); err != nil {
		return fmt.Errorf("the rows are stored; remembering them goes on with the next serve or import: %w", err)
	}
	m.close()
	return p.print(result, c.text(result))
}

// load reads the file into the shop.
func (c *importCmd) load(p *program, shop *local.Local, source *source, m *meter) (ingest.Result, error) {
	job, err := c.job(p, shop)
	if err != nil {
		return ingest.Result{}, err
	}
	job.Name, job.Open = source.name, source.open
	job.Progress = func(at ingest.Progress) { m.bytes("reading "+source.name, at.Read, source.size) }
	path := c.rejects(p, shop, source)
	report, err := createReport(path)
	if err != nil {
		return ingest.Result{}, err
	}
	job.Report = report
	importer, err := app.Importer(p.log, p.now, shop.DB, shop.Ring)
	if err != nil {
		return ingest.Result{}, errors.Join(err, report.Close())
	}
	result, err := importer.File(p, job)
	m.finish()
	err = errors.Join(err, report.Close())
	if result.Rejected > 0 {
		result.Report = path
		return result, err
	}
	return result, errors.Join(err, os.Remove(path))
}

// job is the import as the shop's settings and the flags describe it.
func (c *importCmd) job(p *program, shop *local.Local) (ingest.Job, error) {
	settings, err := shop.Shops.Settings(p, local.ShopID)
	if err != nil {
		return ingest.Job{}, err
	}
	zone, err := time.LoadLocation(cmp.Or(c.Zone, settings.TimeZone))
	if err != nil {
		return ingest.Job{}, fault.InvalidField("--zone", "must be an IANA time zone such as Europe/Paris")
	}
	currency := event.Currency(cmp.Or(c.Currency, settings.Currency))
	if currency == "" {
		return ingest.Job{}, fault.InvalidField("--currency", "must be an ISO 4217 code such as GBP")
	}
	return ingest.Job{Shop: local.ShopID, As: ingest.Kind(c.As), Map: c.Map, Currency: currency, Zone: zone}, nil
}

// rejects is where rejected rows are listed.
func (c *importCmd) rejects(p *program, shop *local.Local, source *source) string {
	return cmp.Or(c.Report, filepath.Join(shop.Dir, "reports", source.name+"."+p.now().UTC().Format("20060102T150405.000Z")+".csv"))
}

func createReport(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the report's folder cannot be made")
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the report cannot be written")
	}
	return f, nil
}

func (c *importCmd) text(r ingest.Result) string {
	text := fmt.Sprintf("%d rows: %d accepted, %d rejected, %d known already, %d no goods (postage, fees, notes).\n%d events, %d people, %d items, in %.1f s.\n",
		r.Rows, r.Accepted, r.Rejected, r.Duplicates, r.Other, r.Events, r.People, r.Items, r.Seconds)
	if r.Erased > 0 {
		text += fmt.Sprintf("%d rows are of persons who were erased on request; they were passed over.\n", r.Erased)
	}
	if r.Report != "" {
		text += "Rejected rows are listed in " + r.Report + "\n"
	}
	return text
}
