// Package env is what a deployment tells its functions: where their tables, files, queue and keys are. The infrastructure sets the names below,
// each function loads those it needs, once, before it starts.
package env

import (
	"net/url"
	"strconv"
	"strings"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// The names. A table has one of its own, see TableVar.
const (
	BucketData    = "BUCKET_DATA"     // bucket of models, archive, imports and shops
	QueueFailures = "QUEUE_FAILURES"  // address of the queue that receives what can never be handled
	KeysSecret    = "KEYS_SECRET"     // ARN of the secret with the keys that sign cookies and seal names
	BusName       = "BUS_NAME"        // event bus that notices go to
	ModelMemory   = "MODEL_MEMORY_MB" // megabytes that models in memory may take; not set: recommend.DefaultMemory
	Consent       = "CONSENT"         // rule of shops that choose none: required or implied
)

// TableVar is the name under which a function is told what a table is called: TABLE_EVENTS for "events".
func TableVar(t table.Name) string { return "TABLE_" + strings.ToUpper(string(t)) }

// Lookup tells the value of a variable, "" when it is not set, as os.Getenv does.
type Lookup = func(name string) string

// reader collects what is wrong, so that all of it is reported together.
type reader struct {
	lookup Lookup
	wrong  []fault.Field
}

func (r *reader) refuse(name, reason string) {
	r.wrong = append(r.wrong, fault.Field{Path: name, Reason: reason})
}

// text is a value that may be anything but empty or blank.
func (r *reader) text(name string) string {
	v := r.lookup(name)
	switch {
	case v == "":
		r.refuse(name, "is not set")
	case strings.TrimSpace(v) != v:
		r.refuse(name, "begins or ends with a space")
	}
	return v
}

// address is an absolute http or https URL.
func (r *reader) address(name string) string {
	v := r.text(name)
	if v == "" {
		return ""
	}
	u, err := url.Parse(v)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		r.refuse(name, "is not an http or https address")
	}
	return v
}

// megabytes is an optional number of megabytes, in bytes; 0 when it is not set.
func (r *reader) megabytes(name string) int64 {
	v := r.lookup(name)
	if v == "" {
		return 0
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < 1 || n > 1<<20 {
		r.refuse(name, "is not a number of megabytes")
		return 0
	}
	return n << 20
}

// arn is the ARN of a resource of one service.
func (r *reader) arn(name, service string) string {
	v := r.text(name)
	if v == "" {
		return ""
	}
	parts := strings.SplitN(v, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != service || parts[5] == "" {
		r.refuse(name, "is not the ARN of a resource of "+service)
	}
	return v
}

// mode is a rule for visitors who have not decided.
func (r *reader) mode(name string) consent.Mode {
	v := consent.Mode(r.text(name))
	if v != "" && v != consent.Required && v != consent.Implied {
		r.refuse(name, "is neither required nor implied")
	}
	return v
}

func (r *reader) tables(names ...table.Name) map[table.Name]string {
	m := make(map[table.Name]string, len(names))
	for _, n := range names {
		m[n] = r.text(TableVar(n))
	}
	return m
}

// err is an Invalid fault that names every missing or malformed variable, or nil.
func (r *reader) err() error {
	if len(r.wrong) == 0 {
		return nil
	}
	return fault.InvalidFields(r.wrong...)
}
