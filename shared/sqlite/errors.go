package sqlite

import (
	"errors"
	"time"

	modernc "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"shopkeeper/shared/fault"
)

// retryAfter is the advice that comes with Unavailable: a lock is over by then, a full disk may be.
const retryAfter = time.Second

// translate gives an error of the engine its kind. What it does not know is Internal.
func translate(err error) error {
	e, ok := errors.AsType[*modernc.Error](err)
	if !ok {
		return err
	}
	switch e.Code() & 0xff {
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED, lib.SQLITE_PROTOCOL:
		return unavailable(err, "the database is locked")
	case lib.SQLITE_FULL:
		return unavailable(err, "the disk is full")
	case lib.SQLITE_IOERR, lib.SQLITE_CANTOPEN, lib.SQLITE_READONLY, lib.SQLITE_NOMEM, lib.SQLITE_INTERRUPT:
		return unavailable(err, "the database cannot be reached")
	}
	return fault.Wrap(fault.Internal, err, "")
}

func unavailable(cause error, detail string) error {
	f := fault.Wrap(fault.Unavailable, cause, detail)
	f.RetryAfter = retryAfter
	return f
}

// full says whether err is the engine's "no more room", which may spare smaller writes.
func full(err error) bool {
	e, ok := errors.AsType[*modernc.Error](err)
	return ok && e.Code()&0xff == lib.SQLITE_FULL
}
