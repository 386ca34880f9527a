package smtp

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"shopkeeper/shared/mail"
)

// terminator ends a message; until its last byte is written the server does not have it.
const terminator = "\r\n.\r\n"

// conn is one connection, used by one goroutine at a time.
type conn struct {
	net.Conn
	s      *Sender
	in     *bufio.Reader
	out    []byte // of commands
	text   []byte // of the message
	offers map[string]string
	used   time.Time
	usable bool // for another message
}

func dial(ctx context.Context, s *Sender) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, s.o.Dial)
	defer cancel()
	var d net.Dialer
	raw, err := d.DialContext(ctx, "tcp", s.address)
	if err != nil {
		return nil, withoutAddress(err)
	}
	c := &conn{Conn: raw, s: s, usable: true}
	stop := context.AfterFunc(ctx, func() { _ = raw.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := c.greet(ctx); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// withoutAddress keeps what went wrong of an error of the net package.
func withoutAddress(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Err != nil {
		return op.Err
	}
	return err
}

// greet brings a connection to where it takes messages.
func (c *conn) greet(ctx context.Context) error {
	if c.s.o.TLS == Implicit {
		if err := c.secure(ctx); err != nil {
			return err
		}
	}
	c.in = bufio.NewReaderSize(c.Conn, 4<<10)
	if r, err := c.read(); err != nil || r.code != 220 {
		return cause(r, err)
	}
	if err := c.hello(); err != nil {
		return err
	}
	_, offered := c.offers["STARTTLS"]
	switch c.s.o.TLS {
	case Required, Opportunistic:
		if offered {
			if err := c.startTLS(ctx); err != nil {
				return err
			}
		} else if c.s.o.TLS == Required {
			return errors.New("the server does not offer STARTTLS")
		}
	case Implicit, Plain:
	}
	return c.login()
}

func (c *conn) startTLS(ctx context.Context) error {
	if r, err := c.ask("STARTTLS"); err != nil || r.code != 220 {
		return cause(r, err)
	}
	if c.in.Buffered() > 0 {
		return errors.New("the server spoke before TLS began") // somebody in between put words there
	}
	if err := c.secure(ctx); err != nil {
		return err
	}
	c.in.Reset(c.Conn)
	return c.hello()
}

func (c *conn) secure(ctx context.Context) error {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.s.o.Config != nil {
		config = c.s.o.Config.Clone()
	}
	if config.ServerName == "" {
		config.ServerName = c.s.host
	}
	secured := tls.Client(c.Conn, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		return fmt.Errorf("TLS: %w", err)
	}
	c.Conn = secured
	return nil
}

func (c *conn) hello() error {
	r, err := c.ask("EHLO " + c.s.o.Hello)
	if err == nil && r.code/100 == 5 {
		r, err = c.ask("HELO " + c.s.o.Hello)
	}
	if err != nil || r.code != 250 {
		return cause(r, err)
	}
	c.offers = map[string]string{}
	for _, line := range r.lines[1:] {
		name, value, _ := strings.Cut(line, " ")
		c.offers[strings.ToUpper(name)] = value
	}
	return nil
}

func (c *conn) login() error {
	if c.s.o.User == "" {
		return nil
	}
	if _, secured := c.Conn.(*tls.Conn); !secured && !loopback(c.s.host) {
		return errors.New("the server offers no TLS: the password is not sent")
	}
	mechanisms := " " + strings.ToUpper(c.offers["AUTH"]) + " "
	encode := base64.StdEncoding.EncodeToString
	var steps []string
	switch {
	case strings.Contains(mechanisms, " PLAIN "):
		steps = []string{"AUTH PLAIN " + encode([]byte("\x00"+c.s.o.User+"\x00"+c.s.o.Password))}
	case strings.Contains(mechanisms, " LOGIN "):
		steps = []string{"AUTH LOGIN", encode([]byte(c.s.o.User)), encode([]byte(c.s.o.Password))}
	default:
		return errors.New("the server offers neither AUTH PLAIN nor AUTH LOGIN")
	}
	for i, step := range steps {
		want := 334
		if i == len(steps)-1 {
			want = 235
		}
		if r, err := c.ask(step); err != nil || r.code != want {
			return cause(r, err)
		}
	}
	return nil
}

// deliver hands over c.text. dead says that the connection was found closed before anything was done.
func (c *conn) deliver(ctx context.Context, from, to string) (result mail.Result, dead bool) {
	c.usable = false
	_ = c.SetDeadline(time.Now().Add(c.s.o.Command))
	release := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	if result, dead, ok := c.envelope(ctx, from, to); !ok {
		release()
		return result, dead
	}
	if !release() {
		return ended(), false // the context ended: the connection is thrown away, the server drops what it has not seen the end of
	}
	return c.data(ctx), false
}

// data writes the message. From here on the end of the context shortens the wait for an answer, no more.
func (c *conn) data(ctx context.Context) mail.Result {
	_ = c.SetDeadline(time.Now().Add(c.s.o.Command))
	c.text = stuff(c.text)
	if n, err := c.Write(c.text); err != nil && n < len(c.text)-len(terminator) {
		return mail.Result{Outcome: mail.Deferred, Code: "broken", Detail: "the connection broke within the message"}
	} else if err != nil {
		return unknown("the connection broke at the end of the message")
	}
	_ = c.SetDeadline(time.Now().Add(c.s.o.Data))
	release := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Now().Add(c.s.o.Grace)) })
	r, err := c.read()
	undisturbed := release()
	if err != nil {
		return unknown("the connection broke before the message was answered")
	}
	c.usable = undisturbed && r.code != codeClosing
	if r.code/100 != 2 {
		return r.result(false)
	}
	return mail.Result{Outcome: mail.Accepted, ProviderID: r.queueID(), Code: r.status()}
}

func unknown(detail string) mail.Result {
	return mail.Result{Outcome: mail.Unknown, Code: "unanswered", Detail: detail}
}

// stuff appends the terminator and doubles dots at the beginnings of lines. Composed mail ends in CRLF.
func stuff(text []byte) []byte {
	text = bytes.TrimSuffix(text, []byte("\r\n"))
	if bytes.Contains(text, []byte("\n.")) || bytes.HasPrefix(text, []byte(".")) {
		doubled := bytes.ReplaceAll(text, []byte("\n."), []byte("\n.."))
		if doubled[0] == '.' {
			doubled = append([]byte{'.'}, doubled...)
		}
		text = doubled
	}
	return append(text, terminator...)
}

// close breaks the connection off.
func (c *conn) close() { _ = c.Close() }

// quit ends it as the protocol wants, without waiting for the answer.
func (c *conn) quit() {
	_ = c.SetDeadline(time.Now().Add(time.Second))
	_, _ = c.Write([]byte("QUIT\r\n"))
	c.close()
}
