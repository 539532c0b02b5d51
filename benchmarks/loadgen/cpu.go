package main

import (
	"fmt"
	"syscall"
	"time"
	"unsafe"
)

// processCPU is the user and system time of whole processes, all threads included, in nanoseconds: by their CPU clocks,
// since the ticks in /proc/<pid>/stat are 10 ms, a quarter of what a short run takes.
func processCPU(pids []int) (time.Duration, error) {
	var total time.Duration
	for _, pid := range pids {
		// What clock_getcpuclockid(3) makes of a process: CPUCLOCK_SCHED of all its threads.
		clock := uintptr(^pid<<3 | 2)
		var spent syscall.Timespec
		_, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clock, uintptr(unsafe.Pointer(&spent)), 0)
		if errno != 0 {
			return 0, fmt.Errorf("the CPU time of process %d: %w", pid, errno)
		}
		total += time.Duration(spent.Nano())
	}
	return total, nil
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
