// Package smtptest is an SMTP server for tests: it keeps what it accepts, and does to a message or a connection what the test wants.
package smtptest

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// ErrDrop breaks the connection instead of answering.
var ErrDrop = errors.New("the connection is dropped")

// Busy and NoSuchUser are answers of a server.
var (
	Busy       = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "try again later"}
	NoSuchUser = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user here"}
)

// Options are what the server does. Its functions are called from many goroutines; nil ones accept.
type Options struct {
	Rcpt           func(to string) error             // before the message
	Data           func(to string, eml []byte) error // the whole message is there; what is not nil is not kept
	After          func(to string, eml []byte) error // the message is kept; an error is the answer all the same
	TLS            *tls.Config                       // offers STARTTLS
	User, Password string                            // wants a login
	Login          bool                              // offers AUTH LOGIN alone
}

// Mail is one message that was kept.
type Mail struct {
	From, To string
	Text     []byte
}

// Server is a running server.
type Server struct {
	Addr string

	o     Options
	smtp  *smtp.Server
	in    net.Listener
	mu    sync.Mutex
	mails []Mail
	conns int
}

// Start starts one that ends with the test.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Addr: listener.Addr().String(), o: o, in: listener}
	s.smtp = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		s.mu.Lock()
		s.conns++
		s.mu.Unlock()
		return s.session(c), nil
	}))
	s.smtp.Domain, s.smtp.TLSConfig, s.smtp.AllowInsecureAuth = "mail.test", o.TLS, true
	s.smtp.ReadTimeout, s.smtp.WriteTimeout = time.Minute, time.Minute
	s.smtp.ErrorLog = silent{}
	go func() { _ = s.smtp.Serve(listener) }() // ends with Close
	t.Cleanup(s.Stop)
	return s
}

type silent struct{}

func (silent) Printf(string, ...any) {}
func (silent) Println(...any)        {}

// Stop ends the server and its connections.
func (s *Server) Stop() {
	_ = s.in.Close() // the server may not have begun to listen
	_ = s.smtp.Close()
}

// Mails are the messages that were kept, in their order.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mail(nil), s.mails...)
}

// Connections is how many there ever were.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns
}

func (s *Server) session(c *smtp.Conn) smtp.Session {
	x := &session{s: s, c: c}
	if s.o.User == "" {
		return x
	}
	return &guarded{x}
}

type session struct {
	s        *Server
	c        *smtp.Conn
	from, to string
}

func (x *session) Reset()        { x.from, x.to = "", "" }
func (x *session) Logout() error { return nil }

func (x *session) Mail(from string, _ *smtp.MailOptions) error {
	x.from = from
	return nil
}

func (x *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	x.to = to
	if x.s.o.Rcpt == nil {
		return nil
	}
	return x.answer(x.s.o.Rcpt(to))
}

func (x *session) Data(r io.Reader) error {
	eml, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if x.s.o.Data != nil {
		if err := x.s.o.Data(x.to, eml); err != nil {
			return x.answer(err)
		}
	}
	x.s.mu.Lock()
	x.s.mails = append(x.s.mails, Mail{x.from, x.to, eml})
	x.s.mu.Unlock()
	if x.s.o.After == nil {
		return nil
	}
	return x.answer(x.s.o.After(x.to, eml))
}

func (x *session) answer(err error) error {
	if errors.Is(err, ErrDrop) {
		_ = x.c.Conn().Close() // that is the point
	}
	return err
}

// guarded is a session that wants a login.
type guarded struct{ *session }

func (g *guarded) AuthMechanisms() []string {
	if g.s.o.Login {
		return []string{sasl.Login}
	}
	return []string{sasl.Plain}
}

func (g *guarded) Auth(mechanism string) (sasl.Server, error) {
	check := func(user, password string) error {
		if user != g.s.o.User || password != g.s.o.Password {
			return smtp.ErrAuthFailed
		}
		return nil
	}
	if mechanism == sasl.Login {
		return &loginServer{check: check}, nil
	}
	return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
}

// loginServer is the server's side of AUTH LOGIN.
type loginServer struct {
	check func(user, password string) error
	said  []string
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	if response != nil {
		l.said = append(l.said, string(response))
	}
	switch len(l.said) {
	case 0:
		return []byte("Username:"), false, nil
	case 1:
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.said[0], l.said[1])
}
