package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/consent"
)

var update = flag.Bool("update", false, "rewrite the snapshots")

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	jsii.Close()
	os.Exit(code)
}

// template is one stack as CloudFormation reads it.
type template struct {
	Resources map[string]resource
	Outputs   map[string]any
}

type resource struct {
	Type           string
	Properties     map[string]any
	DeletionPolicy string
	Metadata       map[string]any
}

// path is where the resource stands in the app, such as "profile/role".
func (r resource) path() string {
	full, _ := r.Metadata["aws:cdk:path"].(string)
	_, inner, _ := strings.Cut(full, "/")
	return strings.TrimSuffix(inner, "/Resource")
}

// deployment is the templates of one stage by the stack's short name, raw and read.
type deployment struct {
	raw  map[string][]byte
	read map[string]template
}

// of returns the resources of a type in a stack, in the order of their paths.
func (d deployment) of(stack, kind string) []resource {
	var out []resource
	for _, r := range d.read[stack].Resources {
		if r.Type == kind {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b resource) int { return strings.Compare(a.path(), b.path()) })
	return out
}

// one returns the only resource of a type below a path.
func (d deployment) one(t *testing.T, stack, kind, path string) resource {
	t.Helper()
	var found []resource
	for _, r := range d.of(stack, kind) {
		if r.path() == path || strings.HasPrefix(r.path(), path+"/") {
			found = append(found, r)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%s has %d of %s below %q, want 1", stack, len(found), kind, path)
	}
	return found[0]
}

// The templates of each stage are made once: the CDK's process serves one caller at a time.
var (
	synthesis sync.Mutex
	made      = map[string]deployment{}
)

// inTheWarehouse is what the name of a stage ends with whose trainings run SQL.
const inTheWarehouse = "+warehouse"

func synthesize(t *testing.T, name string) deployment {
	t.Helper()
	synthesis.Lock()
	defer synthesis.Unlock()
	if d, ok := made[name]; ok {
		return d
	}
	plain, inWarehouse := strings.CutSuffix(name, inTheWarehouse)
	stage := stages[plain]
	if inWarehouse {
		stage.Build = warehouseBuild
	}
	stage.AlarmMail = "ops@shop.example"
	if stage.Consent == "" {
		stage.Consent = consent.Required
	}
	stage.Assets = assets(t)
	d, err := run(stage, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	made[name] = d
	return d
}

// assets is a folder with something in place of each function's bootstrap.
func assets(t *testing.T) string {
	t.Helper()
	all := t.TempDir()
	for _, f := range functionNames(t) {
		dir := filepath.Join(all, f)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "bootstrap"), []byte("in place of "+f), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// run synthesizes a stage with the settings of cdk.json. The CDK panics instead of returning errors.
func run(stage Stage, dir string) (d deployment, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("synthesis: %v", r)
		}
	}()
	text, err := os.ReadFile("../cdk.json")
	if err != nil {
		return d, err
	}
	var settings struct{ Context map[string]any }
	if err := json.Unmarshal(text, &settings); err != nil {
		return d, err
	}
	settings.Context["aws:cdk:enable-path-metadata"] = true // the command line does
	app := awscdk.NewApp(&awscdk.AppProps{Context: &settings.Context, Outdir: &dir, AnalyticsReporting: no})
	build(app, stage)
	app.Synth(nil)
	d = deployment{raw: map[string][]byte{}, read: map[string]template{}}
	for _, stack := range []string{"data", "service", "observability", "mail-settings"} {
		raw, err := os.ReadFile(filepath.Join(dir, *stage.id(stack)+".template.json"))
		if stage.Emulated && stack == "mail-settings" {
			continue
		}
		if err != nil {
			return d, err
		}
		var read template
		if err := json.Unmarshal(raw, &read); err != nil {
			return d, err
		}
		d.raw[stack], d.read[stack] = raw, read
	}
	return d, nil
}

// functionNames are the folders of functions/.
func functionNames(t *testing.T) []string {
	t.Helper()
	mains, err := filepath.Glob("../functions/*/main.go")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, m := range mains {
		names[filepath.Base(filepath.Dir(m))] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// hashes are of file contents: they say nothing about the template.
var hashes = regexp.MustCompile(`[0-9a-f]{64}|(CurrentVersion[0-9A-F]{8})[0-9a-f]{32}`)

func TestSnapshots(t *testing.T) {
	for _, stack := range []string{"data", "service", "observability", "mail-settings"} {
		t.Run(stack, func(t *testing.T) {
			var indented bytes.Buffer
			if err := json.Indent(&indented, hashes.ReplaceAll(synthesize(t, "prod").raw[stack], []byte("${1}HASH")), "", " "); err != nil {
				t.Fatal(err)
			}
			got := indented.String() + "\n"
			file := filepath.Join("testdata", "prod-"+stack+".json")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("template changed; if that is meant, make gen (-want +got):\n%s", diff)
			}
		})
	}
}
