package ingest

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/disk"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/shop"
)

// bucket is a deployment that files are dropped in.
type bucket struct {
	world
	files *disk.Store
	shops *shop.Store
	d     *Dropped
}

func newBucket(t *testing.T) bucket {
	t.Helper()
	w := newWorld(t, nil)
	files, err := disk.Open(filepath.Join(t.TempDir(), "blobs"))
	if err != nil {
		t.Fatal(err)
	}
	ring, err := identity.ParseKeyring(identity.NewKeyring())
	if err != nil {
		t.Fatal(err)
	}
	seal, err := identity.NewSealer(ring)
	if err != nil {
		t.Fatal(err)
	}
	shops := shop.NewStore(func() time.Time { return noon }, w.db, seal)
	return bucket{w, files, shops, NewDropped(slog.New(slog.DiscardHandler), w.im, files, shops, consent.Required)}
}

func (b bucket) drop(t *testing.T, name, text string) {
	t.Helper()
	if _, err := b.files.Put(t.Context(), name, strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
}

func (b bucket) text(t *testing.T, name string) string {
	t.Helper()
	r, _, err := b.files.Open(t.Context(), name)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	defer r.Close()
	body, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestDroppedShopThenFile(t *testing.T) {
	b := newBucket(t)
	b.drop(t, "shops/a.json", `{"name":"A","currency":"EUR","keys":[{"kind":"write","key":"wk_0123456789abcdef","label":"site"}]}`)
	b.drop(t, "imports/a/items/goods.csv", "Nr,Name,price\nT1,Teapot,24.50\nT2,,1\n")
	b.drop(t, "imports/a/items/goods.csv.map.json", `{"id":"Nr"}`)
	for range 2 { // every notice may come twice
		for _, name := range []string{"shops/a.json", "imports/a/items/goods.csv.map.json", "imports/a/items/goods.csv", "imports/_done/a/items/goods.csv.json", "elsewhere/x"} {
			if err := b.d.Object(t.Context(), name); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	settings, err := b.shops.Settings(t.Context(), "a")
	if err != nil || settings.Consent != consent.Required || settings.Currency != "EUR" {
		t.Errorf("settings %+v, %v; want EUR and the deployment's consent", settings, err)
	}
	if info, err := b.shops.Key(t.Context(), "wk_0123456789abcdef"); err != nil || info.Shop != "a" {
		t.Errorf("key stands for %+v, %v", info, err)
	}
	if it, err := b.cat.Item(t.Context(), "a", "T1"); err != nil || it.Currency != "EUR" || it.Price != 2450 {
		t.Errorf("item %+v, %v", it, err)
	}
	var out outcome
	if err := json.Unmarshal([]byte(b.text(t, "imports/_done/a/items/goods.csv.json")), &out); err != nil {
		t.Fatal(err)
	}
	want := outcome{File: "imports/a/items/goods.csv", Result: Result{Rows: 2, Rejected: 1, Duplicates: 1, Report: "imports/_done/a/items/goods.csv.rejected.csv"}}
	if diff := cmp.Diff(want, out); diff != "" {
		t.Errorf("outcome of the second call (-want +got):\n%s", diff)
	}
	if got := b.text(t, out.Report); got != "line,column,reason,value\n3,Name,is missing,\n" {
		t.Errorf("report:\n%s", got)
	}
}

func TestDroppedFilesThatAreRefused(t *testing.T) {
	b := newBucket(t)
	b.drop(t, "shops/a.json", `{"name":"A","currency":"EUR","consent":"implied"}`)
	if err := b.d.Object(t.Context(), "shops/a.json"); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		file, text string
		want       fault.Kind
	}{
		"a shop nobody made":         {"imports/b/items/x.csv", "id,title,price\n", fault.NotFound},
		"no kind":                    {"imports/a/x.csv", "", fault.Invalid},
		"an unknown kind":            {"imports/a/pictures/x.csv", "a,b\n", fault.Invalid},
		"columns missing":            {"imports/a/items/x.csv", "id\n", fault.Invalid},
		"a shop without a currency":  {"shops/c.json", `{"name":"C"}`, fault.Invalid},
		"a shop with a wrong member": {"shops/d.json", `{"name":"D","colour":"red"}`, fault.Invalid},
		"a name no shop can have":    {"shops/Ä.json", `{}`, fault.Invalid},
		"a short key":                {"shops/e.json", `{"name":"E","currency":"EUR","keys":[{"kind":"write","key":"x"}]}`, fault.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			b.drop(t, tt.file, tt.text)
			if err := b.d.Object(t.Context(), tt.file); !fault.Is(err, tt.want) {
				t.Errorf("%v, want %s", err, tt.want)
			}
		})
	}
	var out outcome
	if err := json.Unmarshal([]byte(b.text(t, "imports/_done/a/items/x.csv.json")), &out); err != nil || out.Error == "" {
		t.Errorf("outcome %+v, %v; want the error", out, err)
	}
}

func TestDroppedFileTooLargeForOneCallGoesOn(t *testing.T) {
	b := newBucket(t)
	b.im.limit = 100
	b.drop(t, "shops/a.json", `{"name":"A","currency":"EUR"}`)
	b.drop(t, "imports/a/orders/o.csv", orderFile(300))
	if err := b.d.Object(t.Context(), "shops/a.json"); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), headroom) // no time beyond the headroom
	defer cancel()
	if err := b.d.Object(short, "imports/a/orders/o.csv"); !fault.Is(err, fault.Unavailable) {
		t.Fatalf("without time: %v, want Unavailable", err)
	}
	if err := b.d.Object(t.Context(), "imports/a/orders/o.csv"); err != nil {
		t.Fatal(err)
	}
	orders := 0
	for _, e := range b.stored(t, fiveUsers...) {
		if e.Name == event.OrderCompleted {
			orders++
		}
	}
	if orders != 300 {
		t.Errorf("%d orders, want 300", orders)
	}
}
