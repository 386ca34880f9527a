package console

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func FuzzNextPage(f *testing.F) {
	for _, seed := range []string{"", "segments/loyal", "//evil.example", "https://evil.example", "a//b", "../x", "a\\b", "%2f", "a?b", "a#b", "a@b:c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		got := nextPage(path)
		if got != "" && got != path {
			t.Fatalf("%q became %q", path, got)
		}
		base, _ := url.Parse("http://127.0.0.1" + Path)
		to, err := base.Parse(Path + got)
		if err != nil || to.Host != "127.0.0.1" || !strings.HasPrefix(to.Path, Path) || to.RawQuery != "" || to.Fragment != "" {
			t.Fatalf("%q leads to %v (%v)", path, to, err)
		}
	})
}

func FuzzSlug(f *testing.F) {
	for _, seed := range []string{"", "Autumn letter", "!!!", "Ünïcödé", "a--b", strings.Repeat("long ", 40)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		id := slug(name)
		if len(id) > 64 || strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || strings.HasPrefix(id, "-") || strings.HasSuffix(id, "-") || strings.Contains(id, "--") {
			t.Fatalf("%q became %q", name, id)
		}
		if again := slug(id); again != id {
			t.Fatalf("%q became %q, and that %q", name, id, again)
		}
	})
}

func FuzzLetter(f *testing.F) {
	for _, seed := range []string{
		"", "Subject: x\r\n\r\nHello", "Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPHA+", "Subject: =?utf-8?q?caf=C3=A9?=\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--",
		"Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n--\r\n", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n--b--",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		p, err := parse("id", message)
		if err == nil && (p.ID != "id" || len(p.Text) > maxPart || len(p.HTML) > maxPart) {
			t.Fatalf("%q became %+v", message, p)
		}
	})
}

func TestParse(t *testing.T) {
	got, err := parse("l", []byte("From: a@x.example\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\nX-Other: no\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ncaf=C3=A9\r\n--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPHA+\r\n--b--\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := parsed{ID: "l", Subject: "café", Text: "café", HTML: "<p>", Headers: []header{{"From", "a@x.example"}, {"Subject", "café"}, {"Content-Type", "multipart/alternative; boundary=b"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("letter (-want +got):\n%s", diff)
	}
}

// FuzzFields reads any text as every kind of field: what is not understood is named, what is understood is shown again as it was.
func FuzzFields(f *testing.F) {
	for _, seed := range []string{"", "12", "-1", "12.50", "1e9", "NaN", "Inf", "2026-05-04T09:00", "21:00", "24:00", "99999999999999999999", "10 %", "a, b\nc", "0x10", "1_000"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := &reader{form: url.Values{"f": {text}}, zone: time.UTC, wrong: map[string]string{}}
		if n := r.whole("f"); n < 0 && r.wrong["f"] == "" {
			t.Fatalf("%q is the whole number %d", text, n)
		}
		clear(r.wrong)
		if x := r.share("f"); !(x >= 0 && x <= 1) {
			t.Fatalf("%q is the share %v", text, x)
		}
		clear(r.wrong)
		if n := r.amount("f", "EUR"); n < 0 && r.wrong["f"] == "" {
			t.Fatalf("%q is the amount %d", text, n)
		}
		clear(r.wrong)
		if m := r.minutes("f"); m < 0 || m >= 24*60 {
			t.Fatalf("%q is minute %d of the day", text, m)
		}
		clear(r.wrong)
		if d := r.days("f"); d < 0 && r.wrong["f"] == "" || d > 366*24*time.Hour {
			t.Fatalf("%q is %v", text, d)
		}
		clear(r.wrong)
		at := r.time("f")
		if back := (&reader{form: url.Values{"f": {at.Format(inputLayout)}}, zone: time.UTC, wrong: map[string]string{}}).time("f"); !at.IsZero() && !back.Equal(at.Truncate(time.Minute)) {
			t.Fatalf("%q is %v, and that %v", text, at, back)
		}
		for _, v := range r.list("f") {
			if v == "" || strings.ContainsAny(v, ", \n\t") {
				t.Fatalf("%q lists %q", text, v)
			}
		}
	})
}

func TestWords(t *testing.T) {
	for d, want := range map[time.Duration]string{7 * 24 * time.Hour: "7 days", 24 * time.Hour: "1 day", 36 * time.Hour: "36 hours", 90 * time.Minute: "90 minutes", time.Second: "1 second", 1500 * time.Millisecond: "1.5s"} {
		if got := span(d); got != want {
			t.Errorf("%d is %q, want %q", d, got, want)
		}
	}
	for n, want := range map[any]string{0: "0", 999: "999", 1000: "1\u202f000", int64(-1234567): "−1\u202f234\u202f567"} {
		if got := count(n); got != want {
			t.Errorf("%v is %q, want %q", n, got, want)
		}
	}
	for path, want := range map[string]string{"name": "Name", "variants[1].html": "Letter, version b", "variants[0].text": "The same as text, version a", "variants[9].html": "variants[9].html", "strange": "strange"} {
		if got := fieldName(path); got != want {
			t.Errorf("%s is called %q, want %q", path, got, want)
		}
	}
	if got := money(-123450, "GBP"); got != "−£1\u202f234.50" {
		t.Errorf("money is %q", got)
	}
}
