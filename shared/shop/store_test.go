package shop_test

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/sqlite/sqlitetest"
	"shopkeeper/shared/table"
)

// counted counts reads and can fail.
type counted struct {
	table.Store
	gets int
	fail error
}

func (c *counted) Get(ctx context.Context, k table.Key, opts ...table.ReadOption) (table.Item, error) {
	c.gets++
	if c.fail != nil {
		return table.Item{}, c.fail
	}
	return c.Store.Get(ctx, k, opts...)
}

type fixture struct {
	*shop.Store
	reads *counted
	now   time.Time
	seal  *identity.Sealer
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	db := sqlitetest.Open(t, nil)
	keys, err := identity.ParseKeyring(identity.NewKeyring())
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{reads: &counted{Store: db}, now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	if f.seal, err = identity.NewSealer(keys); err != nil {
		t.Fatal(err)
	}
	f.Store = f.fresh()
	return f
}

// fresh is another process on the same data.
func (f *fixture) fresh() *shop.Store {
	return shop.NewStore(func() time.Time { return f.now }, f.reads, f.seal)
}

var valid = shop.Settings{ID: "lamps", Name: "Lamps", Currency: "GBP", Consent: consent.Required}

func TestKeys(t *testing.T) {
	f, ctx := newFixture(t), t.Context()
	key, err := f.NewKey(ctx, "lamps", shop.WriteKey, "web")
	if err != nil {
		t.Fatal(err)
	}
	secret, err := f.NewKey(ctx, "lamps", shop.SecretKey, "server")
	if err != nil {
		t.Fatal(err)
	}
	info, err := f.Key(ctx, key)
	if diff := cmp.Diff(shop.KeyInfo{Shop: "lamps", Kind: shop.WriteKey, Label: "web", Created: f.now}, info); err != nil || diff != "" {
		t.Errorf("Key (-want +got), %v:\n%s", err, diff)
	}
	if secrets, err := f.fresh().Secrets(ctx, "lamps"); err != nil || len(secrets) != 1 || string(secrets[0]) != secret {
		t.Errorf("Secrets = %q, %v; want the secret key", secrets, err)
	}
	if _, err := f.Key(ctx, "wk_guess"); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("an unknown key: %v, want unauthenticated", err)
	}
	if err := f.AddKey(ctx, "other", shop.WriteKey, "", key); !fault.Is(err, fault.Conflict) {
		t.Errorf("another shop's key added: %v, want conflict", err)
	}
	listed, err := f.Keys(ctx, "lamps")
	if err != nil || len(listed) != 2 {
		t.Fatalf("Keys = %v, %v; want two", listed, err)
	}
	for _, k := range listed {
		if strings.Contains(k.Hash, key) || strings.Contains(k.Hash, secret) {
			t.Errorf("the list tells a key")
		}
	}
}

func TestRevoked(t *testing.T) {
	for _, kind := range []shop.KeyKind{shop.SecretKey, shop.WriteKey} {
		t.Run(string(kind), func(t *testing.T) { revoke(t, kind) })
	}
}

func revoke(t *testing.T, kind shop.KeyKind) {
	f, ctx := newFixture(t), t.Context()
	key, err := f.NewKey(ctx, "lamps", kind, "")
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := f.fresh()
	for _, s := range []*shop.Store{f.Store, elsewhere, elsewhere} {
		if _, err := s.Key(ctx, key); err != nil {
			t.Fatal(err)
		}
	}
	listed, err := f.Keys(ctx, "lamps")
	if err != nil || len(listed) != 1 {
		t.Fatalf("Keys = %v, %v", listed, err)
	}
	if err := f.Revoke(ctx, "other", listed[0].Hash); err != nil {
		t.Errorf("another shop's revocation: %v", err)
	}
	if _, err := f.fresh().Key(ctx, key); err != nil {
		t.Errorf("a key that another shop revoked: %v", err)
	}
	for range 2 {
		if err := f.Revoke(ctx, "lamps", listed[0].Hash); err != nil {
			t.Errorf("Revoke: %v", err)
		}
	}
	if _, err := f.Key(ctx, key); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("a revoked key: %v, want unauthenticated", err)
	}
	if secrets, err := f.Secrets(ctx, "lamps"); err != nil || len(secrets) != 0 {
		t.Errorf("Secrets = %d, %v; want none", len(secrets), err)
	}
	f.now = f.now.Add(shop.Remember)
	if _, err := elsewhere.Key(ctx, key); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("a revoked key elsewhere, a minute later: %v, want unauthenticated", err)
	}
}

func TestDirectoryRemembers(t *testing.T) {
	f, ctx := newFixture(t), t.Context()
	if err := f.Put(ctx, valid); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := f.Settings(ctx, "lamps"); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Key(ctx, "wk_nobody"); !fault.Is(err, fault.Unauthenticated) {
			t.Fatal(err)
		}
	}
	if f.reads.gets != 2 {
		t.Errorf("%d reads, want one of the settings and one of the unknown key", f.reads.gets)
	}
	f.now = f.now.Add(shop.Remember)
	f.reads.fail = fault.New(fault.Unavailable, "")
	if got, err := f.Settings(ctx, "lamps"); err != nil || got.Name != "Lamps" {
		t.Errorf("Settings while the table is away = %v, %v; want what was known", got, err)
	}
	f.now = f.now.Add(shop.Remember)
	if _, err := f.Settings(ctx, "lamps"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Settings long after = %v, want unavailable", err)
	}
}

func TestSettings(t *testing.T) {
	f, ctx := newFixture(t), t.Context()
	if _, err := f.Settings(ctx, "lamps"); !fault.Is(err, fault.NotFound) {
		t.Errorf("Settings of no shop: %v, want not found", err)
	}
	if err := f.Put(ctx, valid); err != nil {
		t.Fatal(err)
	}
	got, err := f.Settings(ctx, "lamps")
	if diff := cmp.Diff(valid, got); err != nil || diff != "" {
		t.Errorf("settings (-want +got), %v:\n%s", err, diff)
	}
	for field, change := range map[string]func(*shop.Settings){
		"id":              func(s *shop.Settings) { s.ID = "Lamps & Co" },
		"name":            func(s *shop.Settings) { s.Name = "" },
		"currency":        func(s *shop.Settings) { s.Currency = "pounds" },
		"tz":              func(s *shop.Settings) { s.TimeZone = "Paris" },
		"consent":         func(s *shop.Settings) { s.Consent = "" },
		"margin":          func(s *shop.Settings) { s.Margin = 1.5 },
		"weights.gift":    func(s *shop.Settings) { s.Weights = map[string]float64{"gift": 1} },
		"training.luck":   func(s *shop.Settings) { s.Training = map[string]float64{"luck": 1} },
		"training.early":  func(s *shop.Settings) { s.Training = map[string]float64{shop.Early: -1} },
		"training.lambda": func(s *shop.Settings) { s.Training = map[string]float64{shop.Lambda: math.NaN()} },
		"weights.view":    func(s *shop.Settings) { s.Weights = map[string]float64{"view": 1e9} },
	} {
		t.Run("wrong "+field, func(t *testing.T) {
			wrong := valid
			change(&wrong)
			if err := f.Put(ctx, wrong); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), field+":") {
				t.Errorf("Put = %v, want invalid that names %s", err, field)
			}
		})
	}
}
