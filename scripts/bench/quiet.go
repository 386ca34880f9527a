package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"
)

// What was promised of lists over HTTP is promised of a quiet machine, at so many connections; and a machine that is others' too is quiet for tenths of a second. So short turns of ours are taken between
// two of net/http's trivial handler each, and the handler says how quiet it was.
const (
	promisedAt = 16
	shortTurn  = 100 * time.Millisecond
)

// shortly is a short turn of a list, between two of the trivial handler that answers as many bytes.
type shortly struct {
	List    string        `json:"list"`
	Bytes   int           `json:"bytes"`
	Handler float64       `json:"handler"` // its answers a second, the mean of both turns
	Rate    float64       `json:"rate"`    // our answers a second
	P50     time.Duration `json:"p50"`
	P99     time.Duration `json:"p99"`
}

// benchQuiet takes length/shortTurn turns of each list of the toy set's shop, prints them by how quiet it was, and adds them to a file if one is named.
func benchQuiet(ctx context.Context, shop, file string, length time.Duration) error {
	s, cookies, err := openToy(ctx, shop)
	if s == nil || err != nil {
		return err
	}
	defer s.stop()
	title("GET /v1/recommendations in the shop of Serenade's toy set, %d connections, turns of %s, each between two of net/http's trivial handler that answers as many bytes; by the handler's answers a second; medians", promisedAt, shortTurn)
	for _, l := range lists(s, cookies) {
		turns, err := takeTurns(ctx, s, l, int(length/shortTurn))
		if err != nil {
			return err
		}
		fmt.Println(l.name)
		for _, m := range byQuiet(turns) {
			fmt.Printf("  %s: %s, share %.2f\n", m.title(), m, m.share())
		}
		if err := keep(file, turns); err != nil {
			return err
		}
	}
	return nil
}

// takeTurns takes n turns of a list, one at least.
func takeTurns(ctx context.Context, s *server, l list, n int) ([]shortly, error) {
	group, stop, err := beside(ctx, s, l.name, l.requests)
	if err != nil {
		return nil, err
	}
	defer stop()
	ours, handler := group[0], group[2]
	before, err := turnOf(ctx, handler)
	if err != nil {
		return nil, err
	}
	var turns []shortly
	for range max(n, 1) {
		m, err := turnOf(ctx, ours)
		if err != nil {
			return nil, err
		}
		after, err := turnOf(ctx, handler)
		if err != nil {
			return nil, err
		}
		turns = append(turns, shortly{l.name, ours.size, (before.perSecond + after.perSecond) / 2, m.perSecond, m.p50, m.p99})
		before = after
	}
	return turns, nil
}

func turnOf(ctx context.Context, t *target) (measured, error) {
	m, err := load{t.addr, t.next, promisedAt, shortTurn}.run(ctx)
	if err == nil && m.failed > 0 {
		err = fmt.Errorf("%s: %d answers were no success", t.name, m.failed)
	}
	return m, err
}

// moments are the turns at which it was quietest.
type moments struct {
	name  string
	turns []shortly
}

// byQuiet gives the quietest tenth, quarter and half of the turns, and all of them: by the handler's answers a second. Ours have no say in it.
func byQuiet(turns []shortly) []moments {
	turns = slices.SortedStableFunc(slices.Values(turns), func(a, b shortly) int { return cmp.Compare(b.Handler, a.Handler) })
	part := func(name string, of int) moments { return moments{name, turns[:max(len(turns)/of, 1)]} }
	return []moments{part("quietest tenth", 10), part("quietest quarter", 4), part("quieter half", 2), part("all", 1)}
}

// rate is the median of our answers a second.
func (m moments) rate() float64 { return m.middle(func(s shortly) float64 { return s.Rate }) }

// share is the median of what ours are of the handler's.
func (m moments) share() float64 {
	return m.middle(func(s shortly) float64 { return s.Rate / s.Handler })
}

func (m moments) p99() time.Duration {
	return time.Duration(m.middle(func(s shortly) float64 { return float64(s.P99) }))
}

func (m moments) middle(of func(shortly) float64) float64 {
	var values []float64
	for _, s := range m.turns {
		values = append(values, of(s))
	}
	return middle(values)
}

func (m moments) title() string {
	return fmt.Sprintf("%s, %d turns, handler %.0f/s", m.name, len(m.turns), m.middle(func(s shortly) float64 { return s.Handler }))
}

func (m moments) String() string {
	p50 := m.middle(func(s shortly) float64 { return float64(s.P50) })
	return fmt.Sprintf("%.0f/s, p50 %s, p99 %s ms", m.rate(), ms(time.Duration(p50)), ms(m.p99()))
}

// keep adds turns to a file of JSON lines.
func keep(file string, turns []shortly) (err error) {
	if file == "" {
		return nil
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	out := json.NewEncoder(f)
	for _, t := range turns {
		if err := out.Encode(t); err != nil {
			return err
		}
	}
	return nil
}

// kept reads the turns of each list, in the order in which they came; none if there is no file.
func kept(file string) (names []string, turns map[string][]shortly, err error) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	turns = map[string][]shortly{}
	for in := json.NewDecoder(bufio.NewReader(f)); ; {
		var t shortly
		if err := in.Decode(&t); errors.Is(err, io.EOF) {
			return names, turns, nil
		} else if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", file, err)
		}
		if turns[t.List] == nil {
			names = append(names, t.List)
		}
		turns[t.List] = append(turns[t.List], t)
	}
}
