package outbox_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/mail"
	"shopkeeper/shared/mail/mailtest"
	"shopkeeper/shared/mime"
	"shopkeeper/shared/outbox"
	"shopkeeper/shared/privacy"
)

func open(t testing.TB, dir string) *outbox.Outbox {
	t.Helper()
	b, err := outbox.Open(clock(), dir, mime.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// clock goes on by a second with each look.
func clock() func() time.Time {
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	return func() time.Time {
		at = at.Add(time.Second)
		return at
	}
}

func TestSender(t *testing.T) {
	mailtest.Sender(t, func(t *testing.T) mailtest.Setup {
		dir := t.TempDir()
		b, err := outbox.Open(time.Now, dir, mime.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return mailtest.Setup{Sender: b, Received: func(t *testing.T) []mailtest.Received {
			list, err := b.List(t.Context(), "", 1000, nil)
			if err != nil {
				t.Fatal(err)
			}
			var all []mailtest.Received
			for _, e := range list {
				text, err := b.Read(t.Context(), e.ID)
				if err != nil {
					t.Fatal(err)
				}
				r, err := mailtest.Parse(text)
				if err != nil || r.Subject != e.Subject || r.To != e.To || r.Tags != e.Tags {
					t.Fatalf("%+v is listed as %+v, %v", r, e, err)
				}
				all = append(all, r)
			}
			return all
		}, Down: func() {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		}}
	})
}

func send(t *testing.T, b *outbox.Outbox, n int) {
	t.Helper()
	if r := b.Send(t.Context(), mailtest.Message(n))[0]; r.Outcome != mail.Accepted {
		t.Fatalf("%+v", r)
	}
}

func ids(t *testing.T, b *outbox.Outbox, before string, limit int) []string {
	t.Helper()
	list, err := b.List(t.Context(), before, limit, nil)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.ID)
	}
	return names
}

func TestTheSameMessageIsKeptOnce(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir)
	send(t, b, 1)
	send(t, b, 1)
	for name, age := range map[string]time.Duration{".new-1": 2 * time.Hour, ".new-2": 0} { // one by a process that was killed, one that another is writing
		if err := os.WriteFile(filepath.Join(dir, name), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(filepath.Join(dir, name), time.Time{}, time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	b = open(t, dir)
	send(t, b, 1)
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 2 || files[0].Name() != ".new-2" {
		t.Errorf("%v, %v", files, err)
	}
}

func TestPages(t *testing.T) {
	b := open(t, t.TempDir())
	for n := range 5 {
		send(t, b, n)
	}
	id := func(n int) string { return mailtest.Message(n).ID }
	if diff := cmp.Diff([]string{id(4), id(3)}, ids(t, b, "", 2)); diff != "" {
		t.Errorf("first page (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{id(2), id(1), id(0)}, ids(t, b, id(3), 10)); diff != "" {
		t.Errorf("second page (-want +got):\n%s", diff)
	}
	if err := b.Delete(t.Context(), id(2)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{id(4), id(3), id(1), id(0)}, ids(t, b, "", 10)); diff != "" {
		t.Errorf("after a deletion (-want +got):\n%s", diff)
	}
	for _, name := range []string{id(2), "../outbox_test.go", ""} {
		if _, err := b.Read(t.Context(), name); !fault.Is(err, fault.NotFound) {
			t.Errorf("read %q: %v", name, err)
		}
		if err := b.Delete(t.Context(), name); !fault.Is(err, fault.NotFound) {
			t.Errorf("delete %q: %v", name, err)
		}
	}
}

func TestErase(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir)
	for n := range 4 {
		send(t, b, n)
	}
	m := mailtest.Message(2)
	m.ID, m.Tags = "confirmation-1", mail.Tags{} // mail that belongs to no campaign
	if r := b.Send(t.Context(), m)[0]; r.Outcome != mail.Accepted {
		t.Fatalf("%+v", r)
	}
	s := privacy.Subject{Person: event.PersonID(mailtest.Message(2).Tags.Person), Emails: []string{strings.ToUpper(m.To.Email)}}
	for _, step := range []struct {
		shop event.ShopID
		want int
	}{{"mugs", 1}, {"tea", 1}} { // the confirmation names no shop: it goes with either
		if found, err := b.Erase(t.Context(), step.shop, s); err != nil || found != step.want {
			t.Errorf("found %d for %s, %v; want %d", found, step.shop, err, step.want)
		}
	}
	if found, err := b.Erase(t.Context(), "tea", s); found != 0 || err != nil {
		t.Errorf("again: found %d, %v", found, err)
	}
	if got := ids(t, b, "", 10); len(got) != 3 {
		t.Errorf("left: %v", got)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 3 {
		t.Errorf("%d files are left, %v", len(files), err)
	}
}
