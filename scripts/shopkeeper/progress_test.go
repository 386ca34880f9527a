package main

import (
	"io"
	"os"
	"testing"
	"time"

	"github.com/vbauerster/mpb/v8"
)

// A stage may end short of its total, or beyond it.
func TestMeterEndsStages(t *testing.T) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		m := &meter{bars: mpb.New(mpb.WithOutput(io.Discard), mpb.WithAutoRefresh())}
		m.count("short", 0, 10)
		m.count("whole", 10, 10)
		m.bytes("beyond", 20, 10)
		m.count("short again", 1, 2)
		m.close()
		m.close()
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("the meter waits for ever")
	}
}

// A meter on what is no terminal must not wait to be drawn: /dev/null is a character device, as terminals are.
func TestMeterOnNoTerminal(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		m := newMeter(null)
		m.count("working", 1, 2)
		m.close()
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("the meter waits for ever")
	}
}
