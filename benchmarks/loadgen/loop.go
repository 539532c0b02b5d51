package main

import (
	"fmt"
	"syscall"
	"time"
)

// handler is what stands behind a file descriptor on the loop.
type handler interface {
	ready(events uint32) error
}

// loop is one epoll set served by one goroutine: no locks, no scheduler between a readable socket and its parser. Go's
// own net poller costs two system calls per delivery, which would make the load generator dearer than a good server.
type loop struct {
	epoll    int
	handlers []handler
	events   [512]syscall.EpollEvent
	buffer   []byte // for whoever reads, until it returns
}

func newLoop() (*loop, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll_create1: %w", err)
	}
	return &loop{epoll: fd, buffer: make([]byte, 64<<10)}, nil
}

func (l *loop) add(fd int, h handler) error {
	for len(l.handlers) <= fd {
		l.handlers = append(l.handlers, nil)
	}
	l.handlers[fd] = h
	return l.control(syscall.EPOLL_CTL_ADD, fd, syscall.EPOLLIN)
}

// remove closes fd, which takes it off the epoll set too.
func (l *loop) remove(fd int) {
	l.handlers[fd] = nil
	_ = syscall.Close(fd)
}

// watch says which events wake the loop for fd.
func (l *loop) watch(fd int, events uint32) error {
	return l.control(syscall.EPOLL_CTL_MOD, fd, events)
}

func (l *loop) control(operation, fd int, events uint32) error {
	event := syscall.EpollEvent{Events: events, Fd: int32(fd)}
	if err := syscall.EpollCtl(l.epoll, operation, fd, &event); err != nil {
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	return nil
}

// poll serves what is ready, waiting at most this long; a negative wait has no end. The kernel counts in milliseconds;
// a wait below one returns at once.
func (l *loop) poll(wait time.Duration) error {
	milliseconds := -1
	if wait >= 0 {
		milliseconds = int(wait / time.Millisecond)
	}
	n, err := syscall.EpollWait(l.epoll, l.events[:], milliseconds)
	if err == syscall.EINTR {
		return nil
	}
	if err != nil {
		return fmt.Errorf("epoll_wait: %w", err)
	}
	for i := range n {
		h := l.handlers[l.events[i].Fd]
		if h == nil {
			continue // closed by one that was served just before
		}
		if err := h.ready(l.events[i].Events); err != nil {
			return err
		}
	}
	return nil
}
