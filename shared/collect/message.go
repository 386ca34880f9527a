package collect

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
)

// message is one call of the Segment specification as it comes over the wire.
type message struct {
	Type              string          `json:"type"`
	Event             scalar          `json:"event"`
	Name              scalar          `json:"name"`
	Category          scalar          `json:"category"`
	MessageID         scalar          `json:"messageId"`
	AnonymousID       scalar          `json:"anonymousId"`
	UserID            scalar          `json:"userId"`
	PreviousID        scalar          `json:"previousId"`
	GroupID           scalar          `json:"groupId"`
	UserHash          scalar          `json:"userHash"`
	WriteKey          string          `json:"writeKey"`
	Timestamp         scalar          `json:"timestamp"`
	OriginalTimestamp scalar          `json:"originalTimestamp"`
	SentAt            scalar          `json:"sentAt"`
	Properties        json.RawMessage `json:"properties"`
	Traits            json.RawMessage `json:"traits"`
	Context           json.RawMessage `json:"context"`

	kind    event.Type
	sent    time.Time
	context contextPart
}

// contextPart is what matters of a message's context. It is read leniently: SDKs put all sorts of things there.
type contextPart struct {
	UserAgent string          `json:"userAgent"`
	SessionID scalar          `json:"sessionId"`
	UserHash  scalar          `json:"userHash"`
	Traits    json.RawMessage `json:"traits"`
	Consent   json.RawMessage `json:"consent"`
	Library   struct {
		Name string `json:"name"`
	} `json:"library"`
	Page struct {
		URL  string `json:"url"`
		Path string `json:"path"`
	} `json:"page"`
}

// scalar is text that some clients send as a number.
type scalar string

// UnmarshalJSON takes a string, a number or null.
func (s *scalar) UnmarshalJSON(raw []byte) error {
	switch c := raw[0]; {
	case c == '"':
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			return err
		}
		*s = scalar(text)
	case c == '-' || c >= '0' && c <= '9':
		*s = scalar(raw)
	case string(raw) == "null":
		*s = ""
	case string(raw) == "true" || string(raw) == "false":
		*s = ""
	default:
		return &json.UnmarshalTypeError{Value: "object or list", Type: reflect.TypeFor[string]()}
	}
	return nil
}

// types are the calls by the names that a batch gives them.
var types = map[string]event.Type{
	"track": event.Track, "page": event.Page, "screen": event.Screen, "identify": event.Identify, "group": event.Group, "alias": event.Alias,
}

// read decodes and checks one message. at is its path in faults; t is the type that the route says, "" when the message does.
func (m *message) read(raw []byte, at string, t event.Type, sent time.Time, context json.RawMessage) error {
	if first := strings.TrimLeft(string(raw[:min(len(raw), 16)]), " \t\r\n\xef\xbb\xbf"); first != "" && first[0] != '{' {
		return fault.InvalidField(or(at, "body"), "is not a JSON object")
	}
	if err := decode(raw, at, m); err != nil {
		return err
	}
	m.kind = t
	if t == "" {
		kind, ok := types[strings.ToLower(m.Type)]
		if !ok {
			return fault.InvalidField(join(at, "type"), "is none of track, page, screen, identify, group, alias")
		}
		m.kind = kind
	}
	if m.sent = event.ParseTime(string(m.SentAt)); m.sent.IsZero() {
		m.sent = sent
	}
	if len(m.Context) == 0 {
		m.Context = context
	}
	if len(m.Context) > 0 {
		_ = json.Unmarshal(m.Context, &m.context) // what has another type stays empty
	}
	return m.check(at)
}

// check names the first rule that the message breaks.
func (m *message) check(at string) error {
	m.AnonymousID, m.UserID, m.PreviousID = named(m.AnonymousID), named(m.UserID), named(m.PreviousID)
	if m.kind == event.Alias && m.AnonymousID == "" {
		m.AnonymousID = m.PreviousID
	}
	switch {
	case m.AnonymousID == "" && m.UserID == "":
		return fault.InvalidField(or(at, "body"), "has neither anonymousId nor userId")
	case len(m.AnonymousID) > maxClientID:
		return fault.InvalidField(join(at, "anonymousId"), "has more than 500 bytes")
	case len(m.UserID) > maxClientID:
		return fault.InvalidField(join(at, "userId"), "has more than 500 bytes")
	case m.kind == event.Track && strings.TrimSpace(string(m.Event)) == "":
		return fault.InvalidField(join(at, "event"), "is missing")
	case !object(m.Properties):
		return fault.InvalidField(join(at, "properties"), "is not a JSON object")
	case !object(m.Traits):
		return fault.InvalidField(join(at, "traits"), "is not a JSON object")
	}
	return nil
}

// object says whether raw is a JSON object, null or absent.
func object(raw json.RawMessage) bool {
	return len(raw) == 0 || raw[0] == '{' || string(raw) == "null"
}

// named is the id, or nothing when it is what scripts send by mistake: such an id would make one person of everybody.
func named(id scalar) scalar {
	id = scalar(strings.TrimSpace(string(id)))
	switch strings.ToLower(string(id)) {
	case "null", "undefined", "nan", "[object object]", "none":
		return ""
	}
	return id
}

// id is the message's own id, or one made from the content: the same content is the same message. An id that is too long, or looks like an address, is hashed.
func (m *message) id() event.ID {
	const maxID = 100
	if own := strings.TrimSpace(string(m.MessageID)); own != "" {
		if len(own) <= maxID && !event.LooksLikeEmail(own) {
			return event.ID(own)
		}
		return event.ID("h_" + digest(own))
	}
	return event.ID("c_" + digest(
		string(m.kind), string(m.Event), string(m.Name), string(m.AnonymousID), string(m.UserID), string(m.PreviousID), string(m.GroupID),
		string(m.Timestamp), string(m.OriginalTimestamp), string(m.Properties), string(m.Traits)))
}

// digest is a short hash of the parts, each with its length.
func digest(parts ...string) string {
	h := sha256.New()
	var size [4]byte
	for _, p := range parts {
		n := len(p)
		size = [4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
		h.Write(size[:])
		h.Write([]byte(p))
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:18])
}

// happened is when it happened by our clock.
func (m *message) happened(received time.Time) time.Time {
	original := event.ParseTime(string(m.OriginalTimestamp))
	if original.IsZero() {
		original = event.ParseTime(string(m.Timestamp))
	}
	return event.Happened(received, original, m.sent)
}

// choice is the consent to personalization that the message carries: context.consent.personalization, or below categoryPreferences, as a boolean.
func (m *message) choice() consent.Choice {
	var c struct {
		Personalization     *bool                      `json:"personalization"`
		CategoryPreferences map[string]json.RawMessage `json:"categoryPreferences"`
	}
	if len(m.context.Consent) == 0 || json.Unmarshal(m.context.Consent, &c) != nil {
		return consent.Undecided
	}
	allowed := c.Personalization
	for category, raw := range c.CategoryPreferences {
		var b bool
		if allowed == nil && strings.EqualFold(category, string(consent.Personalization)) && json.Unmarshal(raw, &b) == nil {
			allowed = &b
		}
	}
	switch {
	case allowed == nil:
		return consent.Undecided
	case *allowed:
		return consent.Granted
	}
	return consent.Denied
}

// signature is the shop's word for the userId: context.userHash, or userHash beside it.
func (m *message) signature() string { return or(string(m.context.UserHash), string(m.UserHash)) }
