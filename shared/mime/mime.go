// Package mime writes a mail.Message as the text that leaves: RFC 5322 headers in one fixed order, a text part and an HTML part (multipart/alternative), both UTF-8 in
// quoted-printable, so that any server takes it and no relay changes it, which is what a DKIM signature needs.
//
// The same message gives the same bytes. Nothing that a caller passes can begin a header of its own: addresses, ids, tags and links are checked, names and subjects are encoded.
package mime

import (
	"hash/fnv"
	"io"
	"strconv"
	"time"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/mail"
)

// The headers by which what comes back is known. None of their values is personal.
const (
	HeaderShop     = "X-Shopkeeper-Shop"
	HeaderCampaign = "X-Shopkeeper-Campaign"
	HeaderPerson   = "X-Shopkeeper-Person"
	HeaderStep     = "X-Shopkeeper-Step"
)

// What one-click unsubscribing (RFC 8058) and the reports of mailbox providers ask for.
const (
	HeaderUnsubscribe     = "List-Unsubscribe"
	HeaderUnsubscribePost = "List-Unsubscribe-Post"
	OneClick              = "List-Unsubscribe=One-Click"
	HeaderFeedback        = "Feedback-ID"
)

// Options are a deployment's. The zero Options are usable.
type Options struct {
	Mailto string // address that takes unsubscribing mail, beside the link; empty: none
}

// Append appends the message, with CRLF line ends, to dst. The fault is Invalid: "to.email" when the recipient's address is none that can be written to, else the field that is wrong.
func Append(dst []byte, m mail.Message, at time.Time, o Options) ([]byte, error) {
	from, err := Check(m)
	if err != nil {
		return dst, err
	}
	to, err := Mailbox(m.To)
	if err != nil {
		return dst, fault.InvalidField("to.email", "is no address that mail can be sent to")
	}
	h := headers{dst}
	h.add("Date", at.UTC().Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	h.add("From", from)
	if m.ReplyTo.Email != "" {
		reply, err := Mailbox(m.ReplyTo)
		if err != nil {
			return dst, fault.InvalidField("replyTo.email", "is no address")
		}
		h.add("Reply-To", reply)
	}
	h.add("To", to)
	h.add("Subject", Text(m.Subject))
	h.add("Message-ID", "<"+m.ID+"@"+domainOf(m.From.Email)+">")
	for _, x := range Marks(m, o) {
		h.add(x.Name, x.Value)
	}
	h.add("MIME-Version", "1.0")
	return appendBody(h.dst, m), nil
}

// Header is one header's name and its value as it is written.
type Header struct{ Name, Value string }

// Marks are the headers of a checked message that say how to unsubscribe and what it belongs to, in their order.
func Marks(m mail.Message, o Options) []Header {
	list := make([]Header, 0, 7)
	if m.Unsubscribe != "" {
		link := "<" + m.Unsubscribe + ">"
		if o.Mailto != "" {
			link += ", <mailto:" + o.Mailto + "?subject=unsubscribe>"
		}
		list = append(list, Header{HeaderUnsubscribe, link}, Header{HeaderUnsubscribePost, OneClick})
	}
	if m.Tags.Campaign != "" {
		list = append(list, Header{HeaderFeedback, m.Tags.Campaign + ":" + m.Tags.Shop + ":campaign:shopkeeper"})
	}
	for _, x := range [...]Header{{HeaderShop, m.Tags.Shop}, {HeaderCampaign, m.Tags.Campaign}, {HeaderPerson, m.Tags.Person}, {HeaderStep, m.Tags.Step}} {
		if x.Value != "" {
			list = append(list, x)
		}
	}
	return list
}

func appendBody(dst []byte, m mail.Message) []byte {
	if m.HTML == "" {
		return appendPart(dst, "text/plain", m.Text)
	}
	boundary := boundaryOf(m.ID)
	dst = append(dst, "Content-Type: multipart/alternative;\r\n boundary=\""...)
	dst = append(dst, boundary...)
	dst = append(dst, "\"\r\n\r\n"...)
	for _, p := range [...]struct{ kind, text string }{{"text/plain", m.Text}, {"text/html", m.HTML}} {
		dst = append(dst, "--"...)
		dst = append(dst, boundary...)
		dst = append(dst, "\r\n"...)
		dst = appendPart(dst, p.kind, p.text)
	}
	dst = append(dst, "--"...)
	dst = append(dst, boundary...)
	return append(dst, "--\r\n"...)
}

func appendPart(dst []byte, kind, text string) []byte {
	dst = append(dst, "Content-Type: "...)
	dst = append(dst, kind...)
	dst = append(dst, "; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"...)
	return append(appendQuoted(dst, text), "\r\n"...)
}

// boundaryOf is made from the id. It cannot occur in a part: quoted-printable never has a "_" after a "=".
func boundaryOf(id string) string {
	h := fnv.New64a()
	_, _ = io.WriteString(h, id)
	return "=_" + strconv.FormatUint(h.Sum64(), 36)
}
