package main

import (
	"bytes"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"time"
)

var marker = []byte(`"seq":`)

const digits = 8

// layout is where a publication's sequence number stands in its message. All publications of a run have one length, so
// it is found once and then only confirmed.
type layout struct {
	length int
	number int
}

// fleet is what all subscribers share. One goroutine serves them all, so one read buffer does.
type fleet struct {
	loop   *loop
	wire   wire
	ledger *ledger
	layout layout
	buffer []byte
	// subscribers stand at their index.
	subscribers []*subscriber
	live        int
	deliveries  uint64
	// spread: every subscriber has a channel of its own.
	spread bool
	// latencies is nil while nobody asks for them.
	latencies *[]time.Duration
}

// subscriber is one WebSocket connection with one subscription.
type subscriber struct {
	fleet    *fleet
	fd       int
	index    int
	accept   string // the handshake's expected answer; empty once it has come
	live     bool
	position uint64
	rest     []byte // the start of a frame that is not whole yet
}

// open connects, sends the handshake and puts the subscriber on the loop; it is live once the server has confirmed.
func (f *fleet) open(index int, address, path string) error {
	fd, err := dial(address)
	if err != nil {
		return err
	}
	var nonce [16]byte
	if _, err := rand.Read(nonce[:]); err != nil {
		return err
	}
	key := base64.StdEncoding.EncodeToString(nonce[:])
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	s := &subscriber{fleet: f, fd: fd, index: index, accept: base64.StdEncoding.EncodeToString(sum[:])}
	request := fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n", path, address, key)
	f.subscribers = append(f.subscribers, s)
	if err := writeSmall(fd, request); err != nil {
		return err
	}
	return f.loop.add(fd, s)
}

func (f *fleet) close() {
	for _, s := range f.subscribers {
		f.loop.remove(s.fd)
	}
}

func (s *subscriber) ready(uint32) error {
	if err := s.read(); err != nil {
		return fmt.Errorf("subscriber %d: %w", s.index, err)
	}
	return nil
}

func (s *subscriber) read() error {
	buffer := s.fleet.buffer
	kept := copy(buffer, s.rest)
	if kept == len(buffer) {
		return fmt.Errorf("a frame of more than %d bytes", len(buffer))
	}
	n, err := readSocket(s.fd, buffer[kept:])
	if err == errAgain {
		return nil
	}
	if err != nil {
		return err
	}
	rest := buffer[:kept+n]
	if s.accept != "" {
		if rest, err = s.handshake(rest); err != nil {
			return err
		}
	}
	if s.accept == "" {
		if rest, err = s.frames(rest); err != nil {
			return err
		}
	}
	s.rest = append(s.rest[:0], rest...)
	return nil
}

func (s *subscriber) handshake(bytesRead []byte) ([]byte, error) {
	end := bytes.Index(bytesRead, []byte("\r\n\r\n"))
	if end < 0 {
		return bytesRead, nil
	}
	head := bytesRead[:end]
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 101 ")) || !bytes.Contains(head, []byte(s.accept)) {
		return nil, fmt.Errorf("the handshake was refused: %.200q", head)
	}
	s.accept = ""
	if opening := s.fleet.wire.opening(s.index); opening != nil {
		return bytesRead[end+4:], s.send(opText, opening)
	}
	return bytesRead[end+4:], nil
}

func (s *subscriber) frames(buffer []byte) ([]byte, error) {
	for {
		f, ok, err := nextFrame(buffer)
		if err != nil || !ok {
			return buffer, err
		}
		buffer = buffer[f.size:]
		switch f.opcode {
		case opText:
			err = s.text(f.payload)
		case opPing:
			err = s.send(opPong, f.payload)
		case opClose:
			err = fmt.Errorf("the server closed the connection: %q", f.payload)
		default:
			err = fmt.Errorf("a frame with opcode %d", f.opcode)
		}
		if err != nil {
			return nil, err
		}
	}
}

func (s *subscriber) text(payload []byte) error {
	joined := s.fleet.wire.joined()
	for len(payload) > 0 {
		if length, sequence, ok := s.fleet.layout.match(payload, joined); ok {
			if err := s.deliver(sequence); err != nil {
				return err
			}
			payload = payload[length:]
			continue
		}
		message := payload
		if end := bytes.IndexByte(payload, '\n'); joined && end >= 0 {
			message, payload = payload[:end], payload[end+1:]
		} else {
			payload = nil
		}
		if err := s.message(message); err != nil {
			return err
		}
	}
	return nil
}

// match recognises a publication of the known layout at the start of payload; length includes the separator.
func (l layout) match(payload []byte, joined bool) (length int, sequence uint32, ok bool) {
	if l.length == 0 || len(payload) < l.length {
		return 0, 0, false
	}
	length = l.length
	if len(payload) > length {
		if !joined || payload[length] != '\n' {
			return 0, 0, false
		}
		length++
	}
	if string(payload[l.number-len(marker):l.number]) != `"seq":` {
		return 0, 0, false
	}
	return length, parseSequence(payload[l.number:]), true
}

func parseSequence(text []byte) uint32 {
	number := uint32(0)
	for _, digit := range text[:digits] {
		number = number*10 + uint32(digit-'0')
	}
	return number
}

// message handles what the fast path did not recognise.
func (s *subscriber) message(message []byte) error {
	if s.live {
		if at := bytes.Index(message, marker); at >= 0 && len(message) >= at+len(marker)+digits {
			s.fleet.layout = layout{length: len(message), number: at + len(marker)}
			return s.deliver(parseSequence(message[at+len(marker):]))
		}
	}
	reply, subscribed, err := s.fleet.wire.control(s.index, message)
	if err != nil {
		return err
	}
	if subscribed {
		s.live = true
		s.fleet.live++
	}
	if reply != nil {
		return s.send(opText, reply)
	}
	return nil
}

func (s *subscriber) deliver(sequence uint32) error {
	if err := s.record(sequence); err != nil {
		return err
	}
	s.fleet.deliveries++
	if s.fleet.latencies != nil {
		*s.fleet.latencies = append(*s.fleet.latencies, s.fleet.ledger.age(sequence, time.Now()))
	}
	return nil
}

func (s *subscriber) record(sequence uint32) error {
	if s.fleet.ledger.spread {
		return s.fleet.ledger.hearAlone(uint32(s.index), &s.position, sequence)
	}
	s.position++
	return s.fleet.ledger.hear(s.position-1, sequence)
}

func (s *subscriber) send(opcode byte, payload []byte) error {
	return writeSmall(s.fd, maskedFrame(opcode, payload))
}
