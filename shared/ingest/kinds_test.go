package ingest

import (
	"bytes"
	"compress/gzip"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
)

func TestOrders(t *testing.T) {
	w := newWorld(t, nil)
	text := "Order Number;SKU;Date;Qty;Unit Price;Customer;status\n" +
		"A1;T1;2026-02-01T10:00:00Z;2;12,50;c1;paid\nA1;T2;2026-02-01T10:00:00Z;1;1.250,00;c1;paid\nA1;T2;2026-02-03;1;1250;c1;refunded\nA2;T1;1769940000;-1;12.50;;\n"
	j := job(Orders, text)
	j.Map = map[string]string{"price": "Unit Price"}
	if diff := cmp.Diff(Result{Rows: 4, Accepted: 4, Events: 3, People: 1}, w.load(t, j)); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	got := map[event.ID]int64{}
	for _, e := range w.stored(t, "c1") {
		if e.Order != nil {
			got[e.ID] = e.Order.Total
		}
	}
	if diff := cmp.Diff(map[event.ID]int64{"or-A1": 2*1250 + 125000, "rf-A1": 125000, "rf-A2": 1250}, got); diff != "" {
		t.Errorf("totals (-want +got):\n%s", diff)
	}
}

func TestEventsFromNDJSON(t *testing.T) {
	w := newWorld(t, nil)
	text := `{"event":"product_viewed","timestamp":"2026-02-01T10:00:00Z","anonymousId":"anon-1","properties":{"product_id":"T1","price":12.5,"category":"Tea"}}
{"event":"Product Viewed","timestamp":"2026-02-01T10:00:00Z","anonymousId":"anon-1","properties":{"product_id":"T1","price":12.5,"category":"Tea"}}
{"event":"Order Completed","timestamp":"2026-02-01T10:00:00Z","userId":"c1"}
[1]

{"event":"Searched Widely","timestamp":1769940000000,"userId":"c1"}
{"event":"Product Viewed","timestamp":"2026-02-01T10:00:00Z"}
`
	var report bytes.Buffer
	j := job(Events, text)
	j.Report = &report
	if diff := cmp.Diff(Result{Rows: 6, Accepted: 2, Rejected: 3, Duplicates: 1, Events: 2, People: 1}, w.load(t, j)); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	if got := strings.Count(report.String(), "\n"); got != 4 {
		t.Errorf("report:\n%s", report.String())
	}
	var names []string
	for _, e := range w.stored(t, "c1") {
		names = append(names, string(e.Type)+" "+string(e.Name))
	}
	if diff := cmp.Diff([]string{"identify ", "track Searched Widely", "track Product Viewed"}, names); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestItems(t *testing.T) {
	w := newWorld(t, nil)
	text := "sku,name,price,stock,link\nT1,Teapot,24.50,3,/p/T1\nT2,Cup,4.50,0,https://shop.example/T2\nT3,,1,1,\nT4,Jug,x,1,\nT5,Bowl,1,1,ftp://x\n"
	if diff := cmp.Diff(Result{Rows: 5, Accepted: 2, Rejected: 3, Items: 2}, w.load(t, job(Items, text))); diff != "" {
		t.Errorf("first (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(Result{Rows: 5, Rejected: 3, Duplicates: 2}, w.load(t, job(Items, text))); diff != "" {
		t.Errorf("again (-want +got):\n%s", diff)
	}
	cheaper := strings.Replace(text, "24.50", "19.50", 1)
	if diff := cmp.Diff(Result{Rows: 5, Accepted: 1, Rejected: 3, Duplicates: 1, Items: 1}, w.load(t, job(Items, cheaper))); diff != "" {
		t.Errorf("with one new price (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(Result{Rows: 5, Accepted: 1, Rejected: 3, Duplicates: 1, Items: 1}, w.load(t, job(Items, text))); diff != "" {
		t.Errorf("the first file after that brings its price back (-want +got):\n%s", diff)
	}
	all, err := w.cat.All(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	want := []catalog.Item{
		{ID: "T1", Title: "Teapot", Price: 2450, Currency: "GBP", URL: "/p/T1", UpdatedAt: noon},
		{ID: "T2", Title: "Cup", Price: 450, Currency: "GBP", URL: "https://shop.example/T2", SoldOut: true, UpdatedAt: noon},
	}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("catalog (-want +got):\n%s", diff)
	}
}

func TestCustomersAndContacts(t *testing.T) {
	w := newWorld(t, nil)
	j := job(Customers, "id,first_name,E-Mail Address,Shoe Size\nc1,Zoë,zoe@example.com,38\nc2,佐藤,,\n,Nobody,x@example.com,\nc3,Bad,not-an-address,\n")
	j.Map = map[string]string{"firstName": "first_name", "email": "E-Mail Address", "traits.shoe": "Shoe Size"}
	if diff := cmp.Diff(Result{Rows: 4, Accepted: 3, Rejected: 1, People: 3}, w.load(t, j)); diff != "" {
		t.Errorf("customers (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]map[string]string{{"userId": "c1", "firstName": "Zoë", "email": "zoe@example.com", "shoe": "38"}}, w.traits(t, "c1")); diff != "" {
		t.Errorf("traits (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(Result{Rows: 3, Accepted: 2, Rejected: 1, People: 2}, w.load(t, job(Contacts, "name,email,phone\nAnn,Ann@Example.com,\nBob,,+44 20 7946 0000\nNobody,,\n"))); diff != "" {
		t.Errorf("contacts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]map[string]string{{"userId": "", "name": "Ann", "email": "Ann@Example.com"}}, w.traits(t, "mailto:ann@example.com")); diff != "" {
		t.Errorf("traits of a contact (-want +got):\n%s", diff)
	}
}

func TestCompressedFiles(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte("\ufeff" + retailFile)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"gzip": packed.String(), "zstd": string(enc.EncodeAll([]byte(retailFile), nil)), "lines that end in CR LF": strings.ReplaceAll(retailFile, "\n", "\r\n")} {
		t.Run(name, func(t *testing.T) {
			if r := newWorld(t, nil).load(t, job(OnlineRetail, text)); r.Accepted != 5 || r.Rows != 13 {
				t.Errorf("%+v, want 5 of 13 rows", r)
			}
		})
	}
	t.Run("cut short", func(t *testing.T) {
		_, err := newWorld(t, nil).im.File(t.Context(), job(OnlineRetail, packed.String()[:packed.Len()/2]))
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%v, want Invalid", err)
		}
	})
}

func TestFilesThatCannotBeRead(t *testing.T) {
	for name, tt := range map[string]struct {
		as   Kind
		text string
		set  map[string]string
		want []string
	}{
		"an empty file":              {Orders, "", nil, []string{"file"}},
		"no such kind":               {"pictures", "a,b\n", nil, []string{"as"}},
		"columns missing":            {Orders, "order,colour\n", nil, []string{"item", "time"}},
		"a mapping to no column":     {Items, "id,title,price\n", map[string]string{"brand": "Maker"}, []string{"brand"}},
		"a mapping of no field":      {Items, "id,title,price\n", map[string]string{"colour": "id"}, []string{"colour"}},
		"a column twice":             {Items, "id,title,price,id\n", nil, []string{"file"}},
		"further traits of an order": {Orders, "order,item,time\n", map[string]string{"traits.x": "item"}, []string{"traits.x"}},
	} {
		t.Run(name, func(t *testing.T) {
			j := job(tt.as, tt.text)
			j.Map = tt.set
			_, err := newWorld(t, nil).im.File(t.Context(), j)
			f, ok := errors.AsType[*fault.Error](err)
			if !ok || f.Kind != fault.Invalid {
				t.Fatalf("%v, want Invalid", err)
			}
			var got []string
			for _, field := range f.Fields {
				got = append(got, field.Path)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
		})
	}
}
