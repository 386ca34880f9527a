package sqlite

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// generation is a number that every process with the file open shares: a word of memory mapped from the file beside it. A writer, while it
// holds the engine's write lock, makes it odd before it commits and even, another one, afterwards. So whoever finds it even and unchanged since
// before a read knows that nothing was committed in between; and after a crash in a commit it stays odd, which says: do not trust what you
// keep, until the next writer, who knows that he is the only one, makes it even again.
//
// It needs no order on the disk: a file that was copied, or a machine that restarted, has no process that remembers a former number.
//
// The memory stays mapped for as long as anybody can ask for the number, which may be after the DB was closed.
type generation struct {
	word *atomic.Uint64
}

func openGeneration(path string) (*generation, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return nil, unavailable(err, "the database cannot be reached")
	}
	info, err := f.Stat()
	if err == nil && info.Size() < 8 {
		err = f.Truncate(8)
	}
	var page []byte
	if err == nil {
		page, err = syscall.Mmap(int(f.Fd()), 0, 8, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, unavailable(fmt.Errorf("map %s: %w", path, err), "the database cannot be reached")
	}
	g := &generation{word: (*atomic.Uint64)(unsafe.Pointer(&page[0]))}
	runtime.AddCleanup(g, func(page []byte) {
		syscall.Munmap(page) //nolint:errcheck // fails only for what is not mapped
	}, page)
	return g, nil
}

func (g *generation) load() uint64 {
	v := g.word.Load()
	runtime.KeepAlive(g)
	return v
}

// replace stores v if the number is old.
func (g *generation) replace(old, v uint64) bool {
	ok := g.word.CompareAndSwap(old, v)
	runtime.KeepAlive(g)
	return ok
}

func (g *generation) store(v uint64) {
	g.word.Store(v)
	runtime.KeepAlive(g)
}
