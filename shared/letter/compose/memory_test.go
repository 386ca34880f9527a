package compose

import (
	"context"
	"fmt"
	"testing"
	"time"

	"shopkeeper/shared/campaign"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/ledger"
)

// campaigns counts how often it was asked.
type campaigns struct{ asked int }

func (c *campaigns) Get(_ context.Context, shop event.ShopID, id ledger.CampaignID) (campaign.Definition, error) {
	c.asked++
	return campaign.Definition{Shop: shop, ID: id, Version: int64(c.asked)}, nil
}

func TestTemplatesAreParsedOnceAVersion(t *testing.T) {
	c := New(Deps{})
	d := campaign.Definition{Shop: "tea", ID: "spring", Version: 1, Variants: []campaign.Variant{{Name: "a", Subject: "A", Text: "a"}, {Name: "b", Subject: "B", Text: "b"}}}
	first, err := c.template(d, "a")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := c.template(d, "a"); again != first || err != nil {
		t.Errorf("the same version was parsed twice (%v)", err)
	}
	if other, err := c.template(d, "b"); other == first || err != nil {
		t.Errorf("two variants have one template (%v)", err)
	}
	d.Version = 2
	if newer, err := c.template(d, "a"); newer == first || err != nil {
		t.Errorf("two versions have one template (%v)", err)
	}
	d.Version, d.Variants[0].Text = 0, "{{ nonsense }}"
	if _, err := c.template(d, "a"); !fault.Is(err, fault.Invalid) {
		t.Errorf("a draft that changed: %v", err)
	}
	if _, err := c.template(d, "c"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a variant that is none: %v", err)
	}
}

func TestCampaignsAreReadEveryFewSeconds(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	store := &campaigns{}
	c := New(Deps{Now: func() time.Time { return now }, Campaigns: store})
	steps := []struct {
		after time.Duration
		asked int
	}{{0, 1}, {rememberFor - 1, 1}, {1, 2}, {-time.Hour, 3}, {2 * time.Hour, 4}}
	for i, s := range steps {
		now = now.Add(s.after)
		d, err := c.campaign(t.Context(), "tea", "spring")
		if err != nil || store.asked != s.asked || d.Version != int64(s.asked) {
			t.Errorf("step %d: asked %d times, version %d (%v), want %d", i, store.asked, d.Version, err, s.asked)
		}
	}
}

func TestWhatIsRememberedIsBounded(t *testing.T) {
	m := map[string]int{}
	for i := range 5 * maxKept {
		if keep(m, fmt.Sprint(i), i); len(m) > maxKept {
			t.Fatalf("%d are kept", len(m))
		}
	}
}

func TestLocation(t *testing.T) {
	m := newMemory()
	for want, names := range map[string][]string{"Europe/Paris": {"", "Europe/Paris"}, "Asia/Tokyo": {"Asia/Tokyo", "Europe/Paris"}, "Europe/Berlin": {"No/Such", "Europe/Berlin"}, "UTC": {"No/Such"}} {
		for range 2 {
			if got := m.location(names...).String(); got != want {
				t.Errorf("%v is %s, want %s", names, got, want)
			}
		}
	}
}
