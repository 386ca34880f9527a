// Package smtp hands mail to an SMTP server and says honestly what became of it.
//
// It speaks the protocol itself, because the one question that matters is hidden by every mail library: had the server seen the final dot when the connection broke? Before it the server
// surely does not have the message (Deferred), after it nobody knows (Unknown), and in between lies one system call. Replies decide the rest: 2yz to the dot is Accepted, 4yz
// Deferred, 5yz Refused; so are replies to MAIL and RCPT, which with PIPELINING travel in one packet with DATA.
//
// Connections are kept and used again. One that the server has closed meanwhile is noticed at the next message, which goes over a fresh one: nothing of it was handed over.
package smtp

import (
	"cmp"
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"sync"
	"time"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/mail"
	"shopkeeper/shared/mime"
)

// TLS says how a connection is secured. Certificates are always verified.
type TLS string

// The modes.
const (
	Opportunistic TLS = ""         // STARTTLS when the server offers it
	Required      TLS = "required" // STARTTLS, or no mail
	Implicit      TLS = "implicit" // from the first byte (port 465)
	Plain         TLS = "none"     // never: for a relay on this machine
)

// Defaults of Options.
const (
	DefaultConnections = 10
	DefaultDial        = 15 * time.Second
	DefaultCommand     = 30 * time.Second
	DefaultData        = 2 * time.Minute // for the answer to the final dot: servers scan then
	DefaultIdle        = 30 * time.Second
	DefaultGrace       = 5 * time.Second
)

// Options are a sender's settings. The zero Options are usable.
type Options struct {
	User, Password string
	TLS            TLS
	Hello          string        // our name in EHLO; default "localhost"
	Connections    int           // at most, side by side
	Dial           time.Duration // for connecting and greeting
	Command        time.Duration // for one command, and for writing one message
	Data           time.Duration // for the answer to a message
	Idle           time.Duration // a connection that was not used so long is not used again
	Grace          time.Duration // for the answer to a message that was handed over when the context ended
	Config         *tls.Config   // nil: the system's certificates
	Signer         *mime.Signer  // nil: mail is not signed here
	Mime           mime.Options
	Log            *slog.Logger // nil: slog.Default
}

// Sender sends over a pool of connections. Close it.
type Sender struct {
	host, address string
	o             Options
	now           func() time.Time
	slots         chan struct{} // one per connection that may be in use

	mu     sync.Mutex
	idle   []*conn // the latest used last
	closed bool
}

var _ mail.Sender = (*Sender)(nil)

// New makes a sender for the server at host:port; no connection is made yet. Invalid: an address or a mode that is none, or a password that would travel in the open.
func New(now func() time.Time, address string, opts *Options) (*Sender, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil || host == "" {
		return nil, fault.InvalidField("address", "must be host:port")
	}
	switch o.TLS {
	case Opportunistic, Required, Implicit, Plain:
	default:
		return nil, fault.InvalidField("tls", "must be empty, required, implicit or none")
	}
	if o.User != "" && o.TLS == Plain && !loopback(host) {
		return nil, fault.InvalidField("tls", "a password is not sent without TLS")
	}
	o.Hello, o.Connections, o.Log = cmp.Or(o.Hello, "localhost"), cmp.Or(o.Connections, DefaultConnections), cmp.Or(o.Log, slog.Default())
	o.Dial, o.Command, o.Data = cmp.Or(o.Dial, DefaultDial), cmp.Or(o.Command, DefaultCommand), cmp.Or(o.Data, DefaultData)
	o.Idle, o.Grace = cmp.Or(o.Idle, DefaultIdle), cmp.Or(o.Grace, DefaultGrace)
	return &Sender{host: host, address: address, o: o, now: now, slots: make(chan struct{}, o.Connections)}, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Batch is 1: the protocol has no more.
func (s *Sender) Batch() int { return 1 }

// Send sends the messages one after the other; call it from as many goroutines as there are connections.
func (s *Sender) Send(ctx context.Context, messages ...mail.Message) []mail.Result {
	results := make([]mail.Result, len(messages))
	for i, m := range messages {
		results[i] = s.send(ctx, m)
	}
	return results
}

func (s *Sender) send(ctx context.Context, m mail.Message) mail.Result {
	to, err := mime.Email(m.To.Email)
	if err != nil {
		return mail.Result{Outcome: mail.Refused, Code: "address", Detail: "the address is none that mail can be sent to", BadAddress: true}
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return ended()
	}
	for {
		c, fresh, err := s.connection(ctx)
		if err != nil {
			return unreachable(ctx, err)
		}
		if c.text, err = s.compose(c.text[:0], m); err != nil {
			s.keep(c)
			return mail.Result{Outcome: mail.Refused, Code: "message", Detail: err.Error()}
		}
		from, _ := mime.Email(m.From.Email) // compose has checked it
		result, dead := c.deliver(ctx, from, to)
		if !c.usable {
			c.close()
		} else {
			s.keep(c)
		}
		if dead && !fresh && ctx.Err() == nil {
			continue // the server had closed it; nothing was handed over
		}
		return result
	}
}

func (s *Sender) compose(dst []byte, m mail.Message) ([]byte, error) {
	dst, err := mime.Append(dst, m, s.now(), s.o.Mime)
	if err != nil || s.o.Signer == nil {
		return dst, err
	}
	return s.o.Signer.Sign(dst)
}

// connection takes an idle connection, the latest used, or makes one.
func (s *Sender) connection(ctx context.Context) (c *conn, fresh bool, err error) {
	if ctx.Err() != nil {
		return nil, false, ctx.Err()
	}
	oldest := time.Now().Add(-s.o.Idle)
	for {
		s.mu.Lock()
		n := len(s.idle)
		if n == 0 {
			s.mu.Unlock()
			break
		}
		c = s.idle[n-1]
		s.idle = s.idle[:n-1]
		s.mu.Unlock()
		if c.used.After(oldest) {
			return c, false, nil
		}
		c.close()
	}
	c, err = dial(ctx, s)
	return c, true, err
}

func (s *Sender) keep(c *conn) {
	c.used = time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		c.close()
		return
	}
	s.idle = append(s.idle, c)
}

// Close ends the idle connections; those in use end with their message.
func (s *Sender) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, c := range s.idle {
		c.quit()
	}
	s.idle = nil
	return nil
}

func ended() mail.Result {
	return mail.Result{Outcome: mail.Deferred, Code: "ended", Detail: "the sender was stopped before the message was handed over"}
}

// CodeConnect is the code of messages that were deferred because there was no connection to the server.
const CodeConnect = "connect"

func unreachable(ctx context.Context, err error) mail.Result {
	if ctx.Err() != nil {
		return ended()
	}
	if r, ok := err.(*reply); ok { //nolint:errorlint // made here, never wrapped
		return mail.Result{Outcome: mail.Deferred, Code: CodeConnect, Detail: "the server turned the connection away: " + r.Error()}
	}
	return mail.Result{Outcome: mail.Deferred, Code: CodeConnect, Detail: "there is no connection to the server: " + err.Error()}
}
