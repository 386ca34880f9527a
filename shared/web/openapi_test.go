package web

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the OpenAPI document")

const golden = "testdata/openapi.json"

// routes are all that a gateway answers. Health is asked of the local process alone.
func routes() []Route {
	all := slices.Concat(CollectRoutes(time.Now, CollectDeps{}), RecommendRoutes(RecommendDeps{}))
	return slices.DeleteFunc(all, func(r Route) bool { return r.Path == "/healthz" })
}

// gatewayPath is a route's path as a gateway and OpenAPI spell it: a slash at the end is the same address to them.
func gatewayPath(path string) string { return strings.TrimSuffix(path, "/{$}") }

func TestOpenAPI(t *testing.T) {
	doc, _ := describe()
	text, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := json.Indent(&got, text, "", " "); err != nil {
		t.Fatal(err)
	}
	got.WriteByte('\n')
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	diff := cmp.Diff(string(want), got.String())
	if diff == "" {
		return
	}
	var before struct{ Info struct{ Version string } }
	if err := json.Unmarshal(want, &before); err != nil {
		t.Fatal(err)
	}
	switch {
	case before.Info.Version == Version:
		t.Errorf("the document changed and its version did not: raise Version, then make gen (-want +got):\n%s", diff)
	case !*update:
		t.Errorf("the document changed: make gen (-want +got):\n%s", diff)
	default:
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEveryRouteIsDescribed(t *testing.T) {
	var want, got []string
	for _, r := range routes() {
		want = append(want, r.Method+" "+gatewayPath(r.Path))
	}
	doc, _ := describe()
	for path, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Delete} {
			if op != nil {
				got = append(got, op.Method+" "+path)
			}
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(slices.Compact(want), got); diff != "" {
		t.Errorf("described routes (-table +document):\n%s", diff)
	}
}

// TestRecordedAnswers holds the answers of events/ to what is promised of their route and status.
func TestRecordedAnswers(t *testing.T) {
	doc, registry := describe()
	for _, function := range []string{"collect", "recommend"} {
		wants, err := filepath.Glob("../../events/" + function + "/*.want.json")
		if err != nil || len(wants) == 0 {
			t.Fatalf("no recorded answers of %s (%v)", function, err)
		}
		for _, file := range wants {
			name := strings.TrimSuffix(file, ".want.json")
			t.Run(function+" "+strings.ReplaceAll(filepath.Base(name), "-", " "), func(t *testing.T) {
				var asked struct {
					RouteKey       string
					RequestContext struct{ HTTP struct{ Method string } }
				}
				var got struct {
					Answer struct {
						StatusCode int
						Headers    map[string]string
						Body       any
					}
				}
				read(t, name+".json", &asked)
				read(t, file, &got)
				op := operation(doc, asked.RequestContext.HTTP.Method, strings.TrimPrefix(asked.RouteKey, "ANY "))
				if op == nil { // a preflight, or a method that the path does not take
					if s := got.Answer.StatusCode; s != http.StatusNoContent && s != http.StatusMethodNotAllowed {
						t.Errorf("status %d of an operation that is not described", s)
					}
					return
				}
				response := op.Responses[strconv.Itoa(got.Answer.StatusCode)]
				if response == nil {
					t.Fatalf("status %d is not described", got.Answer.StatusCode)
				}
				content := response.Content[got.Answer.Headers["Content-Type"]]
				if content == nil {
					t.Fatalf("type %s of status %d is not described", got.Answer.Headers["Content-Type"], got.Answer.StatusCode)
				}
				var wrong huma.ValidateResult
				huma.Validate(registry, content.Schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, got.Answer.Body, &wrong)
				for _, err := range wrong.Errors {
					t.Error(err)
				}
			})
		}
	}
}

func read(t *testing.T, file string, v any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func operation(doc *huma.OpenAPI, method, path string) *huma.Operation {
	item := doc.Paths[path]
	if item == nil {
		return nil
	}
	return map[string]*huma.Operation{http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodDelete: item.Delete}[method]
}

func TestOpenAPIIsServed(t *testing.T) {
	g := newGateway(t)
	w := g.do(call{method: http.MethodGet, path: "/v1/openapi.json"})
	var got struct {
		OpenAPI string
		Info    struct{ Version string }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK || got.OpenAPI != "3.1.0" || got.Info.Version != Version {
		t.Errorf("%d %+v (%v)", w.Code, got, err)
	}
}

// describe makes the document from the table of operations and the types of their bodies.
func describe() (*huma.OpenAPI, huma.Registry) {
	registry := huma.NewMapRegistry("#/components/schemas/", func(t reflect.Type, hint string) string {
		return strings.TrimSuffix(huma.DefaultSchemaNamer(t, hint), "View")
	})
	doc := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{Title: "Shopkeeper", Version: Version, License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
			Description: "What browsers, SDKs and a shop's own servers call. Every refusal is a problem document (RFC 9457) whose requestId the log has too."},
		Components: &huma.Components{Schemas: registry, SecuritySchemes: map[string]*huma.SecurityScheme{
			"writeKey":  {Type: "http", Scheme: "basic", Description: "a write or secret key as the user name, no password"},
			"queryKey":  {Type: "apiKey", In: "query", Name: "writeKey"},
			"secretKey": {Type: "http", Scheme: "bearer", Description: "the secret key, between servers: it opens visitor= and user="},
		}},
		Tags: []*huma.Tag{{Name: tagCollect}, {Name: tagRecommend}, {Name: tagPerson}, {Name: tagService}},
	}
	schema := func(v any, name string) *huma.Schema { return registry.Schema(reflect.TypeOf(v), true, name) }
	for _, d := range operations {
		op := &huma.Operation{Method: d.method, Path: d.path, OperationID: d.id, Summary: d.summary, Tags: []string{d.tag}, Responses: map[string]*huma.Response{}}
		for _, name := range d.params {
			op.Parameters = append(op.Parameters, parameter(name, strings.Contains(d.path, "{"+name+"}")))
		}
		if d.body != nil {
			content := map[string]*huma.MediaType{}
			for _, media := range d.takes {
				content[media] = &huma.MediaType{Schema: schema(d.body, d.id+"-request")}
			}
			op.RequestBody = &huma.RequestBody{Required: true, Content: content}
		}
		ok := &huma.Response{Description: "done", Content: map[string]*huma.MediaType{}}
		for media, answer := range d.answers {
			ok.Content[media] = &huma.MediaType{Schema: schema(answer, d.id+"-answer")}
		}
		op.Responses["200"] = ok
		for _, status := range d.refusals {
			op.Responses[strconv.Itoa(status)] = &huma.Response{Description: http.StatusText(status), Content: map[string]*huma.MediaType{"application/problem+json": {Schema: schema(problem{}, "")}}}
		}
		if !d.open {
			op.Security = []map[string][]string{{"writeKey": {}}, {"queryKey": {}}, {"secretKey": {}}}
		}
		if d.secret {
			op.Security = []map[string][]string{{"secretKey": {}}}
		}
		doc.AddOperation(op)
	}
	return doc, registry
}

func parameter(name string, inPath bool) *huma.Param {
	text, ok := parameters[name]
	if !ok {
		panic(fmt.Sprintf("no words for parameter %q; there are %v", name, slices.Sorted(maps.Keys(parameters))))
	}
	p := &huma.Param{Name: name, In: "query", Description: text, Schema: &huma.Schema{Type: huma.TypeString}}
	if name == "limit" {
		p.Schema = &huma.Schema{Type: huma.TypeInteger}
	}
	if inPath {
		p.In, p.Required = "path", true
	}
	return p
}
