package mime

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"

	"github.com/emersion/go-msgauth/dkim"

	"shopkeeper/shared/fault"
)

// signed are the headers that a signature covers: those of RFC 6376 section 5.4.1 that we write, and those of one-click unsubscribing, as RFC 8058 asks.
var signed = []string{"From", "Reply-To", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", HeaderUnsubscribe, HeaderUnsubscribePost, HeaderFeedback}

// Signer signs mail (DKIM, RFC 6376). It is safe for concurrent use.
type Signer struct{ options dkim.SignOptions }

// NewSigner takes the domain, the selector under which its public key stands in the DNS, and the private key in PEM (PKCS #8 or #1; RSA or Ed25519).
func NewSigner(domain, selector string, key []byte) (*Signer, error) {
	if !hostName(domain) || !hostName(selector) {
		return nil, fault.InvalidField("dkim", "needs a domain and a selector")
	}
	private, err := privateKey(key)
	if err != nil {
		return nil, err
	}
	return &Signer{dkim.SignOptions{
		Domain: domain, Selector: selector, Signer: private, Hash: crypto.SHA256, HeaderKeys: signed,
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
	}}, nil
}

func privateKey(text []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fault.InvalidField("dkim", "the key is not PEM")
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	any, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fault.InvalidField("dkim", "the key is no private key in PKCS #8 or #1")
	}
	switch key := any.(type) {
	case *rsa.PrivateKey:
		return key, nil
	case ed25519.PrivateKey:
		return key, nil
	}
	return nil, fault.InvalidField("dkim", "the key is neither RSA nor Ed25519")
}

// Sign is the message with its signature before it.
func (s *Signer) Sign(message []byte) ([]byte, error) {
	var out bytes.Buffer
	out.Grow(len(message) + 1<<10)
	if err := dkim.Sign(&out, bytes.NewReader(message), &s.options); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the message cannot be signed")
	}
	return out.Bytes(), nil
}
