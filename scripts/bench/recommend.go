package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// recommending measures recommendations: how good, how fast, how large.
type recommending struct {
	data  string // folder of real data; empty without one
	work  string // what is made on the way; removed at the end
	out   string // where the report goes
	quick bool   // small sizes and few questions: it shows that everything runs, and measures nothing worth quoting
	only  string
	looks int // how often the toy set's lists were looked at over HTTP
	*report
}

// benchRecommend prints the table and leaves it, with its charts, in the folder out.
func benchRecommend(ctx context.Context, only, out string, quick bool) (err error) {
	work, err := os.MkdirTemp("", "shopkeeper-recommend-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	b := &recommending{data: os.Getenv("SHOPKEEPER_DATA"), work: work, out: out, quick: quick, only: only, report: newReport(os.Stdout)}
	b.note("%s, %d processors, %s, %s%s", time.Now().UTC().Format(time.RFC3339), runtime.NumCPU(), runtime.Version(), busy(), map[bool]string{true: ", quick: sizes are too small to quote", false: ""}[quick])
	for _, part := range []struct {
		name      string
		needsData bool
		run       func(context.Context) error
	}{
		{"toy", true, b.toy}, {"strong", true, b.strong}, {"time", true, b.byTime}, {"moments", true, b.byMoments}, {"orders", true, b.orders}, {"baskets", true, b.baskets}, {"train", true, b.train},
		{"neighbours", true, b.neighbours}, {"pages", false, b.pages}, {"build", false, b.build}, {"http", false, b.http},
	} {
		switch {
		case !b.wants(part.name):
			continue
		case part.needsData && b.data == "":
			b.note("%s: skipped, SHOPKEEPER_DATA names no folder with real data", part.name)
			continue
		}
		if b.wants("http") {
			if err := b.look(ctx); err != nil {
				return fmt.Errorf("lists over HTTP before %s: %w", part.name, err)
			}
		}
		if err := part.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	b.note("%s at the end", busy())
	return b.save(filepath.Join(out, "recommend.html"), filepath.Join(out, "recommend.json"))
}

// wants says whether a part was asked for.
func (b *recommending) wants(part string) bool {
	return b.only == "" || strings.Contains(","+b.only+",", ","+part+",")
}

// scaled is a number, or a much smaller one in a quick run.
func (b *recommending) scaled(n int) int {
	if b.quick {
		return max(n/50, 10)
	}
	return n
}

// busy says how busy the machine is.
func busy() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "load unknown"
	}
	minute, _, _ := strings.Cut(string(text), " ")
	return "load " + minute
}
