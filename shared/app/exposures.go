package app

import (
	"io"
	"log/slog"
	"sync"

	"shopkeeper/shared/web"
)

// Lines writes each exposure as one line of w: a function's standard output is its log, from where a subscription takes the lines on to the files of package exposure.
func Lines(log *slog.Logger, w io.Writer) web.Exposures { return &lines{log: log, w: w} }

type lines struct {
	log  *slog.Logger
	mu   sync.Mutex
	w    io.Writer
	told bool
}

func (l *lines) Record(line []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := l.w.Write(line); err != nil && !l.told {
		l.told = true // once: whoever cannot write lines would fill the log with saying so
		l.log.Error("exposures cannot be written", "err", err)
	}
}
