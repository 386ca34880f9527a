package smtp_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/mail"
	"shopkeeper/shared/mail/mailtest"
	"shopkeeper/shared/mime"
	"shopkeeper/shared/smtp"
	"shopkeeper/shared/smtp/smtptest"
)

func open(t testing.TB, address string, o smtp.Options) *smtp.Sender {
	t.Helper()
	o.Log = slog.New(slog.DiscardHandler)
	s, err := smtp.New(time.Now, address, &o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestSender(t *testing.T) {
	mailtest.Sender(t, func(t *testing.T) mailtest.Setup {
		var busy, vanish, interrupt atomic.Int64
		var refused atomic.Value
		took := func(n *atomic.Int64) bool { return n.Load() > 0 && n.Add(-1) >= 0 }
		server := smtptest.Start(t, smtptest.Options{
			Rcpt: func(to string) error {
				switch {
				case to == refused.Load():
					return smtptest.NoSuchUser
				case took(&interrupt):
					return smtptest.ErrDrop
				}
				return nil
			},
			Data: func(string, []byte) error {
				if took(&busy) {
					return smtptest.Busy
				}
				return nil
			},
			After: func(string, []byte) error {
				if took(&vanish) {
					return smtptest.ErrDrop
				}
				return nil
			},
		})
		return mailtest.Setup{
			Sender: open(t, server.Addr, smtp.Options{Connections: 4}),
			Received: func(t *testing.T) []mailtest.Received {
				var list []mailtest.Received
				for _, m := range server.Mails() {
					r, err := mailtest.Parse(m.Text)
					if err != nil {
						t.Fatalf("%v\n%s", err, m.Text)
					}
					if r.To.Email != m.To {
						t.Errorf("a message to %s was handed over for %s", r.To.Email, m.To)
					}
					list = append(list, r)
				}
				return list
			},
			Refuse:    func(email string) { refused.Store(email) },
			Defer:     func(n int) { busy.Store(int64(n)) },
			Vanish:    func() { vanish.Store(1) },
			Interrupt: func() { interrupt.Store(1) },
			Down:      server.Stop,
		}
	})
}

// TestConversation plays a server's part word by word: what the client says at which moment, and what it makes of the end.
func TestConversation(t *testing.T) {
	const hello = "> 220 mail.test\n< EHLO localhost\n> 250-mail.test\n> 250 8BITMIME\n"
	const piped = "> 220 mail.test\n< EHLO localhost\n> 250-mail.test\n> 250 PIPELINING\n"
	const envelope = "< MAIL FROM:<shop@tea.example>\n> 250 ok\n< RCPT TO:<p_0001@home.example>\n> 250 ok\n< DATA\n> 354 go on\n"
	const together = "< MAIL FROM:<shop@tea.example>\n< RCPT TO:<p_0001@home.example>\n< DATA\n"
	tests := map[string]struct {
		script  string
		options smtp.Options
		want    mail.Outcome
		code    string
		bad     bool
	}{
		"accepted":                              {script: hello + envelope + "< message\n> 250 2.0.0 Ok: queued as 4F2A\n", want: mail.Accepted, code: "250 2.0.0"},
		"accepted, in one packet":               {script: piped + together + "> 250 ok\n> 250 ok\n> 354 go on\n< message\n> 250 ok\n", want: mail.Accepted, code: "250"},
		"a server of the old days":              {script: "> 220 mail.test\n< EHLO localhost\n> 500 what\n< HELO localhost\n> 250 mail.test\n" + envelope + "< message\n> 250 ok\n", want: mail.Accepted, code: "250"},
		"turned away at the door":               {script: "> 554 5.7.1 go away\n", want: mail.Deferred, code: "connect"},
		"too many connections":                  {script: "> 421 4.7.0 too many\n", want: mail.Deferred, code: "connect"},
		"closed at the door":                    {script: "", want: mail.Deferred, code: "connect"},
		"not SMTP at all":                       {script: "> SSH-2.0-x\n", want: mail.Deferred, code: "connect"},
		"no TLS where it is required":           {script: hello, options: smtp.Options{TLS: smtp.Required}, want: mail.Deferred, code: "connect"},
		"a login is wanted":                     {script: hello + "< MAIL FROM:<shop@tea.example>\n> 530 5.7.0 authenticate\n< RSET\n> 250 ok\n", want: mail.Deferred, code: "530 5.7.0"},
		"the sender is refused":                 {script: hello + "< MAIL FROM:<shop@tea.example>\n> 550 5.7.1 not you\n< RSET\n> 250 ok\n", want: mail.Refused, code: "550 5.7.1"},
		"greylisted":                            {script: hello + "< MAIL FROM:<shop@tea.example>\n> 250 ok\n< RCPT TO:<p_0001@home.example>\n> 450 4.2.0 later\n< RSET\n> 250 ok\n", want: mail.Deferred, code: "450 4.2.0"},
		"no such user, in one packet":           {script: piped + together + "> 250 ok\n> 550 5.1.1 <p_0001@home.example> unknown\n> 503 no recipients\n< RSET\n> 250 ok\n", want: mail.Refused, code: "550 5.1.1", bad: true},
		"no such user, and goes on":             {script: piped + together + "> 250 ok\n> 550 5.1.1 unknown\n> 354 go on\n", want: mail.Refused, code: "550 5.1.1", bad: true},
		"a server without enhanced codes":       {script: piped + together + "> 250 ok\n> 550 unknown user\n> 503 no recipients\n< RSET\n> 250 ok\n", want: mail.Refused, code: "550", bad: true},
		"the message is refused":                {script: hello + envelope + "< message\n> 554 5.7.1 spam\n", want: mail.Refused, code: "554 5.7.1"},
		"the message is deferred":               {script: hello + envelope + "< message\n> 451 4.3.0 later\n", want: mail.Deferred, code: "451 4.3.0"},
		"deferred and closed":                   {script: hello + envelope + "< message\n> 421 4.3.2 shutting down\n", want: mail.Deferred, code: "421 4.3.2"},
		"closed after MAIL":                     {script: hello + "< MAIL FROM:<shop@tea.example>\n> 250 ok\n< RCPT TO:<p_0001@home.example>\n", want: mail.Deferred, code: "connect"},
		"closed after the message":              {script: hello + envelope + "< message\n", want: mail.Unknown, code: "unanswered"},
		"an answer to the message that is none": {script: hello + envelope + "< message\n> hello\n", want: mail.Unknown, code: "unanswered"},
		"half an answer to the message":         {script: hello + envelope + "< message\n> 250-ok\n", want: mail.Unknown, code: "unanswered"},
		"an answer without end":                 {script: hello + envelope + "< message\n" + strings.Repeat("> 250-ok\n", 101), want: mail.Unknown, code: "unanswered"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			address, done := play(t, tt.script)
			tt.options.Command, tt.options.Dial = 10*time.Second, 10*time.Second
			r := open(t, address, tt.options).Send(t.Context(), mailtest.Message(1))[0]
			if r.Outcome != tt.want || r.Code != tt.code || r.BadAddress != tt.bad || strings.Contains(r.Detail, "@") {
				t.Errorf("result %+v, want outcome %d, code %q, bad address %v", r, tt.want, tt.code, tt.bad)
			}
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
}

// play is a server that follows a script on one connection and then closes it: "> " says a line, "< " awaits one, "< message" awaits a message to its end.
func play(t *testing.T, script string) (address string, done <-chan error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	failed := make(chan error, 1)
	go func() {
		failed <- func() error {
			c, err := listener.Accept()
			if err != nil {
				return err
			}
			defer c.Close()
			in := bufio.NewReader(c)
			for line := range strings.Lines(script) {
				line = strings.TrimSuffix(line, "\n")
				switch said, says := strings.CutPrefix(line, "> "); {
				case says:
					if _, err := c.Write([]byte(said + "\r\n")); err != nil {
						return err
					}
				case line == "< message":
					for got := ""; got != ".\r\n"; {
						if got, err = in.ReadString('\n'); err != nil {
							return fmt.Errorf("within the message: %w", err)
						}
					}
				default:
					got, err := in.ReadString('\n')
					if err != nil || "< "+strings.TrimSuffix(got, "\r\n") != line {
						return fmt.Errorf("got %q, want %q: %w", got, line, err)
					}
				}
			}
			return nil
		}()
	}()
	return listener.Addr().String(), failed
}

func TestConnectionsAreKept(t *testing.T) {
	server := smtptest.Start(t, smtptest.Options{Rcpt: func(to string) error {
		if to == mailtest.Message(1).To.Email {
			return smtptest.NoSuchUser
		}
		return nil
	}})
	s := open(t, server.Addr, smtp.Options{})
	for n := range 20 {
		s.Send(t.Context(), mailtest.Message(n))
	}
	if got := server.Connections(); got != 1 || len(server.Mails()) != 19 {
		t.Errorf("%d connections, %d mails", got, len(server.Mails()))
	}
}

func TestConnectionThatTheServerClosed(t *testing.T) {
	server := smtptest.Start(t, smtptest.Options{})
	s := open(t, closing(t, server.Addr), smtp.Options{})
	for n := range 3 {
		if r := s.Send(t.Context(), mailtest.Message(n))[0]; r.Outcome != mail.Accepted {
			t.Errorf("message %d: %+v", n, r)
		}
	}
	if len(server.Mails()) != 3 {
		t.Errorf("%d mails", len(server.Mails()))
	}
}

// closing is a relay that closes a connection as soon as it has passed on the answer to a message.
func closing(t *testing.T, to string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", to)
			if err != nil {
				c.Close()
				return
			}
			go func() {
				buf := make([]byte, 4096)
				for {
					n, err := c.Read(buf)
					if err != nil {
						server.Close()
						return
					}
					_, _ = server.Write(buf[:n])
				}
			}()
			go func() {
				buf := make([]byte, 4096)
				for {
					n, err := server.Read(buf)
					_, _ = c.Write(buf[:n])
					if err != nil || bytes.Contains(buf[:n], []byte("queued")) {
						c.Close()
						server.Close()
						return
					}
				}
			}()
		}
	}()
	return listener.Addr().String()
}

func TestEndOfContextWithinTheAnswer(t *testing.T) {
	release := make(chan struct{})
	got := make(chan struct{})
	server := smtptest.Start(t, smtptest.Options{After: func(string, []byte) error {
		close(got)
		<-release
		return nil
	}})
	for _, tt := range []struct {
		name  string
		grace time.Duration
		want  mail.Outcome
	}{{"the answer comes within the grace", time.Minute, mail.Accepted}} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				<-got
				cancel()
				close(release)
			}()
			if r := open(t, server.Addr, smtp.Options{Grace: tt.grace}).Send(ctx, mailtest.Message(1))[0]; r.Outcome != tt.want {
				t.Errorf("%+v", r)
			}
		})
	}
	t.Run("no answer within the grace", func(t *testing.T) {
		address, _ := play(t, "> 220 x\n< EHLO localhost\n> 250 x\n< MAIL FROM:<shop@tea.example>\n> 250 ok\n< RCPT TO:<p_0001@home.example>\n> 250 ok\n< DATA\n> 354 go on\n< message\n< never\n")
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		if r := open(t, address, smtp.Options{Grace: time.Millisecond}).Send(ctx, mailtest.Message(1))[0]; r.Outcome != mail.Unknown {
			t.Errorf("%+v", r)
		}
	})
}

func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestTLSAndLogin(t *testing.T) {
	own, pool := certificate(t)
	server := &tls.Config{Certificates: []tls.Certificate{own}}
	trusts, distrusts := &tls.Config{RootCAs: pool}, &tls.Config{RootCAs: x509.NewCertPool()}
	tests := map[string]struct {
		server smtptest.Options
		client smtp.Options
		want   mail.Outcome
	}{
		"STARTTLS where it is offered":     {smtptest.Options{TLS: server}, smtp.Options{Config: trusts}, mail.Accepted},
		"STARTTLS as required":             {smtptest.Options{TLS: server}, smtp.Options{Config: trusts, TLS: smtp.Required}, mail.Accepted},
		"a certificate nobody knows":       {smtptest.Options{TLS: server}, smtp.Options{Config: distrusts}, mail.Deferred},
		"none, whatever is offered":        {smtptest.Options{TLS: server}, smtp.Options{TLS: smtp.Plain}, mail.Accepted},
		"a login":                          {smtptest.Options{TLS: server, User: "u", Password: "p"}, smtp.Options{Config: trusts, User: "u", Password: "p"}, mail.Accepted},
		"a login by AUTH LOGIN":            {smtptest.Options{User: "u", Password: "p", Login: true}, smtp.Options{User: "u", Password: "p"}, mail.Accepted},
		"a wrong password":                 {smtptest.Options{User: "u", Password: "p"}, smtp.Options{User: "u", Password: "q"}, mail.Deferred},
		"a login where there is none":      {smtptest.Options{}, smtp.Options{User: "u", Password: "p"}, mail.Deferred},
		"TLS from the first byte, refused": {smtptest.Options{TLS: server}, smtp.Options{Config: trusts, TLS: smtp.Implicit, Dial: time.Second}, mail.Deferred},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := open(t, smtptest.Start(t, tt.server).Addr, tt.client)
			if r := s.Send(t.Context(), mailtest.Message(1))[0]; r.Outcome != tt.want {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		address string
		o       smtp.Options
	}{
		"no port":                {"mail.test", smtp.Options{}},
		"no host":                {":25", smtp.Options{}},
		"a mode that is none":    {"mail.test:25", smtp.Options{TLS: "maybe"}},
		"a password in the open": {"mail.test:25", smtp.Options{TLS: smtp.Plain, User: "u"}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := smtp.New(time.Now, tt.address, &tt.o); !fault.Is(err, fault.Invalid) {
				t.Errorf("%v, want Invalid", err)
			}
		})
	}
}

func TestSignedMail(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := mime.NewSigner("tea.example", "k1", pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	if err != nil {
		t.Fatal(err)
	}
	server := smtptest.Start(t, smtptest.Options{})
	if r := open(t, server.Addr, smtp.Options{Signer: signer}).Send(t.Context(), mailtest.Message(1))[0]; r.Outcome != mail.Accepted {
		t.Fatalf("%+v", r)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	found, err := dkim.VerifyWithOptions(strings.NewReader(string(server.Mails()[0].Text)), &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) {
		if name != "k1._domainkey.tea.example" {
			return nil, fmt.Errorf("asked for %s", name)
		}
		return []string{fmt.Sprintf("v=DKIM1; k=rsa; p=%s", base64Of(public))}, nil
	}})
	if err != nil || len(found) != 1 || found[0].Err != nil {
		t.Fatalf("%+v, %v", found, err)
	}
	for _, name := range []string{mime.HeaderUnsubscribe, mime.HeaderUnsubscribePost} {
		if !strings.Contains(strings.Join(found[0].HeaderKeys, " "), name) {
			t.Errorf("%s is not signed: %s", name, cmp.Diff(name, found[0].HeaderKeys))
		}
	}
}

func base64Of(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func TestFromURL(t *testing.T) {
	server := smtptest.Start(t, smtptest.Options{User: "u@tea.example", Password: "p/:@"})
	s, err := smtp.FromURL(time.Now, "smtp://u%40tea.example:p%2F%3A%40@"+server.Addr+"?hello=shop.tea.example", smtp.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if r := s.Send(t.Context(), mailtest.Message(1))[0]; r.Outcome != mail.Accepted {
		t.Errorf("%+v", r)
	}
	for name, address := range map[string]string{
		"another protocol": "http://mail.test", "no host": "smtp://", "a path": "smtp://mail.test/inbox", "nothing": "", "a mode that is none": "smtp://mail.test?tls=maybe",
		"a setting that is none": "smtp://mail.test?tsl=none", "a key that is not there": "smtp://mail.test?dkim=tea.example:k1:/nowhere", "half a key": "smtp://mail.test?dkim=tea.example",
		"a password in the open": "smtp://u:secret@mail.test?tls=none", "not an address": "smtp://u:secret@mail.test:port",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := smtp.FromURL(time.Now, address, smtp.Options{}); !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%v, want Invalid", err)
			}
		})
	}
}
