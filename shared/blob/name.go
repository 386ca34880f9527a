package blob

import (
	"strings"
	"unicode/utf8"

	"shopkeeper/shared/fault"
)

// Limits that every engine keeps.
const (
	MaxNameBytes = 900 // leaves room for a prefix below S3's limit of 1,024
	MaxPartBytes = 255 // what disks allow
)

// ValidateName says whether a file may have the name: valid UTF-8 without NUL, slash-separated parts of at most
// MaxPartBytes, none of them empty, "." or "..". The fault is Invalid.
func ValidateName(name string) error {
	if name == "" || len(name) > MaxNameBytes || !utf8.ValidString(name) || strings.ContainsRune(name, 0) {
		return fault.InvalidField("name", "must have 1 to 900 bytes of UTF-8 without NUL")
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part == "." || part == ".." {
			return fault.InvalidField("name", `must not have parts that are empty, "." or ".."`)
		}
		if len(part) > MaxPartBytes {
			return fault.InvalidField("name", "must not have parts of more than 255 bytes")
		}
	}
	return nil
}
