// Package archtest holds the architecture to its word: which package may know which.
package archtest

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "shopkeeper/"

// layer says what a package under shared/ is. A package that is in no list fails the test: whoever adds one decides where it belongs.
var layers = map[string][]string{
	"contract": {"table", "queue", "blob", "bus", "fault", "mail"},
	"domain": {"event", "consent", "shop", "identity", "people", "profile", "catalog", "clicks", "order", "collect", "recommend", "trainer", "backtest",
		"archive", "parquetrows", "warehouse", "ingest", "simulate", "locale", "snippet", "env",
		"segment", "offpolicy", "exposure", "suppression", "privacy", "ledger", "campaign", "sending", "feedback", "letter", "tracking", "offer", "experiment", "compare", "evaluate", "kpi", "chart", "staff", "admin"},
	"adapter": {"sqlite", "disk", "dynamo", "sqs", "s3", "eventbridge", "athena", "secrets", "smtp", "ses", "outbox"},
	"support": {"sdkfault", "process", "mime"}, // what the AWS adapters share: SDK errors into faults; what tests and measurements see of a process
	"edge":    {"web", "fastlane", "stream", "page", "demo", "console"},
	"wiring":  {"app", "local"},
	"test":    {"archtest", "crashtest", "browsertest", "deploytest", "rapi", "ministacktest", "bench", "replay", "standin"},
}

// libraries are the modules outside the standard library that a layer may import, each with its reason.
var libraries = map[string][]string{
	"domain": {
		"gonum.org/v1/gonum",               // linear algebra
		"golang.org/x/text",                // languages, normal forms
		"golang.org/x/sync",                // bounded groups
		"golang.org/x/sys/cpu",             // which instructions this processor has
		"github.com/oklog/ulid",            // sortable ids
		"github.com/parquet-go/parquet-go", // archive format
		"github.com/klauspost/compress",    // compressed imports
		"github.com/expr-lang/expr",        // conditions of segments
		"github.com/osteele/liquid",        // templates of mail
		"golang.org/x/crypto",              // argon2id
		"golang.org/x/net/html",            // links and text of mail
	},
	"contract": {},
	"edge": {
		"github.com/danielgtaylor/huma", // OpenAPI
		"github.com/klauspost/compress", // gzip bodies
		"golang.org/x/text",
	},
}

type pkg struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
	Deps         []string
}

func packages(t *testing.T) map[string]pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Imports,TestImports,XTestImports,Deps", "shopkeeper/shared/...", "shopkeeper/functions/...", "shopkeeper/scripts/...")
	cmd.Dir = "../.."
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	all := map[string]pkg{}
	for dec := json.NewDecoder(out); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimPrefix(p.ImportPath, module)] = p
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	return all
}

func layerOf(rel string) string {
	name, ok := strings.CutPrefix(rel, "shared/")
	if !ok {
		return ""
	}
	if strings.HasSuffix(path.Base(name), "test") && path.Base(name) != name {
		return "test" // a conformance suite or helper beside its contract: shared/table/tabletest
	}
	top, _, _ := strings.Cut(name, "/")
	for layer, names := range layers {
		if slices.Contains(names, top) {
			return layer
		}
	}
	return "unknown"
}

func standard(imp string) bool {
	first, _, _ := strings.Cut(imp, "/")
	return !strings.Contains(first, ".") && first != "shopkeeper"
}

func TestLayers(t *testing.T) {
	for rel, p := range packages(t) {
		layer := layerOf(rel)
		if layer == "unknown" {
			t.Errorf("%s is in no layer: decide where it belongs", rel)
			continue
		}
		for _, imp := range p.Imports {
			if why := forbidden(rel, layer, imp); why != "" {
				t.Errorf("%s imports %s: %s", rel, imp, why)
			}
		}
	}
}

func forbidden(rel, layer, imp string) string {
	if strings.HasPrefix(imp, "github.com/awslabs/aws-lambda-go-api-proxy") && !strings.HasPrefix(rel, "functions/") {
		return "only functions/*/main.go know the API proxy"
	}
	if strings.HasPrefix(imp, "github.com/aws/aws-cdk-go") || strings.HasPrefix(imp, "github.com/aws/jsii") {
		return "only infra knows the CDK"
	}
	if strings.HasPrefix(rel, "functions/") && strings.HasPrefix(imp, module+"functions/") {
		return "a function imports no other function"
	}
	if inner, ok := strings.CutPrefix(imp, module); ok {
		return crosses(layer, layerOf(inner), rel, inner)
	}
	if layer != "domain" && layer != "contract" {
		if layer == "edge" && strings.HasPrefix(imp, "github.com/aws/") {
			return "an edge knows no AWS SDK"
		}
		return ""
	}
	if imp == "net/http" || imp == "database/sql" {
		return "a " + layer + " package knows no transport and no engine"
	}
	if standard(imp) || slices.ContainsFunc(libraries[layer], func(l string) bool { return strings.HasPrefix(imp, l) }) {
		return ""
	}
	return "not a library that the " + layer + " layer may use"
}

// crosses says why a package of one layer may not import a package of ours in another.
func crosses(from, to, rel, inner string) string {
	if to == "test" && from != "test" {
		return "product code imports no test helper"
	}
	allowed := map[string][]string{
		"contract": {"contract"},
		"domain":   {"contract", "domain"},
		"adapter":  {"contract", "domain", "support"},
		"support":  {"contract"},
		"edge":     {"contract", "domain", "edge"},
		"wiring":   {"contract", "domain", "edge", "adapter", "support", "wiring"},
	}
	// The archive and the folder of profiles are handlers of a stream: they know its Handler type alone.
	if from == "domain" && inner == "shared/stream" {
		return ""
	}
	if set, ok := allowed[from]; ok && !slices.Contains(set, to) {
		return "a " + from + " package may not know a " + to
	}
	if from == "adapter" && layerOf(inner) == "adapter" && rel != inner {
		return "adapters do not know each other"
	}
	return ""
}

func TestFunctionsStaySmall(t *testing.T) {
	heavy := []string{"github.com/aws/aws-cdk-go", "modernc.org/sqlite", "github.com/chromedp", "shopkeeper/shared/demo", "shopkeeper/shared/simulate", "shopkeeper/shared/local"}
	for rel, p := range packages(t) {
		if !strings.HasPrefix(rel, "functions/") {
			continue
		}
		for _, dep := range p.Deps {
			for _, h := range heavy {
				if dep == h || strings.HasPrefix(dep, h+"/") {
					t.Errorf("%s drags in %s", rel, dep)
				}
			}
		}
	}
}
