package web

import (
	"cmp"
	"context"
	"net/http"
	"path"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"shopkeeper/shared/admin"
	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/staff"
)

// shopID keeps the signatures of Sealer readable.
type shopID = event.ShopID

// adminDocument is the frame of the OpenAPI document; operations are added as they are registered.
func adminDocument(door *Door) *huma.OpenAPI {
	cookie := staff.CookieName
	if door != nil {
		cookie = door.name()
	}
	registry := huma.NewMapRegistry("#/components/schemas/", adminSchema)
	return &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{Title: "Shopkeeper admin API", Version: AdminVersion, License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
			Description: "Everything that the console does. Refusals are problem documents (RFC 9457) whose errors name the field. Lists page by cursor: pass next as cursor. " +
				"What can be changed has an ETag, which changes and deletions must send as If-Match: 412 says that somebody was first, 428 that it is missing. " +
				"A POST with an Idempotency-Key is done once within 24 hours: repeated, it gets the first answer again."},
		Components: &huma.Components{Schemas: registry, SecuritySchemes: map[string]*huma.SecurityScheme{
			"secretKey": {Type: "http", Scheme: "bearer", Description: "the shop's secret key, for its own servers; or a token of the identity provider, where the gateway checks it"},
			"basicKey":  {Type: "http", Scheme: "basic", Description: "the secret key as the user name, no password"},
			"session":   {Type: "apiKey", In: "cookie", Name: cookie, Description: "a console session; changing calls send its token as " + CSRFHeader},
		}},
	}
}

// adminSchema names a schema after its type: a page of offers is OfferPage.
func adminSchema(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	outer, inner, generic := strings.Cut(strings.TrimSuffix(t.Name(), "]"), "[")
	switch {
	case generic:
		dot := strings.LastIndex(inner, ".")
		return schemaName(path.Base(inner[:dot]), inner[dot+1:]) + schemaName("", outer)
	case outer != "":
		return schemaName(path.Base(t.PkgPath()), outer)
	}
	return huma.DefaultSchemaNamer(t, hint)
}

// schemaName is the name of a type of a package. Where a package has its one type of that name, the package names it.
func schemaName(pkg, name string) string {
	title := func(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
	switch {
	case name == "Definition":
		return title(pkg)
	case pkg == "web":
		name = strings.TrimSuffix(name, "View")
	case pkg == "compare":
		return "Trial" + title(name)
	case name == "Settings" && (pkg == "knn" || pkg == "ease"):
		return title(pkg) + name
	case pkg == "evaluate", pkg == "segment", pkg == "ledger" && name != "Row", pkg == "kpi":
		return title(pkg) + title(name)
	}
	return title(name)
}

// adminOperation is one row of the admin API.
type adminOperation struct {
	method, path, id, summary, tag string
	access
	status   int    // of success; 0: 200
	media    string // of an answer that is a file
	body     int64  // bytes of an upload; 0: maxAdminBody
	refusals []int  // besides those that every operation has
}

// refusing are the refusals that an operation may have, from how it is reached and what it takes.
func (o adminOperation) refusing() []int {
	all := append([]int{http.StatusBadRequest, http.StatusInternalServerError, http.StatusServiceUnavailable}, o.refusals...)
	if o.action != "" {
		all = append(all, http.StatusUnauthorized, http.StatusForbidden)
	}
	if strings.Contains(o.path, "{") {
		all = append(all, http.StatusNotFound)
	}
	if o.method != http.MethodGet {
		all = append(all, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	if o.matches {
		all = append(all, http.StatusPreconditionFailed, http.StatusPreconditionRequired)
	}
	return all
}

// add registers an operation with its handler.
func add[I, O any](b *adminAPI, o adminOperation, do func(ctx context.Context, a staff.Actor, in *I) (*O, error)) {
	if o.status == 0 {
		o.status = http.StatusOK
	}
	op := huma.Operation{
		Method: o.method, Path: o.path, OperationID: o.id, Summary: o.summary, Tags: []string{o.tag}, DefaultStatus: o.status,
		Metadata: map[string]any{accessKey: o.access}, Responses: map[string]*huma.Response{}, MaxBodyBytes: cmp.Or(o.body, maxAdminBody), BodyReadTimeout: -1,
	}
	schema := b.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[problem](), true, "")
	for _, status := range o.refusing() {
		op.Responses[strconv.Itoa(status)] = &huma.Response{Description: http.StatusText(status), Content: map[string]*huma.MediaType{"application/problem+json": {Schema: schema}}}
	}
	if o.media != "" {
		op.Responses[strconv.Itoa(o.status)] = &huma.Response{Description: http.StatusText(o.status), Content: map[string]*huma.MediaType{o.media: {Schema: &huma.Schema{Type: huma.TypeString}}}}
	}
	if o.action != "" {
		op.Security = []map[string][]string{{"secretKey": {}}, {"basicKey": {}}, {"session": {}}}
		op.Extensions = map[string]any{"x-permission": string(o.action)}
	}
	if o.repeats {
		op.Parameters = append(op.Parameters, &huma.Param{Name: IdempotencyHeader, In: "header", Description: "any text of up to 255 characters that names this request: it is then done once in 24 hours",
			Schema: &huma.Schema{Type: huma.TypeString, MinLength: new(1), MaxLength: new(maxIdempotencyKey), Pattern: idempotencyPattern}})
	}
	huma.Register(b.huma, op, func(ctx context.Context, in *I) (*O, error) {
		c := callOf(ctx)
		out, err := do(ctx, c.actor, in)
		if c.err = err; err != nil {
			return nil, huma.Error500InternalServerError("") // the edge answers c.err
		}
		return out, nil
	})
}

// maxAdminBody bounds the body of a call that is no upload: a campaign with four variants of 250 KB.
const maxAdminBody = 1 << 20

// body is an answer with nothing but a body.
type body[T any] struct{ Body T }

// tagged is an answer with the version of what it shows.
type tagged[T any] struct {
	ETag string `header:"ETag"`
	Body T
}

func versioned[T any](version int64, v T) *tagged[T] {
	return &tagged[T]{`"` + strconv.FormatInt(version, 10) + `"`, v}
}

// noInput is an operation without parameters.
type noInput struct{}

// noAnswer is an operation that answers nothing but its status.
type noAnswer struct{}

// Paging are the parameters of a list.
type Paging struct {
	Cursor string `query:"cursor" maxLength:"1024" doc:"next of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

// IfMatch is the version that a change is about.
type IfMatch struct {
	Tag string `header:"If-Match" required:"true" pattern:"^(\\*|\"[1-9][0-9]{0,17}\")$" doc:"the ETag that was read, or * for whatever is stored"`
}

// version is what the header asks for; 0 for any.
func (m IfMatch) version(ctx context.Context) (int64, error) {
	callOf(ctx).matched = true
	if m.Tag == "*" {
		return 0, nil
	}
	digits, ok := strings.CutPrefix(strings.TrimSpace(m.Tag), `"`)
	digits, end := strings.CutSuffix(digits, `"`)
	n, err := strconv.ParseInt(digits, 10, 64)
	if !ok || !end || err != nil || n <= 0 {
		return 0, fault.InvalidField("If-Match", `is one ETag as it was answered, such as "3", or *`)
	}
	return n, nil
}

// saved is version for the use cases that save: there 0 would make something new.
func (m IfMatch) saved(ctx context.Context) (int64, error) {
	version, err := m.version(ctx)
	if version == 0 {
		version = admin.AnyVersion
	}
	return version, err
}
