package consent

import (
	"strconv"
	"strings"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
)

// CookieName is the cookie that remembers a browser's decision; it identifies nobody and the page may read it.
const CookieName = "sk_consent"

// FormatCookie is the cookie's value: shop, choices (1 granted, -1 denied, 0 undecided) for personalization and marketing, and the time in Unix seconds:
// "myshop.1.-1.1790000000".
func FormatCookie(shop event.ShopID, s State) string {
	return strings.Join([]string{
		string(shop), strconv.Itoa(int(s.Personalization)), strconv.Itoa(int(s.Marketing)), strconv.FormatInt(s.At.Unix(), 10),
	}, ".")
}

// ParseCookie reads a cookie of this shop; Invalid for any other. A time after now is now: nobody decides from the future.
func ParseCookie(shop event.ShopID, value string, now time.Time) (State, error) {
	parts := strings.Split(value, ".")
	if len(parts) != 4 || parts[0] != string(shop) {
		return State{}, errCookie
	}
	p, okP := parseChoice(parts[1])
	m, okM := parseChoice(parts[2])
	at, err := strconv.ParseInt(parts[3], 10, 64)
	if !okP || !okM || err != nil || at <= 0 {
		return State{}, errCookie
	}
	s := State{Personalization: p, Marketing: m, At: now.UTC().Truncate(time.Second)}
	if at < now.Unix() {
		s.At = time.Unix(at, 0).UTC()
	}
	return s, nil
}

var errCookie = fault.InvalidField(CookieName, "is not a decision of this shop")

func parseChoice(text string) (Choice, bool) {
	switch text {
	case "0":
		return Undecided, true
	case "1":
		return Granted, true
	case "-1":
		return Denied, true
	}
	return Undecided, false
}
