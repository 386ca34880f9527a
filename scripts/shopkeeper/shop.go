package main

import (
	"fmt"
	"strings"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/local"
	"shopkeeper/shared/shop"
)

type shopCmd struct {
	Show   shopShowCmd   `cmd:"" default:"1" help:"Show the shop's settings."`
	Set    shopSetCmd    `cmd:"" help:"Change settings; what is not named stays."`
	Keys   shopKeysCmd   `cmd:"" help:"List the shop's keys. A key itself is shown once, when it is made."`
	AddKey shopAddKeyCmd `cmd:"" help:"Make a key and print it."`
	Revoke shopRevokeCmd `cmd:"" help:"End a key, by its hash as keys lists it."`
}

type shopShowCmd struct{}

// Run shows the settings.
func (*shopShowCmd) Run(p *program) (err error) {
	l, err := p.existing()
	if err != nil {
		return err
	}
	defer closing(l, &err)
	return showShop(p, l)
}

func showShop(p *program, l *local.Local) error {
	s, err := l.Shops.Settings(p, local.ShopID)
	if err != nil {
		return err
	}
	return p.print(s, fmt.Sprintf("%s\n  currency   %s\n  locale     %s\n  time zone  %s\n  consent    %s\n", s.Name, s.Currency, s.Locale, s.TimeZone, s.Consent))
}

type shopSetCmd struct {
	Name     string             `help:"What the shop is called." placeholder:"NAME"`
	Currency string             `help:"Of its prices, ISO 4217." placeholder:"CODE"`
	Locale   string             `help:"Language of what visitors read, BCP 47." placeholder:"TAG"`
	Zone     string             `help:"IANA time zone." placeholder:"AREA/CITY"`
	Consent  string             `help:"Visitors who have not decided: required (nothing is kept before they agree) or implied (until they object)." enum:"required,implied," default:"" placeholder:"MODE"`
	Margin   *float64           `help:"Share of revenue that is profit, 0 to 1; 0 when it is not known." placeholder:"SHARE"`
	Training map[string]float64 `help:"What follows from the shop's trade: early, interest-days, trending-days, popular-days, live-share, return-share, taste-lift, sessions, neighbours, last-items or lambda (documented in shared/shop/training.go)." placeholder:"NAME=NUMBER"`
	Weight   map[string]float64 `help:"How much a kind of event tells: view, click, wish, cart, order, dismiss or refund; a look says 1, an order 10." placeholder:"KIND=NUMBER"`
	Origins  []string           `help:"Web origins that may call with cookies; any when none is named." placeholder:"URL"`
}

// Run changes the settings.
func (c *shopSetCmd) Run(p *program) (err error) {
	l, err := p.open()
	if err != nil {
		return err
	}
	defer closing(l, &err)
	s, err := l.Shops.Settings(p, local.ShopID)
	if err != nil {
		return err
	}
	for _, change := range []struct {
		to   *string
		text string
	}{{&s.Name, c.Name}, {&s.Currency, c.Currency}, {&s.Locale, c.Locale}, {&s.TimeZone, c.Zone}} {
		if change.text != "" {
			*change.to = change.text
		}
	}
	if c.Consent != "" {
		s.Consent = consent.Mode(c.Consent)
	}
	if c.Margin != nil {
		s.Margin = *c.Margin
	}
	for name, v := range c.Training {
		if s.Training == nil {
			s.Training = map[string]float64{}
		}
		s.Training[name] = v
	}
	for kind, w := range c.Weight {
		if s.Weights == nil {
			s.Weights = map[string]float64{}
		}
		s.Weights[kind] = w
	}
	if len(c.Origins) > 0 {
		s.Origins = c.Origins
	}
	if err := l.Shops.Put(p, s); err != nil {
		return err
	}
	return showShop(p, l)
}

type shopKeysCmd struct{}

// Run lists the keys.
func (*shopKeysCmd) Run(p *program) (err error) {
	l, err := p.existing()
	if err != nil {
		return err
	}
	defer closing(l, &err)
	keys, err := l.Shops.Keys(p, local.ShopID)
	if err != nil {
		return err
	}
	var text strings.Builder
	for _, k := range keys {
		fmt.Fprintf(&text, "%-6s  %s  %s  %s\n", k.Kind, k.Created.Format("2006-01-02 15:04"), k.Hash, k.Label)
	}
	return p.print(keys, text.String())
}

type shopAddKeyCmd struct {
	Kind  string `arg:"" help:"write (public: sends events, reads recommendations) or secret (for the shop's servers)." enum:"write,secret"`
	Label string `help:"What it is for." placeholder:"TEXT"`
}

// Run makes a key.
func (c *shopAddKeyCmd) Run(p *program) (err error) {
	l, err := p.open()
	if err != nil {
		return err
	}
	defer closing(l, &err)
	key, err := l.Shops.NewKey(p, local.ShopID, shop.KeyKind(c.Kind), c.Label)
	if err != nil {
		return err
	}
	return p.print(map[string]string{"kind": c.Kind, "key": key}, key+"\n")
}

type shopRevokeCmd struct {
	Hash string `arg:"" help:"The key's hash."`
}

// Run ends a key.
func (c *shopRevokeCmd) Run(p *program) (err error) {
	l, err := p.existing()
	if err != nil {
		return err
	}
	defer closing(l, &err)
	if err := l.Shops.Revoke(p, local.ShopID, c.Hash); err != nil {
		return err
	}
	return p.print(map[string]string{"revoked": c.Hash}, "revoked within a minute\n")
}
