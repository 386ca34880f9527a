package deploytest

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"shopkeeper/shared/ministacktest"
	"shopkeeper/shared/standin"
)

// project is this checkout as whoever deploys it sees it: the CDK's command line, pointed to the emulator.
type project struct {
	root     string
	endpoint string
	dir      string // synthesized apps, outputs
}

// patience is for one command on a busy machine; a first build of the functions takes the longest.
const patience = 12 * time.Minute

func newProject(t *testing.T, endpoint string) project {
	t.Helper()
	root, err := standin.Root()
	if err != nil {
		t.Fatal(err)
	}
	return project{root: root, endpoint: endpoint, dir: t.TempDir()}
}

// run is one command in the checkout's root. It fails the test with the command's last words.
func (p project) run(t *testing.T, name string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	defer cancel()
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = p.root
	cmd.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+p.endpoint, "AWS_REGION="+ministacktest.Region, "AWS_DEFAULT_REGION="+ministacktest.Region,
		"AWS_ACCESS_KEY_ID="+ministacktest.Account, "AWS_SECRET_ACCESS_KEY=secret", "CI=true", "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=1")
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.WaitDelay = 5 * time.Second
	began := time.Now()
	if err := cmd.Run(); err != nil {
		text := said.Bytes()
		t.Fatalf("%s %v: %v\n%s", name, args, err, text[max(0, len(text)-4000):])
	}
	t.Logf("%s %v: %.1f s", name, args[:min(3, len(args))], time.Since(began).Seconds())
}

func (p project) cdk(t *testing.T, args ...string) {
	t.Helper()
	p.run(t, "npx", append([]string{"--no-install", "cdk"}, args...)...)
}

// synth makes the emulator's app once, in a folder that the later commands take it from, and returns the folder.
func (p project) synth(t *testing.T, name string, choices ...string) string {
	t.Helper()
	app := filepath.Join(p.dir, name)
	p.cdk(t, append([]string{"synth", "--quiet", "--output", app, "-c", "stage=emulator"}, choices...)...)
	return app
}

// outputs are those of the stacks that matter here.
type outputs struct {
	Data    struct{ Bucket string }          `json:"shopkeeper-emulator-data"`
	Service struct{ ApiID, Failures string } `json:"shopkeeper-emulator-service"`
}

// deploy is plain cdk deploy of all stacks.
func (p project) deploy(t *testing.T, app string) (out outputs) {
	t.Helper()
	file := filepath.Join(p.dir, "outputs.json")
	p.cdk(t, "deploy", "--all", "--require-approval", "never", "--app", app, "--outputs-file", file)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	if out.Data.Bucket == "" || out.Service.ApiID == "" || out.Service.Failures == "" {
		t.Fatalf("outputs %s", text)
	}
	return out
}
