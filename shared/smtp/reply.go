package smtp

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"shopkeeper/shared/mail"
)

const (
	codeClosing     = 421 // the server ends the connection
	codeLogin       = 530 // it wants a login: a setting is wrong, not the message
	codeCredentials = 535
	maxLines        = 100 // of one reply
	maxDetail       = 200
)

// reply is what the server says to a command.
type reply struct {
	code  int
	lines []string // without the code
}

// cause is why a reply is not the one that was awaited.
func cause(r *reply, err error) error {
	if err != nil {
		return err
	}
	return r
}

// Error is the reply without anything that looks like an address.
func (r *reply) Error() string { return strconv.Itoa(r.code) + " " + r.detail() }

// read reads one reply of any number of lines.
func (c *conn) read() (*reply, error) {
	r := &reply{}
	for range maxLines {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		text := strings.TrimRight(string(line), "\r\n")
		if len(text) < 3 {
			return nil, fmt.Errorf("the server's reply %q is none", text)
		}
		code, err := strconv.Atoi(text[:3])
		if err != nil || code < 200 || code > 599 || r.code != 0 && code != r.code {
			return nil, fmt.Errorf("the server's reply begins with %q", text[:3])
		}
		r.code = code
		if len(text) == 3 {
			r.lines = append(r.lines, "")
			return r, nil
		}
		r.lines = append(r.lines, text[4:])
		if text[3] != '-' {
			return r, nil
		}
	}
	return nil, errors.New("the server's reply has no end")
}

func (c *conn) ask(command string) (*reply, error) {
	c.out = append(append(c.out[:0], command...), "\r\n"...)
	if _, err := c.Write(c.out); err != nil {
		return nil, err
	}
	return c.read()
}

// envelope says whom the message is from and to and asks to hand it over, in one packet where the server takes that. ok: the server awaits the message.
func (c *conn) envelope(ctx context.Context, from, to string) (result mail.Result, dead, ok bool) {
	commands := [...]string{"MAIL FROM:<" + from + ">", "RCPT TO:<" + to + ">", "DATA"}
	_, pipelining := c.offers["PIPELINING"]
	var refused *mail.Result
	if pipelining {
		c.out = c.out[:0]
		for _, command := range commands {
			c.out = append(append(c.out, command...), "\r\n"...)
		}
		if _, err := c.Write(c.out); err != nil {
			return c.lost(ctx), true, false
		}
	}
	for i, command := range commands {
		var r *reply
		var err error
		if pipelining {
			r, err = c.read()
		} else {
			r, err = c.ask(command)
		}
		switch {
		case err != nil && refused != nil:
			return *refused, false, false
		case err != nil:
			return c.lost(ctx), i == 0, false
		case r.code == codeClosing && i == 0:
			return r.result(false), true, false
		case i < 2 && r.code/100 == 2, refused != nil && r.code != 354:
		case i == 2 && r.code == 354 && refused == nil:
			return mail.Result{}, false, true
		case i == 2 && r.code == 354: // the server awaits a message for nobody: RFC 2920 says to end it at once; a new connection is surer
			return *refused, false, false
		default:
			x := r.result(i == 1)
			refused = &x
			if !pipelining {
				c.reset()
				return x, false, false
			}
		}
	}
	c.reset()
	return *refused, false, false
}

// reset forgets a message that was begun, so that the connection can be used again.
func (c *conn) reset() {
	r, err := c.ask("RSET")
	c.usable = err == nil && r.code/100 == 2
}

func (c *conn) lost(ctx context.Context) mail.Result {
	if ctx.Err() != nil {
		return ended()
	}
	return mail.Result{Outcome: mail.Deferred, Code: CodeConnect, Detail: "the connection broke before the message"}
}

// result is a refusal for now or for good.
func (r *reply) result(recipient bool) mail.Result {
	x := mail.Result{Outcome: mail.Deferred, Code: r.status(), Detail: r.Error()}
	if r.code/100 == 5 && r.code != codeLogin && r.code != codeCredentials {
		x.Outcome = mail.Refused
		x.BadAddress = recipient && r.badAddress()
	}
	return x
}

// badAddress says whether the address is at fault (RFC 3463: 5.1.1 no such mailbox, 5.1.2 no such domain, 5.1.3 not an address, 5.1.6 moved, 5.1.10 no mail there, 5.2.1 disabled): a server
// without such codes says 550 or 553 for that, and for policy too, which is the message's fault.
func (r *reply) badAddress() bool {
	switch r.enhanced() {
	case "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1":
		return true
	case "":
		return r.code == 550 || r.code == 551 || r.code == 553
	}
	return false
}

// status is the code that is kept: the enhanced one beside the reply's where there is one.
func (r *reply) status() string {
	if e := r.enhanced(); e != "" {
		return strconv.Itoa(r.code) + " " + e
	}
	return strconv.Itoa(r.code)
}

// enhanced is the status code of RFC 3463 at the beginning of the reply; "" when there is none.
func (r *reply) enhanced() string {
	first, _, _ := strings.Cut(r.lines[len(r.lines)-1], " ")
	parts := strings.Split(first, ".")
	if len(parts) != 3 || len(parts[0]) != 1 {
		return ""
	}
	for _, p := range parts {
		if n, err := strconv.Atoi(p); err != nil || n < 0 || n > 999 {
			return ""
		}
	}
	return first
}

// queueID is how many servers name an accepted message: "2.0.0 Ok: queued as 4F2A".
func (r *reply) queueID() string {
	_, id, _ := strings.Cut(r.lines[0], "queued as ")
	id, _, _ = strings.Cut(id, " ")
	if len(id) > 64 || strings.ContainsAny(id, "@<>") {
		return ""
	}
	return id
}

// detail is the server's text without words that may be an address.
func (r *reply) detail() string {
	var words []string
	for word := range strings.FieldsSeq(r.lines[len(r.lines)-1]) {
		if strings.ContainsAny(word, "@<>") {
			word = "…"
		}
		words = append(words, word)
	}
	s := strings.ToValidUTF8(strings.Join(words, " "), "")
	if len(s) > maxDetail {
		s = strings.ToValidUTF8(s[:maxDetail], "")
	}
	return s
}
