package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"shopkeeper/shared/process"
)

// target is one row of the table: a server and the requests that it is sent.
type target struct {
	name string
	addr string
	pid  int
	next func(connection int) func() []byte

	size int
}

// rotating sends the requests one after the other, every connection beginning elsewhere.
func rotating(requests [][]byte) func(int) func() []byte {
	return func(c int) func() []byte {
		n := c
		return func() []byte { n++; return requests[n%len(requests)] }
	}
}

// list is one that is measured, and who asks for it.
type list struct {
	name     string
	requests [][]byte
}

// lists are everything that a page shows, and what a caller with a catalog of its own needs.
func lists(s *server, cookies []string) []list {
	all := []list{{name: "list of 21 items, all members"}, {name: "list of 21 bare ids"}}
	for n, query := range []string{"", "&fields=id"} {
		for _, cookie := range cookies {
			all[n].requests = append(all[n].requests, get(s.host(), "/v1/recommendations?placement=for-you&limit=21&writeKey="+s.WriteKey+query, cookie))
		}
	}
	return all
}

// connections are how many front pages and lists are asked for over.
var connections = []int{1, 8, 16, 64}

// benchLists measures GET /v1/recommendations. All targets are measured in turns, so that a machine's slower minute meets all of them.
func benchLists(ctx context.Context, s *server, cookies []string, who string, length time.Duration) error {
	var targets []*target
	for _, l := range lists(s, cookies) {
		group, stop, err := beside(ctx, s, l.name, l.requests)
		if err != nil {
			return err
		}
		defer stop()
		targets = append(targets, group...)
	}
	title("GET /v1/recommendations, placement for-you, limit 21, over HTTP, warm: server on one core, generator on the other, closed loop, keep-alive, medians of %d turns of %s; %s; the profile is read and the exposure logged for each", turns, length/5, who)
	fmt.Println(columns)
	for _, c := range connections {
		if err := measureInTurns(ctx, targets, c, length); err != nil {
			return err
		}
	}
	fmt.Println("peers, other machines, c=16: Serenade 28.2k/s, p50 .53, p99 1.4 ms (21 bare ids, toy set; c=1 4.6k/s, c=64 28.3k/s, p99 3.4 ms); Gorse 0.5.11 505/s, p50 31, p99 46 ms (n=10)")
	return nil
}

const columns = "                                  bytes | connections, requests/s, p50 ms, p99 ms, us CPU a request (share of the trivial handler by the fast lane, by net/http)"

// beside is our server with the requests and, beside it, handlers that answer as many bytes: behind net/http, and by the fast lane that the product uses.
func beside(ctx context.Context, s *server, name string, requests [][]byte) (group []*target, stop func(), err error) {
	ours := &target{name: name, addr: s.host(), pid: s.cmd.Process.Pid, next: rotating(requests)}
	warm, err := load{ours.addr, ours.next, 1, time.Second}.run(ctx)
	if err != nil {
		return nil, nil, err
	}
	ours.size, group = warm.bytes, []*target{ours}
	var stops []func()
	stop = func() {
		for _, stop := range stops {
			stop()
		}
	}
	for _, way := range []string{byLane, byNetHTTP} {
		addr, pid, end, err := startTrivial(ctx, way, ours.size)
		if err != nil {
			stop()
			return nil, nil, err
		}
		stops = append(stops, end)
		group = append(group, &target{"  trivial handler, " + way, addr, pid, ours.next, ours.size})
	}
	return group, stop, nil
}

// turns is how often each target has its turn. What is printed are medians of the turns: where the machine is somebody else's too, a slow moment of it is one turn's.
const turns = 7

// turn is what came of one.
type turn struct {
	measured
	cpu float64 // microseconds an answer
}

// measureInTurns prints the targets in groups of three: ours and its two trivial handlers. The shares are medians of those of each round.
func measureInTurns(ctx context.Context, targets []*target, connections int, length time.Duration) error {
	results := make([][]turn, len(targets))
	for range turns {
		for i, t := range targets {
			before := process.CPU(t.pid)
			m, err := load{t.addr, t.next, connections, length / 5}.run(ctx)
			if err != nil {
				return err
			}
			if m.failed > 0 {
				return fmt.Errorf("%s: %d answers were no success", t.name, m.failed)
			}
			results[i] = append(results[i], turn{m, (process.CPU(t.pid) - before) / float64(m.answers) * 1e6})
		}
	}
	for i, t := range targets {
		own, shares := results[i], ""
		if !strings.HasPrefix(t.name, " ") {
			shares = fmt.Sprintf("  (%.2f, %.2f)", medianShare(own, results[i+1]), medianShare(own, results[i+2]))
		}
		p50, p99 := median(own, func(t turn) float64 { return float64(t.p50) }), median(own, func(t turn) float64 { return float64(t.p99) })
		fmt.Printf("%-32s %6d | c=%-2d %8.0f/s %7s %7s %7.1f%s\n", t.name, t.size, connections, median(own, func(t turn) float64 { return t.perSecond }), ms(time.Duration(p50)), ms(time.Duration(p99)),
			median(own, func(t turn) float64 { return t.cpu }), shares)
	}
	return nil
}

// median of a figure of the turns.
func median(all []turn, of func(turn) float64) float64 {
	values := make([]float64, len(all))
	for i, t := range all {
		values[i] = of(t)
	}
	return middle(values)
}

// medianShare is the median of what the answers a second are of the same round's of others.
func medianShare(all, others []turn) float64 {
	shares := make([]float64, len(all))
	for i := range all {
		shares[i] = all[i].perSecond / others[i].perSecond
	}
	return middle(shares)
}

func middle(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
