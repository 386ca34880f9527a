package evaluate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/kpi"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/table"
)

// Reports keeps the newest report of every campaign, the outcomes of imported ones and the newest table of months, as files: reports/<shop>/campaigns/<campaign>.json,
// reports/<shop>/outcomes/<campaign>.json, reports/<shop>/months.json. None of them knows a person.
type Reports struct{ files blob.Store }

// NewReports keeps reports in files.
func NewReports(files blob.Store) *Reports { return &Reports{files} }

// Months is the table of segments by month, newest evaluation.
type Months struct {
	Shop      event.ShopID `json:"-"`
	Currency  string       `json:"currency"`
	Evaluated time.Time    `json:"evaluated"`
	Months    []kpi.Month  `json:"months"` // everybody first, then by segment; each by month
}

// Summary is a campaign that has a report.
type Summary struct {
	Campaign  ledger.CampaignID `json:"campaign"`
	Evaluated time.Time         `json:"evaluated"`
}

func folder(shop event.ShopID, parts ...string) string {
	return "reports/" + table.Partition(string(shop)) + "/" + strings.Join(parts, "/")
}

func campaignFile(shop event.ShopID, id ledger.CampaignID) string {
	return folder(shop, "campaigns", table.Partition(string(id))+".json")
}

func outcomesFile(shop event.ShopID, id ledger.CampaignID) string {
	return folder(shop, "outcomes", table.Partition(string(id))+".json")
}

// Campaign is the newest report of a campaign; NotFound when it was never evaluated.
func (s *Reports) Campaign(ctx context.Context, shop event.ShopID, id ledger.CampaignID) (r Report, err error) {
	err = s.read(ctx, campaignFile(shop, id), &r)
	r.Shop = shop
	return r, err
}

// Months is the newest table of months; NotFound when there is none yet.
func (s *Reports) Months(ctx context.Context, shop event.ShopID) (m Months, err error) {
	err = s.read(ctx, folder(shop, "months.json"), &m)
	m.Shop = shop
	return m, err
}

// Outcomes are those of an imported campaign; NotFound for any other.
func (s *Reports) Outcomes(ctx context.Context, shop event.ShopID, id ledger.CampaignID) (o Outcomes, err error) {
	err = s.read(ctx, outcomesFile(shop, id), &o)
	return o, err
}

// List pages through the campaigns that have a report, by id, from after a cursor that a page before returned; next is empty after the last page.
func (s *Reports) List(ctx context.Context, shop event.ShopID, cursor string, limit int) (page []Summary, next string, err error) {
	prefix := folder(shop, "campaigns", "")
	after := ""
	if cursor != "" {
		after = prefix + cursor
	}
	files, err := s.files.List(ctx, prefix, after, limit)
	if err != nil {
		return nil, "", fmt.Errorf("list reports of %s: %w", shop, err)
	}
	for _, f := range files {
		next = strings.TrimPrefix(f.Name, prefix)
		id := table.Split(strings.TrimSuffix(next, ".json"))[0]
		page = append(page, Summary{ledger.CampaignID(id), f.Modified})
	}
	if len(files) < limit {
		next = ""
	}
	return page, next, nil
}

// PutCampaign replaces the report of a campaign.
func (s *Reports) PutCampaign(ctx context.Context, r Report) error {
	return s.write(ctx, campaignFile(r.Shop, r.Campaign), r)
}

// PutMonths replaces the table of months.
func (s *Reports) PutMonths(ctx context.Context, m Months) error {
	return s.write(ctx, folder(m.Shop, "months.json"), m)
}

// PutOutcomes replaces the outcomes of an imported campaign.
func (s *Reports) PutOutcomes(ctx context.Context, shop event.ShopID, id ledger.CampaignID, o Outcomes) error {
	return s.write(ctx, outcomesFile(shop, id), o)
}

func (s *Reports) read(ctx context.Context, name string, v any) error {
	r, _, err := s.files.Open(ctx, name)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(r)
	if closed := r.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, name+" cannot be read")
	}
	if err := json.Unmarshal(body, v); err != nil {
		return fault.Wrap(fault.Internal, err, name+" is damaged")
	}
	return nil
}

func (s *Reports) write(ctx context.Context, name string, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode %s: %w", name, err)
	}
	if _, err := s.files.Put(ctx, name, bytes.NewReader(body)); err != nil {
		return fmt.Errorf("store %s: %w", name, err)
	}
	return nil
}
