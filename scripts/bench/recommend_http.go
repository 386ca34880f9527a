package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// look takes turns of the toy set's lists now. A run looks between its parts, so that a busy minute of the machine is not all that is seen.
func (b *recommending) look(ctx context.Context) error {
	if !b.served() || b.data == "" {
		return nil
	}
	b.looks++
	_, err := b.measure(ctx, "quiet")
	return err
}

// served says whether there is a server to measure.
func (b *recommending) served() bool {
	info, _ := os.Stat("dist/shopkeeper")
	return info != nil
}

// measure runs parts of this program that measure a real server: this one pinned to one core, the generator to the other.
func (b *recommending) measure(ctx context.Context, parts string) (string, error) {
	cmd := exec.CommandContext(ctx, os.Args[0], "-only", parts, "-length", b.length(), "-toy", filepath.Join(b.work, "toy"), "-turns", b.turns())
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return string(out), nil
}

func (b *recommending) turns() string { return filepath.Join(b.work, "turns.ndjson") }

func (b *recommending) length() string {
	if b.quick {
		return "300ms"
	}
	return "3s"
}

// http adds the figures of a real server. What was printed is kept whole, and the figures that something was promised of are read out of it.
func (b *recommending) http(ctx context.Context) error {
	if !b.served() {
		b.note("http: skipped, dist/shopkeeper is not built (make bin)")
		return nil
	}
	printed, err := b.measure(ctx, "frontpage,toy,fresh")
	if err != nil {
		return err
	}
	if err := b.look(ctx); err != nil {
		return err
	}
	b.note("\n%s", strings.TrimSpace(printed))
	b.begin("Over HTTP, and how fresh", "go run ./scripts/bench -only frontpage,toy,fresh -length "+b.length()+": the demonstration shop, whose items all go with all others, and that of Serenade's toy set, which the peers' figures are about, warm, profile read and exposure logged, server on one core, generator on the other, closed loop, keep-alive, medians of seven turns; share of a handler on net/http that answers as many bytes in the same run; a click counts when a front page shows it")
	if err := b.promised(printed); err != nil {
		return err
	}
	names, turns, err := kept(b.turns())
	if err != nil {
		return err
	}
	b.begin("Over HTTP, by how quiet the machine is", fmt.Sprintf("go run ./scripts/bench -only quiet, %d times: before every part of this run and at the end of it; the toy set's shop as above, %d connections, turns of %s, each between two of net/http's trivial handler that answers as many bytes; all turns of the run are ordered by that handler's answers a second, in which ours have no say; medians of the turns. The promise is of a quiet machine: the quietest tenth", b.looks, promisedAt, shortTurn))
	for _, name := range names {
		b.quietly(name, turns[name])
	}
	return nil
}

// quietly adds the turns of a list, by how quiet it was.
func (b *recommending) quietly(name string, turns []shortly) {
	for n, m := range byQuiet(turns) {
		label := fmt.Sprintf("%s, %d B, %s", name, m.turns[0].Bytes, m.title())
		wanted, met, wantedShare, metShare, peers := "", any(nil), "", any(nil), ""
		if n == 0 {
			wanted, met, peers = "> 28,000/s, p99 < 1.4 ms", m.rate() > 28000 && m.p99() < 1400*time.Microsecond, "Serenade 28.2k/s, p50 .53, p99 1.4 ms (bare ids)"
			if strings.Contains(name, "all members") {
				wantedShare, metShare = ">= 0.60", m.share() >= .6
			}
		}
		b.add(label, m.String(), wanted, met, peers)
		b.add(label+": share of it", fmt.Sprintf("%.2f", m.share()), wantedShare, metShare, "")
	}
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
		name := fmt.Sprintf("%s, %s B, %s connections", l[1], l[2], l[3])
		if places[n][0] > freshLine.FindStringIndex(printed)[0] { // it comes last
			name = "toy set: " + name
		}
		b.add(name, fmt.Sprintf("%s/s, p50 %s, p99 %s ms", l[4], l[5], l[6]), "", nil, "")
		b.add(name+": share of a trivial handler", l[7], "", nil, "")
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
