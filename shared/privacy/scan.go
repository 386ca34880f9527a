package privacy

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime/quotedprintable"
	"slices"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"

	"shopkeeper/shared/fault"
)

// Ground is where a deployment's bytes lie. The local product's is its folder.
type Ground interface {
	// Scrub removes what engines keep of removed records besides them: images in feeds, messages in queues, freed pages. It returns how many records went.
	Scrub(ctx context.Context, words []string) (int, error)

	// Records hands over every record of every table, feed and queue: where it lies and its values.
	Records(ctx context.Context, each func(where string, values []byte) error) error

	// Files hands over every file, of whatever kind, as its bytes lie on the disk.
	Files(ctx context.Context, each func(name string, open func() (io.ReadCloser, error)) error) error
}

// Finding is a place where something was found: a table or a file. It does not say what.
type Finding struct {
	Where string `json:"where"`
	Count int    `json:"count"`
}

// Scanned is what a scan looked at and what it found.
type Scanned struct {
	Words   int       `json:"words"` // how many words and ids were looked for
	Records int       `json:"records"`
	Files   int       `json:"files"`
	Bytes   int64     `json:"bytes"` // of files, unpacked ones counted again
	Found   []Finding `json:"found"`
}

// Clean says that nothing was found.
func (s Scanned) Clean() bool { return len(s.Found) == 0 }

// Scan reads everything that a deployment stores and looks for the words: in records, in files as they are, and in what compressed files, Parquet files and mails have inside. Words of fewer than
// six bytes are passed over, as they stand everywhere by chance.
func Scan(ctx context.Context, ground Ground, words []string) (Scanned, error) {
	s := &scanner{finder: newFinder(words), found: map[string]int{}}
	s.out.Words = len(s.finder.words)
	err := ground.Records(ctx, func(where string, values []byte) error {
		s.out.Records++
		s.look(where, values)
		return nil
	})
	if err != nil {
		return Scanned{}, fmt.Errorf("scan records: %w", err)
	}
	err = ground.Files(ctx, func(name string, open func() (io.ReadCloser, error)) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		s.out.Files++
		if err := s.file(name, open); err != nil {
			return fmt.Errorf("scan %s: %w", name, err)
		}
		return nil
	})
	if err != nil {
		return Scanned{}, err
	}
	s.out.Found = []Finding{}
	for where, n := range s.found {
		s.out.Found = append(s.out.Found, Finding{where, n})
	}
	slices.SortFunc(s.out.Found, func(a, b Finding) int { return bytes.Compare([]byte(a.Where), []byte(b.Where)) })
	return s.out, nil
}

type scanner struct {
	*finder
	out     Scanned
	found   map[string]int
	scratch []byte
}

func (s *scanner) look(where string, in []byte) {
	if n := len(s.find(in, &s.scratch)); n > 0 {
		s.found[where] += n
	}
}

// window is how much of a file is looked at at once.
const window = 1 << 20

// file looks at a file as it lies, and at what it has inside.
func (s *scanner) file(name string, open func() (io.ReadCloser, error)) error {
	r, err := open()
	if fault.Is(err, fault.NotFound) {
		return nil // it went meanwhile
	}
	if err != nil {
		return err
	}
	in := bufio.NewReaderSize(r, 64<<10)
	head, err := in.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return errors.Join(err, r.Close())
	}
	magic := string(head)
	err = errors.Join(s.stream(name, in), r.Close())
	if err != nil {
		return err
	}
	switch {
	case magic == "PAR1":
		return s.inside(name, open, s.parquet)
	case len(magic) == 4 && magic[:2] == "\x1f\x8b":
		return s.inside(name, open, func(name string, r io.Reader) error {
			z, err := gzip.NewReader(r)
			if err != nil {
				return nil //nolint:nilerr // only looks like gzip: its bytes were looked at
			}
			return s.broken(s.stream(name, z))
		})
	case magic == "\x28\xb5\x2f\xfd":
		return s.inside(name, open, func(name string, r io.Reader) error {
			z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
			if err != nil {
				return nil // only looks like zstd: its bytes were looked at
			}
			defer z.Close()
			return s.broken(s.stream(name, z))
		})
	case len(name) > 4 && name[len(name)-4:] == ".eml":
		return s.inside(name, open, s.mail)
	}
	return nil
}

func (s *scanner) inside(name string, open func() (io.ReadCloser, error), look func(string, io.Reader) error) error {
	r, err := open()
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(look(name, r), r.Close())
}

// broken passes over a packed file that breaks off: what could be read of it was looked at.
func (s *scanner) broken(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) || errors.Is(err, zstd.ErrMagicMismatch) || errors.Is(err, zstd.ErrCRCMismatch) {
		return nil
	}
	return err
}

// stream looks at all bytes of a reader, in windows that overlap by the longest form of a word.
func (s *scanner) stream(name string, r io.Reader) error {
	buffer := make([]byte, 0, window+s.longest)
	for {
		n, err := io.ReadFull(r, buffer[len(buffer) : len(buffer)+window][:window:window])
		buffer = buffer[:len(buffer)+n]
		s.out.Bytes += int64(n)
		if n > 0 {
			s.look(name, buffer)
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) && n < window {
			return nil
		}
		if err != nil {
			return err
		}
		keep := min(s.longest, len(buffer))
		copy(buffer, buffer[len(buffer)-keep:])
		buffer = buffer[:keep]
	}
}

// parquet looks at every value of every row: pages are compressed, and dictionaries lie apart from the rows.
func (s *scanner) parquet(name string, r io.Reader) error {
	body, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	file, err := parquet.OpenFile(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return nil //nolint:nilerr // no Parquet file: its bytes were looked at
	}
	rows := make([]parquet.Row, 128)
	var line []byte
	for _, group := range file.RowGroups() {
		reader := group.Rows()
		for {
			n, err := reader.ReadRows(rows)
			for _, row := range rows[:n] {
				line = line[:0]
				for _, v := range row {
					if k := v.Kind(); k == parquet.ByteArray || k == parquet.FixedLenByteArray {
						line = append(append(line, v.ByteArray()...), '\n')
					}
				}
				s.out.Bytes += int64(len(line))
				s.look(name, line)
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return errors.Join(err, reader.Close())
			}
		}
		if err := reader.Close(); err != nil {
			return err
		}
	}
	return nil
}

// mail looks at a message's lines as quoted-printable, and at its runs of base64 lines decoded. It need not know the parts: what is neither stays nonsense.
func (s *scanner) mail(name string, r io.Reader) error {
	body, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if plain, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(body))); err == nil || len(plain) > 0 {
		s.look(name, plain)
	}
	var run []byte
	end := func() {
		out := make([]byte, base64.StdEncoding.DecodedLen(len(run)))
		if n, _ := base64.StdEncoding.Decode(out, run); n > 0 {
			s.look(name, out[:n])
		}
		run = run[:0]
	}
	for line := range bytes.Lines(body) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 || bytes.ContainsAny(line, " :<>-_.") {
			end()
			continue
		}
		run = append(run, line...)
	}
	end()
	return nil
}
