// Package standin starts the outside programs that tests run against: DynamoDB Local, the AWS emulator. Each is a script below the module's
// root that installs the program once under .cache, starts it on the loopback, prints "listening on HOST:PORT" and ends when its standard input
// does, so that nothing outlives the test process, however that ends.
//
// A machine that has not what a program needs skips the tests with the reason, unless the program is named in SHOPKEEPER_REQUIRE (a
// comma-separated list): there it is a failure, so that a check that must run cannot be lost.
package standin

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"shopkeeper/shared/process"
)

// Patience is how long a program may take to install itself and to answer: a first start fetches some 50 MB.
const Patience = 5 * time.Minute

// exitUnavailable is how a script says that it could not fetch what it starts (EX_UNAVAILABLE of sysexits.h).
const exitUnavailable = 69

const keptLog = 4 << 10 // of what a program printed before it failed

// Program is one outside program, shared by all tests of a process. It is not to be copied.
type Program struct {
	Name   string   // in SHOPKEEPER_REQUIRE
	Script string   // from the module's root, slash-separated
	Needs  []string // commands that must be there
	Env    []string // in addition to this process's

	once    sync.Once
	addr    string
	err     error
	missing bool      // err is that the machine has not what it needs
	input   io.Closer // kept open: the program ends when it closes
}

// Start runs the program unless it runs already and returns its address, host:port. It skips or fails the test when that is impossible.
func (p *Program) Start(t testing.TB) string {
	t.Helper()
	p.once.Do(p.start)
	switch {
	case p.err == nil:
		return p.addr
	case p.missing && !Required(p.Name):
		t.Skipf("%s is not available here: %v", p.Name, p.err)
	default:
		t.Fatalf("start %s: %v", p.Name, p.err)
	}
	return ""
}

// Required says whether SHOPKEEPER_REQUIRE names the program.
func Required(name string) bool {
	return slices.Contains(strings.Split(os.Getenv("SHOPKEEPER_REQUIRE"), ","), name)
}

func (p *Program) start() {
	for _, need := range p.Needs {
		if _, err := exec.LookPath(need); err != nil {
			p.err, p.missing = err, true
			return
		}
	}
	root, err := Root()
	if err != nil {
		p.err = err
		return
	}
	p.addr, p.err = p.run(filepath.Join(root, filepath.FromSlash(p.Script)))
	if exit, ok := errors.AsType[*exec.ExitError](p.err); ok {
		p.missing = exit.ExitCode() == exitUnavailable
	}
}

func (p *Program) run(script string) (string, error) {
	cmd := exec.CommandContext(context.Background(), script) // it ends with its input
	cmd.Env = append(os.Environ(), p.Env...)
	log := process.NewTail(keptLog)
	cmd.Stderr = log
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	p.input = in

	found := make(chan string, 1)
	go func() {
		defer close(found)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if addr, ok := strings.CutPrefix(lines.Text(), "listening on "); ok {
				found <- addr
			}
		}
	}()
	select {
	case addr, ok := <-found:
		if ok {
			return addr, nil
		}
		return "", fmt.Errorf("%w\n%s", wait(cmd), log)
	case <-time.After(Patience):
		in.Close()
		return "", fmt.Errorf("no answer within %v\n%s", Patience, log)
	}
}

// wait is why the program ended; it is never nil.
func wait(cmd *exec.Cmd) error {
	if err := cmd.Wait(); err != nil {
		return err
	}
	return errors.New("it ended without an address")
}

// Root is the module's folder: the nearest one above the working directory that has a go.mod.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no go.mod above the working directory")
		}
		dir = parent
	}
}
