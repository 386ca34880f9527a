package campaign_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/campaign"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/mail"
	"shopkeeper/shared/sqlite"
)

func TestRecord(t *testing.T) {
	db, err := sqlite.Open(filepath.Join(t.TempDir(), "db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	s := campaign.NewStore(func() time.Time { return now }, db)
	elsewhere := campaign.Definition{Shop: "tea", ID: "spring", Name: "Spring", Control: .5, Variants: []campaign.Variant{{Name: "Mens E-Mail", Share: 1}}, Started: now.AddDate(0, -1, 0)}

	first, err := s.Record(t.Context(), elsewhere)
	if err != nil || !first.Recorded() || first.Status != campaign.Finished {
		t.Fatalf("recorded %+v, %v", first, err)
	}
	elsewhere.Name = "Spring sale"
	if _, err := s.Record(t.Context(), elsewhere); err != nil {
		t.Fatal(err)
	}
	got, err := s.Get(t.Context(), "tea", "spring")
	elsewhere.Status, elsewhere.Created, elsewhere.Updated, elsewhere.Version = campaign.Finished, now, now, got.Version
	if diff := cmp.Diff(elsewhere, got); err != nil || diff != "" {
		t.Errorf("recorded again (-want +got), %v:\n%s", err, diff)
	}
	if _, err := s.Put(t.Context(), campaign.Definition{Shop: "tea", ID: "own", Name: "Own", From: mail.Address{Email: "shop@example.com"}}); err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]campaign.Definition{
		"in place of one that was made here": {Shop: "tea", ID: "own", Name: "Own", Variants: elsewhere.Variants},
		"under no id":                        {Shop: "tea", Name: "x", Variants: elsewhere.Variants},
		"that sent nothing":                  {Shop: "tea", ID: "x", Name: "x"},
		"with everybody in the control":      {Shop: "tea", ID: "x", Name: "x", Control: 1, Variants: elsewhere.Variants},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := s.Record(t.Context(), d); !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.Conflict) {
				t.Errorf("Record = %v, want it refused", err)
			}
		})
	}
}
