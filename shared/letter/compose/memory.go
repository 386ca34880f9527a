package compose

import (
	"context"
	"sync"
	"time"

	"shopkeeper/shared/campaign"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/letter"
)

// memory is what is the same for many letters: campaigns for a few seconds, parsed templates by version, time zones for good.
type memory struct {
	mu        *sync.Mutex
	campaigns map[campaignKey]remembered
	templates map[templateKey]*letter.Template
	zones     map[string]*time.Location
}

type campaignKey struct {
	shop event.ShopID
	id   ledger.CampaignID
}

type remembered struct {
	definition campaign.Definition
	at         time.Time
}

type templateKey struct {
	campaignKey
	version int64
	variant string
}

const (
	rememberFor = 5 * time.Second
	maxKept     = 500 // of each sort; then the memory begins anew
)

func newMemory() memory {
	return memory{&sync.Mutex{}, map[campaignKey]remembered{}, map[templateKey]*letter.Template{}, map[string]*time.Location{}}
}

// campaign is a campaign as it was at most rememberFor ago: what a letter says does not change while it is sent.
func (c *Composer) campaign(ctx context.Context, shop event.ShopID, id ledger.CampaignID) (campaign.Definition, error) {
	key, now := campaignKey{shop, id}, c.Now()
	c.memory.mu.Lock()
	known, ok := c.memory.campaigns[key]
	c.memory.mu.Unlock()
	if ok && now.Sub(known.at) < rememberFor && !now.Before(known.at) {
		return known.definition, nil
	}
	d, err := c.Campaigns.Get(ctx, shop, id)
	if err != nil {
		return d, err
	}
	c.memory.mu.Lock()
	defer c.memory.mu.Unlock()
	keep(c.memory.campaigns, key, remembered{d, now})
	return d, nil
}

// template is a variant's template, parsed once a version. A campaign of version 0 is a draft and not remembered.
func (c *Composer) template(d campaign.Definition, variant string) (*letter.Template, error) {
	key := templateKey{campaignKey{d.Shop, d.ID}, d.Version, variant}
	c.memory.mu.Lock()
	known := c.memory.templates[key]
	c.memory.mu.Unlock()
	if known != nil && d.Version != 0 {
		return known, nil
	}
	for _, v := range d.Variants {
		if v.Name != variant && variant != "" {
			continue
		}
		t, err := letter.Parse(letter.Source{Subject: v.Subject, Preheader: v.Preheader, HTML: v.HTML, Text: v.Text})
		if err != nil || d.Version == 0 {
			return t, err
		}
		c.memory.mu.Lock()
		defer c.memory.mu.Unlock()
		keep(c.memory.templates, key, t)
		return t, nil
	}
	return nil, fault.Newf(fault.NotFound, "the campaign has no variant %q", variant)
}

func keep[K comparable, V any](m map[K]V, key K, value V) {
	if len(m) >= maxKept {
		clear(m)
	}
	m[key] = value
}

// location is the first of the time zones that there is, else UTC. Finding one means reading a file, so it is done once.
func (m *memory) location(names ...string) *time.Location {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, name := range names {
		if name == "" {
			continue
		}
		zone, known := m.zones[name]
		if !known {
			zone, _ = time.LoadLocation(name) // nil: there is none of that name
			keep(m.zones, name, zone)
		}
		if zone != nil {
			return zone
		}
	}
	return time.UTC
}
