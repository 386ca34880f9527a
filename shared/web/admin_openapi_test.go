package web

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"
)

const adminGolden = "testdata/admin.json"

func TestAdminOpenAPI(t *testing.T) {
	_, doc := AdminRoutes(time.Now, AdminDeps{})
	text, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := json.Indent(&got, text, "", " "); err != nil {
		t.Fatal(err)
	}
	got.WriteByte('\n')
	want, err := os.ReadFile(adminGolden)
	if err != nil && !*update {
		t.Fatal(err)
	}
	diff := cmp.Diff(string(want), got.String())
	if diff == "" {
		return
	}
	var before struct{ Info struct{ Version string } }
	if len(want) > 0 {
		if err := json.Unmarshal(want, &before); err != nil {
			t.Fatal(err)
		}
	}
	switch {
	case before.Info.Version == AdminVersion:
		t.Errorf("the document changed and its version did not: raise AdminVersion, then make gen (-want +got):\n%s", diff)
	case !*update:
		t.Errorf("the document changed: make gen (-want +got):\n%s", diff)
	default:
		if err := os.WriteFile(adminGolden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAdminDocumentIsWhole holds every operation to what a client needs of it.
func TestAdminDocumentIsWhole(t *testing.T) {
	routes, doc := AdminRoutes(time.Now, AdminDeps{})
	described := 0
	for path, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Put, item.Post, item.Delete} {
			if op == nil {
				continue
			}
			described++
			for part := range strings.SplitSeq(path, "{") {
				name, _, ok := strings.Cut(part, "}")
				if ok && !slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool { return p.In == "path" && p.Name == name }) {
					t.Errorf("%s has no parameter %q", op.OperationID, name)
				}
			}
			way, _ := op.Metadata[accessKey].(access)
			matches := slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool { return p.In == "header" && p.Name == "If-Match" && p.Required })
			if way.matches != matches {
				t.Errorf("%s asks for If-Match: %v, and says so: %v", op.OperationID, way.matches, matches)
			}
			if op.Summary == "" || len(op.Tags) != 1 {
				t.Errorf("%s has no summary or no tag", op.OperationID)
			}
			if op.Responses["500"] == nil || op.Responses["default"] != nil {
				t.Errorf("%s does not list its refusals", op.OperationID)
			}
		}
	}
	if described != len(routes)-1 { // the document does not describe itself
		t.Errorf("%d operations described, %d routes", described, len(routes))
	}
}
