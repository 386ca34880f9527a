package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// benchProcess runs the Go benchmarks of a front page without the network, on one processor: the whole handler (cookie, profile from SQLite, ranking, JSON), the ranking alone, and the session
// neighbours alone.
func benchProcess(ctx context.Context) error {
	title("front page in process, one core: the whole handler (shared/app), the ranking alone (shared/recommend), a list by session neighbours alone (shared/backtest)")
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "FrontPage|SessionNeighbours", "-benchmem", "-cpu", "1", "./shared/app", "./shared/recommend", "./shared/backtest")
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "Benchmark") || strings.HasPrefix(line, "pkg:") {
			fmt.Print(line)
		}
	}
	fmt.Println("peer: Serenade (Rust), predict in process, toy set: m 500 / m 1502 p50 4.1 / 5.4 us (with SHOPKEEPER_DATA set ours runs on the same set)")
	return nil
}
