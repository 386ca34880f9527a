package ingest

import (
	"bytes"
	"encoding/csv"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/people"
)

// applied is a person after the import's traits were applied, as the profile function does it.
func (w world) applied(t *testing.T, user string) people.Person {
	t.Helper()
	f, err := people.New(w.db).Apply(t.Context(), "a", w.who(t, user))
	if err != nil {
		t.Fatal(err)
	}
	return f.Person
}

const contactsFile = "email,userId,firstName,lastName,phone,country,timezone,locale,tags,consent,consentText,consentSource,consentAt,updatedAt\n" +
	"Zoe@Example.org,,Zoë,Ångström,+44 20 7946 0018,GB,Europe/London,en-GB,vip; tea,yes,v3,checkout,2026-01-02 10:00:00,2026-01-03\n" +
	"not-an-address,c2,Bob,,,,,,,no,,,,2026-01-03\n" +
	"\"jan@example.org\",c3,\"Jan \"\"the\nsecond\"\"\",,,,,,,yes,,,,\n"

func TestContacts(t *testing.T) {
	w := newWorld(t, nil)
	want := Result{Rows: 3, Accepted: 3, People: 3}
	if diff := cmp.Diff(want, w.load(t, job(Contacts, contactsFile))); diff != "" {
		t.Fatalf("imported (-want +got):\n%s", diff)
	}
	zoe := w.applied(t, "mailto:zoe@example.org")
	given := people.Permission{Channel: people.Email, Choice: consent.Granted, Text: "v3", Source: "checkout", At: time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC)}
	if zoe.Permission(people.Email) != given || zoe.Email != "Zoe@Example.org" || zoe.UserID != "" || zoe.FirstName != "Zoë" || zoe.LastName != "Ångström" || string(zoe.Traits["tags"]) != `["vip","tea"]` {
		t.Errorf("a contact became %+v", zoe)
	}
	if zone, tag := zoe.TimeZone(time.UTC).String(), zoe.Locale("fr"); zone != "Europe/London" || tag != "en-GB" {
		t.Errorf("time zone %q and locale %q", zone, tag)
	}
	bob := w.applied(t, "c2")
	if bob.Email != "not-an-address" || bob.EmailProblem() == "" || bob.Permission(people.Email).Choice != consent.Denied {
		t.Errorf("an address that no mail reaches is kept and marked: %+v, %q", bob, bob.EmailProblem())
	}
	jan := w.applied(t, "c3")
	if jan.FirstName != "Jan \"the\nsecond\"" || jan.Permission(people.Email).Source != "import" || !jan.Permission(people.Email).At.Equal(undated) {
		t.Errorf("quotes and a yes without a time: %+v", jan)
	}
	if w.who(t, "mailto:jan@example.org") != w.who(t, "c3") {
		t.Error("the address of a contact with a user id leads to somebody else")
	}
	later := job(Contacts, strings.Replace(contactsFile, "Europe/London", "Europe/Paris", 1))
	if diff := cmp.Diff(Result{Rows: 3, Accepted: 1, Duplicates: 2, People: 1}, w.load(t, later)); diff != "" {
		t.Errorf("the same list with one change (-want +got):\n%s", diff)
	}
}

func TestAYesWithoutATimeTakesBackNoNo(t *testing.T) {
	w := newWorld(t, nil)
	w.load(t, job(Contacts, "email,consent\nann@example.org,yes\n"))
	ann := w.applied(t, "mailto:ann@example.org")
	if !ann.Permission(people.Email).Allows() {
		t.Fatalf("a yes is no yes: %+v", ann.Permissions)
	}
	store := people.New(w.db)
	if err := store.Permit(t.Context(), "a", ann.ID, people.Permission{Channel: people.Email, Choice: consent.Denied, Source: "one-click", At: noon}); err != nil {
		t.Fatal(err)
	}
	w.load(t, job(Contacts, "email,firstName,consent\nann@example.org,Ann,yes\n"))
	if ann = w.applied(t, "mailto:ann@example.org"); ann.Permission(people.Email).Allows() || ann.FirstName != "Ann" {
		t.Errorf("last year's list took back a no: %+v", ann)
	}
}

func TestAContactBecomesTheCustomerOfItsAddress(t *testing.T) {
	w := newWorld(t, nil)
	w.load(t, job(Contacts, "email,firstName\nann@example.org,Ann\n"))
	before := w.who(t, "mailto:ann@example.org")
	w.load(t, job(Customers, "user,email\nc1,ANN@example.org\nc2,ann@example.org\n"))
	if got := w.who(t, "c1"); got != before {
		t.Errorf("the customer is %s, the contact was %s", got, before)
	}
	if got := w.who(t, "c2"); got == before {
		t.Error("two customers of one address are one person")
	}
	if got := w.who(t, "mailto:ann@example.org"); got != before {
		t.Errorf("the address leads to %s now, it led to %s", got, before)
	}
}

func TestEncodings(t *testing.T) {
	const text = "email,firstName,lastName\nzoe@example.org,Zoë,Ångström\nrene@example.org,René,“Müller”\n"
	encode := func(to func(string) (string, error)) string {
		out, err := to(text)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	western, low, high := charmap.Windows1252.NewEncoder(), unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder(), unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder()
	for name, file := range map[string]string{
		"UTF-8": text, "UTF-8 with a byte order mark": "\ufeff" + text, "Windows-1252": encode(western.String), "UTF-16 of Windows": encode(low.String), "UTF-16 with the high byte first": encode(high.String),
		"Windows-1252 whose first letter comes late": encode(func(s string) (string, error) {
			return western.String(strings.Replace(s, "\nzoe", "\n"+strings.Repeat("a@example.org,A,B\n", 40_000)+"zoe", 1))
		}),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			if r := w.load(t, job(Contacts, file)); r.Rejected != 0 {
				t.Fatalf("%+v", r)
			}
			if p := w.applied(t, "mailto:rene@example.org"); p.FirstName != "René" || p.LastName != "“Müller”" {
				t.Errorf("read as %q %q", p.FirstName, p.LastName)
			}
			if p := w.applied(t, "mailto:zoe@example.org"); p.FirstName != "Zoë" || p.LastName != "Ångström" {
				t.Errorf("read as %q %q", p.FirstName, p.LastName)
			}
		})
	}
}

func TestBrokenUTF8StaysUTF8(t *testing.T) {
	w := newWorld(t, nil)
	if r := w.load(t, job(Contacts, "email,firstName\nzoe@example.org,Zoë\nb@example.org,B\xe9\nc@example.org,C\n")); r.Rejected != 1 || r.Accepted != 2 {
		t.Errorf("%+v, want one row refused", r)
	}
}

func TestFieldsOfTenMegabytes(t *testing.T) {
	huge := strings.Repeat("x", 10<<20)
	many := strings.Repeat(strings.Repeat("y", 100)+"\n", 100_000)
	w := newWorld(t, nil)
	var report bytes.Buffer
	j := job(Contacts, "email,firstName,lastName\na@example.org,A,A\nb@example.org,\""+huge+"\",B\nc@example.org,"+huge+",C\nd@example.org,D,\""+many+"\"\ne@example.org,E,E\n")
	j.Report = &report
	r := w.load(t, j)
	if r.Accepted != 2 || r.Rejected < 3 {
		t.Errorf("%+v, want the first and the last row", r)
	}
	rows, err := csv.NewReader(&report).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][2]string{{"3", "firstName"}, {"4", "firstName"}, {"5", "lastName"}} {
		if got := rows[i+1]; got[0] != want[0] || got[1] != want[1] || len(got[3]) > 250 {
			t.Errorf("refused row %d: line %s, column %q, %d bytes quoted; want line %s, column %s", i, got[0], got[1], len(got[3]), want[0], want[1])
		}
	}
}

func TestRowsOfErasedPersonsArePassedOver(t *testing.T) {
	w := newWorld(t, nil)
	at := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	names := []consent.Name{{Kind: identity.KindEmail, Text: "ann@example.org"}, {Kind: identity.KindUser, Text: "c9"}}
	if err := w.erased.Note(t.Context(), "a", "e1", at, names, nil); err != nil {
		t.Fatal(err)
	}
	contacts := "email,firstName,updatedAt\nAnn@example.org,Ann,\nann@example.org,Ann,2026-01-31\nann@example.org,Anna,2026-02-02\nbob@example.org,Bob,\n"
	if diff := cmp.Diff(Result{Rows: 4, Accepted: 2, Erased: 2, People: 2}, w.load(t, job(Contacts, contacts))); diff != "" {
		t.Errorf("contacts (-want +got):\n%s", diff)
	}
	orders := "order,item,time,user,price\no1,i1,2026-01-01,c9,5\no2,i1,2026-02-05,c9,5\n"
	if r := w.load(t, job(Orders, orders)); r.Accepted != 1 || r.Erased != 1 {
		t.Errorf("orders: %+v, want the one after the erasure", r)
	}
}

// FuzzDecodeText holds the decoder to this: whatever comes in, UTF-8 without a mark comes out for every file of one of the encodings.
func FuzzDecodeText(f *testing.F) {
	for _, s := range []string{"", "a", "\xff\xfea\x00", "\xfe\xff\x00a", "\xef\xbb\xbfa", "caf\xe9", "caf\xc3", "é\xff", "\xff\xfe\x00", "{\xff}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		r, err := Decompress(bytes.NewReader(in))
		if err != nil {
			return
		}
		text, err := io.ReadAll(r)
		if err != nil {
			return
		}
		if len(in) > 2 && in[0] < 0x80 && in[0] != '{' && in[0] != 0x1f && in[0] != 0x28 && bytes.Equal(bytes.ToValidUTF8(in, nil), in) && !bytes.Equal(text, in) {
			t.Errorf("UTF-8 %q was read as %q", in, text)
		}
	})
}
