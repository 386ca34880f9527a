package web

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"shopkeeper/shared/fault"
)

// problem is a document of RFC 9457.
type problem struct {
	Type      string        `json:"type"`
	Title     string        `json:"title"`
	Status    int           `json:"status"`
	Detail    string        `json:"detail,omitempty"`
	RequestID string        `json:"requestId"`
	Errors    []fault.Field `json:"errors,omitempty"`
}

// kindRow is how a kind of fault is answered.
type kindRow struct {
	status int
	slug   string
	title  string
	tell   bool // the client may see detail and fields
}

// kindTable is the one place where a kind becomes a status. Throttled is our engines' trouble, not the client's doing: 503, which every SDK repeats.
var kindTable = map[fault.Kind]kindRow{
	fault.Internal:        {http.StatusInternalServerError, "internal", "Something went wrong on our side", false},
	fault.Invalid:         {http.StatusBadRequest, "invalid", "The request is not valid", true},
	fault.Unauthenticated: {http.StatusUnauthorized, "unauthenticated", "The key is missing or wrong", true},
	fault.Forbidden:       {http.StatusForbidden, "forbidden", "The key does not reach this far", true},
	fault.NotFound:        {http.StatusNotFound, "not-found", "There is no such thing", true},
	fault.Conflict:        {http.StatusConflict, "conflict", "Something else was changed first", true},
	fault.TooLarge:        {http.StatusRequestEntityTooLarge, "too-large", "The request is too large", true},
	fault.Throttled:       {http.StatusServiceUnavailable, "throttled", "Too busy for the moment", false},
	fault.Unavailable:     {http.StatusServiceUnavailable, "unavailable", "Not available for the moment", false},
	fault.TooMany:         {http.StatusTooManyRequests, "too-many", "Too many tries", true},
}

// errMethod is answered with 405: a routing matter, so no kind of fault.
var errMethod = errors.New("method not allowed")

// Refusals of the admin API that are a matter of HTTP, too. What a fault beside them tells the client is told.
var (
	errStale    = errors.New("the version asked for is not the current one")
	errNoMatch  = errors.New("no version asked for")
	errMedia    = errors.New("media type not supported")
	errReplayed = errors.New("idempotency key used for something else")
)

var httpRows = []struct {
	err error
	row kindRow
}{
	{errMethod, kindRow{http.StatusMethodNotAllowed, "method-not-allowed", "This address does not take that method", false}},
	{errStale, kindRow{http.StatusPreconditionFailed, "stale", "It was changed since it was read", true}},
	{errNoMatch, kindRow{http.StatusPreconditionRequired, "no-match", "Say which version is to be changed", true}},
	{errMedia, kindRow{http.StatusUnsupportedMediaType, "media-type", "This media type is not taken here", true}},
	{errReplayed, kindRow{http.StatusConflict, "idempotency-key", "The idempotency key was used before", true}},
}

// defaultRetryAfter is the advice when a fault that may be repeated gives none.
const defaultRetryAfter = 2 * time.Second

func rowOf(err error) kindRow {
	for _, h := range httpRows {
		if errors.Is(err, h.err) {
			return h.row
		}
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return kindTable[fault.Unavailable]
	}
	return kindTable[fault.KindOf(err)]
}

// writeProblem is the only way an error leaves the building.
func writeProblem(w http.ResponseWriter, err error, requestID string) {
	row := rowOf(err)
	doc := problem{Type: "urn:shopkeeper:problem:" + row.slug, Title: row.title, Status: row.status, RequestID: requestID}
	f, ok := errors.AsType[*fault.Error](err)
	if ok && row.tell {
		doc.Detail, doc.Errors = f.Detail, f.Fields
	}
	h := w.Header()
	h.Del("ETag")
	h.Del("Set-Cookie")
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	switch row.status {
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		wait := defaultRetryAfter
		if ok && f.RetryAfter > 0 {
			wait = f.RetryAfter
		}
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `WriteKey realm="shopkeeper"`) // a scheme no browser asks a password for
	}
	body, err := json.Marshal(doc)
	if err != nil {
		body = []byte(`{"type":"about:blank","status":500}`)
	}
	w.WriteHeader(row.status)
	w.Write(body) // the client is gone when this fails; there is nobody left to tell
}

// respond writes v as JSON with status 200. It is never cached: answers are about one visitor.
func respond(w http.ResponseWriter, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "")
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(body) // the client is gone when this fails
	return nil
}
