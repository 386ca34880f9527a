package app

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"shopkeeper/shared/campaign"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/sqlite/sqlitetest"
)

func TestATemplateWithAnErrorIsRefusedAtSave(t *testing.T) {
	keys, err := identity.ParseKeyring([]byte(`{"current":"k1","keys":{"k1":"dGVzdCBrZXlzIHNpZ24gbm90aGluZyBvZiBhbnkgdmFsdWU="}}`))
	if err != nil {
		t.Fatal(err)
	}
	db := sqlitetest.Open(t, nil)
	runner, err := Campaign(slog.New(slog.DiscardHandler), time.Now, db, db.Queue("send", nil), keys, nil)
	if err != nil {
		t.Fatal(err)
	}
	d := campaign.Definition{Shop: "tea", ID: "spring", Name: "Spring", Variants: []campaign.Variant{{Name: "a", Share: 1, Text: "Tea"}, {Name: "b", Share: 1, Subject: "Tea", Text: "one\n{% if x %}"}}}
	_, err = runner.Put(t.Context(), d)
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Path != "variants[1].text" || !strings.Contains(f.Fields[0].Reason, "line") {
		t.Fatalf("%v; want variants[1].text refused, with its line", err)
	}
	d.Variants[1].Text = "Tea"
	if _, err := runner.Put(t.Context(), d); err != nil {
		t.Errorf("a draft without a subject: %v", err)
	}
}
