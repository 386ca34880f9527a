package dynamo

import (
	"testing"
	"unicode/utf8"

	"shopkeeper/shared/table"
)

// FuzzBounds holds the range that DynamoDB is asked for to the range that was asked for: every key of the one is in the other, and both bounds are
// something that DynamoDB takes.
func FuzzBounds(f *testing.F) {
	f.Add("", "", "", "a")
	f.Add("a", "ab", "ac", "abc")
	f.Add("a\U0010FFFF", "", "", "a\U0010FFFFx")
	f.Add("\U0010FFFF", "", "b", "a")
	f.Add("퟿", "", "", "퟿x")
	f.Add("\x7f", "\xff", "\xc3", "é")
	f.Add("\xf4", "0", "\xf6", "\U0010FFFF")
	f.Fuzz(func(t *testing.T, prefix, from, to, key string) {
		q := table.Query{Prefix: prefix, From: from, To: to}
		low, high, ok := bounds(q)
		for _, b := range []string{low, high} {
			if !utf8.ValidString(b) || len(b) > table.MaxSortBytes {
				t.Errorf("bound %q of %+v is no key", b, q)
			}
		}
		if ok && high != "" && low > high {
			t.Errorf("range from %q to %q is turned round", low, high)
		}
		if key == "" || !utf8.ValidString(key) || len(key) > table.MaxSortBytes || !asked(q, key) {
			return
		}
		if !ok || key < low || high != "" && key > high {
			t.Errorf("%q is asked for by %+v but not between %q and %q (%t)", key, q, low, high, ok)
		}
	})
}

func FuzzCursor(f *testing.F) {
	f.Add("p", "s", encodeCursor("p", "s"))
	f.Add("p", "s", "AAAA")
	f.Add("p", "0", "YryRxHO") // bits beyond the last byte
	f.Add("p", "0", encodeCursor("p", "0")+"\n")
	f.Add("", "\xff", "x")
	f.Fuzz(func(t *testing.T, partition, sort, cursor string) {
		if got, err := decodeCursor(encodeCursor(partition, sort), partition, "", ""); sort != "" && (err != nil || got != sort) {
			t.Errorf("cursor of %q came back as %q, %v", sort, got, err)
		}
		if got, err := decodeCursor(cursor, partition, sort, ""); err == nil && (got < sort || encodeCursor(partition, got) != cursor) {
			t.Errorf("cursor %q was taken as %q", cursor, got)
		}
	})
}
