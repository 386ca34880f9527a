package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"syscall"
	"time"

	"shopkeeper/shared/process"
	"shopkeeper/shared/simulate/crowd"
)

const partArg = "recommend-part"

// part is one measurement in a process of its own, so that its peak of memory is its own.
type part struct {
	Task   string
	Data   string `json:",omitempty"` // folder of real data
	Shop   string `json:",omitempty"` // retail or toy
	Clicks int    `json:",omitempty"` // of a made-up shop
	Items  int    `json:",omitempty"`
	File   string `json:",omitempty"` // a model file that is written or read
	Rounds int    `json:",omitempty"`
	Newest int    `json:",omitempty"` // m of session neighbours

	Cores  int `json:"-"` // 0: all
	Memory int `json:"-"` // MB that the collector of garbage is told to keep to; 0: no bound
}

// findings are what a part found: by name, in the unit that the name ends with.
type findings map[string]float64

// run measures a part in a process of its own. Peak memory is in "peak MB".
func (p part) run(ctx context.Context) (findings, error) {
	text, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	command := []string{os.Args[0], partArg, string(text)}
	if p.Cores == 1 {
		command = pin("0", command...)
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env, cmd.Stderr = os.Environ(), os.Stderr
	if p.Cores > 0 {
		cmd.Env = append(cmd.Env, "GOMAXPROCS="+strconv.Itoa(p.Cores))
	}
	if p.Memory > 0 {
		cmd.Env = append(cmd.Env, fmt.Sprintf("GOMEMLIMIT=%dMiB", p.Memory))
	}
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", text, err)
	}
	var m findings
	return m, json.Unmarshal(out, &m)
}

// tasks are what a part can be.
var tasks = map[string]func(context.Context, part, findings) error{
	"sessions": buildSessions, "ease": fitEASE, "slim": fitSLIM, "walks": fitWalks, "shop": makeShop, "train": trainShop, "page": answerPages, "neighbours": answerSessions,
}

// runPart is the process of a part: it prints its findings as JSON.
func runPart(ctx context.Context, text string) error {
	var p part
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return err
	}
	task, ok := tasks[p.Task]
	if !ok {
		return errors.New("no task " + p.Task)
	}
	m := findings{}
	if err := task(ctx, p, m); err != nil {
		return err
	}
	m["peak MB"] = process.Peak(os.Getpid())
	return json.NewEncoder(os.Stdout).Encode(m)
}

// took measures what f takes, garbage of before not counted: by the clock, and, as "cpu " + name, of all processors.
func (m findings) took(name string, f func() error) error {
	runtime.GC()
	debug.FreeOSMemory()
	began, used := time.Now(), processor()
	err := f()
	m[name], m["cpu "+name] = time.Since(began).Seconds(), (processor() - used).Seconds()
	return err
}

// processor is how much time of processors this process has used: what others do meanwhile is not in it.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// crowdOf is the made-up shop that a part is about.
func (p part) crowdOf() *crowd.Shop {
	size := crowd.Of(p.Clicks)
	if p.Items > 0 {
		size.Items = p.Items
		size.Categories = max(p.Items/200, 5)
	}
	return crowd.New(1, size)
}
