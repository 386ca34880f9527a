// Package browsertest walks through the demonstration shop in real Chromium, against a real `shopkeeper serve` over a fresh folder: by mouse and by keyboard, on a
// desktop and on a phone, with and without JavaScript. Pages must have no console errors, break no content security policy, not scroll sideways, and
// give axe-core nothing serious to say. Screenshots go to SHOPKEEPER_OUTPUT.
//
// The tests run only where SHOPKEEPER_REQUIRE names "browser".
package browsertest
