// Shopkeeper is the product on the command line: it serves a shop from a folder, imports its history, trains and measures its models.
//
// Results go to standard output, as text or with --json as one JSON object per line; progress and logs go to standard error. The exit status is 0 for done, 1 for
// failed and 2 for misused. An interrupt stops after the work at hand; what was done stays done.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr})
	stop()
	os.Exit(status)
}
