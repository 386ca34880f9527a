package smtp

import (
	"cmp"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/mime"
)

// FromURL makes a sender of a setting: smtp://user:password@host:587, or smtps:// for TLS from the first byte. The query may say tls=required or tls=none, hello=NAME (in EHLO) and
// dkim=DOMAIN:SELECTOR:FILE (a private key in PEM that signs what is sent). base are settings that the address does not say. Invalid: an address that is none; the fault repeats no password.
func FromURL(now func() time.Time, address string, base Options) (*Sender, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Path != "" && u.Path != "/" {
		return nil, fault.InvalidField("smtp", "must be an address such as smtp://user:password@host:587")
	}
	port := "587"
	switch u.Scheme {
	case "smtp":
	case "smtps":
		base.TLS, port = Implicit, "465"
	default:
		return nil, fault.InvalidField("smtp", "must begin with smtp:// or smtps://")
	}
	base.User = u.User.Username()
	base.Password, _ = u.User.Password()
	for name, values := range u.Query() {
		switch value := values[len(values)-1]; name {
		case "tls":
			base.TLS = TLS(value)
		case "hello":
			base.Hello = value
		case "dkim":
			if base.Signer, err = signer(value); err != nil {
				return nil, err
			}
		default:
			return nil, fault.InvalidField("smtp", "knows no setting "+name)
		}
	}
	return New(now, net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), port)), &base)
}

func signer(setting string) (*mime.Signer, error) {
	parts := strings.SplitN(setting, ":", 3)
	if len(parts) != 3 {
		return nil, fault.InvalidField("smtp", "dkim must be DOMAIN:SELECTOR:FILE")
	}
	key, err := os.ReadFile(parts[2])
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the key of dkim cannot be read")
	}
	return mime.NewSigner(parts[0], parts[1], key)
}
