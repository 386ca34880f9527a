package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"shopkeeper/shared/app"
	"shopkeeper/shared/evaluate"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/ingest"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/local"
)

// finishedFlags describe a finished campaign.
type finishedFlags struct {
	Campaign string             `help:"With --as campaign: its id; the file's name when absent." placeholder:"ID"`
	Title    string             `help:"With --as campaign: what people call it." placeholder:"TEXT"`
	Control  string             `help:"With --as campaign: the arm that got nothing." placeholder:"ARM"`
	Share    map[string]float64 `help:"With --as campaign: the weight an arm was drawn with; equal ones when absent. Repeatable." mapsep:"none" placeholder:"ARM=WEIGHT"`
	Started  string             `help:"With --as campaign: when it began; now when absent." placeholder:"DATE"`
	Days     int                `help:"With --as campaign: for how many days outcomes were counted." default:"14" placeholder:"N"`
}

// finished takes over a finished campaign.
func (c *importCmd) finished(p *program, shop *local.Local, source *source, m *meter) error {
	f, err := c.describe(p, source)
	if err != nil {
		return err
	}
	job, err := c.job(p, shop)
	if err != nil {
		return err
	}
	path := c.rejects(p, shop, source)
	report, err := createReport(path)
	if err != nil {
		return err
	}
	job.Name, job.Open, job.Report = source.name, source.open, report
	job.Progress = func(at ingest.Progress) { m.bytes("reading "+source.name, at.Read, source.size) }
	result, err := app.FinishedCampaigns(p.now, shop.DB, shop.Blobs).Import(p, f, job)
	err = errors.Join(err, report.Close())
	if result.Rejected > 0 {
		result.Report = path
	} else {
		err = errors.Join(err, os.Remove(path))
	}
	if err != nil {
		return err
	}
	m.close()
	return p.print(result, c.text(result)+fmt.Sprintf("What came of it: shopkeeper evaluate --campaign %s\n", f.ID))
}

var notInID = regexp.MustCompile(`[^a-z0-9]+`)

// describe is the campaign as the flags have it.
func (c *importCmd) describe(p *program, source *source) (evaluate.Finished, error) {
	name, _, _ := strings.Cut(filepath.Base(source.name), ".")
	id := cmp.Or(c.Campaign, strings.Trim(notInID.ReplaceAllString(strings.ToLower(name), "-"), "-"))
	f := evaluate.Finished{
		Shop: local.ShopID, ID: ledger.CampaignID(id), Name: cmp.Or(c.Title, id), Control: c.Control, Shares: c.Share, Started: p.now(), Window: time.Duration(c.Days) * 24 * time.Hour,
	}
	if c.Started == "" {
		return f, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, c.Started); err == nil {
			f.Started = t
			return f, nil
		}
	}
	return f, fault.InvalidField("--started", "must be a date such as 2026-03-01")
}
