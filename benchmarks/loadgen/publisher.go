package main

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"syscall"
	"time"
)

// placeholder stands in a request's body where a sequence number goes.
var placeholder = []byte("########")

// call is an HTTP request that publishes. With several placeholders they get consecutive numbers; a body with one
// placeholder and several publications gives the first number, and the server counts on.
type call struct {
	Path         string
	Headers      map[string]string
	Body         string
	Publications int
}

// publisher is one keep-alive HTTP connection with at most one request under way.
type publisher struct {
	loop      *loop
	ledger    *ledger
	fd        int
	request   []byte
	numbers   []int // where the placeholders stand
	count     int
	unwritten []byte
	response  []byte
	buffer    []byte

	replied   bool
	unheard   int // publications that somebody has not heard yet
	onReplied func()
}

func openPublisher(l *loop, book *ledger, address string, c call) (*publisher, error) {
	fd, err := dial(address)
	if err != nil {
		return nil, err
	}
	request := fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n",
		c.Path, address, len(c.Body))
	for name, value := range c.Headers {
		request = fmt.Appendf(request, "%s: %s\r\n", name, value)
	}
	request = append(append(request, "\r\n"...), c.Body...)
	p := &publisher{loop: l, ledger: book, fd: fd, request: request, count: c.Publications, replied: true,
		buffer: make([]byte, 64<<10)}
	for from := 0; ; {
		at := bytes.Index(request[from:], placeholder)
		if at < 0 {
			break
		}
		p.numbers = append(p.numbers, from+at)
		from += at + len(placeholder)
	}
	if len(p.numbers) != 1 && len(p.numbers) != p.count {
		return nil, fmt.Errorf("%d placeholders for %d publications", len(p.numbers), p.count)
	}
	return p, l.add(fd, p)
}

func (p *publisher) close() error { return syscall.Close(p.fd) }

// free: nothing of the last request is outstanding, neither its answer nor a delivery.
func (p *publisher) free() bool { return p.replied && p.unheard == 0 }

// publish sends the request for publications that were due at the given time.
func (p *publisher) publish(due time.Time) error {
	for i := range p.count {
		sequence, err := p.ledger.next(p, due)
		if err != nil {
			return err
		}
		if i < len(p.numbers) {
			at := p.numbers[i]
			strconv.AppendUint(p.request[at:at], uint64(sequence), 10)
		}
	}
	p.replied = false
	p.unheard += p.count
	p.unwritten = p.request
	return p.write()
}

func (p *publisher) write() error {
	n, err := writeSocket(p.fd, p.unwritten)
	if err != nil && err != errAgain {
		return fmt.Errorf("publish: %w", err)
	}
	partial := len(p.unwritten) < len(p.request)
	p.unwritten = p.unwritten[n:]
	switch {
	case len(p.unwritten) > 0:
		return p.loop.watch(p.fd, syscall.EPOLLIN|syscall.EPOLLOUT)
	case partial:
		return p.loop.watch(p.fd, syscall.EPOLLIN)
	}
	return nil
}

func (p *publisher) ready(events uint32) error {
	if events&syscall.EPOLLOUT != 0 && len(p.unwritten) > 0 {
		if err := p.write(); err != nil {
			return err
		}
	}
	n, err := readSocket(p.fd, p.buffer)
	if err == errAgain {
		return nil
	}
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	p.response = append(p.response, p.buffer[:n]...)
	whole, err := checkResponse(p.response)
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	if whole {
		p.response = p.response[:0]
		p.replied = true
		p.onReplied()
	}
	return nil
}

// checkResponse says whether the response is whole, and fails unless it is a success.
func checkResponse(response []byte) (whole bool, err error) {
	end := bytes.Index(response, []byte("\r\n\r\n"))
	if end < 0 {
		return false, nil
	}
	head, body := bytes.ToLower(response[:end+2]), response[end+4:]
	if bytes.Contains(head, []byte("transfer-encoding: chunked\r\n")) {
		whole = bytes.HasSuffix(body, []byte("0\r\n\r\n"))
	} else {
		length, err := contentLength(head)
		if err != nil {
			return false, err
		}
		whole = len(body) >= length
	}
	if whole && (!bytes.HasPrefix(head, []byte("http/1.1 200 ")) || bytes.Contains(body, []byte(`"error"`))) {
		return false, fmt.Errorf("the server answered %.300q", response)
	}
	return whole, nil
}

func contentLength(head []byte) (int, error) {
	_, after, found := bytes.Cut(head, []byte("\r\ncontent-length: "))
	if !found {
		return 0, errors.New("a response without content-length")
	}
	value, _, _ := bytes.Cut(after, []byte("\r\n"))
	return strconv.Atoi(string(value))
}
