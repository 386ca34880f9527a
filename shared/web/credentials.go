package web

import (
	"net/http"
	"strings"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/shop"
)

// caller is who asks: a page of a shop (write key) or the shop's server (secret key).
type caller struct {
	shop.Settings
	Kind shop.KeyKind
}

// secret says whether the shop's own server asks.
func (c caller) secret() bool { return c.Kind == shop.SecretKey }

// keyOf is the key that the request's head carries: Authorization as Basic (the key is the user name) or Bearer, else writeKey or key in the query; empty when
// there is none.
func keyOf(r *http.Request) string {
	if auth := header(r, "Authorization"); auth != "" {
		if user, _, ok := r.BasicAuth(); ok {
			return user
		}
		if len(auth) > 7 && strings.EqualFold(auth[:7], "Bearer ") {
			return strings.TrimSpace(auth[7:])
		}
	}
	if key := queryValue(r, "writeKey"); key != "" {
		return key
	}
	return queryValue(r, "key")
}

// header is r.Header.Get of a name in canonical form.
func header(r *http.Request, name string) string {
	if values := r.Header[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// queryValue is r.URL.Query().Get(name) without a map of all values, for parameters that most requests have or have not.
func queryValue(r *http.Request, name string) string {
	spelt := strings.IndexByte(r.URL.RawQuery, '%') >= 0 // names may be, too
	for rest := r.URL.RawQuery; rest != ""; {
		part := rest
		if at := strings.IndexByte(rest, '&'); at >= 0 {
			part, rest = rest[:at], rest[at+1:]
		} else {
			rest = ""
		}
		if len(part) >= len(name) && part[:len(name)] == name && (len(part) == len(name) || part[len(name)] == '=') {
			if strings.ContainsAny(part, "%+;") {
				return r.URL.Query().Get(name)
			}
			return part[min(len(part), len(name)+1):]
		}
		if spelt && strings.Contains(part, "%") {
			if key, _, _ := strings.Cut(part, "="); strings.Contains(key, "%") {
				return r.URL.Query().Get(name)
			}
		}
	}
	return ""
}

// authenticate finds the shop of the request's key, or of bodyKey when the head has none. When both are there they must stand for one shop. Unauthenticated for
// a missing or unknown key, Forbidden for a page that the shop does not take calls from.
func authenticate(r *http.Request, dir shop.Directory, bodyKey string) (caller, error) {
	key := keyOf(r)
	if key == "" {
		key, bodyKey = bodyKey, ""
	}
	if key == "" {
		return caller{}, fault.New(fault.Unauthenticated, "a write key is needed: as Basic user name, writeKey in the body, or writeKey in the query")
	}
	info, err := dir.Key(r.Context(), key)
	if err != nil {
		return caller{}, err
	}
	if bodyKey != "" && bodyKey != key {
		second, err := dir.Key(r.Context(), bodyKey)
		if err != nil {
			return caller{}, err
		}
		if second.Shop != info.Shop {
			return caller{}, fault.New(fault.Unauthenticated, "the keys of head and body are of two shops")
		}
	}
	settings, err := dir.Settings(r.Context(), info.Shop)
	if err != nil {
		return caller{}, err
	}
	c := caller{Settings: settings, Kind: info.Kind}
	return c, checkOrigin(r, settings)
}
