// Bench measures every claim about speed, size and cost in one run, beside the peers' published figures, with the protocol of each. `make bench` builds what it needs.
//
// A machine's speed moves between minutes: peers' figures come from another day's machine, so beside each HTTP figure stands a trivial handler that answers the
// same number of bytes in the same run, and the ratio to it is what can be compared. Nothing here decides a test.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == trivialArg {
		serveTrivial(os.Args[2])
		return
	}
	length := flag.Duration("length", 3*time.Second, "how long each figure is measured")
	only := flag.String("only", "", "comma-separated parts: frontpage,collect,fresh,units,start")
	flag.Parse()
	if os.Getenv("BENCH_PINNED") == "" { // the generator gets the second processor to itself
		if args := pin("1", os.Args...); len(args) > len(os.Args) {
			cmd := exec.Command(args[0], args[1:]...)
			cmd.Env = append(os.Environ(), "BENCH_PINNED=1")
			cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
			if err := cmd.Run(); err != nil {
				os.Exit(1)
			}
			return
		}
	}
	if err := run(*length, *only); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(length time.Duration, only string) error {
	dir, err := os.MkdirTemp("", "shopkeeper-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	wanted := func(part string) bool { return only == "" || strings.Contains(","+only+",", ","+part+",") }
	if wanted("frontpage") || wanted("collect") || wanted("fresh") {
		fmt.Println("preparing: the demonstration shop is made up and trained ...")
		s, err := startServer("dist/shopkeeper", filepath.Join(dir, "data"))
		if err != nil {
			return err
		}
		defer s.stop()
		for _, part := range []struct {
			name string
			run  func(*server, time.Duration) error
		}{{"frontpage", benchFrontPage}, {"fresh", benchFresh}, {"collect", benchCollect}} {
			if !wanted(part.name) {
				continue
			}
			if err := part.run(s, length); err != nil {
				return fmt.Errorf("%s: %w", part.name, err)
			}
		}
		fmt.Printf("memory of the server at the end: %.0f MB\n", rss(s.cmd.Process.Pid))
	}
	if wanted("units") {
		if err := benchUnits(dir); err != nil {
			return fmt.Errorf("units: %w", err)
		}
	}
	if wanted("start") {
		if err := benchStart(dir); err != nil {
			return fmt.Errorf("start: %w", err)
		}
	}
	return nil
}

func title(format string, args ...any) { fmt.Printf("\n== "+format+"\n", args...) }

func ms(d time.Duration) string { return fmt.Sprintf("%.2f", float64(d)/float64(time.Millisecond)) }
