package process

import (
	"bytes"
	"fmt"
	"os"
)

// ticks is Linux's unit of a process's time, in every version for user programs.
const ticks = 100

// CPU is the processor time that a process has used so far in seconds, to the hundredth, 0 where /proc is not to be had or does not know the process.
func CPU(pid int) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:]) // the name before may have any character
	if len(fields) < 13 {
		return 0
	}
	var user, system float64
	if n, _ := fmt.Sscan(string(fields[11])+" "+string(fields[12]), &user, &system); n != 2 {
		return 0
	}
	return (user + system) / ticks
}
