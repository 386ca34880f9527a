package mime

import (
	"bytes"
	"io"
	"mime/quotedprintable"
	"strings"
	"testing"
)

func FuzzQuoted(f *testing.F) {
	for _, s := range []string{"", "text", ".\n..\n", "a \nb\t\r\nc \r", "=3D=", "é😀", strings.Repeat("x", 200), strings.Repeat("x", 74) + " \n" + strings.Repeat("é", 50), strings.Repeat(" ", 300), "\x00\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := appendQuoted(nil, s)
		for line := range bytes.SplitSeq(got, []byte("\r\n")) {
			switch {
			case len(line) > 76:
				t.Errorf("a line of %d bytes: %q", len(line), line)
			case bytes.HasPrefix(line, []byte(".")):
				t.Errorf("a line that begins with a dot: %q", line)
			case bytes.HasSuffix(line, []byte(" ")) || bytes.HasSuffix(line, []byte("\t")):
				t.Errorf("a line that ends in white space: %q", line)
			}
		}
		text, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(got)))
		want := strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n"), "\n", "\r\n")
		if err != nil || string(text) != want {
			t.Errorf("%q came back as %q, %v", want, text, err)
		}
	})
}
