package browsertest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// size is a screen.
type size struct {
	name          string
	width, height int64
	phone         bool
}

var (
	desktop = size{"desktop", 1280, 900, false}
	phone   = size{"phone", 360, 740, true}
)

// patience bounds one step; a page that takes longer is a failure.
const patience = 30 * time.Second

// tab is a visitor with cookies of its own. Its steps fail the test at once.
type tab struct {
	t        *testing.T
	ctx      context.Context
	world    *world
	size     size
	keyboard bool // uses no mouse
	strict   bool // whatever axe-core finds is a failure
	plain    bool // runs no scripts, those that look at its pages neither
	prefix   string

	mu       sync.Mutex
	trouble  []string // what the console and the security policy had to say
	expected []string // parts of messages that the test provokes
	asked    []string // what dialogs asked; each was answered with yes
}

func (w *world) tab(t *testing.T, s size, keyboard bool, before ...step) *tab {
	t.Helper()
	v := &tab{t: t, world: w, size: s, keyboard: keyboard, prefix: s.name}
	ctx, cancel := chromedp.NewContext(w.browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(v.listen))
	t.Cleanup(cancel)
	v.ctx = ctx
	view := chromedp.EmulateViewport(s.width, s.height)
	if s.phone {
		view = chromedp.EmulateViewport(s.width, s.height, chromedp.EmulateMobile)
	}
	// The first Do of a tab makes it, and must not be bound to the time of a step.
	if err := chromedp.Do(ctx, append([]step{command(network.Enable, network.EnableParams{}), command(audits.Enable, cdp.Empty{}), command(cdplog.Enable, cdp.Empty{}), view}, before...)...); err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	t.Cleanup(v.checkTrouble)
	return v
}

// step is something a visitor does.
type step = chromedp.Action[chromedp.Void]

// command is a protocol command as a step.
func command[P, R any](cmd cdp.Command[P, R], params P) step {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, cmd, params)
		return err
	})
}

// ask runs an action that returns something.
func ask[T any](v *tab, action chromedp.Action[T]) T {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, patience)
	defer cancel()
	answer, err := chromedp.Run(ctx, action)
	if err != nil {
		v.shoot("failed")
		v.t.Fatalf("%s: %v", v.prefix, err)
	}
	return answer
}

// listen notes whatever a developer would see in red.
func (v *tab) listen(ev any) {
	said := ""
	switch e := ev.(type) {
	case *page.EventJavascriptDialogOpening:
		v.agree(e.Message)
	case *runtime.EventExceptionThrown:
		said = "exception: " + e.ExceptionDetails.Text
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			said = fmt.Sprintf("console: %s", e.Args[0].Value)
		}
	case *cdplog.EventEntryAdded:
		if e.Entry.Level == cdplog.EntryLevelError || e.Entry.Level == cdplog.EntryLevelWarning {
			said = "log: " + e.Entry.Text + " " + e.Entry.URL
		}
	case *audits.EventIssueAdded:
		if e.Issue.Code == audits.InspectorIssueCodeContentSecurityPolicyIssue {
			d := e.Issue.Details.ContentSecurityPolicyIssueDetails
			said = "content security policy: " + d.ViolatedDirective + " " + d.BlockedURL
		}
	}
	if said != "" {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.trouble = append(v.trouble, said)
	}
}

func (v *tab) checkTrouble() {
	v.mu.Lock()
	defer v.mu.Unlock()
next:
	for _, said := range v.trouble {
		for _, part := range v.expected {
			if strings.Contains(said, part) {
				continue next
			}
		}
		v.t.Errorf("%s: %s", v.prefix, said)
	}
}

func (v *tab) run(actions ...step) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		v.shoot("failed")
		v.t.Fatalf("%s: %v", v.prefix, err)
	}
}

// navigate runs actions that lead to another page, waits until it is loaded, and looks at it: status, and sideways scrolling.
func (v *tab) navigate(what string, actions ...step) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, patience)
	defer cancel()
	res, err := chromedp.RunResponse(ctx, actions...)
	if err != nil {
		v.shoot("failed")
		v.t.Fatalf("%s: no page followed %s: %v", v.prefix, what, err)
	}
	if res.Status >= 500 {
		v.t.Fatalf("%s: %s answered %d", v.prefix, res.URL, res.Status)
	}
	if wide := ask(v, chromedp.Evaluate[int64](`document.documentElement.scrollWidth`)); wide > v.size.width {
		v.t.Errorf("%s: %s is %d pixels wide on a screen of %d", v.prefix, res.URL, wide, v.size.width)
	}
}

// open types an address.
func (v *tab) open(path string) {
	v.t.Helper()
	v.navigate(path, chromedp.Navigate(v.world.shop+path))
}

// follow activates a link or button that leads to a page, by mouse, or by Tab and Enter.
func (v *tab) follow(selector string) {
	v.t.Helper()
	if v.keyboard {
		v.tabTo(selector)
		v.navigate(selector, chromedp.KeyEvent(kb.Enter))
		return
	}
	v.bring(selector)
	v.navigate(selector, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// toggle activates something that stays on the page.
func (v *tab) toggle(selector string) {
	v.t.Helper()
	if v.keyboard {
		v.tabTo(selector)
		v.run(chromedp.KeyEvent(kb.Enter))
		return
	}
	v.bring(selector)
	v.run(chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// bring scrolls something to the middle of the screen, as people do before they click: the button of the panel lies over the lower edge.
func (v *tab) bring(selector string) {
	v.t.Helper()
	ask(v, chromedp.Evaluate[bool](fmt.Sprintf(`!document.querySelector(%q)?.scrollIntoView({block: "center", behavior: "instant"})`, selector)))
}

// enter puts text into a field.
func (v *tab) enter(selector, text string) {
	v.t.Helper()
	if v.keyboard {
		v.tabTo(selector)
		v.run(chromedp.KeyEvent(text))
		return
	}
	v.run(chromedp.Click(chromedp.CSS(selector)), chromedp.KeyEvent(text))
}

// maxTabs is how far anything may be from the beginning of a page.
const maxTabs = 300

// tabTo presses Tab until the focus is on what the selector finds first, and demands that the focus can be seen.
func (v *tab) tabTo(selector string) {
	v.t.Helper()
	at := fmt.Sprintf(`(() => { const e = document.activeElement; return e === document.querySelector(%q) && !!e.getClientRects().length })()`, selector)
	for i := range maxTabs {
		if i > 0 {
			v.run(chromedp.KeyEvent(kb.Tab))
		}
		if !ask(v, chromedp.Evaluate[bool](at)) {
			continue
		}
		if outline := ask(v, chromedp.Evaluate[string](`getComputedStyle(document.activeElement).outlineStyle`)); outline == "none" {
			v.t.Errorf("%s: the focus on %s cannot be seen", v.prefix, selector)
		}
		return
	}
	v.shoot("failed")
	v.t.Fatalf("%s: %d tabs did not reach %s", v.prefix, maxTabs, selector)
}

// text is what can be read at the first match; empty when there is none.
func (v *tab) text(selector string) string {
	v.t.Helper()
	return ask(v, chromedp.Evaluate[string](fmt.Sprintf(`(document.querySelector(%q)?.innerText ?? "").trim()`, selector)))
}

// texts are those of all matches, in order.
func (v *tab) texts(selector string) []string {
	v.t.Helper()
	return ask(v, chromedp.Evaluate[[]string](fmt.Sprintf(`[...document.querySelectorAll(%q)].map(e => e.innerText.trim())`, selector)))
}

// shoot saves what the visitor sees.
func (v *tab) shoot(name string) {
	v.t.Helper()
	if output() == "" {
		return
	}
	ctx, cancel := context.WithTimeout(v.ctx, patience)
	defer cancel()
	picture, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		v.t.Errorf("%s: no screenshot %s: %v", v.prefix, name, err)
		return
	}
	v.save(name, picture)
}

// shootAll saves the whole page.
func (v *tab) shootAll(name string) {
	v.t.Helper()
	if output() == "" {
		return
	}
	v.save(name, ask(v, chromedp.FullScreenshot(100)))
}

func (v *tab) save(name string, picture []byte) {
	dir := filepath.Join(output(), "screenshots")
	if err := os.MkdirAll(dir, 0o750); err != nil {
		v.t.Error(err)
		return
	}
	if err := os.WriteFile(filepath.Join(dir, v.prefix+"-"+name+".png"), picture, 0o600); err != nil {
		v.t.Error(err)
	}
}

// finding is what axe-core says of a page.
type finding struct {
	ID     string `json:"id"`
	Impact string `json:"impact"`
	Help   string `json:"help"`
	Nodes  []struct {
		HTML string `json:"html"`
	} `json:"nodes"`
}

// axe lets axe-core look at the page. Serious and critical findings fail the test, in a strict tab all of them.
func (v *tab) axe() {
	v.t.Helper()
	if v.plain {
		return
	}
	source, err := axeSource()
	if err != nil {
		v.t.Fatalf("axe-core is not there; npm ci fetches it: %v", err)
	}
	ask(v, chromedp.Evaluate[bool](source+"; true"))
	found := ask(v, chromedp.Evaluate[[]finding](`axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations)`, chromedp.EvalAwaitPromise))
	where := ask(v, chromedp.Location())
	for _, f := range found {
		if v.strict || f.Impact == "serious" || f.Impact == "critical" {
			v.t.Errorf("%s: %s: %s (%s, %s): %s", v.prefix, where, f.Help, f.ID, f.Impact, f.Nodes[0].HTML)
		}
	}
}
