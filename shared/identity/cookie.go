package identity

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"time"

	"shopkeeper/shared/event"
)

// Codec turns a Visitor into the value of its cookie and back. A value is good for one shop alone. It is safe for concurrent use.
type Codec struct{ signer *Signer }

// NewCodec makes and reads cookies with the keyring.
func NewCodec(keys *Keyring) (*Codec, error) {
	signer, err := NewSigner(keys, PurposeCookie)
	if err != nil {
		return nil, err
	}
	return &Codec{signer: signer}, nil
}

// cookieVersion is the first byte of every payload; another one is another layout.
const cookieVersion = 1

const trustedFlag = 1

// Append appends the cookie's value: characters that need no quoting in a header.
func (c *Codec) Append(dst []byte, shop event.ShopID, v Visitor) []byte {
	var space [256]byte
	p := append(space[:0], cookieVersion, 0)
	if v.Trusted {
		p[1] |= trustedFlag
	}
	p = binary.AppendUvarint(p, uint64(max(v.Issued.Unix(), 0)))
	p = binary.AppendUvarint(p, uint64(len(v.ID)))
	p = append(p, v.ID...)
	p = append(p, v.Person...)
	return c.signer.Append(dst, string(shop), p)
}

// Parse reads a cookie of the shop. It is Unauthenticated unless we made the value for this shop and it is younger than CookieLife at now; the caller then goes on with a
// fresh visitor.
func (c *Codec) Parse(shop event.ShopID, value string, now time.Time) (Visitor, error) {
	var space [256]byte
	p, err := c.signer.Open(space[:0], string(shop), value)
	if err != nil {
		return Visitor{}, err
	}
	if len(p) < 2 || p[0] != cookieVersion {
		return Visitor{}, errToken
	}
	v := Visitor{Trusted: p[1]&trustedFlag != 0}
	p = p[2:]
	issued, n := binary.Uvarint(p)
	if n <= 0 {
		return Visitor{}, errToken
	}
	size, m := binary.Uvarint(p[n:])
	if p = p[n+max(m, 0):]; m <= 0 || size == 0 || size > uint64(len(p)) {
		return Visitor{}, errToken
	}
	v.ID, v.Person, v.Issued = event.VisitorID(p[:size]), event.PersonID(p[size:]), time.Unix(int64(issued), 0).UTC()
	if now.Sub(v.Issued) > CookieLife {
		return Visitor{}, errToken
	}
	return v, nil
}

// NeedsRenewal says whether the cookie is old enough to be issued again.
func (v Visitor) NeedsRenewal(now time.Time) bool { return now.Sub(v.Issued) > RenewAfter }

// The first letters of ids. An offline channel's visitor id is its person's id.
const (
	visitorPrefix = "v_"
	personPrefix  = "p_"
)

// NewVisitor is a fresh random visitor id.
func NewVisitor() event.VisitorID { return event.VisitorID(visitorPrefix + randomID()) }

// NewPerson is a fresh random person id.
func NewPerson() event.PersonID { return event.PersonID(personPrefix + randomID()) }

// PersonOf is the id of the person that a visitor who gave traits but no userId stands for: always the same, so that a repeated message names it again.
func PersonOf(v event.VisitorID) event.PersonID {
	return event.PersonID(personPrefix + strings.TrimPrefix(strings.TrimPrefix(string(v), visitorPrefix), personPrefix))
}

// Offline is the visitor that stands for what a person does without a device of ours.
func Offline(p event.PersonID) event.VisitorID { return event.VisitorID(p) }

// IsOffline says whether the visitor is a person's offline channel.
func IsOffline(v event.VisitorID) bool { return strings.HasPrefix(string(v), personPrefix) }

func randomID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}
