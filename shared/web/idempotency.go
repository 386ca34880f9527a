package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/staff"
	"shopkeeper/shared/table"
)

// IdempotencyHeader names a request, so that a client which saw no answer may repeat it without doing it twice.
const IdempotencyHeader = "Idempotency-Key"

// IdempotencyTable holds what was answered: partition shop#<actor>, sort the key's hash.
const IdempotencyTable table.Name = "idempotency"

const (
	maxIdempotencyKey  = 255
	idempotencyPattern = `^[\x21-\x7e]+$`
	idempotencyLife    = 24 * time.Hour
	idempotencyLease   = time.Minute // longer than any request: what a crash left unanswered may then be tried again
	maxReplayed        = 300 << 10   // bytes of an answer that is kept
)

var idempotencyKey = regexp.MustCompile(idempotencyPattern)

// replayedHeaders are the headers of an answer that are kept. Cookies are not: a session begins once.
var replayedHeaders = []string{"Content-Type", "ETag", "Location"}

// idempotency answers a repeated request from memory. It is safe for concurrent use.
type idempotency struct {
	store  table.Store
	sealer Sealer
	now    func() time.Time
}

// remembered is the body of an item. Answer is sealed: it may have a key or a password in it that is told this once.
type remembered struct {
	Request string `json:"request"` // hash of method, address, version and body
	Done    bool   `json:"done"`
	Answer  []byte `json:"answer,omitempty"`
}

type rememberedAnswer struct {
	Status int               `json:"status"`
	Head   map[string]string `json:"head"`
	Body   []byte            `json:"body"`
}

// once does a request unless it was done, and then gives the first answer again. A refused request is forgotten: it may be corrected and sent again with its key. Conflict: the key was used for another request, or
// the first one is still at work.
func (m idempotency) once(w http.ResponseWriter, r *http.Request, a staff.Actor, do func(*http.Request) (*reply, error)) (*reply, error) {
	key := r.Header.Get(IdempotencyHeader)
	if len(key) > maxIdempotencyKey || !idempotencyKey.MatchString(key) {
		return nil, fault.InvalidField(IdempotencyHeader, "is 1 to 255 printable characters without spaces")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxAdminBody))
	if err != nil {
		return nil, bodyFault(err, maxAdminBody)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	at := place(a, key)
	first, out, err := m.begin(r.Context(), a, at, requestHash(r, body))
	if !first || err != nil {
		return out, err
	}
	ctx := context.WithoutCancel(r.Context())
	out, err = do(r)
	if err != nil || out.body.Len() > maxReplayed {
		if forgot := m.store.Write(ctx, table.Delete(at, table.Always())); forgot != nil && err == nil {
			return nil, fmt.Errorf("forget an idempotency key: %w", forgot)
		}
		return out, err
	}
	return out, m.keep(ctx, a, at, requestHash(r, body), out)
}

func place(a staff.Actor, key string) table.Key {
	sum := sha256.Sum256([]byte(key))
	return table.Key{Table: IdempotencyTable, Partition: table.Partition(string(a.Shop), a.ID), Sort: hex.EncodeToString(sum[:])}
}

func requestHash(r *http.Request, body []byte) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s %s\n%s\n", r.Method, r.URL.RequestURI(), r.Header.Get("If-Match"))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// begin says whether the request is the first of its key; else the answer that the first one got.
func (m idempotency) begin(ctx context.Context, a staff.Actor, at table.Key, request string) (bool, *reply, error) {
	it, err := encodeItem(at, remembered{Request: request}, m.now().Add(idempotencyLease))
	if err != nil {
		return false, nil, err
	}
	err = m.store.Write(ctx, table.Put(it, table.IfAbsent()))
	if err == nil {
		return true, nil, nil
	}
	if !fault.Is(err, fault.Conflict) {
		return false, nil, fmt.Errorf("note an idempotency key: %w", err)
	}
	stored, err := m.store.Get(ctx, at, table.Strong)
	if err != nil {
		return false, nil, fault.Wrap(fault.Unavailable, err, "the first request with this key has just ended: try again")
	}
	var old remembered
	if err := json.Unmarshal(stored.Body, &old); err != nil {
		return false, nil, fmt.Errorf("decode an idempotency key: %w", err)
	}
	switch {
	case old.Request != request:
		return false, nil, fmt.Errorf("%w: %w", errReplayed, fault.New(fault.Conflict, "the key belongs to another request: choose a new one"))
	case !old.Done:
		return false, nil, fmt.Errorf("%w: %w", errReplayed, fault.New(fault.Conflict, "the first request with this key is still at work"))
	}
	out, err := m.replay(a.Shop, at, old)
	return false, out, err
}

func (m idempotency) replay(shop event.ShopID, at table.Key, old remembered) (*reply, error) {
	text, err := m.sealer.Open(shop, at.Sort, old.Answer)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "")
	}
	var kept rememberedAnswer
	if err := json.Unmarshal(text, &kept); err != nil {
		return nil, fmt.Errorf("decode a kept answer: %w", err)
	}
	out := &reply{head: http.Header{"Idempotency-Replayed": {"true"}}, status: kept.Status}
	for name, value := range kept.Head {
		out.head.Set(name, value)
	}
	out.body.Write(kept.Body)
	return out, nil
}

// keep stores an answer. When that fails the request was done all the same, and a repeat would do it again after the lease: the client hears of it.
func (m idempotency) keep(ctx context.Context, a staff.Actor, at table.Key, request string, out *reply) error {
	kept := rememberedAnswer{Status: out.status, Head: map[string]string{}, Body: out.body.Bytes()}
	for _, name := range replayedHeaders {
		if value := out.head.Get(name); value != "" {
			kept.Head[name] = value
		}
	}
	text, err := json.Marshal(kept)
	if err != nil {
		return fmt.Errorf("encode an answer: %w", err)
	}
	it, err := encodeItem(at, remembered{Request: request, Done: true, Answer: m.sealer.Seal(a.Shop, at.Sort, text)}, m.now().Add(idempotencyLife))
	if err != nil {
		return err
	}
	if err := m.store.Write(ctx, table.Put(it, table.Always())); err != nil {
		return fmt.Errorf("keep an answer: %w", err)
	}
	return nil
}

func encodeItem(k table.Key, v any, expires time.Time) (table.Item, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return table.Item{}, fmt.Errorf("encode an item of %s: %w", k.Table, err)
	}
	return table.Item{Key: k, Body: text, Expires: expires}, nil
}
