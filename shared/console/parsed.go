package console

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/http"
	"net/mail"
	"net/textproto"
	"strings"

	"shopkeeper/shared/fault"
)

// parsed is a letter of the outbox taken apart.
type parsed struct {
	ID      string
	Headers []header
	Subject string
	Text    string
	HTML    string
}

type header struct{ Name, Value string }

// shownHeaders are those that say what a letter is.
var shownHeaders = []string{"Date", "From", "Reply-To", "To", "Subject", "Message-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "Content-Type"}

// maxPart bounds a part of a letter.
const maxPart = 4 << 20

func parse(id string, message []byte) (parsed, error) {
	m, err := mail.ReadMessage(bytes.NewReader(message))
	if err != nil {
		return parsed{}, fault.Wrap(fault.Internal, err, "the letter cannot be read")
	}
	p := parsed{ID: id}
	words := new(mime.WordDecoder)
	for _, name := range shownHeaders {
		for _, value := range m.Header[textproto.CanonicalMIMEHeaderKey(name)] {
			if plain, err := words.DecodeHeader(value); err == nil {
				value = plain
			}
			p.Headers = append(p.Headers, header{name, value})
			if name == "Subject" {
				p.Subject = value
			}
		}
	}
	return p, p.part(textproto.MIMEHeader(m.Header), m.Body, 0)
}

// part reads a part and the parts in it.
func (p *parsed) part(h textproto.MIMEHeader, body io.Reader, depth int) error {
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		kind = "text/plain"
	}
	if strings.HasPrefix(kind, "multipart/") && depth < 4 {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			next, err := parts.NextRawPart()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("read a part of a letter: %w", err)
			}
			if err := p.part(next.Header, next, depth+1); err != nil {
				return err
			}
		}
	}
	switch strings.ToLower(h.Get("Content-Transfer-Encoding")) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	text, err := io.ReadAll(io.LimitReader(body, maxPart))
	if err != nil {
		return fmt.Errorf("read a part of a letter: %w", err)
	}
	switch kind {
	case "text/plain":
		p.Text = string(text)
	case "text/html":
		p.HTML = string(text)
	}
	return nil
}

func (v *view) outboxMessage() (parsed, []byte, error) {
	id := v.r.PathValue("id")
	message, err := v.Admin.Letter(v.ctx(), v.actor(), id)
	if err != nil {
		return parsed{}, nil, err
	}
	p, err := parse(id, message)
	return p, message, err
}

func (v *view) outboxLetterPage() error {
	p, _, err := v.outboxMessage()
	if err != nil {
		return err
	}
	return v.page(http.StatusOK, "outbox-letter", p.Subject, p)
}

func (v *view) outboxLetter() error {
	p, _, err := v.outboxMessage()
	if err != nil {
		return err
	}
	return v.letter(p.HTML)
}

// outboxSource is the letter as it left, to be opened by a mail client.
func (v *view) outboxSource() error {
	_, message, err := v.outboxMessage()
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "message/rfc822")
	v.w.Header().Set("Content-Disposition", `attachment; filename="letter.eml"`)
	if _, err := v.w.Write(message); err != nil {
		v.log.Debug("letter not sent", "err", err)
	}
	return nil
}
