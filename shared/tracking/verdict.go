package tracking

import (
	"strings"
	"time"
)

// Hit is what is known of a request for a link or picture of a mail.
type Hit struct {
	Kind      Kind // Click or Open
	Method    string
	UserAgent string
	Prefetch  bool          // a header says that nobody looks at it yet: Sec-Purpose, Purpose, X-Moz
	After     time.Duration // since the mail was made
	Others    int           // other links of the same mail that were followed within Together
}

// Verdict says who it probably was. Why is for reports and logs: one of the reasons below, empty for a human.
type Verdict struct {
	Machine bool
	Why     string
}

// The reasons to take a hit for a machine's.
const (
	AsHead       = "head"         // people's programs get, scanners look
	AsPrefetch   = "prefetch"     // the browser said so
	AsNameless   = "no-agent"     // no program of people's goes without a name
	AsKnown      = "known-agent"  // a scanner, robot or previewer by its name
	AsAppleProxy = "apple-proxy"  // Mail Privacy Protection gets pictures whether or not the mail is opened
	AsTooSoon    = "too-soon"     // the mail can hardly have been delivered, let alone read
	AsBurst      = "many-at-once" // nobody follows three links in a second
)

// How soon a person can have opened a mail or clicked in it, counted from its making, and what counts as at once.
const (
	SoonOpen  = 2 * time.Second
	SoonClick = 5 * time.Second
	Together  = time.Second
	Burst     = 2 // others within Together
)

// appleProxy is the whole user agent of Apple's Mail Privacy Protection. Programs of people say more.
const appleProxy = "Mozilla/5.0"

// agents are parts of the names of programs that fetch for nobody: security gateways, previewers of chats, robots, libraries. Small letters.
var agents = []string{
	"barracuda", "proofpoint", "mimecast", "symantec", "messagelabs", "trendmicro", "fireeye", "forcepoint", "cloudmark", "sophos", "fortinet", "urldefense", "safelinks", "zscaler", "ironport", "mailscanner",
	"bot", "crawl", "spider", "slurp", "preview", "facebookexternalhit", "whatsapp", "slack-imgproxy", "embedly", "headlesschrome", "phantomjs", "puppeteer", "playwright", "lighthouse", "scan", "monitor",
	"curl/", "wget/", "python", "go-http-client", "java/", "okhttp", "libwww", "httpclient", "axios", "node-fetch", "ruby", "php/",
}

// persons are names that hold one of agents and yet stand for a person: proxies that fetch pictures when the mail is opened, and a brand of telephones.
var persons = []string{"googleimageproxy", "yahoomailproxy", "duckduckgo-image", "cubot"}

// Judge says whether a hit was a person's. It is made to be wrong on the side of the machine: an open rate that is too low misleads less than one that is too high.
//
// What it cannot know: the first of many links that a scanner follows at once, minutes after the delivery, under the name of a browser. The ones after it give it away, but it has been counted.
func Judge(h Hit) Verdict {
	agent := strings.ToLower(strings.TrimSpace(h.UserAgent))
	soon := SoonOpen
	if h.Kind == Click {
		soon = SoonClick
	}
	switch {
	case h.Method == "HEAD":
		return Verdict{true, AsHead}
	case h.Prefetch:
		return Verdict{true, AsPrefetch}
	case agent == "":
		return Verdict{true, AsNameless}
	case h.Kind == Open && strings.TrimSpace(h.UserAgent) == appleProxy:
		return Verdict{true, AsAppleProxy}
	case known(agent):
		return Verdict{true, AsKnown}
	case h.After < soon:
		return Verdict{true, AsTooSoon}
	case h.Kind == Click && h.Others >= Burst:
		return Verdict{true, AsBurst}
	}
	return Verdict{}
}

func known(agent string) bool {
	for _, p := range persons {
		if strings.Contains(agent, p) {
			return false
		}
	}
	for _, a := range agents {
		if strings.Contains(agent, a) {
			return true
		}
	}
	return false
}
