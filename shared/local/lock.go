package local

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"shopkeeper/shared/fault"
)

// lock makes this process the one that serves the folder until the returned function is called or the process ends, however it ends. Conflict when there is
// another one.
func lock(dir string) (unlock func() error, err error) {
	path := filepath.Join(dir, "serve.lock")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the folder cannot be locked")
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		var pid int
		_, _ = fmt.Fscan(f, &pid) // nice to know, no more
		f.Close()
		return nil, fault.Newf(fault.Conflict, "the folder %s is already served by process %d: stop it, or choose another with --data", dir, pid)
	}
	if err != nil {
		f.Close()
		return nil, fault.Wrap(fault.Unavailable, err, "the folder cannot be locked")
	}
	err = errors.Join(f.Truncate(0), writeAt(f, fmt.Sprintln(os.Getpid())))
	if err != nil {
		f.Close()
		return nil, fault.Wrap(fault.Unavailable, err, "the folder cannot be locked")
	}
	return f.Close, nil
}

func writeAt(f *os.File, text string) error {
	_, err := f.WriteAt([]byte(text), 0)
	return err
}
