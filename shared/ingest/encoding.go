package ingest

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

var (
	byteOrder = []byte{0xef, 0xbb, 0xbf}
	wideLow   = []byte{0xff, 0xfe}
	wideHigh  = []byte{0xfe, 0xff}
)

// decodeText makes UTF-8 without a byte order mark of what spreadsheets write: UTF-8 with or without a mark, UTF-16 with one, and Windows-1252, which is known by the first letter that is no UTF-8.
// A file whose first letter beyond ASCII is UTF-8 stays so to its end: what is broken in it later is reported with its line.
func decodeText(in *bufio.Reader) (io.Reader, error) {
	head, err := in.Peek(3)
	if len(head) == 0 {
		if errors.Is(err, io.EOF) {
			return in, nil
		}
		return in, err
	}
	switch {
	case bytes.Equal(head, byteOrder):
		_, err := in.Discard(len(byteOrder))
		return in, err
	case bytes.HasPrefix(head, wideLow), bytes.HasPrefix(head, wideHigh):
		return transform.NewReader(in, unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder()), nil
	case head[0] == '{':
		return in, nil // JSON is UTF-8
	}
	return transform.NewReader(in, &western{}), nil
}

// western decides at the first letter beyond ASCII whether the text is UTF-8 or Windows-1252.
type western struct {
	decided, utf8 bool
}

// Reset is transform.Transformer's.
func (w *western) Reset() { *w = western{} }

// Transform is transform.Transformer's.
func (w *western) Transform(dst, src []byte, atEOF bool) (written, read int, err error) {
	for read < len(src) {
		if w.decided && w.utf8 {
			n := copy(dst[written:], src[read:])
			written, read = written+n, read+n
			if read < len(src) {
				return written, read, transform.ErrShortDst
			}
			return written, read, nil
		}
		c := src[read]
		if c >= utf8.RuneSelf && !w.decided {
			if !atEOF && !utf8.FullRune(src[read:]) {
				return written, read, transform.ErrShortSrc
			}
			r, size := utf8.DecodeRune(src[read:])
			w.decided, w.utf8 = true, r != utf8.RuneError || size > 1
			continue
		}
		r := rune(c)
		if c >= utf8.RuneSelf {
			r = charmap.Windows1252.DecodeByte(c)
		}
		if written+utf8.RuneLen(r) > len(dst) {
			return written, read, transform.ErrShortDst
		}
		written += utf8.EncodeRune(dst[written:], r)
		read++
	}
	return written, read, nil
}
