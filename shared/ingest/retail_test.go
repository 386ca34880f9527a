package ingest

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/catalog"
	"shopkeeper/shared/event"
)

const retailHeader = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n"

const retailFile = retailHeader + `489434,85048,15CM CHRISTMAS GLASS BALL 20 LIGHTS,12,2009-12-01 07:45:00,6.95,13085,United Kingdom
489434,22041,"RECORD FRAME 7"" SINGLE SIZE ",48,2009-12-01 07:45:00,2.1,13085,United Kingdom
489434,POST,POSTAGE,1,2009-12-01 07:45:00,18,13085,United Kingdom
489435,85048,15CM CHRISTMAS GLASS BALL 20 LIGHTS,2,2009-12-01 08:00:00,7.95,,United Kingdom
C489449,85048,15CM CHRISTMAS GLASS BALL 20 LIGHTS,-3,2009-12-01 10:33:00,6.95,13085,United Kingdom
489464,21733,85123a mixed,-96,2009-12-01 10:52:00,0,,United Kingdom
A506401,B,Adjust bad debt,1,2010-04-29 13:36:00,-53594.36,,United Kingdom
489500,gift_0001_20,Dotcomgiftshop Gift Voucher,1,2009-12-01 11:00:00,20,13085,United Kingdom
489501,85048,GLASS BALL,zwei,2009-12-01 11:00:00,6.95,13085,United Kingdom
489502,85048,GLASS BALL,-2,2009-12-01 11:00:00,6.95,13085,United Kingdom
489503,85048
489504,85048,GLASS BALL,1,yesterday,6.95,13085,United Kingdom
489434,22041,"RECORD FRAME 7"" SINGLE SIZE ",1,2009-12-01 07:46:00,2.1,13085,United Kingdom
`

func at(clock string) time.Time {
	t, _ := time.Parse("2006-01-02 15:04:05", clock)
	return t
}

func TestRetailLayout(t *testing.T) {
	w := newWorld(t, nil)
	var report bytes.Buffer
	j := job(OnlineRetail, retailFile)
	j.Report = &report
	if diff := cmp.Diff(Result{Rows: 13, Accepted: 5, Rejected: 4, Other: 4, Events: 3, People: 1, Items: 2}, w.load(t, j)); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	order := func(v event.VisitorID, id event.ID, name event.Name, when string, total int64, lines ...event.Line) event.Event {
		return event.Event{
			Shop: "a", Visitor: v, ID: id, Type: event.Track, Name: name, At: at(when), Lines: lines,
			Order: &event.Order{ID: string(id[3:]), Total: total, Currency: "GBP"},
		}
	}
	known := func(e event.Event) event.Event {
		e.Person, e.Trusted = "13085", true
		return e
	}
	got := w.stored(t, "13085")
	want := []event.Event{
		known(event.Event{Shop: "a", Visitor: "13085", ID: got[0].ID, Type: event.Identify, At: at("2009-12-01 07:45:00")}),
		known(order("13085", "or-489434", event.OrderCompleted, "2009-12-01 07:45:00", 12*695+49*210,
			event.Line{Item: "85048", Quantity: 12, Price: 695}, event.Line{Item: "22041", Quantity: 48, Price: 210}, event.Line{Item: "22041", Quantity: 1, Price: 210})),
		known(order("13085", "rf-C489449", event.OrderRefunded, "2009-12-01 10:33:00", 3*695, event.Line{Item: "85048", Quantity: 3, Price: 695})),
		order("o_489435", "or-489435", event.OrderCompleted, "2009-12-01 08:00:00", 2*795, event.Line{Item: "85048", Quantity: 2, Price: 795}),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]map[string]string{{"userId": "13085", "country": "United Kingdom"}}, w.traits(t, "13085")); diff != "" {
		t.Errorf("traits (-want +got):\n%s", diff)
	}
	all, err := w.cat.All(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	items := []catalog.Item{
		{ID: "22041", Title: `Record Frame 7" Single Size`, Price: 210, Currency: "GBP", UpdatedAt: noon},
		{ID: "85048", Title: "15cm Christmas Glass Ball 20 Lights", Price: 695, Currency: "GBP", UpdatedAt: noon},
	}
	if diff := cmp.Diff(items, all); diff != "" {
		t.Errorf("catalog (-want +got):\n%s", diff)
	}
	rejected := `line,column,reason,value
10,Quantity,must be a whole number of at most a billion,zwei
11,Quantity,"must be above 0, and below 0 for an invoice that begins with C",-2
12,,"has 2 fields, the header has 8","489503,85048"
13,InvoiceDate,must be a time such as 2010-03-01 15:04:05 or 2010-03-01T15:04:05Z,yesterday
`
	if diff := cmp.Diff(rejected, report.String()); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}

func TestServiceCodes(t *testing.T) {
	for code, want := range map[string]bool{
		"POST": true, "m": true, "DOT": true, "C2": true, "D": true, "ADJUST2": true, "BANK CHARGES": true, "gift_0001_30": true, "TEST001": true, "AMAZONFEE": true,
		"85123A": false, "DCGS0058": false, "SP1002": false, "POSTCARD": false, "79323P": false,
	} {
		if got := isService(code); got != want {
			t.Errorf("isService(%q) = %v, want %v", code, got, want)
		}
	}
}

func TestLinesFarApartBecomeParts(t *testing.T) {
	var b strings.Builder
	b.WriteString(retailHeader)
	line := func(invoice string) {
		b.WriteString(invoice + ",85048,GLASS BALL,1,2009-12-01 07:45:00,1.00,,United Kingdom\n")
	}
	line("1")
	for range windowLines + 10 {
		line("2")
	}
	line("1")
	w := newWorld(t, nil)
	if r := w.load(t, job(OnlineRetail, b.String())); r.Accepted != windowLines+12 || r.Duplicates != 0 {
		t.Errorf("accepted %d, duplicates %d; want all %d", r.Accepted, r.Duplicates, windowLines+12)
	}
	totals := map[event.ID]int64{}
	for _, e := range w.stored(t) {
		totals[e.ID] = e.Order.Total
	}
	if totals["or-1"] != 100 || totals["or-1-2"] != 0 || totals["or-2"] != 100*(windowLines+10) {
		t.Errorf("totals %v; want the order once and its late line as a part without a total", totals)
	}
}
