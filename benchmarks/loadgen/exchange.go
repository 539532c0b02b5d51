package main

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"syscall"
)

var errClosed = errors.New("the server closed the connection")

// response is a whole answer; head is in lower case, and both point into a buffer that the next answer overwrites.
type response struct {
	status string
	head   []byte
	body   []byte
}

// exchange is one keep-alive HTTP connection with at most one request under way.
type exchange struct {
	loop      *loop
	fd        int
	unwritten []byte
	waiting   bool // for room in the socket's buffer
	received  []byte
	answered  func(response) error
	// lost is what to do when the connection fails or ends.
	lost func(error) error
}

func openExchange(l *loop, address string) (*exchange, error) {
	fd, err := dial(address, 0)
	if err != nil {
		return nil, err
	}
	e := &exchange{loop: l, fd: fd, lost: func(err error) error { return err }}
	return e, l.add(fd, e)
}

func (e *exchange) close() { e.loop.remove(e.fd) }

// send begins a request; the bytes stay as they are until it has been answered.
func (e *exchange) send(request []byte) error {
	e.unwritten = request
	return e.write()
}

func (e *exchange) write() error {
	n, err := writeSocket(e.fd, e.unwritten)
	if err != nil && err != errAgain {
		return e.lost(err)
	}
	e.unwritten = e.unwritten[n:]
	if waits := len(e.unwritten) > 0; waits != e.waiting {
		e.waiting = waits
		events := uint32(syscall.EPOLLIN)
		if waits {
			events |= syscall.EPOLLOUT
		}
		return e.loop.watch(e.fd, events)
	}
	return nil
}

func (e *exchange) ready(events uint32) error {
	if events&syscall.EPOLLOUT != 0 && e.waiting {
		if err := e.write(); err != nil {
			return err
		}
	}
	n, err := readSocket(e.fd, e.loop.buffer)
	if err == errAgain {
		return nil
	}
	if err != nil {
		return e.lost(err)
	}
	e.received = append(e.received, e.loop.buffer[:n]...)
	r, whole, err := readResponse(e.received)
	if err != nil {
		return e.lost(err)
	}
	if !whole {
		return nil
	}
	e.received = e.received[:0]
	return e.answered(r)
}

// readResponse finds a response's end: by its chunks or its content-length.
func readResponse(received []byte) (r response, whole bool, err error) {
	end := bytes.Index(received, []byte("\r\n\r\n"))
	if end < 0 {
		return r, false, nil
	}
	r.head, r.body = bytes.ToLower(received[:end+2]), received[end+4:]
	_, status, _ := bytes.Cut(r.head, []byte(" "))
	r.status = string(status[:min(3, len(status))])
	if bytes.Contains(r.head, []byte("\r\ntransfer-encoding: chunked\r\n")) {
		return r, bytes.HasSuffix(received, []byte("\r\n0\r\n\r\n")), nil
	}
	if r.status == "204" {
		return r, true, nil
	}
	length, err := contentLength(r.head)
	return r, err == nil && len(r.body) >= length, err
}

func contentLength(head []byte) (int, error) {
	_, after, found := bytes.Cut(head, []byte("\r\ncontent-length: "))
	if !found {
		return 0, errors.New("a response without content-length")
	}
	value, _, _ := bytes.Cut(after, []byte("\r\n"))
	length, err := strconv.Atoi(string(value))
	if err != nil || length < 0 {
		return 0, fmt.Errorf("a response with content-length %q", value)
	}
	return length, nil
}
