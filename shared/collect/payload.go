package collect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
)

// Limits of what one call may bring. The batch limits are those that the SDKs are built for.
const (
	MaxEventBytes  = 32 << 10
	MaxBatchBytes  = 500 << 10 // Segment's clients
	MaxRudderBytes = 4 << 20   // RudderStack's clients
	MaxEvents      = 5000
	maxClientID    = 500 // bytes of a userId or anonymousId
)

// Payload is a call's body, read and checked: every message has a type and somebody it is about.
type Payload struct {
	Key      string // writeKey of the body; empty when it is elsewhere
	Rudder   bool   // a RudderStack SDK made it: larger batches, and OK as an answer
	messages []message
}

// Len is the number of messages.
func (p Payload) Len() int { return len(p.messages) }

// library is the name of the SDK as its messages tell it, "" when they do not.
func (p Payload) library() string {
	for i := range p.messages {
		if name := p.messages[i].context.Library.Name; name != "" {
			return name
		}
	}
	return ""
}

// rudder says whether the library is one of RudderStack's.
func rudder(library string) bool { return strings.Contains(strings.ToLower(library), "rudder") }

type envelope struct {
	Batch    *[]json.RawMessage `json:"batch"`
	WriteKey string             `json:"writeKey"`
	SentAt   scalar             `json:"sentAt"`
	Context  json.RawMessage    `json:"context"`
}

// Batch reads {"batch": [message ...], "sentAt", "writeKey"}. One bad message refuses the whole batch: the fault is Invalid and names it, "batch[3].type".
func Batch(body []byte) (Payload, error) {
	var env envelope
	if err := decode(body, "", &env); err != nil {
		return Payload{}, err
	}
	switch {
	case env.Batch == nil:
		return Payload{}, fault.InvalidField("batch", "is missing")
	case len(*env.Batch) == 0:
		return Payload{}, fault.InvalidField("batch", "is empty")
	case len(*env.Batch) > MaxEvents:
		return Payload{}, fault.InvalidField("batch", fmt.Sprintf("has %d messages, at most %d are allowed", len(*env.Batch), MaxEvents))
	}
	p := Payload{Key: env.WriteKey, messages: make([]message, len(*env.Batch))}
	sent := event.ParseTime(string(env.SentAt))
	for i, raw := range *env.Batch {
		at := fmt.Sprintf("batch[%d]", i)
		if len(raw) > MaxEventBytes {
			return Payload{}, fault.InvalidField(at, fmt.Sprintf("has %d bytes, at most %d are allowed", len(raw), MaxEventBytes))
		}
		if err := p.messages[i].read(raw, at, "", sent, env.Context); err != nil {
			return Payload{}, err
		}
		if p.Key == "" {
			p.Key = p.messages[i].WriteKey
		}
	}
	p.Rudder = rudder(p.library())
	return p, nil
}

// Single reads one message; its route says the type.
func Single(t event.Type, body []byte) (Payload, error) {
	if len(bytes.TrimSpace(body)) > MaxEventBytes {
		return Payload{}, fault.Newf(fault.TooLarge, "a message has at most %d bytes", MaxEventBytes)
	}
	p := Payload{messages: make([]message, 1)}
	if err := p.messages[0].read(body, "", t, time.Time{}, nil); err != nil {
		return Payload{}, err
	}
	p.Key = p.messages[0].WriteKey
	p.Rudder = rudder(p.library())
	return p, nil
}

// Query reads a pixel's message: every parameter is a member, dots lead into objects ("properties.product_id"), and a value that is a JSON object or list is read as such. A pixel
// happens when it is fetched.
func Query(t event.Type, q url.Values, received time.Time) (Payload, error) {
	root := map[string]any{"originalTimestamp": received.UTC().Format(time.RFC3339Nano)}
	names := make([]string, 0, len(q))
	for name := range q {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if !set(root, strings.Split(name, "."), q.Get(name)) {
			return Payload{}, fault.InvalidField(event.Cut(name, 100), "contradicts another parameter")
		}
	}
	body, err := json.Marshal(root)
	if err != nil {
		return Payload{}, fault.Wrap(fault.Internal, err, "")
	}
	return Single(t, body)
}

// set puts a text at a path of objects; false when something else stands in the way.
func set(m map[string]any, path []string, text string) bool {
	const maxPath = 5
	if len(path) > maxPath {
		return false
	}
	for _, name := range path[:len(path)-1] {
		if m[name] == nil {
			m[name] = map[string]any{}
		}
		inner, ok := m[name].(map[string]any)
		if !ok {
			return false
		}
		m = inner
	}
	last := path[len(path)-1]
	if _, taken := m[last].(map[string]any); taken {
		return false
	}
	var value any = text
	if strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") {
		dec := json.NewDecoder(strings.NewReader(text))
		dec.UseNumber()
		if dec.Decode(&value) != nil {
			value = text
		}
	}
	m[last] = value
	return true
}

// decode reads one JSON value into v. The fault is Invalid and names the member below at that has the wrong type.
func decode(body []byte, at string, v any) error {
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	if len(bytes.TrimSpace(body)) == 0 {
		return fault.InvalidField(or(at, "body"), "is empty")
	}
	err := json.Unmarshal(body, v)
	if err == nil {
		return nil
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fault.InvalidField(or(join(at, wrong.Field), "body"), "is a JSON "+wrong.Value+", which it must not be")
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fault.InvalidField(or(at, "body"), fmt.Sprintf("is not JSON (byte %d)", syntax.Offset))
	}
	return fault.InvalidField(or(at, "body"), "is not JSON")
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func join(at, name string) string {
	if at == "" || name == "" {
		return at + name
	}
	return at + "." + name
}
