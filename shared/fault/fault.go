// Package fault is the product's one error vocabulary: what went wrong (Kind), what a client may be told (Detail, Fields) and why (the cause).
//
// A fault is created where its meaning is known; everyone above adds context with fmt.Errorf("...: %w"). Edges translate the kind: an HTTP
// edge into a problem document, a stream loop into retry or failure queue.
package fault

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind says what an error means to a caller. The zero value is Internal: an error nobody classified is our mistake.
type Kind uint8

// The kinds. Only Throttled and Unavailable may be repeated unchanged; Conflict may be repeated after a fresh read.
const (
	Internal        Kind = iota // our mistake; the client learns nothing but a request id
	Invalid                     // the input breaks a rule; Fields name it
	Unauthenticated             // no or a wrong credential
	Forbidden                   // a credential that does not reach this far
	NotFound                    // the thing named does not exist
	Conflict                    // a condition on stored state failed
	TooLarge                    // the input is beyond a limit
	Throttled                   // an engine asks to slow down
	Unavailable                 // an engine cannot be reached or cannot store now (disk full, locked, time-out)
	TooMany                     // the client asks too often; RetryAfter says when it may again
)

var names = [...]string{"internal", "invalid", "unauthenticated", "forbidden", "not found", "conflict", "too large", "throttled", "unavailable", "too many"}

// String is the kind in plain words.
func (k Kind) String() string {
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Field is one thing wrong with one part of the input. Path is dotted, with indexes: "batch[3].messageId".
type Field struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// Error is a fault. Detail is safe to show to a client; the cause is not.
type Error struct {
	Kind       Kind
	Detail     string
	Fields     []Field
	RetryAfter time.Duration // for Throttled, Unavailable and TooMany; zero means no advice
	cause      error
}

// Error is for logs: the kind, the detail, the fields and the cause.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Kind.String())
	if e.Detail != "" {
		b.WriteString(": " + e.Detail)
	}
	for _, f := range e.Fields {
		b.WriteString("; " + f.Path + ": " + f.Reason)
	}
	if e.cause != nil {
		b.WriteString(": " + e.cause.Error())
	}
	return b.String()
}

// Unwrap is the cause, or nil.
func (e *Error) Unwrap() error { return e.cause }

// New is a fault of a kind with a client-safe detail.
func New(k Kind, detail string) *Error { return &Error{Kind: k, Detail: detail} }

// Newf is New with a format.
func Newf(k Kind, format string, args ...any) *Error {
	return &Error{Kind: k, Detail: fmt.Sprintf(format, args...)}
}

// Wrap gives a cause a kind and a client-safe detail. A nil cause is allowed.
func Wrap(k Kind, cause error, detail string) *Error {
	return &Error{Kind: k, Detail: detail, cause: cause}
}

// InvalidField is an Invalid fault that names one field and says what would be right.
func InvalidField(path, reason string) *Error {
	return InvalidFields(Field{Path: path, Reason: reason})
}

// InvalidFields is an Invalid fault that names every wrong field at once.
func InvalidFields(fields ...Field) *Error {
	return &Error{Kind: Invalid, Detail: "the input is not valid", Fields: fields}
}

// KindOf is the kind of the outermost fault in err's chain; Internal for any other error. err must not be nil.
func KindOf(err error) Kind {
	if f, ok := errors.AsType[*Error](err); ok {
		return f.Kind
	}
	return Internal
}

// Is says whether err is a fault of the kind. A nil error is of no kind.
func Is(err error, k Kind) bool { return err != nil && KindOf(err) == k }

// Retryable says whether the same call may succeed when it is repeated later without any change.
func Retryable(err error) bool {
	k := KindOf(err)
	return err != nil && (k == Throttled || k == Unavailable)
}
