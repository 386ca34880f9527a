package console_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"shopkeeper/shared/staff"
)

// hostile is what somebody may call themselves, an item or a campaign, to run something in the browsers of staff.
const hostile = `"><img src=x onerror=alert(1)><script>alert(1)</script>'{{.}}</textarea></title><!--`

// letterText is a letter that tries the same.
const letterText = "From: a@lamps.example\r\nTo: b@lamps.example\r\nSubject: \"><script>alert(1)</script>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=x\r\n\r\n" +
	"--x\r\nContent-Type: text/plain\r\n\r\n</pre><script>alert(1)</script>\r\n--x\r\nContent-Type: text/html\r\n\r\n<p>Hello</p><script>alert(1)</script>\r\n--x--\r\n"

// harmless fails for whatever a browser would run or follow to a script, and for what only markup that broke out of its place could be.
func harmless(t *testing.T, path, body string) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		attributes := map[string]string{}
		for _, a := range n.Attr {
			attributes[a.Key] = a.Val
			value := strings.ToLower(strings.TrimSpace(a.Val))
			if strings.HasPrefix(a.Key, "on") || strings.HasPrefix(value, "javascript:") || (a.Key == "src" || a.Key == "href" || a.Key == "action") && strings.HasPrefix(value, "data:") || a.Key == "srcdoc" || a.Key == "style" {
				t.Errorf("%s: <%s %s=%q>", path, n.Data, a.Key, a.Val)
			}
		}
		if n.Data == "script" && attributes["type"] != "application/json" && !strings.HasPrefix(attributes["src"], "/console/assets/") {
			t.Errorf("%s: a script that is not ours", path)
		}
		if n.Data == "img" && !strings.HasPrefix(attributes["src"], "/console/assets/") {
			t.Errorf("%s: a picture %q", path, attributes["src"])
		}
		if n.Data == "iframe" && (attributes["sandbox"] == "" || strings.Contains(attributes["sandbox"], "allow-scripts") || strings.Contains(attributes["sandbox"], "allow-same-origin")) {
			t.Errorf("%s: a frame with the sandbox %q", path, attributes["sandbox"])
		}
	}
}

// TestWhatPeopleWriteStaysText puts hostile texts wherever texts can be put, and looks at every page that shows them.
func TestWhatPeopleWriteStaysText(t *testing.T) {
	w := newWorld(t)
	owner := w.sessions[staff.Owner]
	quoted := `"` + strings.ReplaceAll(hostile, `"`, `""`) + `"`
	person := w.contacts("email,firstName,lastName,name,country,plan\nmallory@lamps.example,"+quoted+","+quoted+","+quoted+","+quoted+","+quoted+"\n", "mallory@lamps.example")
	const letter = `</textarea>"'><b>{{ customer.name }}</b>{{ unsubscribe_url }}` // scripts are refused when it is saved
	made := map[string]url.Values{
		"segments/new":  {"name": {"one " + hostile}, "description": {hostile}, "condition": {`trait("` + strings.NewReplacer(`"`, `\"`).Replace(hostile) + `") == ""`}},
		"offers/new":    {"title": {"two " + hostile[:60]}, "text": {hostile}, "code": {"<b>"}, "category": {hostile}, "items": {"A1"}},
		"campaigns/new": {"name": {"three " + hostile[:60]}, "segment": {"loyal"}, "fromName": {"<b>"}, "fromEmail": {"a@lamps.example"}, "html.0": {letter}, "text.0": {letter + "<script>alert(1)</script>"}, "subject.0": {"<script>alert(1)</script>"}},
		"users":         {"login": {"<script>alert(1)</script>"}, "name": {hostile}, "role": {"analyst"}},
		"keys":          {"kind": {"write"}, "label": {hostile[:60]}},
	}
	paths := []string{"", "live", "customers", "customers?q=" + url.QueryEscape(hostile), "customers?q=mallory", "customers/" + person, "customers/" + person + "/erase", "customers/" + url.PathEscape(hostile), "segments", "segments/loyal", "segments/new", "offers", "offers/new",
		"campaigns", "campaigns/new?segment=" + url.QueryEscape(hostile), "outbox", "outbox/l1", "imports", "keys", "users", "audit", "audit?said=" + url.QueryEscape(hostile), "account", "health", url.PathEscape(hostile), "segments/preview?condition=" + url.QueryEscape(hostile)}
	for path, form := range made {
		a := w.post(owner, path, form)
		harmless(t, "POST "+path, a.body)
		switch a.status {
		case http.StatusSeeOther:
			shown, _, _ := strings.Cut(strings.TrimPrefix(a.to, "/console/"), "?")
			paths = append(paths, shown, shown+"/edit")
			if strings.HasPrefix(shown, "campaigns/") {
				paths = append(paths, shown+"/preview", shown+"/preview?person="+url.QueryEscape(person), shown+"/preview?variant=%3Cb%3E", shown+"/messages?state=%3Cb%3E", shown+"/result")
			}
		case http.StatusOK: // users and keys show what was made at once
		default:
			t.Errorf("POST %s answered %d: %s", path, a.status, problemOf(a.body))
		}
	}
	for _, path := range paths {
		a := w.get(owner, path)
		if a.status >= 500 {
			t.Errorf("%s answered %d: %s", path, a.status, problemOf(a.body))
		}
		harmless(t, path, a.body)
	}
	if body := w.get(owner, "customers/"+person).body; !strings.Contains(body, "&lt;script&gt;") {
		t.Error("the customer's page does not show the name as it was given")
	}
}

// TestALetterIsSealedOff: a letter is somebody's HTML. Its frame may run nothing, send nothing and be shown nowhere else.
func TestALetterIsSealedOff(t *testing.T) {
	w := newWorld(t)
	w.keep()
	owner := w.sessions[staff.Owner]
	for _, path := range []string{"outbox/l1/letter", "campaigns/kept/letter?variant=a"} {
		a := w.get(owner, path)
		policy := a.header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "form-action 'none'", "base-uri 'none'", "frame-ancestors 'self'", "sandbox"} {
			if !strings.Contains(policy, part) {
				t.Errorf("%s: the policy %q lacks %s", path, policy, part)
			}
		}
		if a.status != http.StatusOK || strings.Contains(policy, "script") || strings.Contains(policy, "allow-same-origin") {
			t.Errorf("%s: %d, the policy is %q", path, a.status, policy)
		}
	}
	if a := w.get(owner, "outbox/l1/source"); a.header.Get("Content-Type") != "message/rfc822" || !strings.HasPrefix(a.header.Get("Content-Disposition"), "attachment") || a.body != letterText {
		t.Errorf("the source came as %v", a.header)
	}
}

// TestLinksAreNoScripts: what an offer leads to and shows is an address of the shop or of the web, and the form says so beside what was typed.
func TestLinksAreNoScripts(t *testing.T) {
	w := newWorld(t)
	marketer := w.sessions[staff.Marketer]
	for field, bad := range map[string][]string{"url": {"javascript:alert(1)", "JaVaScRiPt:alert(1)", " data:text/html,x", "//evil.example/", "vbscript:x"}, "image": {"javascript:alert(1)", "data:image/svg+xml,x", "http://plain.example/a.png"}} {
		for _, text := range bad {
			t.Run(fmt.Sprintf("%s %q", field, text), func(t *testing.T) {
				a := w.post(marketer, "offers/new", url.Values{"title": {"Tea for two"}, field: {text}})
				if a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, `value="Tea for two"`) || !strings.Contains(a.body, `class="wrong"`) {
					t.Errorf("%d to %q\n%s", a.status, a.to, problemOf(a.body))
				}
			})
		}
	}
}
