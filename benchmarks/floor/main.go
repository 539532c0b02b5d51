// Floor is what any server has to pay: a system call to write a frame to each subscriber, and nothing else. It takes
// publications over HTTP and has WebSocket subscribers, as far as the load generator needs it, and is no server for use.
//
// A client sends the text frame "subscribe <channel>", is answered with "subscribed", and gets each publication's data
// as a text frame.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
)

func main() {
	// Publishing allocates nothing, so there is nothing to collect; and a collection would have to wait for system calls
	// that the scheduler knows nothing of.
	debug.SetGCPercent(-1)
	runtime.LockOSThread()
	if err := blockPreemption(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	s, port, err := listen()
	if err != nil {
		return err
	}
	// It ends with its standard input, so with whoever started it.
	if err := s.watch(int(os.Stdin.Fd())); err != nil {
		return err
	}
	fmt.Printf("{\"port\":%d,\"version\":%q}\n", port, runtime.Version())
	return s.serve()
}
