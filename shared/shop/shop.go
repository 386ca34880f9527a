// Package shop holds what a deployment knows of each shop: its settings and its keys. Several shops live in one deployment.
package shop

import (
	"context"
	"time"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/mail"
)

// Settings are a shop's own. The zero value of each field but Consent means its default.
type Settings struct {
	ID       event.ShopID       `json:"-"`
	Name     string             `json:"name"`
	Currency string             `json:"currency"`           // ISO 4217, of its prices
	Locale   string             `json:"locale"`             // BCP 47; default "en"
	TimeZone string             `json:"tz"`                 // IANA; default UTC
	Consent  consent.Mode       `json:"consent"`            // must be chosen
	Origins  []string           `json:"origins,omitempty"`  // allowed to call with credentials; empty: any origin, as the write key is public
	Weights  map[string]float64 `json:"weights,omitempty"`  // how much each kind of event tells, see Kinds; absent kinds keep their default
	Training map[string]float64 `json:"training,omitempty"` // see TrainingSettings; what is absent keeps its default
	Discreet bool               `json:"discreet,omitempty"` // never greet by name
	Margin   float64            `json:"margin,omitempty"`   // share of revenue that is profit, 0 to 1; 0: not told
	URL      string             `json:"url,omitempty"`      // of the shop's own site, https
	Address  string             `json:"address,omitempty"`  // where it can be reached by post, lines separated by \n: the law wants it under every mail
	From     mail.Address       `json:"from,omitzero"`      // who confirmations come from
}

// KeyKind is what a key may do.
type KeyKind string

// The kinds: a write key is public (send events, read public recommendations), a secret key is for servers.
const (
	WriteKey  KeyKind = "write"
	SecretKey KeyKind = "secret"
)

// KeyInfo is what a key stands for.
type KeyInfo struct {
	Shop    event.ShopID `json:"shop"`
	Kind    KeyKind      `json:"kind"`
	Label   string       `json:"label,omitempty"`
	Created time.Time    `json:"created"`
}

// Directory answers from memory for up to a minute after a read (see Store), so that no request path waits for it.
type Directory interface {
	// Key finds what a key stands for; Unauthenticated when it is unknown or revoked.
	Key(ctx context.Context, key string) (KeyInfo, error)
	// Settings of a shop; NotFound when there is none.
	Settings(ctx context.Context, id event.ShopID) (Settings, error)
	// Secrets are the shop's secret signing keys for user ids (HMAC-SHA256 of the userId, hex), newest first.
	Secrets(ctx context.Context, id event.ShopID) ([][]byte, error)
}
