package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// measureWith runs a test that measures against stand-ins of AWS, which it starts itself, and prints what it wrote.
func measureWith(dir, pkg, test, file string) error {
	cmd := exec.Command("go", "test", pkg, "-run", "^"+test+"$", "-count=1", "-timeout", "20m")
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

func benchUnits(dir string) error { return measureWith(dir, "./shared/app", "TestUnits", "units.txt") }

func benchStart(dir string) error {
	return measureWith(dir, "./shared/bench", "TestStart", "start.txt")
}
