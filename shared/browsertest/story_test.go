package browsertest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// TestVisitorsStory is the product's promise: a stranger looks at three things and the front page turns personal, says why, and forgets when told to.
func TestVisitorsStory(t *testing.T) {
	w := start(t)
	for _, s := range []size{desktop, phone} {
		for hand, keyboard := range map[string]bool{"by mouse": false, "by keyboard": true} {
			t.Run(s.name+" "+hand, func(t *testing.T) {
				v := w.tab(t, s, keyboard)
				if keyboard {
					v.prefix += "-keyboard"
				}
				seen := v.becomeRegular()
				v.buy()
				v.signInAs(seen)
				v.useRights()
			})
		}
	}
}

// becomeRegular begins as a stranger, agrees, looks at three things, and comes back. It returns their titles.
func (v *tab) becomeRegular() []string {
	v.t.Helper()
	v.open("/")
	if shelves := v.texts("section.shelf h2"); slices.Contains(shelves, "You looked at") {
		v.t.Fatalf("a stranger sees %q", shelves)
	}
	if v.text("#consent-title") == "" {
		v.t.Error("the banner does not ask for consent")
	}
	v.shootAll("1-stranger")
	v.axe()
	v.follow(".consent button[value=yes]")
	if v.text("#consent-title") != "" {
		v.t.Error("the banner asks again")
	}
	var seen []string
	for range 3 {
		v.look(len(seen) + 1)
		seen = append(seen, v.text("h1"))
		if len(seen) == 1 {
			v.shootAll("2-product")
			v.axe()
		}
	}
	v.follow("a.logo")
	v.waitFor("#shelf-viewed-before")
	v.shootAll("3-personal")
	v.axe()
	got := slices.Sorted(slices.Values(v.texts(`section[data-placement="viewed-before"] .card-title`)))
	if want := slices.Sorted(slices.Values(seen)); !slices.Equal(got, want) {
		v.t.Errorf("looked at %q, the front page shows %q", want, got)
	}
	if reasons := v.texts(`section[data-placement="for-you"] .reason`); len(reasons) == 0 || slices.Contains(reasons, "") {
		v.t.Errorf("reasons of what is recommended: %q", reasons)
	}
	return seen
}

// look goes to the nth department and looks at the first thing there that is to be had.
func (v *tab) look(n int) {
	v.t.Helper()
	v.follow(fmt.Sprintf(".departments li:nth-child(%d) a", n))
	v.follow(".grid .card:not([data-sold-out]) .card-link")
}

// buy finds something, puts it in the basket with what goes with it, and orders.
func (v *tab) buy() {
	v.t.Helper()
	v.enter("#q", "teapot\r")
	v.waitFor(".list-head")
	if n := len(v.texts(".grid .card")); n == 0 {
		v.t.Fatal("the search for a teapot found nothing")
	}
	v.axe()
	v.follow(".grid .card:not([data-sold-out]) .card-link")
	v.follow(".buy button")
	v.shootAll("4-basket")
	v.axe()
	if count := v.text(".count"); count != "1" {
		v.t.Errorf("the basket counts %q", count)
	}
	v.follow(".sum a.button")
	v.shootAll("5-checkout")
	v.axe()
	v.follow(".form button")
	if h := v.text("h1"); !strings.HasPrefix(h, "Thank you") {
		v.t.Errorf("the order ended with %q", h)
	}
	v.shootAll("6-thank-you")
	v.axe()
}

// signInAs becomes one of the customers: greeted by name, with a history; and nobody after signing out.
func (v *tab) signInAs(before []string) {
	v.t.Helper()
	v.open("/sign-in")
	v.shootAll("7-sign-in")
	v.axe()
	name := v.text(".people button strong")
	v.follow(".people button")
	if greeting := v.text("h1"); !strings.HasSuffix(greeting, "'s shop") {
		v.t.Errorf("%s is greeted with %q", name, greeting)
	}
	v.shootAll("8-greeted")
	v.axe()
	if v.text("#shelf-viewed-before") == "" {
		v.t.Error("a customer who was here before sees nothing of it")
	}
	v.toggle("#knows > summary")
	if who := v.text("section[aria-labelledby=k-who]"); !strings.Contains(who, name) {
		v.t.Errorf("the panel does not know %s: %q", name, who)
	}
	v.shoot("9-panel")
	v.axe()
	v.toggle("#knows > summary")
	v.follow(".you form button")
	if greeting := v.text("h1"); strings.Contains(greeting, "'s shop") {
		v.t.Errorf("signed out, and still %q", greeting)
	}
	for _, title := range v.texts(`section[data-placement="viewed-before"] .card-title`) {
		if slices.Contains(before, title) {
			v.t.Errorf("signed out, and %q is still shown", title)
		}
	}
}

// useRights dismisses an item, withdraws consent, gives it again, and is forgotten.
func (v *tab) useRights() {
	v.t.Helper()
	v.open("/")
	unwanted := v.text(".shelf .card-title")
	v.follow(".shelf .not-for-me button")
	if titles := v.texts(".shelf .card-title"); slices.Contains(titles, unwanted) {
		v.t.Errorf("%q was dismissed and is still shown", unwanted)
	}
	v.toggle("#knows > summary")
	v.follow(".rights button[name=granted]")
	if said := v.text("section[aria-labelledby=k-who]"); !strings.Contains(said, "You said no") {
		v.t.Errorf("after withdrawing consent the panel says %q", said)
	}
	v.shoot("10-withdrawn")
	v.follow("a.logo")
	v.follow(".shelf .card-link")
	v.follow("a.logo")
	if v.text("#shelf-viewed-before") != "" {
		v.t.Error("the shop remembers although it may not")
	}
	v.toggle("#knows > summary")
	v.follow(".rights button[name=granted]")
	v.follow("a.logo")
	v.toggle("#knows > summary")
	v.follow(".rights .danger")
	if said := v.text(".said"); !strings.HasPrefix(said, "Forgotten") {
		v.t.Errorf("after being forgotten the shop says %q", said)
	}
}

// waitFor waits until something is on the page.
func (v *tab) waitFor(selector string) {
	v.t.Helper()
	v.run(chromedp.WaitVisible(chromedp.CSS(selector)))
}

func TestTheShopWorksWithoutJavaScript(t *testing.T) {
	w := start(t)
	v := w.tab(t, desktop, false, command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	v.prefix = "noscript"
	v.open("/")
	v.follow(".consent button[value=yes]")
	for n := range 3 {
		v.look(n + 1)
	}
	v.follow("a.logo")
	if n := len(v.texts(`section[data-placement="viewed-before"] .card-title`)); n != 3 {
		v.t.Errorf("looked at three things, the front page shows %d", n)
	}
	v.shootAll("personal")
	v.follow(".departments a")
	v.follow(".sort button")
	v.follow(".grid .card:not([data-sold-out]) .card-link")
	v.follow(".buy button")
	v.follow(".lines form:nth-of-type(2) button")
	if v.text(".sum") != "" {
		t.Error("taken out of the basket, and still there")
	}
	v.open("/sign-in")
	v.follow(".people button")
	if greeting := v.text("h1"); !strings.HasSuffix(greeting, "'s shop") {
		t.Errorf("greeted with %q", greeting)
	}
	v.toggle("#knows > summary")
	v.waitFor(".knows-sheet")
	v.shoot("panel")
}

func TestABrowserThatAsksNotToBeFollowed(t *testing.T) {
	w := start(t)
	v := w.tab(t, desktop, false, command(network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Sec-GPC": "1"}}))
	v.prefix = "gpc"
	v.open("/")
	v.look(1)
	v.follow("a.logo")
	if v.text("#shelf-viewed-before") != "" {
		t.Error("the shop remembers a browser that asks not to be followed")
	}
	cookies := ask(v, func(ctx context.Context, t *chromedp.Target) (network.GetCookiesResult, error) {
		return cdp.Call(ctx, t, network.GetCookies, network.GetCookiesParams{})
	})
	for _, c := range cookies.Cookies {
		if strings.HasSuffix(c.Name, "sk") {
			t.Errorf("it was given the cookie %s", c.Name)
		}
	}
}

func TestEveryPageIsUsable(t *testing.T) {
	w := start(t)
	for _, s := range []size{desktop, phone} {
		t.Run(s.name, func(t *testing.T) {
			v := w.tab(t, s, false)
			v.expected = []string{"404"}
			for name, path := range map[string]string{"department": "/department/tea", "department-2": "/department/tea?page=2&sort=price", "nothing-found": "/search?q=zzzz", "empty-basket": "/basket", "not-found": "/nowhere"} {
				v.open(path)
				v.axe()
				v.shootAll(name)
			}
		})
	}
}

func TestTheFirstTabSkipsToTheContent(t *testing.T) {
	v := start(t).tab(t, desktop, true)
	v.open("/")
	v.run(chromedp.KeyEvent("\t"))
	if focus := v.text(":focus"); focus != "Skip to the content" {
		t.Errorf("the first tab leads to %q", focus)
	}
}
