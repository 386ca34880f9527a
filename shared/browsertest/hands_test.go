package browsertest

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// agree answers a dialog with yes. It is called where events arrive, so the answer is given elsewhere.
func (v *tab) agree(question string) {
	v.mu.Lock()
	v.asked = append(v.asked, question)
	v.mu.Unlock()
	go func() {
		err := chromedp.Do(v.ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			_, err := cdp.Call(ctx, t, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})
			return err
		}))
		if err != nil && v.ctx.Err() == nil {
			v.t.Errorf("%s: answer %q: %v", v.prefix, question, err)
		}
	}()
}

// questions are those that dialogs asked since the last call.
func (v *tab) questions() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	asked := v.asked
	v.asked = nil
	return asked
}

// goTo puts the focus on a field, by mouse or by Tab.
func (v *tab) goTo(selector string) {
	v.t.Helper()
	if v.keyboard {
		v.tabTo(selector)
		return
	}
	v.bring(selector)
	v.run(chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// fill replaces what is in a field.
func (v *tab) fill(selector, text string) {
	v.t.Helper()
	v.goTo(selector)
	v.run(chromedp.KeyEvent("a", chromedp.KeyModifiers(chromedp.ModifierCtrl)), chromedp.KeyEvent(kb.Backspace))
	v.write(text)
}

// write types into what has the focus.
func (v *tab) write(text string) {
	v.t.Helper()
	if text != "" {
		v.run(chromedp.KeyEvent(text))
	}
}

// press is one key of the keyboard: what a page does with its going down decides whether it types anything.
func (v *tab) press(key string, code int64, types string) {
	v.t.Helper()
	v.run(command(input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: key, Code: key, WindowsVirtualKeyCode: code, Text: types}),
		command(input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyUp, Key: key, Code: key, WindowsVirtualKeyCode: code}))
}

// clearTime empties a field for a time of day: its hour, its minute and, in some languages, its half of the day.
func (v *tab) clearTime(selector string) {
	v.t.Helper()
	v.goTo(selector)
	for range 3 {
		v.run(chromedp.KeyEvent(kb.Backspace), chromedp.KeyEvent(kb.ArrowRight))
	}
	if left := v.value(selector); left != "" {
		v.t.Errorf("%s: %s still says %q", v.prefix, selector, left)
	}
}

// choose picks an option of a list by typing how it begins, as one does on a closed list.
func (v *tab) choose(selector, begins string) {
	v.t.Helper()
	if v.keyboard {
		v.tabTo(selector)
	} else {
		v.run(chromedp.Focus(chromedp.CSS(selector)))
	}
	v.write(begins)
	got := ask(v, chromedp.Evaluate[string](fmt.Sprintf(`document.querySelector(%q).selectedOptions[0].text`, selector)))
	if !strings.HasPrefix(got, begins) {
		v.t.Fatalf("%s: chose %q in %s, wanted %q", v.prefix, got, selector, begins)
	}
}

// value is what is in a field.
func (v *tab) value(selector string) string {
	v.t.Helper()
	return ask(v, chromedp.Evaluate[string](fmt.Sprintf(`document.querySelector(%q).value`, selector)))
}

// become waits until something holds on the page, which may be read anew meanwhile.
func (v *tab) become(what, expression string) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, 4*patience)
	defer cancel()
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for {
		if holds, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression, chromedp.EvalAwaitPromise)); err == nil && holds { // an error: the page is just being replaced
			return
		}
		select {
		case <-ctx.Done():
			v.shoot("failed")
			v.t.Fatalf("%s: never: %s", v.prefix, what)
		case <-look.C:
		}
	}
}

// shows waits until the first match reads like text.
func (v *tab) shows(selector, text string) {
	v.t.Helper()
	v.become(fmt.Sprintf("%s says %q", selector, text), fmt.Sprintf(`(document.querySelector(%q)?.innerText ?? "").includes(%q)`, selector, text))
}
