package main

import (
	"fmt"
	"syscall"
	"unsafe"
)

// These are RawSyscall: a system call that the scheduler is told about costs more than its own share of a microsecond,
// and another thread may have taken the processor when it returns.

func read(fd int, into []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&into[0])), uintptr(len(into)))
	return int(n), errno
}

// write takes at least one byte.
func write(fd int, bytes []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&bytes[0])), uintptr(len(bytes)))
	return int(n), errno
}

// wait has no end but an event.
func wait(epoll int, events []syscall.EpollEvent) (int, syscall.Errno) {
	const forever = ^uintptr(0)
	n, _, errno := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, uintptr(epoll), uintptr(unsafe.Pointer(&events[0])),
		uintptr(len(events)), forever, 0, 0)
	return int(n), errno
}

// blockPreemption keeps the scheduler's signal from this thread: it would end every wait after ten milliseconds.
func blockPreemption() error {
	const block, size = 0, 8
	set := uint64(1) << (syscall.SIGURG - 1)
	_, _, errno := syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, block, uintptr(unsafe.Pointer(&set)), 0, size, 0, 0)
	if errno != 0 {
		return fmt.Errorf("rt_sigprocmask: %w", errno)
	}
	return nil
}
