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
	return lockFile(filepath.Join(dir, "serve.lock"), "the folder "+dir+" is already served by process %d: stop it, or choose another with --data")
}

// Training makes this process the one that trains the folder's shop, as lock does. Conflict while another one trains: two at once would take twice the memory and publish whichever ends last.
func (l *Local) Training() (end func() error, err error) {
	return lockFile(filepath.Join(l.Dir, "train.lock"), "process %d is training this shop right now: wait until it is done")
}

// lockFile takes a file for this process. held says who has it, with a place for a process number.
func lockFile(path, held string) (unlock func() error, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the folder cannot be locked")
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		var pid int
		_, _ = fmt.Fscan(f, &pid) // nice to know, no more
		f.Close()
		return nil, fault.Newf(fault.Conflict, held, pid)
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
