package browsertest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"shopkeeper/shared/standin"
)

// world is what the tests share: one served shop and one browser, started by whoever needs them first.
type world struct {
	shop    string // address, without a slash at the end
	owner   string // password of the console's first account
	server  *exec.Cmd
	log     *bytes.Buffer
	browser context.Context
	end     []func()
}

var shared struct {
	once  sync.Once
	world *world
	err   error
}

// errNoBrowser is for who requires a browser and has none.
var errNoBrowser = errors.New("no Chromium on the PATH")

func TestMain(m *testing.M) {
	code := m.Run()
	if w := shared.world; w != nil {
		if err := w.close(); err != nil {
			fmt.Fprintln(os.Stderr, "stopping the shop:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// start is the shared world; it skips unless a browser is required: beside all other tests on a small machine no page would come in time.
func start(t *testing.T) *world {
	t.Helper()
	if !standin.Required("browser") {
		t.Skip("needs Chromium and a machine of its own: set SHOPKEEPER_REQUIRE=browser")
	}
	shared.once.Do(func() { shared.world, shared.err = newWorld() })
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.world
}

func newWorld() (*world, error) {
	chromium := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			chromium = path
			break
		}
	}
	if chromium == "" {
		return nil, errNoBrowser
	}
	dir, err := os.MkdirTemp("", "browsertest-")
	if err != nil {
		return nil, err
	}
	w := &world{log: &bytes.Buffer{}, end: []func(){func() { _ = os.RemoveAll(dir) }}}
	if err := w.serve(dir); err != nil {
		return nil, errors.Join(err, w.close())
	}
	if err := w.browse(chromium, filepath.Join(dir, "browser")); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

// serve builds the command and starts a shop that is made up anew.
func (w *world) serve(dir string) error {
	binary := filepath.Join(dir, "shopkeeper")
	build := exec.Command("go", "build", "-o", binary, "shopkeeper/scripts/shopkeeper")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	w.server = exec.Command(binary, "serve", "--port", "0", "--data", filepath.Join(dir, "shop"), "--json")
	w.server.Stderr = w.log
	out, err := w.server.StdoutPipe()
	if err != nil {
		return err
	}
	if err := w.server.Start(); err != nil {
		return err
	}
	kill := time.AfterFunc(3*time.Minute, func() { _ = w.server.Process.Kill() })
	defer kill.Stop()
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("the shop did not get ready: %w\n%s", err, w.log)
	}
	var ready struct{ URL, Password string }
	if err := json.Unmarshal(line, &ready); err != nil {
		return fmt.Errorf("the shop said %q: %w", line, err)
	}
	w.shop, w.owner = ready.URL, ready.Password
	return nil
}

func (w *world) browse(chromium, profile string) error {
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium), chromedp.UserDataDir(profile), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
	)
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	browser, stopBrowser := chromedp.NewContext(allocator)
	w.browser = browser
	w.end = append(w.end, stopAllocator, stopBrowser)
	return chromedp.Do(browser)
}

// close ends browser and shop. The shop must drain and end with success.
func (w *world) close() error {
	defer w.end[0]()
	for i := len(w.end) - 1; i > 0; i-- {
		w.end[i]()
	}
	if w.server == nil || w.server.Process == nil {
		return nil
	}
	if err := w.server.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	kill := time.AfterFunc(30*time.Second, func() { _ = w.server.Process.Kill() })
	defer kill.Stop()
	if err := w.server.Wait(); err != nil {
		return fmt.Errorf("%w\n%s", err, w.log)
	}
	return nil
}

// output is where screenshots go; empty for nowhere.
func output() string { return os.Getenv("SHOPKEEPER_OUTPUT") }

// axeSource is axe-core as the package manager fetched it.
var axeSource = sync.OnceValues(func() (string, error) {
	text, err := os.ReadFile(filepath.Join("..", "..", "node_modules", "axe-core", "axe.min.js"))
	return string(text), err
})
