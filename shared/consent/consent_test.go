package consent_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/sqlite/sqlitetest"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func TestCookie(t *testing.T) {
	s := consent.State{Personalization: consent.Granted, Marketing: consent.Denied, At: noon}
	value := consent.FormatCookie("lamps", s)
	got, err := consent.ParseCookie("lamps", value, noon.Add(time.Hour))
	if diff := cmp.Diff(s, got); err != nil || diff != "" {
		t.Errorf("state (-want +got), %v:\n%s", err, diff)
	}
	if got, err := consent.ParseCookie("lamps", value, noon.Add(-time.Hour)); err != nil || !got.At.Equal(noon.Add(-time.Hour)) {
		t.Errorf("a decision from the future is of %s, %v", got.At, err)
	}
	for _, wrong := range []string{"", "lamps", "other.1.1.1790000000", "lamps.2.0.1790000000", "lamps.1.0.x", "lamps.1.0.-5", "lamps.1.0.1790000000.9"} {
		if got, err := consent.ParseCookie("lamps", wrong, noon); err == nil {
			t.Errorf("ParseCookie(%q) = %v, want an error", wrong, got)
		}
	}
}

func FuzzCookie(f *testing.F) {
	for _, seed := range []string{"lamps.1.-1.1790000000", "lamps.1.0.99999999999999999999", "...", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		s, err := consent.ParseCookie("lamps", value, noon)
		if err != nil {
			return
		}
		again, err := consent.ParseCookie("lamps", consent.FormatCookie("lamps", s), noon)
		if diff := cmp.Diff(s, again); err != nil || diff != "" {
			t.Errorf("read again (-want +got), %v:\n%s", err, diff)
		}
	})
}

func TestRecordsAreKeptInOrder(t *testing.T) {
	db := sqlitetest.Open(t, nil)
	records, ctx := consent.NewRecords(db), t.Context()
	want := []consent.Record{
		{Purpose: consent.Personalization, Choice: consent.Granted, Version: "v1", Source: "page", At: noon},
		{Purpose: consent.Personalization, Choice: consent.Denied, Version: "v1", Source: "page", At: noon.Add(time.Second)},
		{Purpose: consent.Marketing, Choice: consent.Denied, At: noon.Add(time.Hour)},
	}
	for _, i := range []int{2, 0, 1} {
		if err := records.Append(ctx, "lamps", "v_1", want[i]); err != nil {
			t.Fatal(err)
		}
	}
	got, err := records.All(ctx, "lamps", "v_1")
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("records (-want +got), %v:\n%s", err, diff)
	}
	for _, other := range []struct {
		shop    event.ShopID
		visitor event.VisitorID
	}{{"lamps", "v_2"}, {"other", "v_1"}} {
		if got, err := records.All(ctx, other.shop, other.visitor); err != nil || len(got) != 0 {
			t.Errorf("records of %v = %v, %v; want none", other, got, err)
		}
	}
}
