package ingest

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"

	"github.com/klauspost/compress/zstd"

	"shopkeeper/shared/fault"
)

// zstdMemory bounds what a frame may ask for: a window larger than this is refused rather than obeyed.
const zstdMemory = 128 << 20

var (
	gzipMagic = []byte{0x1f, 0x8b}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
)

// Decompress recognises .gz and .zst by their first bytes, whatever the file is called, and makes the text UTF-8 without a byte order mark: see decodeText. The caller closes what comes back; r is not closed.
func Decompress(r io.Reader) (io.ReadCloser, error) {
	head := bufio.NewReaderSize(r, 64<<10)
	magic, err := head.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	plain := io.NopCloser(io.Reader(head))
	switch {
	case bytes.HasPrefix(magic, gzipMagic):
		z, err := gzip.NewReader(head)
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "the file begins like gzip but is not")
		}
		plain = z
	case bytes.HasPrefix(magic, zstdMagic):
		z, err := zstd.NewReader(head, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(zstdMemory), zstd.WithDecoderMaxWindow(zstdMemory))
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "the file begins like zstd but is not")
		}
		plain = z.IOReadCloser()
	}
	text, err := decodeText(bufio.NewReaderSize(plain, 256<<10))
	if err != nil {
		return nil, errors.Join(err, plain.Close())
	}
	return struct {
		io.Reader
		io.Closer
	}{text, plain}, nil
}

// counter counts the bytes read through it, for progress.
type counter struct {
	in io.Reader
	n  int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	c.n += int64(n)
	return n, err
}

// lines hands out physical lines without their end, and takes some back.
type lines struct {
	in     *bufio.Reader
	number int
	back   []string
}

// maxLine is the longest line. What is longer is passed over and reported.
const maxLine = 1 << 20

var errLineTooLong = errors.New("the line is longer than 1 MB")

// next is the next line and its number, io.EOF at the end. errLineTooLong comes with the number and the beginning of the line.
func (l *lines) next() (string, int, error) {
	if len(l.back) > 0 {
		s := l.back[0]
		l.back = l.back[1:]
		l.number++
		return s, l.number, nil
	}
	var whole []byte
	tooLong := false
	for {
		part, more, err := l.in.ReadLine()
		if err != nil {
			return "", l.number, err
		}
		if !tooLong {
			whole = append(whole, part...)
		}
		tooLong = tooLong || len(whole) > maxLine
		if !more {
			break
		}
	}
	l.number++
	if tooLong {
		return string(whole), l.number, errLineTooLong
	}
	return string(whole), l.number, nil
}

// unread gives lines back, to be read again with the numbers they had.
func (l *lines) unread(s []string) {
	l.back = append(append([]string(nil), s...), l.back...)
	l.number -= len(s)
}
