package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// look is what one moment of the run gave: lists of the toy set's shop, over the connections that something was promised for.
type look struct {
	at      time.Time
	lists   []listed
	handler float64 // answers a second of net/http's trivial handler that answers what the first list does
}

// listed is a list or a front page as it was measured.
type listed struct {
	name, bytes, connections string
	perSecond, p50, p99      string
	share                    string // of what net/http's trivial handler reaches
	place                    int    // in what was printed
}

// measured is the figure of a row.
func (l listed) measured() string {
	return fmt.Sprintf("%s/s, p50 %s, p99 %s ms", l.perSecond, l.p50, l.p99)
}

func (l listed) title() string {
	return fmt.Sprintf("%s, %s B, %s connections", l.name, l.bytes, l.connections)
}

// promisedAt is how many connections the peers' figures, and what was promised, are about.
const promisedAt = "16"

// served says whether there is a server to measure; without real data there is no toy set's shop.
func (b *recommending) served() (program, toy bool) {
	info, _ := os.Stat("dist/shopkeeper")
	return info != nil, info != nil && b.data != ""
}

// look measures the toy set's lists now. What was promised is promised of a quiet machine, and one that is others' too is quiet in some minutes and not in others: so the run looks between its parts, and
// which look counts is said by the trivial handler beside it, never by ours.
func (b *recommending) look(ctx context.Context) error {
	if _, toy := b.served(); !toy {
		return nil
	}
	began := time.Now()
	printed, err := b.measure(ctx, "-only", "toy", "-connections", promisedAt)
	if err != nil {
		return err
	}
	return b.seen(began, printed)
}

// seen keeps the look that was printed.
func (b *recommending) seen(at time.Time, printed string) error {
	l := look{at: at}
	for _, found := range listsIn(printed) {
		if found.connections == promisedAt {
			l.lists = append(l.lists, found)
		}
	}
	if len(l.lists) == 0 {
		return fmt.Errorf("the toy set's figures are not where they were:\n%s", printed)
	}
	handler := handlerLine.FindStringSubmatch(printed[l.lists[0].place:])
	if handler == nil {
		return fmt.Errorf("the trivial handler's figure is not where it was:\n%s", printed)
	}
	l.handler = number(handler[1])
	b.looks = append(b.looks, l)
	return nil
}

// measure runs the parts of this program that measure a real server: this one pinned to one core, the generator to the other.
func (b *recommending) measure(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, os.Args[0], append(args, "-length", b.length(), "-toy", filepath.Join(b.work, "toy"))...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return string(out), nil
}

func (b *recommending) length() string {
	if b.quick {
		return "300ms"
	}
	return "3s"
}

// http adds the figures of a real server. What was printed is kept whole, and the figures that something was promised of are read out of it.
func (b *recommending) http(ctx context.Context) error {
	program, toy := b.served()
	if !program {
		b.note("http: skipped, dist/shopkeeper is not built (make bin)")
		return nil
	}
	page, err := b.measure(ctx, "-only", "frontpage,fresh")
	if err != nil {
		return err
	}
	lists := ""
	if toy {
		began := time.Now()
		if lists, err = b.measure(ctx, "-only", "toy"); err != nil {
			return err
		}
		if err := b.seen(began, lists); err != nil {
			return err
		}
	}
	b.note("\n%s\n%s", strings.TrimSpace(page), strings.TrimRight(lists, "\n"))
	b.begin("Over HTTP, and how fresh", "go run ./scripts/bench -only frontpage,toy,fresh -length "+b.length()+": the demonstration shop, whose items all go with all others, and that of Serenade's toy set, which the peers' figures are about, warm, profile read and exposure logged, server on one core, generator on the other, closed loop, keep-alive, medians of seven turns; share of a handler on net/http that answers as many bytes in the same turns; a click counts when a front page shows it. The promise is of a quiet machine: the toy set's lists are looked at before every part of the run and at its end, and the look at which net/http's handler was fastest is the one that counts, whatever ours did then")
	return b.promised(page, lists)
}

var (
	listLine    = regexp.MustCompile(`(?m)^((?:list of|front page) .*?) +(\d+) \| c=(16|64) +(\d+)/s +([\d.]+) +([\d.]+) .*\([\d.]+, ([\d.]+)\)`)
	handlerLine = regexp.MustCompile(`(?m)^  trivial handler, net/http +\d+ \| c=16 +(\d+)/s`)
	freshLine   = regexp.MustCompile(`(?m)^p50 ([\d.]+) ms, p99 ([\d.]+) ms \(promise`)
)

// listsIn reads the lists and front pages out of what was printed.
func listsIn(printed string) []listed {
	var all []listed
	for _, at := range listLine.FindAllStringSubmatchIndex(printed, -1) {
		part := func(n int) string { return printed[at[2*n]:at[2*n+1]] }
		all = append(all, listed{part(1), part(2), part(3), part(4), part(5), part(6), part(7), at[0]})
	}
	return all
}

// quietest is the look at which the trivial handler was fastest.
func (b *recommending) quietest() look {
	return slices.MaxFunc(b.looks, func(a, z look) int { return cmp.Compare(a.handler, z.handler) })
}

// promised adds the figures of what was printed of the demonstration shop and of the toy set's, and those of the looks.
func (b *recommending) promised(page, toy string) error {
	lists, fresh := listsIn(page), freshLine.FindStringSubmatch(page)
	if len(lists) == 0 || fresh == nil {
		return fmt.Errorf("the server's figures are not where they were:\n%s", page)
	}
	plain := func(name string, l listed) {
		b.add(name+l.title(), l.measured(), "", nil, "")
		b.add(name+l.title()+": share of a trivial handler", l.share, "", nil, "")
	}
	for _, l := range lists {
		plain("", l)
	}
	for _, l := range listsIn(toy) {
		if l.connections != promisedAt {
			plain("toy set: ", l)
		}
	}
	for _, look := range b.looks {
		var each []string
		for _, l := range look.lists {
			each = append(each, fmt.Sprintf("%s/s %s ms (%s)", l.perSecond, l.p99, l.share))
		}
		b.add(look.at.Format("15:04")+", toy set, net/http's handler "+strconv.Itoa(int(look.handler))+"/s", strings.Join(each, "; "), "", nil, "")
	}
	if len(b.looks) > 0 {
		of := fmt.Sprintf("toy set, the quietest of %d looks: ", len(b.looks))
		for n, l := range b.quietest().lists {
			b.add(of+l.title(), l.measured(), "> 28,000/s, p99 < 1.4 ms", number(l.perSecond) > 28000 && number(l.p99) < 1.4, "Serenade 28.2k/s, p50 .53, p99 1.4 ms (bare ids)")
			if n == 0 {
				b.add(of+l.title()+": share of a trivial handler", l.share, ">= 0.60", number(l.share) >= .6, "")
			}
		}
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
