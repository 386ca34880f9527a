// Testreport reads the output of `go test -json` on standard input, prints failures whole and everything else short, lists what was skipped and why, and
// fails when a test that may never be skipped was skipped or did not run.
//
//	go test -json ./... | go run ./scripts/testreport -required .ci/required -suite dynamodb
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

// event is one line of `go test -json`.
type event struct {
	Action, Package, Test, Output string
	Elapsed                       float64
}

// report counts what was seen.
type report struct {
	passed, failed int
	skipped        []string
	ran            map[string]bool
	output         map[string][]string
}

func main() {
	required := flag.String("required", "", "file of lines 'suite package-suffix TestName' that must have passed")
	suite := flag.String("suite", "", "which suite of that file this run is")
	flag.Parse()
	r := report{ran: map[string]bool{}, output: map[string][]string{}}
	if err := r.read(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
		os.Exit(2)
	}
	missing, err := r.missing(*required, *suite)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
		os.Exit(2)
	}
	for _, s := range r.skipped {
		fmt.Println("skipped:", s)
	}
	for _, m := range missing {
		fmt.Println("FAIL: may not be skipped, but did not pass:", m)
	}
	fmt.Printf("%s: %d passed, %d failed, %d skipped\n", *suite, r.passed, r.failed+len(missing), len(r.skipped))
	if r.failed+len(missing) > 0 || r.passed == 0 {
		os.Exit(1)
	}
}

func (r *report) read(in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Fprintln(out, lines.Text()) // a build error is no JSON
			continue
		}
		r.take(e, out)
	}
	return lines.Err()
}

func (r *report) take(e event, out io.Writer) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "output", "build-output":
		r.output[key] = append(r.output[key], e.Output)
	case "pass":
		r.ran[key] = true
		if e.Test != "" {
			r.passed++
		} else {
			fmt.Fprintf(out, "ok   %s %.1fs\n", e.Package, e.Elapsed)
		}
		delete(r.output, key)
	case "skip":
		if e.Test != "" {
			r.skipped = append(r.skipped, strings.TrimPrefix(key, "shopkeeper/")+": "+reason(r.output[key]))
		}
	case "fail", "build-fail":
		r.failed++
		fmt.Fprintf(out, "FAIL %s\n%s", key, strings.Join(r.output[key], ""))
	}
}

func reason(output []string) string {
	for _, line := range output {
		if _, why, ok := strings.Cut(line, ".go:"); ok {
			_, why, _ = strings.Cut(why, ": ")
			return strings.TrimSpace(why)
		}
	}
	return "no reason given"
}

// missing lists the suite's required tests that did not pass.
func (r *report) missing(file, suite string) ([]string, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var missing []string
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) != 3 || f[0] != suite {
			continue
		}
		if !r.ran["shopkeeper/"+f[1]+" "+f[2]] {
			missing = append(missing, f[1]+" "+f[2])
		}
	}
	return missing, nil
}
