package main

import (
	"os"
	"testing"
	"time"
)

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
