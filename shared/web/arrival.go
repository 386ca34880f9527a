package web

import (
	"net/http"
	"net/url"
	"strings"

	"shopkeeper/shared/recommend/arrival"
)

// arrivalOf is what a request tells of how its visitor came: url= and referrer=, which a page knows and a browser does not send, utm_term= and utm_campaign=, and where url= is
// absent the page that asks, as far as the browser names it. Nothing of it is kept, nor written to the log of exposures. What cannot be read is passed over, see package arrival.
func arrivalOf(r *http.Request) (a arrival.Arrival) {
	for rest := r.URL.RawQuery; rest != ""; {
		var part string
		part, rest, _ = strings.Cut(rest, "&")
		key, value, _ := strings.Cut(part, "=")
		var to *string
		switch key {
		case "url":
			to = &a.URL
		case "referrer":
			to = &a.Referrer
		case "utm_term":
			to = &a.Term
		case "utm_campaign":
			to = &a.Campaign
		default:
			continue
		}
		if text, err := url.QueryUnescape(value); err == nil && *to == "" {
			*to = text
		}
	}
	if a.URL == "" {
		a.URL = header(r, "Referer")
	}
	return a
}
