package rapi

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"shopkeeper/shared/standin"
)

// Function keeps one process of a bootstrap going and starts another when it ended. It is safe for concurrent use.
type Function struct {
	bootstrap string
	options   Options

	mu      sync.Mutex
	process *Process
	starts  int
}

// NewFunction starts nothing yet. Close it.
func NewFunction(bootstrap string, o Options) *Function {
	return &Function{bootstrap: bootstrap, options: o}
}

// Invoke is Process.Invoke of the process that is going.
func (f *Function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	p, err := f.going(ctx)
	if err != nil {
		return nil, err
	}
	body, err := p.Invoke(ctx, payload)
	if _, exited := errors.AsType[*ExitError](err); exited || errors.Is(err, ErrTimeout) {
		err = errors.Join(err, f.drop(p))
	}
	return body, err
}

func (f *Function) going(ctx context.Context) (*Process, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.process != nil {
		return f.process, nil
	}
	p, err := Start(context.WithoutCancel(ctx), f.bootstrap, f.options)
	if err != nil {
		return nil, err
	}
	f.process = p
	f.starts++
	return p, nil
}

func (f *Function) drop(p *Process) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.process == p {
		f.process = nil
	}
	return p.Close()
}

// Kill ends the present process as a crash would: the Invoke in progress, or the next one, sees it.
func (f *Function) Kill() {
	f.mu.Lock()
	p := f.process
	f.mu.Unlock()
	if p != nil {
		p.kill()
	}
}

// Starts is how many processes there were.
func (f *Function) Starts() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.starts
}

// Log is the end of what the present process printed.
func (f *Function) Log() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.process == nil {
		return ""
	}
	return f.process.Log()
}

// Close ends the process.
func (f *Function) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.process == nil {
		return nil
	}
	err := f.process.Close()
	f.process = nil
	return err
}

// Build makes the bootstrap of a package of this module, such as ./functions/profile, as make build does, but for this machine.
func Build(t testing.TB, pkg string) string {
	t.Helper()
	root, err := standin.Root()
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "bootstrap")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", out, pkg)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", pkg, err, strings.TrimSpace(string(text)))
	}
	return out
}

// id is a request id as Lambda makes them.
func id() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
