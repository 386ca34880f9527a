package mime_test

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/mail"
	. "shopkeeper/shared/mime"
)

var at = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func message() mail.Message {
	return mail.Message{
		ID: "spring-p_anna-0", From: mail.Address{Name: "Tea & Co", Email: "shop@tea.example"}, To: mail.Address{Name: "Anna", Email: "anna@home.example"},
		Subject: "New teas", Text: "Hello Anna,\n\nnew teas.\n", HTML: "<p>Hello <b>Anna</b></p>\n", Unsubscribe: "https://tea.example/p/unsubscribe/abc",
		Tags: mail.Tags{Shop: "tea", Campaign: "spring", Person: "p_anna", Step: "0"},
	}
}

func TestWholeMessage(t *testing.T) {
	got, err := Append(nil, message(), at, Options{Mailto: "leave@tea.example"})
	if err != nil {
		t.Fatal(err)
	}
	want := strings.ReplaceAll(`Date: Fri, 01 May 2026 12:00:00 +0000
From: "Tea & Co" <shop@tea.example>
To: "Anna" <anna@home.example>
Subject: New teas
Message-ID: <spring-p_anna-0@tea.example>
List-Unsubscribe: <https://tea.example/p/unsubscribe/abc>,
 <mailto:leave@tea.example?subject=unsubscribe>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
Feedback-ID: spring:tea:campaign:shopkeeper
X-Shopkeeper-Shop: tea
X-Shopkeeper-Campaign: spring
X-Shopkeeper-Person: p_anna
X-Shopkeeper-Step: 0
MIME-Version: 1.0
Content-Type: multipart/alternative;
 boundary="=_b2sy4h4k5et1"

--=_b2sy4h4k5et1
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Hello Anna,

new teas.

--=_b2sy4h4k5et1
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: quoted-printable

<p>Hello <b>Anna</b></p>

--=_b2sy4h4k5et1--
`, "\n", "\r\n")
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("message (-want +got):\n%s", diff)
	}
	again, err := Append(nil, message(), at, Options{Mailto: "leave@tea.example"})
	if err != nil || !bytes.Equal(got, again) {
		t.Errorf("the same message gave other bytes, %v", err)
	}
}

// read is what a mail program makes of a message.
type read struct{ From, To, Subject, Text, HTML string }

func parse(t testing.TB, eml []byte) read {
	t.Helper()
	for line := range bytes.SplitSeq(bytes.TrimSuffix(eml, []byte("\r\n")), []byte("\r\n")) {
		if len(line) > 998 || bytes.ContainsAny(line, "\r\n") {
			t.Errorf("a line of %d bytes, or with half a line end: %.80q", len(line), line)
		}
		for _, c := range line {
			if c >= 0x80 {
				t.Fatalf("not ASCII: %q", line)
			}
		}
	}
	m, err := netmail.ReadMessage(bytes.NewReader(eml))
	if err != nil {
		t.Fatalf("%v\n%s", err, eml)
	}
	var words mime.WordDecoder
	decode := func(name string) string {
		v, err := words.DecodeHeader(m.Header.Get(name))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	r := read{From: decode("From"), To: decode("To"), Subject: decode("Subject")}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	if kind == "text/plain" {
		r.Text = strings.TrimSuffix(body(t, quotedprintable.NewReader(m.Body)), "\n") // the end of the message
		return r
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for _, to := range []*string{&r.Text, &r.HTML} {
		p, err := parts.NextPart() // undoes quoted-printable
		if err != nil {
			t.Fatalf("%v\n%s", err, eml)
		}
		*to = body(t, p)
	}
	if _, err := parts.NextPart(); err != io.EOF {
		t.Fatalf("more than two parts: %v", err)
	}
	return r
}

func body(t testing.TB, r io.Reader) string {
	t.Helper()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}

func TestHeadersForPeople(t *testing.T) {
	tests := map[string]struct {
		edit                func(*mail.Message)
		subject, from, text string
	}{
		"other scripts":             {func(m *mail.Message) { m.Subject, m.From.Name = "Чай для Вас ☕", "茶店" }, "Чай для Вас ☕", `茶店 <shop@tea.example>`, ""},
		"a subject of many lines":   {func(m *mail.Message) { m.Subject = strings.Repeat("éclair ", 60) }, strings.TrimSpace(strings.Repeat("éclair ", 60)), "", ""},
		"a long one in ASCII":       {func(m *mail.Message) { m.Subject = strings.Repeat("tea ", 100) }, strings.TrimSpace(strings.Repeat("tea ", 100)), "", ""},
		"a word without end":        {func(m *mail.Message) { m.Subject = strings.Repeat("a", 2000) }, strings.Repeat("a", 2000) + "\u200b", "", ""},
		"a header in the subject":   {func(m *mail.Message) { m.Subject = "Hi\r\nBcc: all@tea.example" }, "Hi  Bcc: all@tea.example", "", ""},
		"a header in the name":      {func(m *mail.Message) { m.From.Name = "Tea\nBcc: all@tea.example" }, "", `"Tea Bcc: all@tea.example" <shop@tea.example>`, ""},
		"quotes in the name":        {func(m *mail.Message) { m.From.Name = `The "Tea"` }, "", `"The \"Tea\"" <shop@tea.example>`, ""},
		"a domain of other letters": {func(m *mail.Message) { m.From = mail.Address{Email: "shop@bücher.example"} }, "", "shop@xn--bcher-kva.example", ""},
		"dots and boundaries":       {func(m *mail.Message) { m.Text = ".\n..\n--=_b2sy4h4k5et1--\nFrom me\n" }, "", "", ".\n..\n--=_b2sy4h4k5et1--\nFrom me\n"},
		"a text alone":              {func(m *mail.Message) { m.HTML, m.Text = "", "only text ✓" }, "", "", "only text ✓"},
		"a line without end":        {func(m *mail.Message) { m.Text = strings.Repeat("x", 3000) }, "", "", strings.Repeat("x", 3000)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := message()
			tt.edit(&m)
			eml, err := Append(nil, m, at, Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := parse(t, eml)
			for _, x := range []struct{ name, want, got string }{{"subject", tt.subject, got.Subject}, {"from", tt.from, got.From}, {"text", tt.text, got.Text}} {
				if x.want != "" && x.want != x.got {
					t.Errorf("%s (-want +got):\n%s", x.name, cmp.Diff(x.want, x.got))
				}
			}
		})
	}
}

func TestRefused(t *testing.T) {
	tests := map[string]struct {
		edit func(*mail.Message)
		want string
	}{
		"no text":                     {func(m *mail.Message) { m.Text = " \n" }, "text"},
		"no id":                       {func(m *mail.Message) { m.ID = "" }, "id"},
		"an id with a header in it":   {func(m *mail.Message) { m.ID = "a\r\nBcc: x" }, "id"},
		"an id that is no dot-atom":   {func(m *mail.Message) { m.ID = "a..b" }, "id"},
		"a sender without domain":     {func(m *mail.Message) { m.From.Email = "shop" }, "from.email"},
		"an answer to nobody":         {func(m *mail.Message) { m.ReplyTo.Email = "<shop@tea.example>" }, "replyTo.email"},
		"a recipient and another":     {func(m *mail.Message) { m.To.Email = "a@x.example,b@x.example" }, "to.email"},
		"a recipient with a command":  {func(m *mail.Message) { m.To.Email = "a@x.example>\r\nRCPT TO:<b" }, "to.email"},
		"no recipient":                {func(m *mail.Message) { m.To.Email = "" }, "to.email"},
		"a local part of other signs": {func(m *mail.Message) { m.To.Email = "анна@x.example" }, "to.email"},
		"a domain with a gap":         {func(m *mail.Message) { m.To.Email = "a@x..example" }, "to.email"},
		"a link with a header in it":  {func(m *mail.Message) { m.Unsubscribe = "https://x/\r\nBcc: y" }, "unsubscribe"},
		"a link that is not https":    {func(m *mail.Message) { m.Unsubscribe = "javascript:alert(1)" }, "unsubscribe"},
		"a tag with a header in it":   {func(m *mail.Message) { m.Tags.Campaign = "a\r\nBcc: y" }, "tags.campaign"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := message()
			tt.edit(&m)
			got, err := Append([]byte("x"), m, at, Options{})
			var fields []fault.Field
			if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind == fault.Invalid {
				fields = f.Fields
			}
			if len(fields) != 1 || fields[0].Path != tt.want || string(got) != "x" {
				t.Errorf("error %v, want field %s", err, tt.want)
			}
		})
	}
}

func FuzzAppend(f *testing.F) {
	f.Add("spring-p_anna-0", "Tea", "shop@tea.example", "Anna", "anna@home.example", "New teas", "text", "<p>", "https://tea.example/u")
	f.Add("a", "\r\nX: y", "a@b", "\x00", "é@ü.example", "=?utf-8?q?x?=\r\n\r\nbody", ".\r\n.", "--=_", "https://x\n")
	f.Fuzz(func(t *testing.T, id, fromName, from, toName, to, subject, text, html, link string) {
		m := mail.Message{ID: id, From: mail.Address{Name: fromName, Email: from}, To: mail.Address{Name: toName, Email: to}, Subject: subject, Text: text, HTML: html, Unsubscribe: link}
		eml, err := Append(nil, m, at, Options{})
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%v is not Invalid", err)
			}
			return
		}
		head, _, _ := bytes.Cut(eml, []byte("\r\n\r\n"))
		for line := range bytes.SplitSeq(head, []byte("\r\n")) {
			name, _, _ := bytes.Cut(line, []byte(":"))
			if line[0] != ' ' && !strings.Contains(" Date From To Subject Message-ID List-Unsubscribe List-Unsubscribe-Post MIME-Version Content-Type Content-Transfer-Encoding ", " "+string(name)+" ") {
				t.Errorf("a header that is not ours: %q", line)
			}
		}
		parse(t, eml)
	})
}

func BenchmarkAppend(b *testing.B) {
	m := message()
	m.Text, m.HTML = strings.Repeat("New teas from the hills for you, Anna. ", 25), strings.Repeat("<p style=\"margin:0\">New teas from the hills for <b>you</b>, Anna.</p>\n", 70)
	dst, err := Append(nil, m, at, Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(dst)))
	b.ReportAllocs()
	for b.Loop() {
		dst, _ = Append(dst[:0], m, at, Options{})
	}
}
