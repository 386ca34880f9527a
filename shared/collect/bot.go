package collect

import (
	"strings"

	"shopkeeper/shared/event"
)

// crawlers are words with which programs that visit pages by themselves name themselves. Only what says so is a bot: a guess would lose customers, and command-line tools and test browsers
// are used by people.
var crawlers = [...]string{
	"crawl", "spider", "slurp", "facebookexternalhit", "mediapartners", "ia_archiver", "pingdom", "uptimerobot", "statuscake", "lighthouse", "pagespeed", "gtmetrix", "bingpreview",
	"google-inspectiontool", "googleother", "feedfetcher", "storebot", "scrapy", "httrack", "yandeximages", "embedly", "quora link preview", "whatsapp/", "skypeuripreview", "prerender",
}

// verdict judges by a user agent; an empty one proves nothing.
func verdict(userAgent string) event.Verdict {
	ua := strings.ToLower(event.Cut(userAgent, 1000))
	for _, word := range crawlers {
		if strings.Contains(ua, word) {
			return event.Bot
		}
	}
	if namesBot(ua) {
		return event.Bot
	}
	return event.Human
}

// namesBot finds a word that ends in "bot" (Googlebot, AdsBot-Google) and is no brand of telephone (Cubot).
func namesBot(ua string) bool {
	for rest := ua; ; {
		i := strings.Index(rest, "bot")
		if i < 0 {
			return false
		}
		ends := i+3 == len(rest) || rest[i+3] < 'a' || rest[i+3] > 'z'
		if ends && !strings.HasSuffix(rest[:i], "cu") {
			return true
		}
		rest = rest[i+3:]
	}
}

// browserLibraries are the SDKs that run in pages. Any other library is a server's or an app's: it sends for many people, or has no cookies.
var browserLibraries = map[string]bool{"analytics.js": true, "RudderLabs JavaScript SDK": true, "shopkeeper": true}

// fromServer says whether a server SDK speaks: with the secret key, or by a library that does not run in pages. Its cookies are not a visitor's and its user agent is nobody's.
func (r Request) fromServer() bool {
	library := r.Payload.library()
	return r.Secret || library != "" && !browserLibraries[library] && !strings.HasPrefix(r.UserAgent, "Mozilla/")
}
