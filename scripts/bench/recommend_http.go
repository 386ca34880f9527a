package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// http runs the parts of this program that measure a real server: this one pinned to one core, the generator to the other. What they print is kept whole, and the figures that something was promised of
// are read out of it.
func (b *recommending) http(ctx context.Context) error {
	if info, _ := os.Stat("dist/shopkeeper"); info == nil {
		b.note("http: skipped, dist/shopkeeper is not built (make bin)")
		return nil
	}
	length := "3s"
	if b.quick {
		length = "300ms"
	}
	cmd := exec.CommandContext(ctx, os.Args[0], "-only", "frontpage,toy,fresh", "-length", length)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	b.note("\n%s", strings.TrimSpace(string(out)))
	b.begin("Over HTTP, and how fresh", "go run ./scripts/bench -only frontpage,toy,fresh -length "+length+": the demonstration shop, whose items all go with all others, and that of Serenade's toy set, which the peers' figures are about, warm, profile read and exposure logged, server on one core, generator on the other, closed loop, keep-alive, medians of seven turns; share of a handler on net/http that answers as many bytes in the same run; a click counts when a front page shows it")
	return b.promised(string(out))
}

var (
	listLine  = regexp.MustCompile(`(?m)^((?:list of|front page) .*?) +(\d+) \| c=(16|64) +(\d+)/s +([\d.]+) +([\d.]+) .*\([\d.]+, ([\d.]+)\)`)
	freshLine = regexp.MustCompile(`(?m)^p50 ([\d.]+) ms, p99 ([\d.]+) ms \(promise`)
)

// promised adds the figures of what was printed.
func (b *recommending) promised(printed string) error {
	lists, fresh := listLine.FindAllStringSubmatch(printed, -1), freshLine.FindStringSubmatch(printed)
	places := listLine.FindAllStringIndex(printed, -1)
	if len(lists) == 0 || fresh == nil {
		return fmt.Errorf("the server's figures are not where they were:\n%s", printed)
	}
	for n, l := range lists {
		perSecond, p99, share := number(l[4]), number(l[6]), number(l[7])
		wanted, met, wantedShare, metShare, peers := "", any(nil), "", any(nil), ""
		name := fmt.Sprintf("%s, %s B, %s connections", l[1], l[2], l[3])
		toy := places[n][0] > freshLine.FindStringIndex(printed)[0] // it comes last
		if toy {
			name = "toy set: " + name
		}
		if toy && l[3] == "16" { // what the peers' figures are about
			wanted, met = "> 28,000/s, p99 < 1.4 ms", perSecond > 28000 && p99 < 1.4
			peers = "Serenade 28.2k/s, p50 .53, p99 1.4 ms (bare ids)"
		}
		if toy && l[3] == "16" && strings.Contains(l[1], "all members") {
			wantedShare, metShare = ">= 0.60", share >= .6
		}
		b.add(name, fmt.Sprintf("%s/s, p50 %s, p99 %s ms", l[4], l[5], l[6]), wanted, met, peers)
		b.add(name+": share of a trivial handler", l[7], wantedShare, metShare, "")
	}
	b.add("a click shows on the page", fmt.Sprintf("p50 %s, p99 %s ms", fresh[1], fresh[2]), "p99 < 1000 ms", number(fresh[2]) < 1000, "Serenade: after a restart")
	return nil
}

func number(text string) float64 {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0
	}
	return v
}
