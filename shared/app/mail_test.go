package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jhillyerd/enmime/v2"
	"golang.org/x/net/html"

	"shopkeeper/shared/campaign"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/disk"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/letter"
	"shopkeeper/shared/letter/compose"
	"shopkeeper/shared/mail"
	"shopkeeper/shared/mime"
	"shopkeeper/shared/offer"
	"shopkeeper/shared/people"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/replay"
	"shopkeeper/shared/sending"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/sqlite"
	"shopkeeper/shared/sqlite/sqlitetest"
	"shopkeeper/shared/stream"
	"shopkeeper/shared/suppression"
	"shopkeeper/shared/table"
)

const (
	firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	public  = "https://t.tea.example"
)

// postbox is a mail.Sender that keeps what it gets.
type postbox struct {
	mu   sync.Mutex
	mail []mail.Message
}

func (p *postbox) Batch() int { return 1 }

func (p *postbox) Send(_ context.Context, messages ...mail.Message) []mail.Result {
	p.mu.Lock()
	defer p.mu.Unlock()
	results := make([]mail.Result, len(messages))
	for i, m := range messages {
		p.mail = append(p.mail, m)
		results[i].Outcome = mail.Accepted
	}
	return results
}

// postOffice is a shop that writes to Anna, on embedded engines: the composer, and the function behind the links.
type postOffice struct {
	t        testing.TB
	db       *sqlite.DB
	files    *disk.Store
	keys     *identity.Keyring
	hasher   *identity.Hasher
	composer *compose.Composer
	handler  http.Handler
	postbox  *postbox
	people   *people.Store
	now      time.Time
	row      ledger.Row
}

func newPostOffice(t testing.TB) *postOffice {
	t.Helper()
	o := &postOffice{t: t, postbox: &postbox{}, now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return o.now }
	o.db = sqlitetest.Open(t, &sqlite.Options{Logger: quiet(), Now: func() time.Time { return replay.Clock }, Feeds: []table.Name{event.Table, profile.Table}})
	o.files = must(disk.Open(t.TempDir()))
	o.keys = must(identity.ParseKeyring(identity.NewKeyring()))
	o.hasher = must(identity.NewHasher(o.keys))
	o.people = people.New(o.db)
	settings := shop.Settings{
		ID: "tea", Name: "Tea & Sons", Currency: "GBP", Consent: consent.Implied, URL: "https://tea.example", Address: "1 Leaf Lane\nLondon", From: mail.Address{Name: "Tea & Sons", Email: "shop@tea.example"},
	}
	for id, key := range map[event.ShopID]string{"tea": teaKey, "mugs": mugKey} {
		settings.ID = id
		if err := replay.Found(t.Context(), clock, o.db, o.keys, settings, map[shop.KeyKind]string{shop.WriteKey: key}); err != nil {
			t.Fatal(err)
		}
	}
	o.composer = must(Composer(quiet(), clock, o.db, o.files, o.keys, public+"/", nil))
	o.handler = must(Preferences(quiet(), clock, o.db, o.keys, o.postbox, public))
	o.meet("p_anna", `{"email":"anna@example.org","firstName":"Anna <b>","name":"Анна O'Hara","locale":"fr","phone":"+441234"}`)
	o.start()
	return o
}

// train gives the shop a model, so that its letters recommend.
func (o *postOffice) train() {
	o.t.Helper()
	if err := replay.History(o.t.Context(), o.now, o.db, o.files, "tea", 80, 300); err != nil {
		o.t.Fatal(err)
	}
	if report, err := Train(quiet(), func() time.Time { return o.now }, o.db, o.files, nil).Shop(o.t.Context(), "tea", nil); err != nil || !report.Publish {
		o.t.Fatalf("training: %v, %s", err, report.Reason)
	}
}

// meet makes a person who allowed mail.
func (o *postOffice) meet(id event.PersonID, traits string) {
	o.t.Helper()
	ctx := o.t.Context()
	var all map[string]json.RawMessage
	if err := json.Unmarshal([]byte(traits), &all); err != nil {
		o.t.Fatal(err)
	}
	pending := must(people.Pending{Shop: "tea", Person: id, Event: "m-1", Visitor: identity.Offline(id), Trusted: true, At: o.now, Traits: all}.Item())
	if err := o.db.PutAll(ctx, pending); err != nil {
		o.t.Fatal(err)
	}
	must(o.people.Apply(ctx, "tea", id))
	if err := o.people.Permit(ctx, "tea", id, people.Permission{Channel: people.Email, Choice: consent.Granted, Source: "checkout", At: o.now}); err != nil {
		o.t.Fatal(err)
	}
}

// start makes the campaign and the ledger row that Anna's mail is handed over with.
func (o *postOffice) start() {
	o.t.Helper()
	ctx := o.t.Context()
	s := letter.Starters()[0].Source
	d := campaign.Definition{
		Shop: "tea", ID: "spring", Name: "Spring", Segment: "all", From: mail.Address{Name: "Tea & Sons", Email: "shop@tea.example"},
		Variants: []campaign.Variant{{Name: "a", Share: 1, Subject: s.Subject, Preheader: s.Preheader, HTML: s.HTML, Text: s.Text}},
	}
	must(campaign.NewStore(func() time.Time { return o.now }, o.db).Put(ctx, d))
	rows := ledger.New(func() time.Time { return o.now }, o.db)
	o.row = ledger.Row{Shop: "tea", Campaign: "spring", Person: "p_anna", State: ledger.Planned, Variant: "a", PlannedAt: o.now}
	must(rows.Plan(ctx, o.row))
	planned := must(rows.Get(ctx, "tea", "spring", "p_anna", 0))
	claimed := must(rows.Exchange(ctx, nil, []ledger.Claim{{Row: planned, By: "test", Lease: o.now.Add(time.Minute)}})).Claimed
	must(rows.Exchange(ctx, []ledger.Settlement{{Row: claimed[0], To: ledger.Handed, At: o.now}}, nil))
}

func (o *postOffice) ledgerRow() ledger.Row {
	o.t.Helper()
	return must(ledger.New(func() time.Time { return o.now }, o.db).Get(o.t.Context(), "tea", "spring", "p_anna", 0))
}

// envelope is the composed mail as a mail program reads it.
func (o *postOffice) envelope(m mail.Message) *enmime.Envelope {
	o.t.Helper()
	m.ID, m.Tags = sending.MessageID(o.row), sending.TagsOf(o.row)
	raw := must(mime.Append(nil, m, o.now, mime.Options{}))
	read, err := enmime.ReadEnvelope(bytes.NewReader(raw))
	if err != nil {
		o.t.Fatal(err)
	}
	if len(read.Errors) > 0 {
		o.t.Fatalf("the mail is not as it should be: %v", read.Errors)
	}
	return read
}

// ask sends a request without cookie or login.
func (o *postOffice) ask(method, address, contentType, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, strings.TrimPrefix(address, public), strings.NewReader(body))
	r.Header.Set("User-Agent", firefox)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	w := httptest.NewRecorder()
	o.handler.ServeHTTP(w, r)
	return w
}

const formType = "application/x-www-form-urlencoded"

func links(page string) (all []string) {
	z := html.NewTokenizer(strings.NewReader(page))
	for z.Next() != html.ErrorToken {
		token := z.Token()
		for _, a := range token.Attr {
			if token.Data == "a" && a.Key == "href" {
				all = append(all, a.Val)
			}
		}
	}
	return all
}

func TestAMailProgramReadsTheMail(t *testing.T) {
	o := newPostOffice(t)
	o.train()
	m, offered, err := o.composer.Compose(t.Context(), o.row)
	if err != nil || offered != "" {
		t.Fatal(offered, err)
	}
	e := o.envelope(m)
	unsubscribe := strings.Trim(strings.Split(e.GetHeader("List-Unsubscribe"), ",")[0], "<> ")
	want := map[string]string{
		"From": `"Tea & Sons" <shop@tea.example>`, "To": `Анна O'Hara <anna@example.org>`, "Subject": "Anna, chosen for you at Tea & Sons", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
		"X-Shopkeeper-Campaign": "spring",
	}
	for name, value := range want {
		if got := e.GetHeader(name); got != value && !(name == "Subject" && strings.Contains(got, "chosen for you at Tea & Sons")) && strings.ReplaceAll(got, `"`, "") != strings.ReplaceAll(value, `"`, "") {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
	if !strings.HasPrefix(unsubscribe, public+"/p/unsubscribe/tea.") {
		t.Errorf("List-Unsubscribe is %q", e.GetHeader("List-Unsubscribe"))
	}
	for _, part := range []string{e.Text, e.HTML} {
		if !strings.Contains(part, unsubscribe) || !strings.Contains(part, "Se désabonner") || !strings.Contains(part, "Leaf Lane") {
			t.Errorf("the frame is not there:\n%s", part)
		}
	}
	if strings.Contains(e.HTML, "<b>") || strings.Contains(e.HTML, "anna@example.org") {
		t.Error("the HTML has a name's markup or an address in it")
	}
	tracked := 0
	for _, link := range links(e.HTML) {
		if !strings.HasPrefix(link, public) {
			t.Errorf("%s leads past the counter", link)
		}
		if strings.Contains(link, "/c/") {
			tracked++
		}
	}
	if tracked < 6 {
		t.Errorf("%d links are counted, want those of the recommendations", tracked)
	}
}

func TestClicksAndOpeningsAreCounted(t *testing.T) {
	o := newPostOffice(t)
	m, _, err := o.composer.Compose(t.Context(), o.row)
	if err != nil {
		t.Fatal(err)
	}
	o.now = o.now.Add(time.Hour)
	var click string
	for _, l := range links(m.HTML) {
		if strings.Contains(l, "/c/") {
			click = l
		}
	}
	w := o.ask("GET", click, "", "")
	if w.Code != http.StatusFound || !strings.HasPrefix(w.Header().Get("Location"), "https://tea.example") || len(w.Result().Cookies()) > 0 {
		t.Fatalf("a click is answered %d %v", w.Code, w.Header())
	}
	pixel := m.HTML[strings.Index(m.HTML, public+"/o/"):]
	pixel = pixel[:strings.IndexByte(pixel, '"')]
	if w = o.ask("GET", pixel, "", ""); w.Code != http.StatusOK || w.Header().Get("Content-Type") != "image/gif" || w.Body.Len() < 40 || w.Header().Get("Cache-Control") != "no-store, max-age=0" {
		t.Fatalf("the picture is answered %d %v", w.Code, w.Header())
	}
	o.ask("GET", click, "", "") // again changes nothing
	o.ask("HEAD", click, "", "")
	row := o.ledgerRow()
	if row.State != ledger.Clicked || row.ClickedAt.IsZero() || row.OpenedAt.IsZero() || row.MachineClicks != 1 {
		t.Errorf("the row says %+v", row)
	}
	page := must(o.db.Query(t.Context(), table.Query{Table: event.Table, Partition: event.Key("tea", "p_anna", "x").Partition}))
	names := map[event.Name]int{}
	for _, it := range page.Items {
		names[must(event.FromItem(it)).Name]++
	}
	if diff := cmp.Diff(map[event.Name]int{"Email Link Clicked": 1, "Email Opened": 1}, names); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestOneClickUnsubscribing(t *testing.T) {
	var parts bytes.Buffer
	form := multipart.NewWriter(&parts)
	if err := errors.Join(form.WriteField("List-Unsubscribe", "One-Click"), form.Close()); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ kind, body, source string }{
		"as RFC 8058 says":       {formType, "List-Unsubscribe=One-Click", "one-click"},
		"as form data":           {form.FormDataContentType(), parts.String(), "one-click"},
		"the button of the page": {formType, "", "unsubscribe-page"},
		"a body that is none":    {formType, "%%%", "unsubscribe-page"},
		"no type at all":         {"", "List-Unsubscribe=One-Click", "unsubscribe-page"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := newPostOffice(t)
			m, _, err := o.composer.Compose(t.Context(), o.row)
			if err != nil {
				t.Fatal(err)
			}
			if w := o.ask("GET", m.Unsubscribe, "", ""); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "<button>") {
				t.Fatalf("the page is answered %d\n%s", w.Code, w.Body)
			}
			if got := must(o.people.Read(t.Context(), "tea", "p_anna")).Permission(people.Email); !got.Allows() {
				t.Fatal("looking at the page unsubscribed")
			}
			for range 2 {
				if w := o.ask("POST", m.Unsubscribe, tt.kind, tt.body); w.Code != http.StatusOK {
					t.Fatalf("answered %d\n%s", w.Code, w.Body)
				}
			}
			p := must(o.people.Read(t.Context(), "tea", "p_anna")).Permission(people.Email)
			if p.Allows() || p.Source != tt.source || p.Text == "" {
				t.Errorf("the permission is %+v", p)
			}
			found := must(suppression.New(o.db, o.hasher).Check(t.Context(), "tea", "anna@example.org"))
			if found["anna@example.org"].Reason != suppression.Unsubscribed {
				t.Errorf("the address is %+v", found)
			}
			if o.ledgerRow().UnsubscribeAt.IsZero() {
				t.Error("the ledger does not know")
			}
			_, _, err = o.composer.Compose(t.Context(), o.row)
			if skip, ok := errors.AsType[*sending.Skip](err); !ok || skip.Why != ledger.Unsubscribed {
				t.Errorf("the next mail: %v", err)
			}
			if history := must(o.people.History(t.Context(), "tea", "p_anna")); len(history) != 2 {
				t.Errorf("%d decisions are on record, want 2: once is once", len(history))
			}
		})
	}
}

func TestPreferences(t *testing.T) {
	o := newPostOffice(t)
	m, _, err := o.composer.Compose(t.Context(), o.row)
	if err != nil {
		t.Fatal(err)
	}
	var page string
	for _, l := range links(m.HTML) {
		if strings.Contains(l, "/p/preferences/") {
			page = l
		}
	}
	o.now = o.now.Add(time.Hour)
	w := o.ask("GET", page, "", "")
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `name="email" type="checkbox" checked`) || !strings.Contains(w.Body.String(), `name="sms" type="checkbox">`) || !strings.Contains(w.Body.String(), `lang="fr"`) {
		t.Fatalf("answered %d\n%s", w.Code, w.Body)
	}
	if strings.Contains(w.Body.String(), "anna@") || strings.Contains(w.Body.String(), "+441234") {
		t.Error("the page shows an address: whoever has the link reads it")
	}
	steps := []struct {
		name, form      string
		email, sms      bool
		personalization consent.Choice
		suppressed      bool
	}{
		{"nothing changes", "shown=email&email=on&shown=sms&shown=phone&personalization=on", true, false, consent.Undecided, false},
		{"no more mail, but messages", "shown=email&shown=sms&sms=on&personalization=on", false, true, consent.Undecided, true},
		{"mail again", "shown=email&email=on&shown=sms&sms=on&personalization=on", true, true, consent.Undecided, false},
		{"not to be remembered", "shown=email&email=on&shown=sms&sms=on", true, true, consent.Denied, false},
		{"what was not shown stays", "personalization=on", true, true, consent.Granted, false},
		{"a channel that is none", "shown=fax&fax=on&personalization=on", true, true, consent.Granted, false},
	}
	for _, s := range steps {
		o.now = o.now.Add(time.Minute)
		if w := o.ask("POST", page, formType, s.form); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Vos choix sont enregistrés.") {
			t.Fatalf("%s: answered %d\n%s", s.name, w.Code, w.Body)
		}
		p := must(o.people.Read(t.Context(), "tea", "p_anna"))
		if p.Permission(people.Email).Allows() != s.email || p.Permission(people.SMS).Allows() != s.sms {
			t.Errorf("%s: the permissions are %+v", s.name, p.Permissions)
		}
		own, err := profile.NewStore(o.db).Read(t.Context(), "tea", "p_anna", profile.Own)
		if err != nil && !fault.Is(err, fault.NotFound) {
			t.Fatal(err)
		}
		if own.Consent.Personalization != s.personalization {
			t.Errorf("%s: the profile says %+v", s.name, own.Consent)
		}
		_, found := must(suppression.New(o.db, o.hasher).Check(t.Context(), "tea", "anna@example.org"))["anna@example.org"]
		if found != s.suppressed {
			t.Errorf("%s: suppressed is %v", s.name, found)
		}
	}
}

func TestNewsletter(t *testing.T) {
	o := newPostOffice(t)
	if w := o.ask("GET", "/p/newsletter?writeKey="+teaKey, "", ""); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `type="email"`) {
		t.Fatalf("the form is answered %d\n%s", w.Code, w.Body)
	}
	fill := func(address string) *httptest.ResponseRecorder {
		return o.ask("POST", "/p/newsletter", formType, url.Values{"writeKey": {teaKey}, "email": {address}, "firstName": {"Ben http://evil.example"}, "consent": {"on"}}.Encode())
	}
	known, unknown := fill("anna@example.org"), fill("Ben@example.org ")
	if known.Code != http.StatusOK || known.Body.String() != unknown.Body.String() {
		t.Errorf("the answers tell who is known:\n%s\n%s", known.Body, unknown.Body)
	}
	fill("ben@example.org")
	if len(o.postbox.mail) != 2 {
		t.Fatalf("%d confirmations were sent, want one an address", len(o.postbox.mail))
	}
	if all := must(o.people.Search(t.Context(), "tea", "ben@example.org", 5)); len(all) > 0 {
		t.Fatal("somebody is kept who confirmed nothing")
	}
	m := o.postbox.mail[1]
	o.envelope(m)
	if m.Unsubscribe != "" || m.To.Email != "Ben@example.org" || strings.Contains(m.Text, "evil.example") {
		t.Errorf("the confirmation is %+v", m)
	}
	link := strings.Fields(m.Text[strings.Index(m.Text, public):])[0]
	if strings.Contains(link, "ben") || strings.Contains(link, "Ben") {
		t.Errorf("%s shows the address", link)
	}
	if w := o.ask("GET", link, "", ""); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "<button>") {
		t.Fatalf("the page is answered %d\n%s", w.Code, w.Body)
	}
	aliases := identity.NewAddressedAliases(o.db, o.hasher)
	if _, err := aliases.ByEmail(t.Context(), "tea", "ben@example.org"); !fault.Is(err, fault.NotFound) {
		t.Fatal("looking at the page subscribed")
	}
	o.now = o.now.Add(time.Hour)
	for range 2 {
		if w := o.ask("POST", link, formType, ""); w.Code != http.StatusOK {
			t.Fatalf("confirming is answered %d\n%s", w.Code, w.Body)
		}
	}
	id := must(aliases.ByEmail(t.Context(), "tea", "ben@example.org"))
	loop := stream.NewLoop(quiet(), time.Now, "profile", o.db.Feed(event.Table), o.db.Queue("failures", nil), must(Profile(quiet(), func() time.Time { return o.now }, o.db, o.db.Queue("failures", nil), o.keys)), stream.Mapping{BatchSize: 100}, nil)
	for n := 1; n > 0; {
		n = must(loop.Step(t.Context()))
	}
	p := must(o.people.Read(t.Context(), "tea", id))
	if got := p.Permission(people.Email); !got.Allows() || got.Confirmed.IsZero() || got.Source != "newsletter-form" || p.Email != "Ben@example.org" {
		t.Errorf("the subscriber is %+v", p)
	}
	o.now = o.now.Add(8 * 24 * time.Hour)
	if w := o.ask("GET", link, "", ""); w.Code != http.StatusNotFound {
		t.Errorf("a link that ended is answered %d", w.Code)
	}
}

func TestNewsletterRefuses(t *testing.T) {
	tests := map[string]struct {
		form url.Values
		want int
	}{
		"no key":                         {url.Values{"email": {"a@example.org"}, "consent": {"on"}}, http.StatusBadRequest},
		"a wrong key":                    {url.Values{"writeKey": {"wk_x"}, "email": {"a@example.org"}, "consent": {"on"}}, http.StatusUnauthorized},
		"no consent":                     {url.Values{"writeKey": {teaKey}, "email": {"a@example.org"}}, http.StatusBadRequest},
		"no address":                     {url.Values{"writeKey": {teaKey}, "email": {"a"}, "consent": {"on"}}, http.StatusBadRequest},
		"a header in the address":        {url.Values{"writeKey": {teaKey}, "email": {"a@example.org\r\nBcc: b@example.org"}, "consent": {"on"}}, http.StatusBadRequest},
		"a program that fills it all in": {url.Values{"writeKey": {teaKey}, "email": {"a@example.org"}, "consent": {"on"}, "website": {"x"}}, http.StatusOK},
	}
	o := newPostOffice(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if w := o.ask("POST", "/p/newsletter", formType, tt.form.Encode()); w.Code != tt.want {
				t.Errorf("answered %d, want %d\n%s", w.Code, tt.want, w.Body)
			}
		})
	}
	if len(o.postbox.mail) > 0 {
		t.Errorf("%d confirmations were sent", len(o.postbox.mail))
	}
	last := 0
	for i := range 30 {
		last = o.ask("POST", "/p/newsletter", formType, url.Values{"writeKey": {teaKey}, "email": {string(rune('a'+i)) + "@example.org"}, "consent": {"on"}}.Encode()).Code
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("the thirtieth of one place is answered %d", last)
	}
}

func TestLinksThatAreNoneAreAllAlike(t *testing.T) {
	o := newPostOffice(t)
	m, _, err := o.composer.Compose(t.Context(), o.row)
	if err != nil {
		t.Fatal(err)
	}
	good := strings.TrimPrefix(m.Unsubscribe, public+"/p/unsubscribe/")
	tests := map[string]string{
		"nothing":               "/p/unsubscribe/x",
		"forged":                "/p/unsubscribe/" + good[:len(good)-2] + "xx",
		"of another shop":       "/p/unsubscribe/mugs" + good[3:],
		"of another purpose":    "/p/preferences/" + good,
		"a click by it":         "/c/" + good,
		"an address in its way": "/c/https:%2F%2Fevil.example",
		"a confirmation by it":  "/p/confirm/" + good,
	}
	var said string
	for name, path := range tests {
		for _, method := range []string{"GET", "POST"} {
			t.Run(name+" "+method, func(t *testing.T) {
				if method == "POST" && strings.HasPrefix(path, "/c/") {
					method = "HEAD"
				}
				w := o.ask(method, path, formType, "List-Unsubscribe=One-Click")
				if w.Code != http.StatusNotFound || w.Header().Get("Location") != "" {
					t.Fatalf("answered %d %v", w.Code, w.Header())
				}
				if said == "" {
					said = w.Body.String()
				}
				if w.Body.String() != said {
					t.Errorf("the answer differs from the others:\n%s", w.Body)
				}
			})
		}
	}
	if !must(o.people.Read(t.Context(), "tea", "p_anna")).Permission(people.Email).Allows() {
		t.Error("one of them unsubscribed Anna")
	}
}

func TestPagesAreHarmless(t *testing.T) {
	o := newPostOffice(t)
	settings := shop.Settings{ID: "tea", Name: `<script>alert(1)</script>`, Currency: "GBP", Consent: consent.Implied, URL: "https://tea.example/\"><script>", From: mail.Address{Email: "shop@tea.example"}}
	seal := must(identity.NewSealer(o.keys))
	if err := shop.NewStore(func() time.Time { return o.now }, o.db, seal).Put(t.Context(), settings); err != nil {
		t.Fatal(err)
	}
	o.handler = must(Preferences(quiet(), func() time.Time { return o.now }, o.db, o.keys, o.postbox, public))
	m, _, err := must(Composer(quiet(), func() time.Time { return o.now }, o.db, must(disk.Open(t.TempDir())), o.keys, public, nil)).Compose(t.Context(), o.row)
	if err != nil {
		t.Fatal(err)
	}
	preferences := m.Text[strings.Index(m.Text, public+"/p/preferences/"):]
	for _, address := range []string{m.Unsubscribe, strings.Fields(preferences)[0], "/p/newsletter?writeKey=" + teaKey, "/p/unsubscribe/x"} {
		w := o.ask("GET", address, "", "")
		if strings.Contains(strings.ToLower(w.Body.String()), "<script") {
			t.Errorf("%s has a script in it", address)
		}
		h := w.Header()
		if csp := h.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'; style-src 'sha256-") || !strings.Contains(csp, "frame-ancestors 'none'") {
			t.Errorf("the policy is %q", csp)
		}
		if h.Get("Referrer-Policy") != "no-referrer" || h.Get("Cache-Control") != "no-store" || h.Get("X-Robots-Tag") == "" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Set-Cookie") != "" {
			t.Errorf("the headers are %v", h)
		}
	}
}

func TestPreviewAndTestMailCountNothing(t *testing.T) {
	o := newPostOffice(t)
	d := must(campaign.NewStore(func() time.Time { return o.now }, o.db).Get(t.Context(), "tea", "spring"))
	for name, person := range map[string]event.PersonID{"as Anna": "p_anna", "as nobody": ""} {
		t.Run(name, func(t *testing.T) {
			m, err := o.composer.Test(t.Context(), compose.Draft{Campaign: d, Person: person}, mail.Address{Email: "staff@tea.example"})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(m.Subject, "[Test] ") || m.To.Email != "staff@tea.example" || m.Tags.Campaign != "" {
				t.Errorf("the test is %+v", m)
			}
			o.envelope(m)
			before := o.ledgerRow()
			o.now = o.now.Add(time.Hour)
			if w := o.ask("POST", m.Unsubscribe, formType, "List-Unsubscribe=One-Click"); w.Code != http.StatusOK {
				t.Fatalf("answered %d", w.Code)
			}
			for _, l := range links(m.HTML) {
				if strings.Contains(l, "/c/") {
					o.ask("GET", l, "", "")
				}
			}
			if diff := cmp.Diff(before, o.ledgerRow()); diff != "" {
				t.Errorf("the test changed the ledger:\n%s", diff)
			}
			if !must(o.people.Read(t.Context(), "tea", "p_anna")).Permission(people.Email).Allows() {
				t.Error("the test unsubscribed Anna")
			}
		})
	}
	d.Variants[0].HTML = "<p>\n{{ custommer }}"
	_, err := o.composer.Preview(t.Context(), compose.Draft{Campaign: d})
	if f, ok := errors.AsType[*fault.Error](err); !ok || f.Fields[0].Path != "html" || !strings.Contains(f.Fields[0].Reason, "line 2, column 4") {
		t.Errorf("a wrong template: %v", err)
	}
	if _, err := o.composer.Preview(t.Context(), compose.Draft{Campaign: d, Variant: "z"}); !fault.Is(err, fault.NotFound) {
		t.Errorf("a variant that is none: %v", err)
	}
}

func TestComposeSkipsWhoMayNotBeWrittenTo(t *testing.T) {
	tests := map[string]struct {
		change func(o *postOffice) error
		want   ledger.Why
	}{
		"erased": {func(o *postOffice) error { _, err := o.people.Erase(o.t.Context(), "tea", "p_anna"); return err }, ledger.Erased},
		"refused meanwhile": {func(o *postOffice) error {
			return o.people.Permit(o.t.Context(), "tea", "p_anna", people.Permission{Channel: people.Email, Choice: consent.Denied, At: o.now.Add(time.Hour)})
		}, ledger.NoConsent},
		"complained": {func(o *postOffice) error {
			return suppression.New(o.db, o.hasher).Add(o.t.Context(), "tea", "anna@example.org", suppression.Entry{Reason: suppression.Complained, At: o.now})
		}, ledger.HasComplained},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := newPostOffice(t)
			if err := tt.change(o); err != nil {
				t.Fatal(err)
			}
			_, _, err := o.composer.Compose(t.Context(), o.row)
			if skip, ok := errors.AsType[*sending.Skip](err); !ok || skip.Why != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestTheSameRowIsTheSameLetter(t *testing.T) {
	o := newPostOffice(t)
	o.train()
	first, _, err := o.composer.Compose(t.Context(), o.row)
	if err != nil {
		t.Fatal(err)
	}
	second, _, err := o.composer.Compose(t.Context(), o.row)
	if diff := cmp.Diff(first, second); err != nil || diff != "" {
		t.Errorf("%v (-first +second):\n%s", err, diff)
	}
}

func BenchmarkCompose(b *testing.B) {
	o := newPostOffice(b)
	o.train()
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := o.composer.Compose(b.Context(), o.row); err != nil {
			b.Fatal(err)
		}
	}
}

// TestAnOfferInAMailCountsAsOneOnTheSite sends a mail with an offer: it was seen when it was handed over, and a click on it is a click on the offer.
func TestAnOfferInAMailCountsAsOneOnTheSite(t *testing.T) {
	o := newPostOffice(t)
	clock := func() time.Time { return o.now }
	if _, err := offer.NewStore(clock, o.db).Put(t.Context(), offer.Definition{Shop: "tea", ID: "ten", Status: offer.Active, Title: "A tenth off", URL: "/sale", Code: "TEN"}); err != nil {
		t.Fatal(err)
	}
	s := letter.Starters()[1].Source
	d := campaign.Definition{
		ID: "offers", Name: "Offers", Segment: "all", Status: campaign.Sending, Until: o.now.Add(time.Hour), From: mail.Address{Email: "shop@tea.example"},
		Variants: []campaign.Variant{{Name: "a", Share: 1, Subject: s.Subject, HTML: s.HTML, Text: s.Text}},
	}
	body := must(json.Marshal(d))
	if err := o.db.PutAll(t.Context(), table.Item{Key: table.Key{Table: campaign.Table, Partition: "tea", Sort: "c#offers"}, Body: body}); err != nil {
		t.Fatal(err)
	}
	rows := ledger.New(clock, o.db)
	must(rows.Plan(t.Context(), ledger.Row{Shop: "tea", Campaign: "offers", Person: "p_anna", State: ledger.Planned, Variant: "a", PlannedAt: o.now}))
	worker := must(Send(quiet(), clock, o.db, o.keys, o.composer, o.postbox, nil))
	report := must(worker.Shard(t.Context(), campaign.Job{Shop: "tea", Campaign: "offers", Shard: ledger.ShardOf("p_anna")}))
	if report.Handed != 1 || len(o.postbox.mail) != 1 {
		t.Fatalf("%+v", report)
	}
	impression := must(rows.Get(t.Context(), "tea", "offers", "p_anna", 0)).Offer
	o.now = o.now.Add(time.Hour)
	for _, l := range links(o.postbox.mail[0].HTML) {
		if w := o.ask("GET", l, "", ""); w.Header().Get("Location") == "https://tea.example/sale" {
			break
		}
	}
	page := must(o.db.Query(t.Context(), table.Query{Table: event.Table, Partition: event.Key("tea", "p_anna", "x").Partition}))
	got := map[event.Name]string{}
	for _, it := range page.Items {
		e := must(event.FromItem(it))
		got[e.Name] = e.Recommendation
	}
	if diff := cmp.Diff(map[event.Name]string{event.PromotionViewed: impression, event.PromotionClicked: impression, "Email Link Clicked": ""}, got); diff != "" || impression == "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}
