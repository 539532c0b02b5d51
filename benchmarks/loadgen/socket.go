package main

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"
)

// From Linux's in.h; the syscall package lacks it.
const ipBindAddressNoPort = 24

// errAgain: the socket has nothing to read, or no room to write, for now.
var errAgain = errors.New("again")

// Clients of one address, at most. The kernel looks for a free port, for longer the more of an address are taken: the
// connections of 19,000 clients cost the load generator 4.1 seconds of CPU time from one address, and 0.6 from many.
const clientsPerAddress = 1000

// dial opens a TCP connection and makes it non-blocking. On the loopback the blocking connect returns at once, unless the
// server's backlog is full, and then waiting is right.
//
// index tells the clients apart: on the loopback, they have several addresses among them.
func dial(address string, index int) (int, error) {
	target, err := netip.ParseAddrPort(address)
	if err != nil || !target.Addr().Is4() {
		return -1, fmt.Errorf("address %q: expected IPv4 address and port", address)
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("socket: %w", err)
	}
	if err := connect(fd, index, target); err != nil {
		_ = syscall.Close(fd)
		return -1, fmt.Errorf("connect to %s: %w", address, err)
	}
	return fd, nil
}

func connect(fd, index int, target netip.AddrPort) error {
	if target.Addr().IsLoopback() {
		// The port is chosen when it is known where to.
		if err := syscall.SetsockoptInt(fd, syscall.IPPROTO_IP, ipBindAddressNoPort, 1); err != nil {
			return err
		}
		source := [4]byte{127, 0, 0, byte(1 + index/clientsPerAddress%250)}
		if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: source}); err != nil {
			return err
		}
	}
	if err := syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1); err != nil {
		return err
	}
	if err := syscall.Connect(fd, &syscall.SockaddrInet4{Port: int(target.Port()), Addr: target.Addr().As4()}); err != nil {
		return err
	}
	return syscall.SetNonblock(fd, true)
}

// readSocket reads what stands ready.
func readSocket(fd int, into []byte) (int, error) {
	n, err := syscall.Read(fd, into)
	switch {
	case err == syscall.EAGAIN || err == syscall.EINTR:
		return 0, errAgain
	case err != nil:
		return 0, fmt.Errorf("read: %w", err)
	case n == 0:
		return 0, errClosed
	}
	return n, nil
}

// writeSocket writes as much as the socket takes.
func writeSocket(fd int, bytes []byte) (int, error) {
	n, err := syscall.Write(fd, bytes)
	switch {
	case err == syscall.EAGAIN || err == syscall.EINTR:
		return 0, errAgain
	case err != nil:
		return 0, fmt.Errorf("write: %w", err)
	}
	return n, nil
}

// writeSmall writes a message that always fits the socket's buffer: a handshake, a command, a pong.
func writeSmall(fd int, bytes []byte) error {
	n, err := writeSocket(fd, bytes)
	if err != nil {
		return err
	}
	if n < len(bytes) {
		return errors.New("write: the socket took only a part of a small message")
	}
	return nil
}
