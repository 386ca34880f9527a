package mailtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"strings"

	"shopkeeper/shared/mail"
)

// Parse reads a message as a mail program does.
func Parse(eml []byte) (Received, error) {
	m, err := netmail.ReadMessage(bytes.NewReader(eml))
	if err != nil {
		return Received{}, err
	}
	h := m.Header
	id, _, _ := strings.Cut(strings.Trim(h.Get("Message-ID"), "<>"), "@")
	r := Received{
		ID: id, OneClick: h.Get("List-Unsubscribe-Post") == "List-Unsubscribe=One-Click",
		Tags: mail.Tags{Shop: h.Get("X-Shopkeeper-Shop"), Campaign: h.Get("X-Shopkeeper-Campaign"), Person: h.Get("X-Shopkeeper-Person"), Step: h.Get("X-Shopkeeper-Step")},
	}
	first, _, _ := strings.Cut(h.Get("List-Unsubscribe"), ",")
	r.Unsubscribe = strings.Trim(first, "<> ")
	if r.Subject, err = new(mime.WordDecoder).DecodeHeader(h.Get("Subject")); err != nil {
		return r, err
	}
	for name, to := range map[string]*mail.Address{"From": &r.From, "To": &r.To, "Reply-To": &r.ReplyTo} {
		if *to, err = Mailbox(h.Get(name)); err != nil {
			return r, fmt.Errorf("%s: %w", name, err)
		}
	}
	return r, r.body(h.Get("Content-Type"), m.Body)
}

// Mailbox reads the value of a header with one address; empty is none.
func Mailbox(value string) (mail.Address, error) {
	if value == "" {
		return mail.Address{}, nil
	}
	a, err := netmail.ParseAddress(value)
	if err != nil {
		return mail.Address{}, err
	}
	return mail.Address{Name: a.Name, Email: a.Address}, nil
}

func (r *Received) body(contentType string, body io.Reader) error {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return err
	}
	if kind == "text/plain" {
		r.Text, err = text(quotedprintable.NewReader(body))
		r.Text = strings.TrimSuffix(r.Text, "\n") // the end of the message
		return err
	}
	parts := multipart.NewReader(body, params["boundary"])
	for {
		p, err := parts.NextPart() // undoes quoted-printable
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		to := &r.HTML
		if strings.HasPrefix(p.Header.Get("Content-Type"), "text/plain") {
			to = &r.Text
		}
		if *to, err = text(p); err != nil {
			return err
		}
	}
}

func text(r io.Reader) (string, error) {
	b, err := io.ReadAll(r)
	return strings.ReplaceAll(string(b), "\r\n", "\n"), err
}
