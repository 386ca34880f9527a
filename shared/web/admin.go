package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"shopkeeper/shared/admin"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/staff"
	"shopkeeper/shared/table"
)

// AdminVersion is the version of what the admin API promises; see Version.
const AdminVersion = "1.11.0"

// AdminDeps is what the admin API stands on.
type AdminDeps struct {
	Service *admin.Service
	Door    *Door
	Store   table.Store // of idempotency keys
	Sealer  Sealer      // of stored answers, which may have a password or a key in them
}

// Sealer encrypts what is stored for a short time (identity.Sealer does it).
type Sealer interface {
	Seal(shop shopID, owner string, text []byte) []byte
	Open(shop shopID, owner string, sealed []byte) ([]byte, error)
}

// NewAdmin answers the admin API: every operation of AdminRoutes.
func NewAdmin(log *slog.Logger, now func() time.Time, deps AdminDeps) http.Handler {
	routes, _ := AdminRoutes(now, deps)
	return NewHandler(log, now, routes...)
}

// adminAPI collects operations: huma checks input and writes the document, our own edge does the rest.
type adminAPI struct {
	AdminDeps
	now    func() time.Time
	huma   huma.API
	idem   idempotency
	routes []Route
}

// access is how an operation is reached, which the document says beside it.
type access struct {
	action  staff.Action // empty: open to everybody
	matches bool         // it changes one version of a thing: If-Match is required
	repeats bool         // a POST that takes an Idempotency-Key
}

const accessKey = "access"

// adminCall is what one request's handlers and the edge tell each other.
type adminCall struct {
	actor   staff.Actor
	session staff.Session
	request *http.Request
	matched bool // If-Match was asked for
	err     error
	model   *huma.ErrorModel
}

type callKey struct{}

func callOf(ctx context.Context) *adminCall {
	c, _ := ctx.Value(callKey{}).(*adminCall)
	return c
}

func newAdminAPI(now func() time.Time, deps AdminDeps) *adminAPI {
	b := &adminAPI{AdminDeps: deps, now: now, idem: idempotency{deps.Store, deps.Sealer, now}}
	config := huma.Config{
		OpenAPI:       adminDocument(deps.Door),
		Formats:       map[string]huma.Format{"application/json": strictJSON, "json": strictJSON},
		DefaultFormat: "application/json",
		Transformers: []huma.Transformer{func(ctx huma.Context, _ string, v any) (any, error) {
			if m, ok := v.(*huma.ErrorModel); ok {
				callOf(ctx.Context()).model = m
			}
			return v, nil
		}},
		RejectUnknownQueryParameters: true,
	}
	b.huma = huma.NewAPI(config, b)
	return b
}

// Handle takes an operation from huma and makes a route of it.
func (b *adminAPI) Handle(op *huma.Operation, handler func(huma.Context)) {
	b.routes = append(b.routes, Route{Method: op.Method, Path: op.Path, Serve: func(w http.ResponseWriter, r *http.Request) error {
		return b.serve(w, r, op, handler)
	}})
}

// ServeHTTP is part of what huma asks of an adapter; requests come through the routes.
func (b *adminAPI) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusNotFound)
}

// reply is an answer that is kept until it is known that it is one.
type reply struct {
	head   http.Header
	status int
	body   bytes.Buffer
}

func (r *reply) Header() http.Header { return r.head }

func (r *reply) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

func (r *reply) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(b)
}

// send writes the answer. It is never cached: it is about one member of staff.
func (r *reply) send(w http.ResponseWriter) {
	h := w.Header()
	for name, values := range r.head {
		h[name] = values
	}
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	if r.status == 0 {
		r.status = http.StatusNoContent
	}
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body.Bytes()) // the client is gone when this fails
}

// serve lets in whoever may, before the input is looked at.
func (b *adminAPI) serve(w http.ResponseWriter, r *http.Request, op *huma.Operation, handler func(huma.Context)) error {
	c := &adminCall{request: r}
	way, _ := op.Metadata[accessKey].(access)
	if way.action != "" {
		var err error
		if c.actor, c.session, err = b.Door.Actor(r); err != nil {
			return err
		}
		if err := b.Service.Permit(r.Context(), c.actor, way.action, r.URL.Path); err != nil {
			return err
		}
	}
	if way.matches && r.Header.Get("If-Match") == "" {
		f := fault.New(fault.Conflict, "send the ETag of what is changed as If-Match")
		f.Fields = []fault.Field{{Path: "If-Match", Reason: "is missing"}}
		return fmt.Errorf("%w: %w", errNoMatch, f)
	}
	if err := checkEmpty(op, r); err != nil {
		return err
	}
	answer := func(r *http.Request) (*reply, error) {
		out := &reply{head: http.Header{}}
		handler(humago.NewContext(op, r.WithContext(context.WithValue(r.Context(), callKey{}, c)), out))
		return out, c.failure()
	}
	var out *reply
	var err error
	if _, named := r.Header[IdempotencyHeader]; way.repeats && named {
		out, err = b.idem.once(w, r, c.actor, answer)
	} else {
		out, err = answer(r)
	}
	if err != nil {
		return err
	}
	out.send(w)
	return nil
}

// checkEmpty is Invalid for a parameter that is there and empty where its schema has no room for that: huma takes it for absent.
func checkEmpty(op *huma.Operation, r *http.Request) error {
	query := r.URL.Query()
	for _, p := range op.Parameters {
		if p.In != "query" || p.Schema == nil || !query.Has(p.Name) || query.Get(p.Name) != "" {
			continue
		}
		if p.Schema.Type != huma.TypeString || len(p.Schema.Enum) > 0 || p.Schema.MinLength != nil {
			return fault.InvalidField(p.Name, "is empty")
		}
	}
	return nil
}

// failure is the fault of a handler, or what huma found wrong with the input.
func (c *adminCall) failure() error {
	if conflict, ok := errors.AsType[*table.ConflictError](c.err); ok && c.matched {
		return fmt.Errorf("%w: %w", errStale, fault.Wrap(fault.Conflict, conflict, "read it again: somebody changed it meanwhile"))
	}
	if c.err != nil || c.model == nil {
		return c.err
	}
	switch m := c.model; m.Status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		f := fault.New(fault.Invalid, m.Detail)
		for _, d := range m.Errors {
			if d != nil {
				f.Fields = append(f.Fields, fault.Field{Path: fieldOf(d.Location), Reason: d.Message})
			}
		}
		return f
	case http.StatusRequestEntityTooLarge:
		return fault.New(fault.TooLarge, m.Detail)
	case http.StatusUnsupportedMediaType:
		return fmt.Errorf("%w: %w", errMedia, fault.New(fault.Invalid, m.Detail))
	case http.StatusRequestTimeout:
		return fault.New(fault.Unavailable, m.Detail)
	default:
		return fault.Newf(fault.Internal, "%d %s: %v", m.Status, m.Detail, m.Errors)
	}
}

// fieldOf is huma's location without saying in which part of the request: "body.name" is "name".
func fieldOf(location string) string {
	for _, part := range [...]string{"body.", "query.", "path.", "header."} {
		if name, ok := strings.CutPrefix(location, part); ok {
			return name
		}
	}
	return location
}
