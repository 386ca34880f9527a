package browsertest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestMarketersStory is the promise to whoever sells: find a customer, gather a segment, offer something, write to it, watch, and read what it brought.
func TestMarketersStory(t *testing.T) {
	w := start(t)
	login, password := w.invite(t)
	for _, s := range []size{desktop, phone} {
		for hand, keyboard := range map[string]bool{"by mouse": false, "by keyboard": true} {
			t.Run(s.name+" "+hand, func(t *testing.T) {
				v := w.desk(t, s, keyboard)
				tag := strings.TrimPrefix(v.prefix, "console-")
				v.logIn(login, password)
				customer := v.findCustomer()
				segment := v.makeSegment("Keen readers " + tag)
				v.makeOffer("Free cup with tea, " + tag)
				v.makeCampaign("Tea letter "+tag, segment)
				v.previewAndTest(customer)
				v.startAndWatch()
				v.readLetters(tag)
				v.readResult("Tea letter " + tag)
				v.logOut()
			})
		}
	}
}

// desk is a tab of somebody who works with the console.
func (w *world) desk(t *testing.T, s size, keyboard bool, before ...step) *tab {
	t.Helper()
	v := w.tab(t, s, keyboard, before...)
	v.strict, v.prefix, v.expected = true, "console-"+s.name, []string{"422"} // a form that is refused is an answer that browsers complain of
	if keyboard {
		v.prefix += "-keyboard"
	}
	return v
}

// invite makes a marketer's account: the owner invites, and who is invited chooses a password before anything else.
func (w *world) invite(t *testing.T) (login, password string) {
	t.Helper()
	login, password = "marketer", "a kettle of good tea"
	v := w.desk(t, desktop, false)
	v.prefix = "console-invite"
	v.logIn("owner", w.owner)
	v.place("users")
	v.fill("#login", login)
	v.fill("#name", "Mary Keller")
	v.choose("#role", "marketer")
	v.follow(`form[action="/console/users"] button`)
	v.axe()
	v.shootAll("1-invited")
	first := v.text(".said code")
	v.logOut()

	v.logIn(login, first)
	if said := v.text(".warning"); !strings.Contains(said, "Choose one of your own") {
		t.Errorf("with a password that somebody else made the console says %q", said)
	}
	v.axe()
	v.shootAll("2-first-login")
	v.open("/console/segments")
	if h := v.text("h1"); h != "Your account" {
		t.Errorf("before the password was changed %q could be seen", h)
	}
	v.fill("#old", first)
	v.fill("#password", password)
	v.fill("#again", password)
	v.follow(`form[action="/console/account"] button`)
	return login, password
}

// logIn comes from outside, and is led to the login.
func (v *tab) logIn(login, password string) {
	v.t.Helper()
	v.open("/console/")
	if h := v.text("h1"); h != "Log in" {
		v.t.Fatalf("%s: without a login the console shows %q", v.prefix, h)
	}
	v.axe()
	v.shoot("login")
	v.fill("#login", login)
	v.fill("#password", password)
	v.follow("form .button")
}

func (v *tab) logOut() {
	v.t.Helper()
	v.follow(v.menu() + " .who button")
	if said := v.text(".said"); said != "You are logged out." {
		v.t.Errorf("%s: after logging out the console says %q", v.prefix, said)
	}
}

// place goes to one of the places in the rail, or in the menu where there is no room for it.
func (v *tab) place(path string) {
	v.t.Helper()
	v.follow(fmt.Sprintf(`%s a[href="/console/%s"]`, v.menu(), path))
}

// menu is where the places are now; a closed menu is opened.
func (v *tab) menu() string {
	v.t.Helper()
	if !v.size.phone {
		return ".wide"
	}
	if !ask(v, chromedp.Evaluate[bool](`document.querySelector(".narrow").open`)) {
		v.toggle(".narrow summary")
	}
	return ".narrow"
}

// good looks at a page: its accessibility, and how it looks.
func (v *tab) good(name string) {
	v.t.Helper()
	v.axe()
	v.shootAll(name)
}

// findCustomer searches while it types, and opens who was found. It returns what was searched for.
func (v *tab) findCustomer() string {
	v.t.Helper()
	v.good("1-overview")
	v.place("live")
	v.good("2-live")
	v.place("customers")
	name, page := v.text("#hits td a"), ask(v, chromedp.Evaluate[string](`document.querySelector("#hits td a").getAttribute("href")`))
	word, _, _ := strings.Cut(name, " ")
	v.enter("#q", name)
	v.shows("#hits h2", "Found")
	v.good("3-search")
	if found := v.texts("#hits td a"); !slices.Contains(found, name) {
		v.t.Errorf("%s: searched for %q, found %q", v.prefix, name, found)
	}
	v.follow(fmt.Sprintf(`#hits td a[href=%q]`, page))
	if h := v.text("h1"); !strings.Contains(h, word) {
		v.t.Errorf("%s: the customer %s is called %q", v.prefix, name, h)
	}
	if v.text(".timeline") == "" {
		v.t.Errorf("%s: nothing says what %s did", v.prefix, name)
	}
	v.good("4-customer")
	return word
}

// makeSegment types a condition, with a name completed and the count beside it, and returns the segment's name.
func (v *tab) makeSegment(name string) string {
	v.t.Helper()
	v.place("segments")
	v.good("5-segments")
	v.follow(".head .button")
	v.fill("#name", name)
	v.fill("#condition", "orders.count >= 8 && days_since_order < 20 && permi")
	v.waitFor("#condition-names li")
	v.good("6-completion")
	v.write(kb.ArrowDown)
	v.press("Enter", 13, "\r")
	v.write(`"email")`)
	if got := v.value("#condition"); !strings.HasSuffix(got, `permission("email")`) {
		v.t.Errorf("%s: the completed condition is %q", v.prefix, got)
	}
	v.become("the condition is counted", `Number((document.querySelector("#preview .figure dd")?.innerText ?? "").split("\n")[0].replace(/\D/g, "")) > 0`)
	v.good("7-count")
	v.follow(`form.card button[type="submit"]`)
	if h := v.text("h1"); h != name {
		v.t.Fatalf("%s: saved the segment, and see %q: %q", v.prefix, h, v.texts(".wrong, .problem"))
	}
	v.become("the segment has members", `fetch(location.href).then(r => r.text()).then(t => t.includes('aria-label="Members"'))`)
	v.open(ask(v, chromedp.Evaluate[string](`location.pathname`)))
	v.good("8-segment")
	return name
}

// makeOffer writes an offer and begins it.
func (v *tab) makeOffer(title string) {
	v.t.Helper()
	v.place("offers")
	v.good("9-offers")
	v.follow(".head .button")
	v.fill("#title", title)
	v.fill("#text", "A cup for every pound of tea.")
	v.fill("#code", "CUP")
	v.fill("#url", "javascript:alert(1)")
	v.follow(`form p.actions button`)
	if v.text("#url-wrong, .wrong") == "" || v.value("#title") != title {
		v.t.Errorf("%s: a link that is a script was taken, or what was typed is lost", v.prefix)
	}
	v.good("10-offer-refused")
	v.fill("#url", "/department/tea")
	v.follow(`form p.actions button`)
	if h := v.text("h1"); h != title {
		v.t.Fatalf("%s: saved the offer, and see %q: %q", v.prefix, h, v.texts(".wrong, .problem"))
	}
	v.follow(`button[value="active"]`)
	if status := v.text(".head .tag"); status != "active" {
		v.t.Errorf("%s: the offer was begun and is %q", v.prefix, status)
	}
	v.good("11-offer")
}

// makeCampaign begins with the letter that is there, to the segment, at once.
func (v *tab) makeCampaign(name, segment string) {
	v.t.Helper()
	v.place("campaigns")
	v.good("12-campaigns")
	v.follow(".head .button")
	v.fill("#name", name)
	v.choose("#segment", segment)
	v.clearTime("#quietFrom")
	v.clearTime("#quietTo")
	v.fill("#capMessages", "")
	v.fill("#fromEmail", "")
	v.follow(`p.actions button[value="save"]`)
	if missing := v.text("div.warning"); !strings.Contains(missing, "Before it can start") {
		v.t.Errorf("%s: a campaign without a sender's address: %q", v.prefix, missing)
	}
	v.good("13-campaign-incomplete")
	v.follow(`.head a[href$="/edit"]`)
	v.fill("#fromEmail", "hello@example.com")
	v.good("14-campaign-editor")
	v.follow(`p.actions button[value="save"]`)
	if h := v.text("h1"); h != name {
		v.t.Fatalf("%s: saved the campaign, and see %q: %q", v.prefix, h, v.texts(".wrong, .problem"))
	}
	v.good("15-campaign")
}

// previewAndTest looks at the letter as a customer gets it, and has it sent to an own address.
func (v *tab) previewAndTest(customer string) {
	v.t.Helper()
	v.follow(`a.button[href$="/preview"]`)
	v.enter("#q", customer)
	v.follow("form.search button")
	v.follow(".people a[href*='person=p_']")
	if to := v.text("dl.facts"); !strings.Contains(to, "@") {
		v.t.Errorf("%s: the preview does not say to whom: %q", v.prefix, to)
	}
	v.become("the letter is in its frame", `document.querySelector("iframe.letter").contentDocument === null`) // of no origin: sealed off
	v.good("16-preview")
	v.fill("#to", "not an address")
	v.fill("#to", "mary@shop.example")
	v.follow(`form[action*="/test"] button`)
	if said := v.text(".said"); !strings.Contains(said, "test letter") {
		v.t.Errorf("%s: after the test the console says %q", v.prefix, said)
	}
}

// startAndWatch starts the campaign and watches it to its end, without a touch.
func (v *tab) startAndWatch() {
	v.t.Helper()
	v.follow(".crumbs a:last-child")
	v.questions()
	v.follow(`button[value="start"]`)
	if asked := v.questions(); len(asked) != 1 || !strings.Contains(asked[0], "real people") {
		v.t.Errorf("%s: starting asked %q", v.prefix, asked)
	}
	v.shows("#progress", "settled")
	v.shootAll("17-begun")
	v.shows(".head .tag", "finished")
	v.good("18-finished")
	sums := strings.Fields(v.text("#progress strong + span"))
	if settled := v.text("#progress strong"); len(sums) < 2 || settled != sums[1] || settled == "0" {
		v.t.Errorf("%s: finished, and %q", v.prefix, sums)
	}
	v.follow("#progress td a")
	v.good("19-messages")
}

// readLetters finds what was sent.
func (v *tab) readLetters(tag string) {
	v.t.Helper()
	v.place("outbox")
	v.good("20-outbox")
	if n := len(v.texts("tbody tr")); n == 0 {
		v.t.Fatalf("%s: nothing is in the outbox", v.prefix)
	}
	v.follow("tbody td a")
	if v.text("h1") == "" || !strings.Contains(v.text("dl"), "@") {
		v.t.Errorf("%s: %s: the letter says neither what it is about nor to whom it went", v.prefix, tag)
	}
	v.good("21-letter")
}

// readResult has the campaign evaluated, and reads what came of it.
func (v *tab) readResult(name string) {
	v.t.Helper()
	v.place("campaigns")
	at := slices.Index(v.texts("tbody td:first-child a"), name)
	if at < 0 {
		v.t.Fatalf("%s: %q is not among the campaigns", v.prefix, name)
	}
	v.follow(fmt.Sprintf("tbody tr:nth-child(%d) td:last-child a", at+1))
	v.good("22-no-result-yet")
	v.follow(`form[action$="/evaluate"] button`)
	if groups := v.text(`[aria-label="Groups"]`); !strings.Contains(groups, "control") {
		v.t.Errorf("%s: the result has no control group: %q", v.prefix, groups)
	}
	v.good("23-result")
}

func TestTheConsoleWorksWithoutJavaScript(t *testing.T) {
	w := start(t)
	v := w.desk(t, desktop, false, command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	v.prefix, v.plain = "console-noscript", true
	v.logIn("owner", w.owner)
	v.place("customers")
	v.enter("#q", "anna\r")
	v.waitFor("#hits")
	v.place("segments")
	v.follow(".head .button")
	v.fill("#name", "Plain readers")
	v.fill("#condition", `orders.count >= 8 && days_since_order < 20 && permission("email")`)
	v.follow(`form.card button[type="submit"]`)
	if size := v.text(".figure dd"); size == "" || strings.HasPrefix(size, "0") {
		t.Errorf("the segment has %q members", size)
	}
	v.place("campaigns")
	v.follow(".head .button")
	v.fill("#name", "Plain letter")
	v.choose("#segment", "Plain readers")
	v.fill("#fromEmail", "hello@example.com")
	v.clearTime("#quietFrom")
	v.clearTime("#quietTo")
	v.follow(`button[value="text.0"]`)
	v.follow(`p.actions button[value="save"]`)
	v.shootAll("campaign")
	v.follow(`button[value="start"]`)
	if said := v.text(".said"); said != "The campaign is started." {
		t.Errorf("started, and the console says %q", said)
	}
	v.shootAll("started")
}

func TestEveryPageOfTheConsoleIsUsable(t *testing.T) {
	w := start(t)
	for _, s := range []size{desktop, phone} {
		for _, scheme := range []string{"light", "dark"} {
			t.Run(s.name+" "+scheme, func(t *testing.T) {
				v := w.desk(t, s, false, command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}))
				v.prefix = "console-" + s.name + "-" + scheme
				v.expected = append(v.expected, "404")
				v.logIn("owner", w.owner)
				for name, path := range map[string]string{
					"overview": "", "customers-none": "customers?q=zzzz", "segment": "segments/loyal", "segment-editor": "segments/loyal/edit", "segments": "segments", "offer-editor": "offers/new", "campaign-editor": "campaigns/new",
					"rules": "rules", "rule-editor": "rules/new", "models": "models", "keys": "keys", "users": "users", "account": "account", "audit": "audit", "erasures": "erasures", "imports": "imports", "health": "health", "not-found": "nowhere", "no-such-segment": "segments/none",
				} {
					v.open("/console/" + path)
					v.good("page-" + name)
				}
			})
		}
	}
}
