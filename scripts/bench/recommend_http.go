package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// http runs the parts of this program that measure a real server: this one pinned to one core, the generator to the other.
func (b *recommending) http(ctx context.Context) error {
	if info, _ := os.Stat("dist/shopkeeper"); info == nil {
		b.note("http: skipped, dist/shopkeeper is not built (make bin)")
		return nil
	}
	length := "3s"
	if b.quick {
		length = "300ms"
	}
	b.begin("Over HTTP, and how fresh", "go run ./scripts/bench -only frontpage,toy,fresh -length "+length+": the demonstration shop and that of the toy set, closed loop, keep-alive; each figure's own protocol is in its heading")
	cmd := exec.CommandContext(ctx, os.Args[0], "-only", "frontpage,toy,fresh", "-length", length)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		b.note("%s", strings.TrimRight(line, "\n"))
	}
	return nil
}
