package tracking

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/people"
	"shopkeeper/shared/profile"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/sqlite"
	"shopkeeper/shared/sqlite/sqlitetest"
	"shopkeeper/shared/table"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func tokens(t testing.TB) *Tokens {
	t.Helper()
	keys, err := identity.ParseKeyring(identity.NewKeyring())
	if err != nil {
		t.Fatal(err)
	}
	made, err := NewTokens(keys)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

var mark = Mark{Shop: "tea", Campaign: "spring", Person: "p_anna", Step: 3, At: noon}

func TestTokensSayWhatTheyWereMadeWith(t *testing.T) {
	all := tokens(t)
	test := mark
	test.Test = true
	for name, k := range map[string]Token{
		"a click":            {Click, mark, "", "https://shop.example/a?b=c&d=é"},
		"a click on offers":  {Click, mark, "k1.abc-def", "https://shop.example/"},
		"an opening":         {Open, mark, "", ""},
		"an unsubscription":  {Unsubscribe, mark, "", ""},
		"preferences":        {Preferences, mark, "", ""},
		"a confirmation":     {Confirm, Mark{Shop: "tea", At: noon}, "", "\x00\xffsealed"},
		"a test":             {Click, test, "", "https://shop.example/"},
		"nothing but a shop": {Open, Mark{Shop: "t", At: time.Unix(0, 0).UTC()}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			text := all.Make(k)
			if strings.ContainsAny(text, "/?#&%+ =") {
				t.Errorf("%q needs escaping in an address", text)
			}
			got, err := all.Parse(k.Kind, text, k.At)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(k, got); diff != "" {
				t.Errorf("(-made +read):\n%s", diff)
			}
		})
	}
}

func TestOtherTokensAreRefusedAlike(t *testing.T) {
	all := tokens(t)
	click, form := all.Make(Token{Click, mark, "", "https://shop.example/"}), all.Make(Token{Kind: Unsubscribe, Mark: mark})
	foreign := tokens(t).Make(Token{Kind: Unsubscribe, Mark: mark})
	tests := map[string]struct {
		kind Kind
		text string
		now  time.Time
	}{
		"nothing":                   {Unsubscribe, "", noon},
		"a shop alone":              {Unsubscribe, "tea.", noon},
		"another shop":              {Unsubscribe, "mugs" + form[3:], noon},
		"no shop":                   {Unsubscribe, form[4:], noon},
		"a shop that is none":       {Unsubscribe, "../tea" + form[3:], noon},
		"another deployment's":      {Unsubscribe, foreign, noon},
		"cut":                       {Unsubscribe, form[:len(form)-1], noon},
		"longer":                    {Unsubscribe, form + "A", noon},
		"one letter changed":        {Unsubscribe, strings.Replace(form, form[20:21], "_", 1), noon},
		"a click to unsubscribe":    {Unsubscribe, click, noon},
		"unsubscribing to choose":   {Preferences, form, noon},
		"unsubscribing as a click":  {Click, form, noon},
		"one that has ended":        {Unsubscribe, form, noon.Add(UnsubscribeLife + time.Second)},
		"one that is far too long":  {Unsubscribe, "tea." + strings.Repeat("A", 10000), noon},
		"one without a key's name":  {Unsubscribe, "tea.." + form[7:], noon},
		"text that is not a token":  {Unsubscribe, "tea.k1.%%%", noon},
		"a confirmation that ended": {Confirm, all.Make(Token{Kind: Confirm, Mark: mark}), noon.Add(ConfirmLife + time.Second)},
	}
	var said string
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := all.Parse(tt.kind, tt.text, tt.now)
			if !fault.Is(err, fault.NotFound) {
				t.Fatalf("got %v, want NotFound", err)
			}
			if said == "" {
				said = err.Error()
			}
			if err.Error() != said {
				t.Errorf("it says %q, others %q: nobody may learn what is wrong with a link", err, said)
			}
		})
	}
	if _, err := all.Parse(Click, click, noon.Add(10*365*24*time.Hour)); err != nil {
		t.Errorf("an old link leads nowhere: %v", err)
	}
}

func TestOnlyAddressesOfTheWebAreLedTo(t *testing.T) {
	l := Links{Base: "https://t.example", Tokens: tokens(t), Mark: mark}
	for address, leads := range map[string]bool{
		"https://shop.example/": true, "http://shop.example": true, "HTTPS://SHOP.EXAMPLE": true,
		"javascript:alert(1)": false, "//evil.example": false, "/path": false, "mailto:a@b.example": false, "https://": false, "": false, "https://a\nb": false, "https://a b": false,
		`https:\\evil.example`: false, "data:text/html,x": false, "https://x/" + strings.Repeat("a", MaxURL): false,
	} {
		t.Run(address[:min(len(address), 30)], func(t *testing.T) {
			got := l.Click(address, "")
			if leads != strings.HasPrefix(got, "https://t.example/c/tea.") || !leads && got != address {
				t.Errorf("%q became %q", address, got)
			}
		})
	}
}

func TestJudge(t *testing.T) {
	const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	later := time.Hour
	tests := map[string]struct {
		hit  Hit
		want Verdict
	}{
		"a person clicks":                    {Hit{Click, "GET", firefox, false, later, 0}, Verdict{}},
		"a person clicks twice":              {Hit{Click, "GET", firefox, false, later, 1}, Verdict{}},
		"a person opens":                     {Hit{Open, "GET", firefox, false, later, 0}, Verdict{}},
		"a person opens in Gmail":            {Hit{Open, "GET", "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)", false, later, 0}, Verdict{}},
		"a person opens in Yahoo":            {Hit{Open, "GET", "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", false, later, 0}, Verdict{}},
		"a telephone called Cubot":           {Hit{Click, "GET", "Mozilla/5.0 (Linux; Android 13; CUBOT P80) Mobile", false, later, 0}, Verdict{}},
		"Apple opens for everybody":          {Hit{Open, "GET", "Mozilla/5.0", false, later, 0}, Verdict{true, AsAppleProxy}},
		"a scanner looks":                    {Hit{Click, "HEAD", firefox, false, later, 0}, Verdict{true, AsHead}},
		"a browser gets it before":           {Hit{Click, "GET", firefox, true, later, 0}, Verdict{true, AsPrefetch}},
		"a program without a name":           {Hit{Click, "GET", " ", false, later, 0}, Verdict{true, AsNameless}},
		"a gateway by its name":              {Hit{Click, "GET", "Mozilla/5.0 (compatible; Barracuda Sentinel)", false, later, 0}, Verdict{true, AsKnown}},
		"a chat's preview":                   {Hit{Click, "GET", "Slackbot-LinkExpanding 1.0", false, later, 0}, Verdict{true, AsKnown}},
		"a library":                          {Hit{Open, "GET", "python-requests/2.32", false, later, 0}, Verdict{true, AsKnown}},
		"nobody reads that fast":             {Hit{Click, "GET", firefox, false, 4 * time.Second, 0}, Verdict{true, AsTooSoon}},
		"opened as it arrives":               {Hit{Open, "GET", firefox, false, time.Second, 0}, Verdict{true, AsTooSoon}},
		"opened soon":                        {Hit{Open, "GET", firefox, false, 3 * time.Second, 0}, Verdict{}},
		"the third link in a second":         {Hit{Click, "GET", firefox, false, later, 2}, Verdict{true, AsBurst}},
		"a clock that went back":             {Hit{Click, "GET", firefox, false, -later, 0}, Verdict{true, AsTooSoon}},
		"many openings are no scanner's":     {Hit{Open, "GET", firefox, false, later, 9}, Verdict{}},
		"the bare name at a click is no-one": {Hit{Click, "GET", "Mozilla/5.0", false, later, 0}, Verdict{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Judge(tt.hit); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestRecentCountsOtherLinksOfTheSecond(t *testing.T) {
	r := NewRecent()
	other := mark
	other.Person = "p_ben"
	steps := []struct {
		mark  Mark
		link  string
		after time.Duration
		want  int
	}{
		{mark, "a", 0, 0}, {mark, "a", 10 * time.Millisecond, 0}, {mark, "b", 20 * time.Millisecond, 1}, {other, "c", 30 * time.Millisecond, 0}, {mark, "c", 40 * time.Millisecond, 2},
		{mark, "d", 5 * time.Second, 0}, {mark, "e", 5500 * time.Millisecond, 1}, {mark, "f", time.Hour, 0},
	}
	for i, s := range steps {
		if got := r.Others(s.mark, s.link, noon.Add(s.after)); got != s.want {
			t.Errorf("step %d: %d others, want %d", i, got, s.want)
		}
	}
}

// notes is a ledger that remembers what it was told.
type notes struct {
	seen []ledger.Observation
	err  error
}

func (n *notes) Note(_ context.Context, _ event.ShopID, _ ledger.CampaignID, _ event.PersonID, _ int, o ledger.Observation) error {
	n.seen = append(n.seen, o)
	return n.err
}

// directory is a shop.Directory of one rule.
type directory struct {
	shop.Directory
	mode consent.Mode
}

func (d directory) Settings(_ context.Context, id event.ShopID) (shop.Settings, error) {
	return shop.Settings{ID: id, Consent: d.mode}, nil
}

func TestRecord(t *testing.T) {
	person := people.Person{Shop: "tea", ID: "p_anna", Email: "anna@example.org"}
	refused := profile.Profile{Shop: "tea", ID: "p_anna", Consent: consent.State{Personalization: consent.Denied, At: noon}}
	tests := map[string]struct {
		seen    Seen
		mode    consent.Mode
		unknown bool // the person was erased
		refused bool
		note    error
		noted   int
		events  map[event.Name]string // name to path
		fails   bool
	}{
		"a click":                         {seen: Seen{Click, mark, noon, false, "https://u@shop.example/a?email=x", ""}, mode: consent.Implied, noted: 1, events: map[event.Name]string{EmailClicked: "/a"}},
		"a click on an offer":             {seen: Seen{Click, mark, noon, false, "https://shop.example/a", "k1.x"}, mode: consent.Implied, noted: 1, events: map[event.Name]string{EmailClicked: "/a", event.PromotionClicked: "/a"}},
		"an opening":                      {seen: Seen{Open, mark, noon, false, "", ""}, mode: consent.Implied, noted: 1, events: map[event.Name]string{EmailOpened: ""}},
		"an unsubscription":               {seen: Seen{Unsubscribe, mark, noon, false, "", ""}, mode: consent.Implied, noted: 1, events: map[event.Name]string{EmailUnsubscribed: ""}},
		"a machine is noted alone":        {seen: Seen{Click, mark, noon, true, "https://shop.example/", ""}, mode: consent.Implied, noted: 1},
		"a test mail counts nothing":      {seen: Seen{Click, Mark{Shop: "tea", Campaign: "spring", Person: "p_anna", Test: true}, noon, false, "https://shop.example/", ""}, mode: consent.Implied},
		"who was erased stays so":         {seen: Seen{Click, mark, noon, false, "https://shop.example/", ""}, mode: consent.Implied, unknown: true, note: fault.New(fault.NotFound, "none"), noted: 1},
		"who refused is not remembered":   {seen: Seen{Click, mark, noon, false, "https://shop.example/", ""}, mode: consent.Implied, refused: true, noted: 1},
		"nobody without consent":          {seen: Seen{Open, mark, noon, false, "", ""}, mode: consent.Required, noted: 1},
		"a ledger that fails is an error": {seen: Seen{Open, mark, noon, false, "", ""}, mode: consent.Implied, note: errors.New("disk full"), noted: 1, events: map[event.Name]string{EmailOpened: ""}, fails: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			db := sqlitetest.Open(t, &sqlite.Options{Now: func() time.Time { return noon }})
			if !tt.unknown {
				if err := people.New(db).Permit(t.Context(), "tea", person.ID, people.Permission{Channel: people.Email, Choice: consent.Granted, At: noon}); err != nil {
					t.Fatal(err)
				}
			}
			if tt.refused {
				it, err := refused.Item()
				if err != nil {
					t.Fatal(err)
				}
				it.Key = profile.Key("tea", "p_anna", profile.Own)
				if err := db.PutAll(t.Context(), it); err != nil {
					t.Fatal(err)
				}
			}
			n := &notes{err: tt.note}
			r := NewRecorder(func() time.Time { return noon.Add(time.Second) }, db, directory{mode: tt.mode}, n)
			for range 2 { // a retry changes nothing
				if err := r.Record(t.Context(), tt.seen); (err != nil) != tt.fails {
					t.Fatalf("record: %v", err)
				}
			}
			if len(n.seen) != 2*tt.noted {
				t.Errorf("the ledger was told %d times, want %d", len(n.seen), 2*tt.noted)
			}
			if diff := cmp.Diff(tt.events, stored(t, db)); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

// stored are the events of the person's offline channel: name to path.
func stored(t *testing.T, db table.Store) map[event.Name]string {
	t.Helper()
	page, err := db.Query(t.Context(), table.Query{Table: event.Table, Partition: event.Key("tea", identity.Offline("p_anna"), "x").Partition})
	if err != nil {
		t.Fatal(err)
	}
	var all map[event.Name]string
	for _, it := range page.Items {
		e, err := event.FromItem(it)
		if err != nil {
			t.Fatal(err)
		}
		if all == nil {
			all = map[event.Name]string{}
		}
		if _, twice := all[e.Name]; twice {
			t.Errorf("%s is there twice", e.Name)
		}
		if all[e.Name] = e.Path; strings.Contains(string(it.Body), "email=") || e.Person != "p_anna" || !e.At.Equal(noon) {
			t.Errorf("it says %s", it.Body)
		}
	}
	return all
}

func FuzzParse(f *testing.F) {
	all := tokens(f)
	for _, k := range []Token{{Click, mark, "", "https://shop.example/"}, {Kind: Open, Mark: mark}, {Kind: Confirm, Mark: mark, Extra: "x"}} {
		f.Add(all.Make(k))
	}
	f.Add("tea.k1.AAAA")
	f.Fuzz(func(t *testing.T, text string) {
		for kind := Click; kind <= Confirm; kind++ {
			k, err := all.Parse(kind, text, noon)
			if err == nil && all.Make(k) != text {
				t.Errorf("%q was read as %+v, which is written otherwise", text, k)
			}
		}
	})
}

// FuzzBody reads what is in a token, signature or not.
func FuzzBody(f *testing.F) {
	f.Add([]byte("\x03\x06spring\x06p_anna\x00https://shop.example/"))
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))
	f.Add([]byte("\x00\xff\xff\xff\xff\xff\xff\xff\xff\x7fx"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var k Token
		if k.body(raw) && len(k.Campaign)+len(k.Person)+len(k.Extra) > len(raw) {
			t.Error("more was read than there is")
		}
	})
}

func BenchmarkClickLink(b *testing.B) {
	l := Links{Base: "https://t.example", Tokens: tokens(b), Mark: mark}
	b.ReportAllocs()
	for b.Loop() {
		l.Click("https://shop.example/products/regency-cakestand", "")
	}
}
