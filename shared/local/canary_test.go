package local

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"shopkeeper/shared/app"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/ingest"
	"shopkeeper/shared/mail"
	"shopkeeper/shared/privacy"
	"shopkeeper/shared/stream"
)

// canary is in every word that the person of this test ever says, and in nothing else.
const canary = "Canary7391"

const canaryMail = canary + ".Ada@mail.example.org"

// canaryWorld is a folder with everything that runs beside it, step by step.
type canaryWorld struct {
	*testing.T
	*Local
	works  works
	seen   *exposures
	server *httptest.Server
	client *http.Client
	clock  time.Time
}

func newCanaryWorld(t *testing.T) *canaryWorld {
	t.Helper()
	w := &canaryWorld{T: t, clock: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	var err error
	check := func() {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	w.Local, err = Open(t.Context(), t.TempDir(), &Options{Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return w.clock }})
	check()
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	settings, err := w.Shops.Settings(t.Context(), ShopID)
	check()
	settings.From, settings.Address = mail.Address{Name: "Shop", Email: "shop@shop.example"}, "1 High Street"
	err = w.Shops.Put(t.Context(), settings)
	check()
	w.works, err = w.newWorks()
	check()
	w.seen, err = openExposures(w.Log, filepath.Join(w.Dir, "exposures"), w.Now)
	check()
	api, _, err := w.api(w.seen, "http://shop.example")
	check()
	box, err := w.Outbox()
	check()
	pages, err := app.Preferences(w.Log, w.Now, w.DB, w.Ring, box, "http://shop.example")
	check()
	mux := http.NewServeMux()
	mux.Handle("/p/", pages)
	mux.Handle("/", api)
	w.server = httptest.NewServer(mux)
	t.Cleanup(w.server.Close)
	w.client = w.browser()
	return w
}

// browser is one with cookies of its own.
func (w *canaryWorld) browser() *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.Fatal(err)
	}
	return &http.Client{Jar: jar, Transport: w.server.Client().Transport}
}

func (w *canaryWorld) call(client *http.Client, method, path, kind, body string, secret bool) string {
	w.Helper()
	r, err := http.NewRequestWithContext(w.Context(), method, w.server.URL+path, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	r.SetBasicAuth(w.Keys.Write, "")
	if secret {
		r.SetBasicAuth(w.Keys.Secret, "")
	}
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; "+canary+") AppleWebKit/537.36 Chrome/120.0 Safari/537.36")
	res, err := client.Do(r)
	if err != nil {
		w.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		w.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		w.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		w.Fatalf("%s %s: %s: %s", method, path, res.Status, text)
	}
	return string(text)
}

// settle lets the feeds' consumers catch up.
func (w *canaryWorld) settle() {
	w.Helper()
	loops := append(slices.Clone(w.works.loops), stream.NewLoop(w.Log, w.Now, "archive", w.DB.Feed(event.Table), w.works.failed, app.Archive(w.Log, w.Blobs, w.works.failed), catchUpArchive, nil))
	slices.Reverse(loops)
	for range 2 { // what one consumer writes another one reads
		for _, loop := range loops {
			if err := drain(w.Context(), loop, func(int) {}); err != nil {
				w.Fatal(err)
			}
		}
	}
	if err := w.seen.flush(); err != nil {
		w.Fatal(err)
	}
}

// everyField is a message of each call with the canary in every field that it has.
func everyField() []string {
	full := `"anonymousId":"%[1]s-device","context":{"ip":"%[1]s","userAgent":"%[1]s","locale":"%[1]s","timezone":"%[1]s","sessionId":"%[1]s-session","page":{"url":"https://shop.example/%[1]s?x=%[1]s","path":"/%[1]s","title":"%[1]s","referrer":"https://%[1]s.example/","search":"?q=%[1]s"},` +
		`"campaign":{"name":"%[1]s","source":"%[1]s"},"library":{"name":"%[1]s"},"traits":{"company":{"name":"%[1]s"}},"consent":{"personalization":true}},"integrations":{"%[1]s":true}`
	props := `"properties":{"product_id":"%[1]s-item","name":"%[1]s","category":"%[1]s","brand":"%[1]s","query":"%[1]s","coupon":"%[1]s","order_id":"%[1]s-order","recommendationId":"%[1]s-rec","impressionId":"%[1]s-imp","price":12,"url":"https://shop.example/%[1]s","%[1]sKey":"%[1]s","free":{"deep":["%[1]s"]},"email":"%[1]s@mail.example.org",` +
		`"products":[{"product_id":"%[1]s-line","price":3,"quantity":2,"category":"%[1]s","brand":"%[1]s","name":"%[1]s"}]}`
	traits := `"traits":{"email":"` + canaryMail + `","phone":"+44 20 %[1]s 7946 0018","name":"Ada %[1]s","firstName":"%[1]s","lastName":"%[1]s","country":"GB","timezone":"%[1]s","locale":"%[1]s","address":{"street":"%[1]s","city":"%[1]s"},"birthday":"%[1]s","%[1]sTrait":["%[1]s"]}`
	var all []string
	for i, m := range []string{
		`{"type":"page","name":"%[1]s","category":"%[1]s",` + props + `,` + full + `}`,
		`{"type":"screen","name":"%[1]s",` + props + `,` + full + `}`,
		`{"type":"track","event":"Product Viewed","timestamp":"2026-03-01T11:00:00Z","sentAt":"2026-03-01T11:00:01Z",` + props + `,` + full + `}`,
		`{"type":"track","event":"Products Searched","messageId":"%[1]s-m1",` + props + `,` + full + `}`,
		`{"type":"track","event":"Promotion Clicked",` + props + `,` + full + `}`,
		`{"type":"track","event":"Coupon Applied",` + props + `,` + full + `}`,
		`{"type":"track","event":"%[1]s did it",` + props + `,` + full + `}`,
		`{"type":"identify","userId":"%[1]s-user","userHash":"%[1]s",` + traits + `,` + full + `}`,
		`{"type":"track","event":"Order Completed","userId":"%[1]s-user",` + props + `,` + full + `}`,
		`{"type":"group","groupId":"%[1]s","userId":"%[1]s-user",` + traits + `,` + full + `}`,
		`{"type":"alias","userId":"%[1]s-user","previousId":"%[1]s-before",` + full + `}`,
	} {
		all = append(all, fmt.Sprintf(m, canary))
		if i == 7 {
			all = append(all, fmt.Sprintf(`{"type":"identify","anonymousId":"%[1]s-other","traits":{"name":"Stranger %[1]s","email":"%[1]s.stranger@mail.example.org"}}`, canary))
			all = append(all, fmt.Sprintf(`{"type":"identify","anonymousId":"%[1]s-other","userId":"%[1]s-user"}`, canary))
		}
	}
	return all
}

func contactsFile() string {
	return fmt.Sprintf("email,userId,firstName,lastName,phone,country,timezone,locale,tags,consent,consentText,consentSource,consentAt,traits\n"+
		"%[2]s,%[1]s-user,%[1]s,%[1]s,+44 20 7946 0018,%[1]s,%[1]s,%[1]s,%[1]s;x,yes,%[1]s,%[1]s,2026-02-01,%[1]s\n"+
		"bob@example.org,bob-12345,Bob,Miller,,,,,,yes,v1,shop,2026-02-01,\n"+
		"%[2]s,%[1]s-user,%[1]s,,,,,,,perhaps %[1]s,,,,\n", canary, canaryMail)
}

// live has the person do everything that the product can hear of, with the browser given; repeated, it is the same to the letter.
func (w *canaryWorld) live(client *http.Client) {
	w.Helper()
	second := w.browser() // another device of the same person
	for _, m := range everyField() {
		client := client
		if strings.Contains(m, canary+"-other") {
			client = second
		}
		w.call(client, http.MethodPost, "/v1/batch", "text/plain", `{"batch":[`+m+`]}`, false)
	}
	server := w.browser()
	w.call(server, http.MethodPost, "/v1/batch", "application/json", fmt.Sprintf(`{"batch":[{"type":"track","event":"Order Completed","userId":"%[1]s-user","messageId":"%[1]s-m2","properties":{"order_id":"%[1]s-o2","total":5,"products":[{"product_id":"%[1]s-line","price":5}]}},`+
		`{"type":"identify","userId":"%[1]s-user","traits":{"email":"%[2]s","nickname":"%[1]s"}}]}`, canary, canaryMail), true)
	w.importing()
	w.settle()
}

// importing imports the contacts as a command does, with a report, and as a dropped file, packed and plain.
func (w *canaryWorld) importing() {
	w.Helper()
	ctx := w.Context()
	im, err := app.Importer(w.Log, w.Now, w.DB, w.Ring)
	if err != nil {
		w.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(w.Dir, "reports"), 0o750); err != nil {
		w.Fatal(err)
	}
	report, err := os.Create(filepath.Join(w.Dir, "reports", "contacts.csv"))
	if err != nil {
		w.Fatal(err)
	}
	if _, err := im.File(ctx, ingest.Job{Shop: ShopID, Name: "contacts.csv", As: ingest.Contacts, Currency: "GBP", Report: report, Map: map[string]string{"traits.own": "traits"}, Open: func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(contactsFile())), nil
	}}); err != nil {
		w.Fatal(err)
	}
	if err := report.Close(); err != nil {
		w.Fatal(err)
	}
	drop, err := app.Ingest(w.Log, w.Now, w.DB, w.Blobs, w.Ring, consent.Implied)
	if err != nil {
		w.Fatal(err)
	}
	name := "imports/local/contacts/list.csv"
	if _, err := w.Blobs.Put(ctx, name, strings.NewReader("\ufeff"+contactsFile())); err != nil {
		w.Fatal(err)
	}
	if err := drop(ctx, name); err != nil {
		w.Fatal(err)
	}
}

// subscribe fills in the form and follows the mail's link.
func (w *canaryWorld) subscribe() {
	w.Helper()
	form := url.Values{"writeKey": {w.Keys.Write}, "email": {canaryMail}, "firstName": {canary}, "consent": {"on"}}
	w.call(w.client, http.MethodPost, "/p/newsletter", "application/x-www-form-urlencoded", form.Encode(), false)
	w.call(w.client, http.MethodPost, w.linkTo("/p/confirm/"), "application/x-www-form-urlencoded", "", false)
}

func (w *canaryWorld) privacy() *privacy.Service {
	w.Helper()
	private, err := w.Local.Privacy()
	if err != nil {
		w.Fatal(err)
	}
	return private
}

func (w *canaryWorld) mails() (all [][]byte) {
	w.Helper()
	names, err := filepath.Glob(filepath.Join(w.Dir, outboxFolder, "*.eml"))
	if err != nil {
		w.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			w.Fatal(err)
		}
		all = append(all, text)
	}
	return all
}

func (w *canaryWorld) scan(words ...string) privacy.Scanned {
	w.Helper()
	s, err := privacy.Scan(w.Context(), ground{w.Local}, words)
	if err != nil {
		w.Fatal(err)
	}
	return s
}

// TestCanary has somebody leave a unique word in every field of every event, contact, form and mail, erases them, and looks for the word in every table, queue, file, model and log of the folder. Then
// all of it comes again, to the letter.
func TestCanary(t *testing.T) {
	w := newCanaryWorld(t)
	ctx := t.Context()
	w.live(w.client)
	w.call(w.browser(), http.MethodGet, "/pixel/v1/track?writeKey="+w.Keys.Write+"&anonymousId="+canary+"-device&event="+canary+"&userId="+canary+"-user", "", "", false) // each fetch is another event
	w.subscribe()
	w.settle()
	private := w.privacy()
	before, err := private.Find(ctx, ShopID, canaryMail)
	if err != nil || len(before) != 1 {
		t.Fatalf("the address names %d persons, %v", len(before), err)
	}
	w.mailTo(ctx, before[0])
	w.call(w.client, http.MethodPost, "/v1/consent", "application/json", `{"purpose":"marketing","granted":true,"version":"`+canary+`"}`, false)
	w.call(w.client, http.MethodGet, "/v1/front-page", "", "", false)
	w.settle()
	w.train()
	w.foundEverywhere()

	certificate, err := private.Erase(ctx, ShopID, canaryMail)
	if err != nil {
		t.Fatal(err)
	}
	if !certificate.Clean() {
		t.Errorf("the certificate is not clean:\n%s", certificate.Text())
	}
	t.Log("\n" + certificate.Text())
	words := append([]string{canary}, before[0].Needles...)
	if s := w.scan(words...); !s.Clean() {
		t.Fatalf("after the erasure there is still something in %+v", s.Found)
	}
	if s := w.scan("bob@example.org"); s.Clean() {
		t.Error("somebody else went too")
	}

	w.clock = w.clock.Add(time.Hour)
	w.live(w.client)    // with the cookie of before
	w.live(w.browser()) // and without one
	w.dropFiles()
	if s := w.scan(words...); !s.Clean() {
		t.Fatalf("the old events brought something back, in %+v", s.Found)
	}
	if again, err := private.Find(ctx, ShopID, canaryMail); !fault.Is(err, fault.NotFound) {
		t.Errorf("the old events made %v, %v", again, err)
	}
	w.comesBack(private, before[0])
}

// dropFiles removes the files that the shop itself dropped again, and what it was told of them.
func (w *canaryWorld) dropFiles() {
	w.Helper()
	if n, err := (ground{w.Local}).reports(); err != nil || n == 0 {
		w.Fatalf("removed %d reports, %v", n, err)
	}
	for _, name := range []string{"imports/local/contacts/list.csv", "imports/_done/local/contacts/list.csv.rejected.csv"} {
		if err := w.Blobs.Delete(w.Context(), name); err != nil {
			w.Fatal(err)
		}
	}
}

// comesBack: a new act makes somebody new, also in the browser that the old person used.
func (w *canaryWorld) comesBack(private *privacy.Service, old privacy.Subject) {
	w.Helper()
	w.clock = w.clock.Add(time.Hour)
	w.call(w.client, http.MethodPost, "/v1/identify", "application/json",
		fmt.Sprintf(`{"userId":"%s-user","anonymousId":"%s-device","messageId":"new","timestamp":%q,"traits":{"email":%q}}`, canary, canary, w.clock.Format(time.RFC3339), canaryMail), false)
	w.settle()
	now, err := private.Find(w.Context(), ShopID, canaryMail)
	if err != nil || len(now) != 1 || now[0].Person == old.Person {
		w.Fatalf("who comes back is %v, %v; want somebody new", now, err)
	}
	for _, id := range now[0].IDs() {
		for _, was := range old.IDs() {
			if id == was {
				w.Errorf("who comes back has the old id %s", id)
			}
		}
	}
}

// train makes a model of what others bought and of what the person of this test did.
func (w *canaryWorld) train() {
	w.Helper()
	im, err := app.Importer(w.Log, w.Now, w.DB, w.Ring)
	if err != nil {
		w.Fatal(err)
	}
	items, orders := "id,title,price\n", "order,item,time,user,price\n"
	for i := range 40 {
		items += fmt.Sprintf("i%d,Item %d,5\n", i, i)
		for line := range 4 {
			orders += fmt.Sprintf("o%d,i%d,2026-02-%02d 10:00:00,customer-%d,5\n", i, (i+line*line)%40, 1+i%27, i%13)
		}
	}
	for kind, text := range map[ingest.Kind]string{ingest.Items: items, ingest.Orders: orders} {
		r, err := im.File(w.Context(), ingest.Job{Shop: ShopID, Name: "goods", As: kind, Currency: "GBP", Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }})
		if err != nil || r.Rejected > 0 {
			w.Fatalf("%+v, %v", r, err)
		}
	}
	w.settle()
	if _, err := w.works.trainer.Night(w.Context(), ShopID, nil); err != nil {
		w.Fatal(err)
	}
	if published, err := w.works.published(w.Context()); err != nil || published.IsZero() {
		w.Fatalf("there is no model: %v, %v", published, err)
	}
}

// mailTo keeps a mail of a campaign in the outbox.
func (w *canaryWorld) mailTo(ctx context.Context, who privacy.Subject) {
	w.Helper()
	box, err := w.Mailer()
	if err != nil {
		w.Fatal(err)
	}
	r := box.Send(ctx, mail.Message{
		ID: "m-1", From: mail.Address{Email: "shop@shop.example"}, To: mail.Address{Name: canary, Email: canaryMail}, Subject: "For " + canary + " – ünïcode", Text: "Dear " + canary, HTML: "<p>Dear " + canary + "</p>",
		Tags: mail.Tags{Shop: string(ShopID), Person: string(who.Person), Campaign: "c1", Step: "1"},
	})
	if r[0].Outcome != mail.Accepted {
		w.Fatalf("%+v", r[0])
	}
}

// foundEverywhere proves that the scan finds: in every place where the canary must be by now.
func (w *canaryWorld) foundEverywhere() {
	w.Helper()
	s := w.scan(canary)
	where := map[string]bool{}
	for _, f := range s.Found {
		at := f.Where
		for _, folder := range []string{"blobs/archive/", "blobs/imports/", "outbox/", "reports/"} {
			if strings.HasPrefix(at, folder) {
				at = folder
			}
		}
		where[at] = true
	}
	for _, place := range []string{
		"table people", "table " + string(event.Table), "table feed_" + string(event.Table), "table profiles", "table consent", "shopkeeper.db-wal", "blobs/archive/", "blobs/imports/", "outbox/", "reports/",
	} {
		if !where[place] {
			text, _ := json.Marshal(s.Found)
			w.Errorf("the canary was never in %s: the test could not fail there. It is in %s", place, text)
		}
	}
}
