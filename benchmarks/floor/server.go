package main

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"syscall"
)

var subscribed = appendFrame(nil, opText, []byte("subscribed"))

// server is one epoll loop over all connections.
type server struct {
	epoll       int
	listener    int
	connections []*connection // by file descriptor
	channels    map[string]*channel
	buffer      []byte // for whoever reads, until it returns
	frame       []byte // for whoever publishes
}

type channel struct {
	subscribers []*connection
}

// connection speaks HTTP until it is upgraded.
type connection struct {
	server    *server
	fd        int
	upgraded  bool
	closed    bool
	channel   *channel // nil before it subscribes
	rest      []byte   // the start of a request or frame that is not whole yet
	unwritten []byte   // what the socket had no room for
}

// listen gives a server on a free port of the loopback.
func listen() (*server, int, error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, 0, fmt.Errorf("socket: %w", err)
	}
	// Accepted connections take this over.
	if err := syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1); err != nil {
		return nil, 0, fmt.Errorf("TCP_NODELAY: %w", err)
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return nil, 0, fmt.Errorf("bind: %w", err)
	}
	if err := syscall.Listen(fd, 4096); err != nil {
		return nil, 0, fmt.Errorf("listen: %w", err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		return nil, 0, fmt.Errorf("getsockname: %w", err)
	}
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, 0, fmt.Errorf("epoll_create1: %w", err)
	}
	s := &server{epoll: epoll, listener: fd, channels: map[string]*channel{}, buffer: make([]byte, 64<<10)}
	return s, name.(*syscall.SockaddrInet4).Port, s.watch(fd)
}

func (s *server) watch(fd int) error {
	return s.control(syscall.EPOLL_CTL_ADD, fd, syscall.EPOLLIN)
}

func (s *server) control(operation, fd int, events uint32) error {
	if err := syscall.EpollCtl(s.epoll, operation, fd, &syscall.EpollEvent{Events: events, Fd: int32(fd)}); err != nil {
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	return nil
}

// serve returns when standard input has ended.
func (s *server) serve() error {
	events := make([]syscall.EpollEvent, 512)
	for {
		n, errno := wait(s.epoll, events)
		if errno == syscall.EINTR {
			continue
		}
		if errno != 0 {
			return fmt.Errorf("epoll_wait: %w", errno)
		}
		for _, event := range events[:n] {
			switch fd := int(event.Fd); {
			case fd == int(os.Stdin.Fd()):
				if count, _ := read(fd, s.buffer); count <= 0 {
					return nil
				}
			case fd == s.listener:
				if err := s.accept(); err != nil {
					return err
				}
			default:
				// One that was served just before may have closed it.
				if c := s.connections[fd]; c != nil {
					c.ready(event.Events)
				}
			}
		}
	}
}

func (s *server) accept() error {
	for {
		fd, _, err := syscall.Accept4(s.listener, syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC)
		switch err {
		case nil:
		case syscall.EAGAIN:
			return nil
		case syscall.EINTR, syscall.ECONNABORTED:
			continue
		default:
			return fmt.Errorf("accept: %w", err)
		}
		if fd >= len(s.connections) {
			s.connections = append(s.connections, make([]*connection, fd+1-len(s.connections))...)
		}
		s.connections[fd] = &connection{server: s, fd: fd}
		if err := s.watch(fd); err != nil {
			return err
		}
	}
}

// publish writes the frames to every subscriber; a slow one keeps what it has no room for.
func (s *server) publish(name, frames []byte) {
	to := s.channels[string(name)]
	if to == nil {
		return
	}
	// From the last to the first: one that turns out to be gone is taken off the list.
	for i := len(to.subscribers) - 1; i >= 0; i-- {
		to.subscribers[i].write(frames)
	}
}

func (c *connection) ready(events uint32) {
	if events&syscall.EPOLLOUT != 0 && !c.flush() {
		return
	}
	if events&^syscall.EPOLLOUT == 0 {
		return
	}
	n, errno := read(c.fd, c.server.buffer)
	if errno == syscall.EAGAIN || errno == syscall.EINTR {
		return
	}
	if n <= 0 || errno != 0 {
		c.close()
		return
	}
	input := c.server.buffer[:n]
	if len(c.rest) > 0 {
		c.rest = append(c.rest, input...)
		input = c.rest
	}
	used, err := c.take(input)
	if err != nil {
		c.close()
	}
	if !c.closed {
		c.rest = append(c.rest[:0], input[used:]...)
	}
}

// take handles all whole requests and frames, and says how much of the input they were.
func (c *connection) take(input []byte) (used int, err error) {
	for !c.closed {
		var size int
		if c.upgraded {
			size, err = c.takeFrame(input[used:])
		} else {
			size, err = c.takeRequest(input[used:])
		}
		if used += size; size == 0 || err != nil {
			break
		}
	}
	return used, err
}

func (c *connection) takeRequest(input []byte) (int, error) {
	r, err := readRequest(input)
	if err != nil || r.size == 0 {
		return 0, err
	}
	s := c.server
	switch {
	case len(r.key) > 0:
		c.upgraded = true
		s.frame = appendUpgrade(s.frame[:0], r.key)
		c.write(s.frame)
	case string(r.path) == "/api/publish":
		name, data, ok := publication(r.body)
		if ok {
			s.frame = appendFrame(s.frame[:0], opText, data)
			s.publish(name, s.frame)
		}
		c.answer(ok)
	case string(r.path) == "/bench/burst":
		b, ok := readBurst(r.body)
		if ok {
			s.frame = appendBurst(s.frame[:0], b)
			s.publish(b.channel, s.frame)
		}
		c.answer(ok)
	default:
		c.write(answerUnknown)
	}
	return r.size, nil
}

func (c *connection) answer(ok bool) {
	if ok {
		c.write(answerDone)
	} else {
		c.write(answerBad)
	}
}

func (c *connection) takeFrame(input []byte) (int, error) {
	opcode, payload, size, err := clientFrame(input)
	if err != nil || size == 0 {
		return 0, err
	}
	switch opcode {
	case opText:
		name, found := bytes.CutPrefix(payload, []byte("subscribe "))
		if !found || c.channel != nil {
			return 0, errFrame
		}
		c.subscribe(string(name))
	case opPing:
		c.server.frame = appendFrame(c.server.frame[:0], opPong, payload)
		c.write(c.server.frame)
	case opPong:
	default:
		return 0, errFrame
	}
	return size, nil
}

func (c *connection) subscribe(name string) {
	if c.channel = c.server.channels[name]; c.channel == nil {
		c.channel = &channel{}
		c.server.channels[name] = c.channel
	}
	c.channel.subscribers = append(c.channel.subscribers, c)
	c.write(subscribed)
}

func (c *connection) write(bytes []byte) {
	if len(c.unwritten) > 0 {
		c.unwritten = append(c.unwritten, bytes...)
		return
	}
	n, errno := write(c.fd, bytes)
	switch {
	case errno == syscall.EAGAIN || errno == syscall.EINTR:
		n = 0
	case errno != 0:
		c.close()
		return
	}
	if n < len(bytes) {
		c.unwritten = append(c.unwritten, bytes[n:]...)
		c.await(syscall.EPOLLIN | syscall.EPOLLOUT)
	}
}

// flush goes on with what was kept; false when that closed the connection.
func (c *connection) flush() bool {
	if len(c.unwritten) == 0 {
		return true
	}
	n, errno := write(c.fd, c.unwritten)
	if errno == syscall.EAGAIN || errno == syscall.EINTR {
		return true
	}
	if errno != 0 {
		c.close()
		return false
	}
	if c.unwritten = c.unwritten[n:]; len(c.unwritten) == 0 {
		c.unwritten = nil
		c.await(syscall.EPOLLIN)
	}
	return !c.closed
}

func (c *connection) await(events uint32) {
	if err := c.server.control(syscall.EPOLL_CTL_MOD, c.fd, events); err != nil {
		c.close()
	}
}

func (c *connection) close() {
	if c.closed {
		return
	}
	c.closed = true
	c.server.connections[c.fd] = nil
	_ = syscall.Close(c.fd)
	if c.channel != nil {
		at := slices.Index(c.channel.subscribers, c)
		c.channel.subscribers = slices.Delete(c.channel.subscribers, at, at+1)
	}
}
