package model

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"hash/crc32"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/recommend/item"
)

const (
	magic      = "SHOPMDL\n"
	format     = 1
	headerLen  = 64
	digestAt   = 32
	entryLen   = 24
	alignment  = 8
	mostKinds  = 1024 // sections a directory may have
	latestTime = 1 << 50
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// number is what a section may be an array of: types without padding whose every bit pattern is a value.
type number interface {
	~uint32 | ~uint64 | ~int64 | ~float32 | ~float64 | item.Scored
}

// writer collects sections in ascending order of kind.
type writer struct {
	kinds    []kind
	sections [][]byte
}

// put adds an array as a section, copying its bytes as they are in memory: little-endian, like every machine this runs on.
func put[T number](w *writer, k kind, values []T) {
	var one T
	var raw []byte
	if len(values) > 0 {
		raw = unsafe.Slice((*byte)(unsafe.Pointer(&values[0])), len(values)*int(unsafe.Sizeof(one)))
	}
	w.putBytes(k, raw)
}

func (w *writer) putBytes(k kind, raw []byte) {
	w.kinds, w.sections = append(w.kinds, k), append(w.sections, raw)
}

// finish lays the file out.
func (w *writer) finish(trained time.Time) []byte {
	total := headerLen + entryLen*len(w.sections)
	for _, s := range w.sections {
		total += padded(len(s))
	}
	file := make([]byte, total)
	copy(file, magic)
	le := binary.LittleEndian
	le.PutUint32(file[8:], format)
	le.PutUint32(file[12:], uint32(len(w.sections)))
	le.PutUint64(file[16:], uint64(total))
	le.PutUint64(file[24:], uint64(trained.UnixMilli()))
	at := headerLen + entryLen*len(w.sections)
	for n, s := range w.sections {
		copy(file[at:], s)
		entry := file[headerLen+entryLen*n:]
		le.PutUint32(entry, uint32(w.kinds[n]))
		le.PutUint32(entry[4:], crc32.Checksum(file[at:at+padded(len(s))], castagnoli))
		le.PutUint64(entry[8:], uint64(at))
		le.PutUint64(entry[16:], uint64(len(s)))
		at += padded(len(s))
	}
	digest := digestOf(file, len(w.sections))
	copy(file[digestAt:], digest[:])
	return file
}

func padded(n int) int { return (n + alignment - 1) &^ (alignment - 1) }

func digestOf(file []byte, sections int) [32]byte {
	h := sha256.New()
	h.Write(file[:digestAt])
	h.Write(file[headerLen : headerLen+entryLen*sections])
	return [32]byte(h.Sum(nil))
}

// reader finds sections in a file whose checksums are right, and keeps the first thing that is wrong.
type reader struct {
	version  uint64
	trained  time.Time
	sections map[kind][]byte
	err      error
}

func (r *reader) refuse(format string, args ...any) {
	if r.err == nil {
		r.err = fault.Newf(fault.Invalid, "model file: "+format, args...)
	}
}

// openFile checks the header, the directory and every checksum. The file's first byte must be aligned.
func openFile(file []byte) (*reader, error) {
	le := binary.LittleEndian
	if len(file) < headerLen || string(file[:8]) != magic {
		return nil, fault.New(fault.Invalid, "model file: this is not one")
	}
	if f := le.Uint32(file[8:]); f != format {
		return nil, fault.Newf(fault.Invalid, "model file: format %d, this program reads %d", f, format)
	}
	sections, total, trained := int(le.Uint32(file[12:])), le.Uint64(file[16:]), int64(le.Uint64(file[24:]))
	if total != uint64(len(file)) {
		return nil, fault.Newf(fault.Invalid, "model file: %d bytes of %d are here", len(file), total)
	}
	if sections > mostKinds || headerLen+entryLen*sections > len(file) || trained < -latestTime || trained > latestTime {
		return nil, fault.New(fault.Invalid, "model file: the header makes no sense")
	}
	if digest := digestOf(file, sections); !bytes.Equal(digest[:], file[digestAt:headerLen]) {
		return nil, fault.New(fault.Invalid, "model file: the directory is corrupt")
	}
	r := &reader{version: binary.BigEndian.Uint64(file[digestAt:]), trained: time.UnixMilli(trained).UTC(), sections: make(map[kind][]byte, sections)}
	r.readDirectory(file, sections)
	return r, r.err
}

func (r *reader) readDirectory(file []byte, sections int) {
	le := binary.LittleEndian
	at, before := uint64(headerLen+entryLen*sections), kind(0)
	sums := make([]sum, 0, sections)
	for n := range sections {
		entry := file[headerLen+entryLen*n:]
		k, crc, offset, length := kind(le.Uint32(entry)), le.Uint32(entry[4:]), le.Uint64(entry[8:]), le.Uint64(entry[16:])
		left := uint64(len(file)) - at
		if k <= before || offset != at || length > left || uint64(padded(int(length))) > left {
			r.refuse("section %d of %d is out of place", n+1, sections)
			return
		}
		extent := uint64(padded(int(length)))
		sums = append(sums, sum{k, crc, file[at : at+extent]})
		r.sections[k] = file[at : at+length : at+length]
		at, before = at+extent, k
	}
	if at != uint64(len(file)) {
		r.refuse("%d bytes belong to no section", uint64(len(file))-at)
	}
	r.verify(sums)
}

// sum is a checksum that is to be verified.
type sum struct {
	kind    kind
	crc     uint32
	section []byte
}

// verify computes checksums on all processors, section by section: the one pass over the whole file that opening takes. It refuses the first that is wrong.
func (r *reader) verify(sums []sum) {
	wrong := make([]bool, len(sums))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(sums)) {
		workers.Go(func() {
			for n := int(next.Add(1)) - 1; n < len(sums); n = int(next.Add(1)) - 1 {
				wrong[n] = crc32.Checksum(sums[n].section, castagnoli) != sums[n].crc
			}
		})
	}
	workers.Wait()
	if n := slices.Index(wrong, true); n >= 0 {
		r.refuse("%v are corrupt", sums[n].kind)
	}
}

// bytes is a section as it is; one that is missing is refused.
func (r *reader) bytes(k kind) []byte {
	b, ok := r.sections[k]
	if !ok {
		r.refuse("%v are missing", k)
	}
	return b
}

// view is a section as an array. The section is aligned, because the file is and offsets are multiples of 8.
func view[T number](r *reader, k kind) []T {
	var one T
	b, size := r.bytes(k), int(unsafe.Sizeof(one))
	if len(b)%size != 0 {
		r.refuse("%v are not whole entries", k)
		return nil
	}
	if len(b) == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&b[0])), len(b)/size)
}

// aligned is the file itself when its first byte is aligned, else a copy that is.
func aligned(file []byte) []byte {
	if len(file) == 0 || uintptr(unsafe.Pointer(&file[0]))%alignment == 0 {
		return file
	}
	words := make([]uint64, (len(file)+7)/8)
	out := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), len(words)*8)[:len(file)]
	copy(out, file)
	return out
}

// texts is a column of strings.
type texts struct {
	offsets []uint32
	bytes   []byte
}

func (t texts) at(n int) string {
	from, to := t.offsets[n], t.offsets[n+1]
	if from == to {
		return ""
	}
	return unsafe.String(&t.bytes[from], int(to-from))
}

// named is at for a number that may be None: then it is empty.
func (t texts) named(n uint32) string {
	if n == uint32(None) {
		return ""
	}
	return t.at(int(n))
}

// hash is 64-bit FNV-1a with a final mix, so that ids that differ in one digit spread over the table.
func hash(id string) uint64 {
	h := uint64(14695981039346656037)
	for n := range len(id) {
		h = (h ^ uint64(id[n])) * 1099511628211
	}
	return h ^ h>>29
}
