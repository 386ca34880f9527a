// Package process looks at other processes: what they printed last, what memory they hold.
package process

import (
	"fmt"
	"os"
	"strings"
	"sync"
)

// Tail is a writer that keeps the end of what is written to it. It is safe for concurrent use.
type Tail struct {
	max  int
	mu   sync.Mutex
	kept []byte // at most twice max, so that not every write moves it
}

// NewTail keeps the last max bytes, max above 0.
func NewTail(max int) *Tail { return &Tail{max: max} }

// Write is io.Writer's and never fails.
func (t *Tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, b...)
	if len(t.kept) > 2*t.max {
		t.kept = append(t.kept[:0], t.end()...)
	}
	return len(b), nil
}

// String is what is kept; it may begin in the middle of a line.
func (t *Tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.end())
}

func (t *Tail) end() []byte { return t.kept[max(0, len(t.kept)-t.max):] }

// Resident is a process's resident memory in MB, 0 where /proc is not to be had or does not know the process.
func Resident(pid int) float64 { return status(pid, "VmRSS") }

// Peak is the most resident memory that a process ever had, in MB, 0 where that is not known.
func Peak(pid int) float64 { return status(pid, "VmHWM") }

func status(pid int, name string) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		var kb float64
		if n, _ := fmt.Sscanf(line, name+": %f kB", &kb); n == 1 {
			return kb / 1024
		}
	}
	return 0
}
