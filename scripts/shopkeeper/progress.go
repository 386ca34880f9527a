package main

import (
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// meter shows progress on standard error when that is a terminal, and nothing otherwise.
type meter struct {
	bars  *mpb.Progress
	bar   *mpb.Bar
	stage string
}

func newMeter(w io.Writer) *meter {
	if !terminal(w) {
		return &meter{}
	}
	return &meter{bars: mpb.New(mpb.WithOutput(w), mpb.WithWidth(48), mpb.WithRefreshRate(150*time.Millisecond))}
}

// terminal asks the system: a character device may as well be /dev/null, on which bars would wait for ever to be drawn.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// bytes shows a stage measured in bytes: n of total so far.
func (m *meter) bytes(stage string, n, total int64) {
	m.show(stage, n, total, decor.CountersKibiByte("% .1f / % .1f"), decor.AverageSpeed(decor.SizeB1024(0), "% .1f"))
}

// count shows a stage measured in pieces of work.
func (m *meter) count(stage string, n, total int) {
	m.show(stage, int64(n), int64(total), decor.CountersNoUnit("%d / %d"), decor.AverageSpeed(0, "%.0f/s"))
}

func (m *meter) show(stage string, n, total int64, counters, speed decor.Decorator) {
	if m.bars == nil {
		return
	}
	if stage != m.stage || m.bar == nil {
		m.finish()
		m.stage = stage
		m.bar = m.bars.AddBar(max(total, 1), mpb.PrependDecorators(decor.Name(stage+" ")),
			mpb.AppendDecorators(counters, decor.Name("  "), speed, decor.Name("  "), decor.AverageETA(decor.ET_STYLE_GO)))
	}
	m.bar.SetCurrent(n)
}

// finish ends the stage at hand.
func (m *meter) finish() {
	if m.bar != nil {
		m.bar.Abort(false) // a stage may end before its total: only then does this do something, and without it Wait would not return
		m.bar.Wait()
		m.bar = nil
	}
}

// close ends the display.
func (m *meter) close() {
	if m.bars != nil {
		m.finish()
		m.bars.Wait()
	}
}

// finishing ends the meter before the first words go out, so that the two do not mix.
type finishing struct {
	meter *meter
	out   io.Writer
}

func (f finishing) Write(b []byte) (int, error) {
	f.meter.close()
	return f.out.Write(b)
}
