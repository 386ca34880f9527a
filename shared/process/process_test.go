package process

import (
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestTailKeepsTheEnd(t *testing.T) {
	for name, tt := range map[string]struct {
		writes []string
		want   string
	}{
		"nothing":                     {nil, ""},
		"less than it may hold":       {[]string{"ab", "c"}, "abc"},
		"a little more":               {[]string{"abcd", "ef"}, "cdef"},
		"far more, in one write":      {[]string{"ab", strings.Repeat("-", 100) + "wxyz"}, "wxyz"},
		"far more, in many writes":    {strings.Split(strings.Repeat("-", 100)+"wxyz", ""), "wxyz"},
		"a write after it was cut":    {[]string{"abcdefghi", "z"}, "ghiz"},
		"an empty write, when filled": {[]string{"abcd", ""}, "abcd"},
	} {
		t.Run(name, func(t *testing.T) {
			tail := NewTail(4)
			for _, w := range tt.writes {
				if n, err := tail.Write([]byte(w)); n != len(w) || err != nil {
					t.Fatalf("write %q = %d, %v", w, n, err)
				}
				if len(tail.kept) > 8 {
					t.Fatalf("%d bytes are kept after %q", len(tail.kept), w)
				}
			}
			if got := tail.String(); got != tt.want {
				t.Errorf("kept %q, want %q", got, tt.want)
			}
		})
	}
}

func TestResident(t *testing.T) {
	if got := Resident(os.Getpid()); runtime.GOOS == "linux" && (got < 1 || got > 10_000) {
		t.Errorf("this test holds %v MB", got)
	}
	if got := Resident(-1); got != 0 {
		t.Errorf("a process that is not there holds %v MB", got)
	}
}

func TestPeak(t *testing.T) {
	if peak := Peak(os.Getpid()); runtime.GOOS == "linux" && peak < Resident(os.Getpid())/2 {
		t.Errorf("at most %v MB were held, and now there are %v", peak, Resident(os.Getpid()))
	}
	if got := Peak(-1); got != 0 {
		t.Errorf("a process that is not there held %v MB", got)
	}
}

func TestCPU(t *testing.T) {
	before := CPU(os.Getpid())
	sum := byte(0)
	for end := time.Now().Add(10 * time.Second); CPU(os.Getpid()) == before && time.Now().Before(end); {
		for n := range 1_000_000 {
			sum += byte(n)
		}
	}
	if got := CPU(os.Getpid()); runtime.GOOS == "linux" && (got <= before || got > 1e6) {
		t.Errorf("after some work (%d) %v seconds, %v before", sum, got, before)
	}
	if got := CPU(-1); got != 0 {
		t.Errorf("a process that is not there has worked %v seconds", got)
	}
}
