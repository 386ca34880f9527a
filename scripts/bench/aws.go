package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// measureWith runs a test that measures against stand-ins of AWS, which it starts itself, and prints what it wrote.
func measureWith(ctx context.Context, dir, pkg, test, file string) error {
	cmd := exec.CommandContext(ctx, "go", "test", pkg, "-run", "^"+test+"$", "-count=1", "-timeout", "20m")
	cmd.Env = append(os.Environ(), "SHOPKEEPER_OUTPUT="+dir, "SHOPKEEPER_REQUIRE=dynamodb,ministack")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	text, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		return err
	}
	title("%s", text)
	return nil
}

func benchUnits(ctx context.Context, dir string) error {
	return measureWith(ctx, dir, "./shared/app", "TestUnits", "units.txt")
}

func benchStart(ctx context.Context, dir string) error {
	return measureWith(ctx, dir, "./shared/bench", "TestStart", "start.txt")
}
