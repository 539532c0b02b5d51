package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"
)

// The unit of the times in /proc/<pid>/stat, 100 per second on every Linux that Go runs on.
const ticksPerSecond = 100

// processCPU is the user and system time of whole processes, all threads included.
func processCPU(pids []int) (time.Duration, error) {
	total := 0
	for _, pid := range pids {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return 0, fmt.Errorf("the server's CPU time: %w", err)
		}
		// The command's name may hold spaces, so count from its closing parenthesis: the state is field 3.
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		for _, field := range []int{14, 15} {
			ticks, err := strconv.Atoi(string(fields[field-3]))
			if err != nil {
				return 0, fmt.Errorf("the server's CPU time: %w", err)
			}
			total += ticks
		}
	}
	return time.Duration(total) * time.Second / ticksPerSecond, nil
}

func ownCPU() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// watch measures from its start: real time, the servers' CPU time and our own.
type watch struct {
	pids    []int
	started time.Time
	server  time.Duration
	own     time.Duration
}

func startWatch(pids []int) (watch, error) {
	server, err := processCPU(pids)
	return watch{pids: pids, server: server, own: ownCPU(), started: time.Now()}, err
}

// read gives seconds.
func (w watch) read() (elapsed, server, own float64, err error) {
	elapsed, own = time.Since(w.started).Seconds(), (ownCPU() - w.own).Seconds()
	after, err := processCPU(w.pids)
	return elapsed, (after - w.server).Seconds(), own, err
}
