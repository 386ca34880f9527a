// Testreport reads the output of `go test -json` on standard input, prints failures whole and everything else short, lists what was skipped and why, and
// fails when a test that may never be skipped was skipped or did not run, or when one was skipped that the list of those that may be does not know.
//
//	go test -json ./... | go run ./scripts/testreport -required .ci/required -skippable .ci/skippable -suite dynamodb
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
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
	skipped        []skip
	ran            map[string]bool
	output         map[string][]string
}

// skip is a test that was skipped.
type skip struct{ pkg, test, why string }

// String is the test and why.
func (s skip) String() string { return s.pkg + " " + s.test + ": " + s.why }

func main() {
	required := flag.String("required", "", "file of lines 'suite package-suffix TestName' that must have passed")
	skippable := flag.String("skippable", "", "file of lines 'suite package-suffix TestName where' of all that may be skipped: where is the suite that requires it instead, or gap")
	suite := flag.String("suite", "", "which suite of that file this run is")
	flag.Parse()
	r := report{ran: map[string]bool{}, output: map[string][]string{}}
	if err := r.read(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
		os.Exit(2)
	}
	faults, err := r.faults(*required, *skippable, *suite)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
		os.Exit(2)
	}
	for _, s := range r.skipped {
		fmt.Println("skipped:", s)
	}
	for _, f := range faults {
		fmt.Println("FAIL:", f)
	}
	fmt.Printf("%s: %d passed, %d failed, %d skipped\n", *suite, r.passed, r.failed+len(faults), len(r.skipped))
	if r.failed+len(faults) > 0 || r.passed == 0 {
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
			r.skipped = append(r.skipped, skip{strings.TrimPrefix(e.Package, "shopkeeper/"), e.Test, reason(r.output[key])})
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

// faults are what is wrong beyond failures, for the lists in the two files; an empty name means no list.
func (r *report) faults(required, skippable, suite string) ([]string, error) {
	must, err := lines(required, 3)
	if err != nil {
		return nil, err
	}
	may, err := lines(skippable, 4)
	if err != nil {
		return nil, err
	}
	found := r.missing(must, suite)
	if skippable != "" {
		found = append(found, r.unlisted(may, suite)...)
	}
	return append(found, nowhere(may, must)...), nil
}

// missing lists the suite's required tests that did not pass.
func (r *report) missing(required [][]string, suite string) (missing []string) {
	for _, f := range required {
		if f[0] == suite && !r.ran["shopkeeper/"+f[1]+" "+f[2]] {
			missing = append(missing, "may not be skipped, but did not pass: "+f[1]+" "+f[2])
		}
	}
	return missing
}

// unlisted lists what was skipped and is not in the list, where a test stands for its parts, too.
func (r *report) unlisted(skippable [][]string, suite string) (unlisted []string) {
	for _, s := range r.skipped {
		if !slices.ContainsFunc(skippable, func(f []string) bool {
			return f[0] == suite && f[1] == s.pkg && (s.test == f[2] || strings.HasPrefix(s.test, f[2]+"/"))
		}) {
			unlisted = append(unlisted, "was skipped, and the list of what may be does not know it: "+s.String())
		}
	}
	return unlisted
}

// nowhere lists what may be skipped because another suite runs it, and is not required there.
func nowhere(skippable, required [][]string) (nowhere []string) {
	for _, f := range skippable {
		test, _, _ := strings.Cut(f[2], "/")
		if where := f[3]; where != "gap" && !slices.ContainsFunc(required, func(r []string) bool { return slices.Equal(r, []string{where, f[1], test}) }) {
			nowhere = append(nowhere, fmt.Sprintf("%s %s may be skipped in %s, as %s runs it, which does not require it", f[1], f[2], f[0], where))
		}
	}
	return nowhere
}

// lines reads the words of a list. Empty lines and those that begin with # say nothing.
func lines(file string, words int) (list [][]string, err error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		f := strings.Fields(line)
		if len(f) == 0 || strings.HasPrefix(f[0], "#") {
			continue
		}
		if len(f) != words {
			return nil, fmt.Errorf("%s, line %d: %d words, want %d", file, n, len(f), words)
		}
		list = append(list, f)
	}
	return list, nil
}
