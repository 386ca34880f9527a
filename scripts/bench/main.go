// Bench measures every claim about speed, size and cost in one run, beside the peers' published figures, with the protocol of each. `make bench` builds what it needs.
//
// A machine's speed moves between minutes: peers' figures come from another day's machine, so beside each HTTP figure stands a trivial handler that answers the
// same number of bytes in the same run, and the ratio to it is what can be compared. Nothing here decides a test.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"shopkeeper/shared/process"
)

func main() {
	if len(os.Args) > 3 && os.Args[1] == trivialArg {
		exit(serveTrivial(context.Background(), os.Args[2], os.Args[3]))
	}
	if len(os.Args) > 3 && os.Args[1] == mailArg {
		exit(sendMail(context.Background(), os.Args[2], os.Args[3]))
	}
	if len(os.Args) > 2 && os.Args[1] == partArg {
		exit(runPart(context.Background(), os.Args[2]))
	}
	length := flag.Duration("length", 3*time.Second, "how long each figure is measured")
	only := flag.String("only", "", "comma-separated parts: process,frontpage,toy,quiet,collect,fresh,mail,units,start; with -recommend: toy,strong,time,moments,orders,baskets,train,neighbours,pages,build,http")
	shop := flag.String("toy", "", "the folder of the toy set's shop, made unless it is there; a temporary one without it")
	turns := flag.String("turns", "", "with -only quiet: a file that the turns are added to")
	recommend := flag.Bool("recommend", false, "measure recommendations instead: how good, how fast, how large")
	quick := flag.Bool("quick", false, "with -recommend: small sizes and few questions, to see that everything runs")
	out := flag.String("out", "bench-output", "with -recommend: the folder that the report goes to")
	flag.Parse()
	if *recommend {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		err := benchRecommend(ctx, *only, *out, *quick)
		stop()
		exit(err)
	}
	if os.Getenv("BENCH_PINNED") == "" { // the generator gets the second processor to itself
		if args := pin("1", os.Args...); len(args) > len(os.Args) {
			exit(syscall.Exec(args[0], args, append(os.Environ(), "BENCH_PINNED=1")))
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *length, *only, *shop, *turns)
	stop()
	exit(err)
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func run(ctx context.Context, length time.Duration, only, shop, turns string) (err error) {
	dir, err := os.MkdirTemp("", "shopkeeper-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	shop = cmp.Or(shop, filepath.Join(dir, "toy"))
	wanted := func(part string) bool { return only == "" || strings.Contains(","+only+",", ","+part+",") }
	if wanted("frontpage") || wanted("collect") || wanted("fresh") {
		fmt.Println("preparing: the demonstration shop is made up and trained ...")
		s, err := startServer(ctx, "dist/shopkeeper", filepath.Join(dir, "data"))
		if err != nil {
			return err
		}
		defer s.stop()
		for _, part := range []struct {
			name string
			run  func(context.Context, *server, time.Duration) error
		}{{"frontpage", benchFrontPage}, {"fresh", benchFresh}, {"collect", benchCollect}} {
			if !wanted(part.name) {
				continue
			}
			if err := part.run(ctx, s, length); err != nil {
				return fmt.Errorf("%s: %w", part.name, err)
			}
		}
		fmt.Printf("memory of the server at the end: %.0f MB\n", process.Resident(s.cmd.Process.Pid))
	}
	if wanted("toy") {
		if err := benchToy(ctx, shop, length); err != nil {
			return fmt.Errorf("toy set: %w", err)
		}
	}
	if wanted("quiet") {
		if err := benchQuiet(ctx, shop, turns, length); err != nil {
			return fmt.Errorf("toy set, by how quiet it was: %w", err)
		}
	}
	if wanted("process") {
		if err := benchProcess(ctx); err != nil {
			return fmt.Errorf("in process: %w", err)
		}
	}
	if wanted("mail") {
		if err := benchMail(ctx, dir); err != nil {
			return fmt.Errorf("mail: %w", err)
		}
	}
	if wanted("units") {
		if err := benchUnits(ctx, dir); err != nil {
			return fmt.Errorf("units: %w", err)
		}
	}
	if wanted("start") {
		if err := benchStart(ctx, dir); err != nil {
			return fmt.Errorf("start: %w", err)
		}
	}
	return nil
}

func title(format string, args ...any) { fmt.Printf("\n== "+format+"\n", args...) }

func ms(d time.Duration) string { return fmt.Sprintf("%.2f", float64(d)/float64(time.Millisecond)) }
