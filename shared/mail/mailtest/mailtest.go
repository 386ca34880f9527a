// Package mailtest is what every mail.Sender must do. An adapter's test calls Sender with a way to open a fresh sender and to see what its provider got.
package mailtest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shopkeeper/shared/mail"
)

// Setup is a fresh sender and its provider. What an engine cannot do is nil: a gap that can be seen.
type Setup struct {
	Sender mail.Sender
	// Received is what the provider has accepted and would deliver, in any order.
	Received func(t *testing.T) []Received
	// Refuse makes the provider refuse an address for good, as one that does not exist.
	Refuse func(email string)
	// Defer makes the provider turn away the next n messages or calls for now.
	Defer func(n int)
	// Vanish makes the provider take the next message or call and break the connection instead of answering.
	Vanish func()
	// Interrupt makes the provider break the connection before it has the whole of the next message or call.
	Interrupt func()
	// Down makes the provider unreachable.
	Down func()
}

// Received is a message as the provider has it. A provider that makes Message-IDs of its own leaves ID empty.
type Received struct {
	ID          string // left part of the Message-ID
	From, To    mail.Address
	ReplyTo     mail.Address
	Subject     string
	Text, HTML  string
	Unsubscribe string
	OneClick    bool
	Tags        mail.Tags
}

// Message is a good message to one of many.
func Message(n int) mail.Message {
	person := fmt.Sprintf("p_%04d", n)
	return mail.Message{
		ID: "spring-" + person + "-0", From: mail.Address{Name: "Tea & Co", Email: "shop@tea.example"}, To: mail.Address{Name: "Anna", Email: person + "@home.example"},
		Subject: "New teas", Text: "Hello Anna,\nnew teas for you.\n", HTML: "<p>Hello <b>Anna</b></p>\n", Unsubscribe: "https://tea.example/p/unsubscribe/" + person,
		Tags: mail.Tags{Shop: "tea", Campaign: "spring", Person: person, Step: "0"},
	}
}

func want(m mail.Message) Received {
	r := Received{ID: m.ID, From: m.From, To: m.To, ReplyTo: m.ReplyTo, Subject: m.Subject, Text: m.Text, HTML: m.HTML, Unsubscribe: m.Unsubscribe, OneClick: m.Unsubscribe != "", Tags: m.Tags}
	return r
}

// Sender runs the suite.
func Sender(t *testing.T, open func(t *testing.T) Setup) {
	for name, run := range cases {
		t.Run(name, func(t *testing.T) { run(t, open(t)) })
	}
}

var cases = map[string]func(*testing.T, Setup){
	"a message arrives whole":                        whole,
	"other scripts and long lines arrive":            scripts,
	"a text alone arrives":                           textAlone,
	"nothing is sent for no messages":                none,
	"a full batch has a result for each":             fullBatch,
	"a header cannot be put into a message":          injection,
	"an address that is none is refused":             badAddress,
	"a message that is none is refused":              badMessage,
	"what the provider refuses is refused":           refused,
	"a provider that is busy defers":                 deferred,
	"an answer that does not come is unknown":        vanished,
	"a connection that breaks before the end defers": interrupted,
	"a provider that is away defers":                 down,
	"after the end nothing is begun":                 ended,
	"many at once arrive once each":                  many,
}

// send sends one batch and checks that there is a result for each.
func send(ctx context.Context, t *testing.T, s Setup, messages ...mail.Message) []mail.Result {
	t.Helper()
	results := s.Sender.Send(ctx, messages...)
	if len(results) != len(messages) {
		t.Fatalf("%d results for %d messages", len(results), len(messages))
	}
	for i, r := range results {
		if strings.Contains(r.Detail, "@") || messages[i].To.Email != "" && strings.Contains(r.Detail, messages[i].To.Email) {
			t.Errorf("the detail has an address: %q", r.Detail)
		}
		if r.Outcome != mail.Accepted && (r.Code == "" || r.Detail == "") {
			t.Errorf("result %+v does not say why", r)
		}
		if r.BadAddress && r.Outcome != mail.Refused || r.RetryAfter != 0 && r.Outcome != mail.Deferred {
			t.Errorf("result %+v contradicts itself", r)
		}
	}
	return results
}

func (s Setup) check(t *testing.T, messages ...mail.Message) {
	t.Helper()
	var all []Received
	for _, m := range messages {
		all = append(all, want(m))
	}
	got := s.Received(t)
	for i := range got {
		for _, m := range messages {
			if got[i].ID == "" && got[i].Tags.Person == m.Tags.Person {
				got[i].ID = m.ID
			}
		}
	}
	byID := cmpopts.SortSlices(func(a, b Received) bool { return a.ID < b.ID })
	if diff := cmp.Diff(all, got, byID, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("received (-want +got):\n%s", diff)
	}
}

func outcome(t *testing.T, r mail.Result, want mail.Outcome) {
	t.Helper()
	if r.Outcome != want {
		t.Errorf("outcome %d (%s %s), want %d", r.Outcome, r.Code, r.Detail, want)
	}
}

func whole(t *testing.T, s Setup) {
	m := Message(1)
	m.ReplyTo = mail.Address{Name: "Help", Email: "help@tea.example"}
	outcome(t, send(t.Context(), t, s, m)[0], mail.Accepted)
	s.check(t, m)
}

func scripts(t *testing.T, s Setup) {
	m := Message(1)
	m.From.Name, m.To.Name = "茶店", `Анна "Аня" Ёлкина`
	m.Subject = "Чай для Вас ☕: " + strings.Repeat("свежий ", 40) + "!"
	m.Text = ".\n..\nFrom здесь\n" + strings.Repeat("строка без конца ", 300) + "\n.\n"
	m.HTML = "<p>{{not a template}} {{{nor this}}} \\ \" € 😀</p>\n.\n"
	outcome(t, send(t.Context(), t, s, m)[0], mail.Accepted)
	s.check(t, m)
}

func textAlone(t *testing.T, s Setup) {
	m := Message(1)
	m.HTML, m.Unsubscribe, m.Tags.Campaign, m.Tags.Step = "", "", "", ""
	outcome(t, send(t.Context(), t, s, m)[0], mail.Accepted)
	s.check(t, m)
}

func none(t *testing.T, s Setup) {
	send(t.Context(), t, s)
	s.check(t)
}

func fullBatch(t *testing.T, s Setup) {
	var list []mail.Message
	for n := range s.Sender.Batch() {
		list = append(list, Message(n))
	}
	for _, r := range send(t.Context(), t, s, list...) {
		outcome(t, r, mail.Accepted)
	}
	s.check(t, list...)
}

func injection(t *testing.T, s Setup) {
	m := Message(1)
	m.Subject, m.To.Name = "Hi\r\nBcc: all@tea.example", "Anna\r\nX: y"
	outcome(t, send(t.Context(), t, s, m)[0], mail.Accepted)
	m.Subject, m.To.Name = "Hi  Bcc: all@tea.example", "Anna  X: y"
	s.check(t, m)
}

func badAddress(t *testing.T, s Setup) {
	for _, email := range []string{"", "anna", "anna@", "a b@home.example", "anna@home.example\r\nRCPT TO:<b@home.example>", "anna@home.example, b@home.example"} {
		m := Message(1)
		m.To.Email = email
		r := send(t.Context(), t, s, m)[0]
		outcome(t, r, mail.Refused)
		if !r.BadAddress {
			t.Errorf("%q is no bad address", email)
		}
	}
	s.check(t)
}

func badMessage(t *testing.T, s Setup) {
	m := Message(1)
	m.Text = ""
	r := send(t.Context(), t, s, m)[0]
	outcome(t, r, mail.Refused)
	if r.BadAddress {
		t.Error("the address is blamed for the message")
	}
	s.check(t)
}

func refused(t *testing.T, s Setup) {
	if s.Refuse == nil {
		t.Skip("the engine refuses nobody")
	}
	bad, good := Message(1), Message(2)
	s.Refuse(bad.To.Email)
	for range 2 {
		outcome(t, send(t.Context(), t, s, bad)[0], mail.Refused)
	}
	outcome(t, send(t.Context(), t, s, good)[0], mail.Accepted) // over the same connection
	s.check(t, good)
}

func deferred(t *testing.T, s Setup) {
	if s.Defer == nil {
		t.Skip("the engine is never busy")
	}
	s.Defer(1)
	m := Message(1)
	outcome(t, send(t.Context(), t, s, m)[0], mail.Deferred)
	s.check(t)
	outcome(t, send(t.Context(), t, s, m)[0], mail.Accepted)
	s.check(t, m)
}

func vanished(t *testing.T, s Setup) {
	if s.Vanish == nil {
		t.Skip("the engine always answers")
	}
	first, lost, last := Message(1), Message(2), Message(3)
	outcome(t, send(t.Context(), t, s, first)[0], mail.Accepted)
	s.Vanish()
	outcome(t, send(t.Context(), t, s, lost)[0], mail.Unknown)
	outcome(t, send(t.Context(), t, s, last)[0], mail.Accepted)
	s.check(t, first, lost, last)
}

func interrupted(t *testing.T, s Setup) {
	if s.Interrupt == nil {
		t.Skip("the engine has no connection")
	}
	first, cut := Message(1), Message(2)
	outcome(t, send(t.Context(), t, s, first)[0], mail.Accepted)
	s.Interrupt()
	if r := send(t.Context(), t, s, cut)[0]; r.Outcome != mail.Deferred {
		outcome(t, r, mail.Accepted) // over a fresh connection, when the old one had only begun
	} else {
		outcome(t, send(t.Context(), t, s, cut)[0], mail.Accepted)
	}
	s.check(t, first, cut)
}

func down(t *testing.T, s Setup) {
	if s.Down == nil {
		t.Skip("the engine is never away")
	}
	s.Down()
	outcome(t, send(t.Context(), t, s, Message(1))[0], mail.Deferred)
	s.check(t)
}

func ended(t *testing.T, s Setup) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, r := range send(ctx, t, s, Message(1)) {
		outcome(t, r, mail.Deferred)
	}
	s.check(t)
}

func many(t *testing.T, s Setup) {
	const senders, each = 8, 12
	var all []mail.Message
	var running sync.WaitGroup
	results := make([][]mail.Result, senders)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for i := range senders {
		var own []mail.Message
		for n := range each {
			own = append(own, Message(i*each+n))
		}
		all = append(all, own...)
		running.Go(func() {
			for len(own) > 0 {
				n := min(s.Sender.Batch(), len(own))
				results[i] = append(results[i], s.Sender.Send(ctx, own[:n]...)...)
				own = own[n:]
			}
		})
	}
	running.Wait()
	for _, list := range results {
		for _, r := range list {
			outcome(t, r, mail.Accepted)
		}
	}
	s.check(t, all...)
}
