package demo

import (
	"strings"
	"testing"

	"shopkeeper/shared/event"
)

// maxCookie is what browsers keep of one cookie, name and attributes taken off.
const maxCookie = 3800

func FuzzUnseal(f *testing.F) {
	good, err := seal("secret", basketCookie, basket{[]basketLine{{"T1", 2}}})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{good, "", ".", "a.b", good + "x", "e30." + good[len(good)-43:]} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sealed string) {
		b, ok := unseal[basket]("secret", basketCookie, sealed)
		if ok && sealed != good {
			t.Errorf("%q was taken as %+v", sealed, b)
		}
		if _, ok := unseal[basket]("secret", orderCookie, sealed); ok {
			t.Errorf("%q passes for another cookie", sealed)
		}
	})
}

func TestBasketFitsItsCookie(t *testing.T) {
	var b basket
	for i := range maxLines {
		b.Lines = append(b.Lines, basketLine{event.ItemID(strings.Repeat(string(rune('a'+i)), 100)), maxQuantity})
	}
	sealed, err := seal("secret", basketCookie, b)
	if err != nil {
		t.Fatal(err)
	}
	if len(sealed) > maxCookie {
		t.Errorf("a full basket of the longest ids takes %d bytes, a browser keeps %d", len(sealed), maxCookie)
	}
}
