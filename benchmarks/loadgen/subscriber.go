package main

import (
	"bytes"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"errors"
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
	loop     *loop
	wire     wire
	carriage carriage
	// What some wires need; nil for the others.
	stream    streamWire
	emulation *emulation
	inflater  *inflater
	patches   *patches

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

func newFleet(l *loop, w wire, options connectRequest) *fleet {
	f := &fleet{
		loop:     l,
		wire:     w,
		carriage: w.carriage(),
		ledger:   &ledger{subscribers: uint32(options.Subscribers)},
		buffer:   make([]byte, 512<<10),
		spread:   options.Spread,
	}
	if stream, ok := w.(streamWire); ok {
		f.stream, f.emulation = stream, &emulation{loop: l, address: options.Address}
	}
	if f.carriage.deflate {
		f.inflater = newInflater()
	}
	if f.carriage.delta {
		f.patches = &patches{}
	}
	return f
}

// subscriber is one connection with one subscription.
type subscriber struct {
	fleet    *fleet
	fd       int
	index    int
	opened   bool   // the handshake is done
	accept   string // the handshake's expected answer on a WebSocket
	live     bool
	position uint64
	base     uint64 // the stream's offset at the subscription
	rest     []byte // the start of a frame or line that is not whole yet
	chunks   dechunker
	// By these the server knows a streamWire's connection.
	session, node string
}

// open connects, sends the handshake and puts the subscriber on the loop; it is live once the server has confirmed.
func (f *fleet) open(index int, address, path string) error {
	fd, err := dial(address, index)
	if err != nil {
		return err
	}
	s := &subscriber{fleet: f, fd: fd, index: index}
	var request []byte
	if f.stream != nil {
		request = f.stream.request(address, path, index)
	} else if request, s.accept, err = upgradeRequest(address, path, f.carriage.deflate); err != nil {
		return err
	}
	f.subscribers = append(f.subscribers, s)
	if err := writeSmall(fd, request); err != nil {
		return err
	}
	return f.loop.add(fd, s)
}

func upgradeRequest(address, path string, deflate bool) (request []byte, accept string, err error) {
	var nonce [16]byte
	if _, err := rand.Read(nonce[:]); err != nil {
		return nil, "", err
	}
	key := base64.StdEncoding.EncodeToString(nonce[:])
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	request = fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n", path, address, key)
	if deflate {
		request = fmt.Appendf(request, "Sec-WebSocket-Extensions: %s\r\n", deflateOffer)
	}
	return append(request, "\r\n"...), base64.StdEncoding.EncodeToString(sum[:]), nil
}

func (f *fleet) close() {
	for _, s := range f.subscribers {
		f.loop.remove(s.fd)
	}
	if f.emulation != nil {
		f.emulation.close()
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
	if !s.opened {
		if rest, err = s.handshake(rest); err != nil {
			return err
		}
		kept = 0
	}
	switch {
	case !s.opened:
	case s.fleet.stream != nil:
		rest, err = s.body(rest, kept)
	default:
		rest, err = s.frames(rest)
	}
	if err != nil {
		return err
	}
	s.rest = append(s.rest[:0], rest...)
	return nil
}

func (s *subscriber) handshake(bytesRead []byte) ([]byte, error) {
	end := bytes.Index(bytesRead, []byte("\r\n\r\n"))
	if end < 0 {
		return bytesRead, nil
	}
	if err := s.checkHead(bytesRead[:end+2]); err != nil {
		return nil, err
	}
	s.opened = true
	if s.fleet.stream == nil {
		if opening := s.fleet.wire.opening(s.index); opening != nil {
			return bytesRead[end+4:], s.send(s.opcode(), opening)
		}
	}
	return bytesRead[end+4:], nil
}

func (s *subscriber) checkHead(head []byte) error {
	lower := bytes.ToLower(head)
	switch {
	case s.fleet.stream != nil:
		if !bytes.HasPrefix(head, []byte("HTTP/1.1 200 ")) || !bytes.Contains(lower, []byte("transfer-encoding: chunked\r\n")) {
			return fmt.Errorf("expected a response in chunks: %.200q", head)
		}
	case !bytes.HasPrefix(head, []byte("HTTP/1.1 101 ")) || !bytes.Contains(head, []byte(s.accept)):
		return fmt.Errorf("the handshake was refused: %.200q", head)
	case s.fleet.carriage.deflate && (!bytes.Contains(lower, []byte("permessage-deflate")) ||
		!bytes.Contains(lower, []byte("server_no_context_takeover"))):
		return fmt.Errorf("the server did not agree to compress each message by itself: %.400q", head)
	}
	return nil
}

func (s *subscriber) frames(buffer []byte) ([]byte, error) {
	for {
		f, ok, err := nextFrame(buffer)
		if err != nil || !ok {
			return buffer, err
		}
		buffer = buffer[f.size:]
		switch f.opcode {
		case s.opcode():
			err = s.data(f)
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

// body takes what was read of an HTTP response; the first bytes of it, as many as were kept, are out of their chunks.
func (s *subscriber) body(buffer []byte, kept int) ([]byte, error) {
	n, err := s.chunks.decode(buffer[kept:])
	if err != nil {
		return nil, err
	}
	return s.lines(buffer[:kept+n], false)
}

func (s *subscriber) data(f frame) (err error) {
	payload := f.payload
	if f.compressed {
		if s.fleet.inflater == nil {
			return errors.New("a compressed frame, which was not agreed")
		}
		if payload, err = s.fleet.inflater.inflate(payload); err != nil {
			return err
		}
	}
	switch s.fleet.carriage.separation {
	case byLine:
		_, err = s.lines(payload, true)
		return err
	case byLength:
		return s.prefixed(payload)
	}
	return s.whole(payload)
}

// lines takes messages separated by newlines. Where a frame has ended, the last message has too.
func (s *subscriber) lines(payload []byte, ended bool) (rest []byte, err error) {
	for len(payload) > 0 {
		if length, sequence, ok := s.fleet.layout.match(payload, ended); ok {
			if err := s.deliver(sequence); err != nil {
				return nil, err
			}
			payload = payload[length:]
			continue
		}
		message := payload
		if end := bytes.IndexByte(payload, '\n'); end >= 0 {
			message, payload = payload[:end], payload[end+1:]
		} else if ended {
			payload = nil
		} else {
			return payload, nil
		}
		if err := s.message(message); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func (s *subscriber) prefixed(payload []byte) (err error) {
	for len(payload) > 0 {
		var message []byte
		if message, payload, err = takePrefixed(payload); err != nil {
			return err
		}
		if err = s.whole(message); err != nil {
			return err
		}
	}
	return nil
}

func (s *subscriber) whole(message []byte) error {
	if len(message) == s.fleet.layout.length {
		if _, sequence, ok := s.fleet.layout.match(message, true); ok {
			return s.deliver(sequence)
		}
	}
	return s.message(message)
}

// match recognises a publication of the known layout at the start of payload; length includes the separator, which only
// the last message of what has ended goes without.
func (l layout) match(payload []byte, ended bool) (length int, sequence uint32, ok bool) {
	if l.length == 0 || len(payload) < l.length {
		return 0, 0, false
	}
	length = l.length
	if len(payload) > length {
		if payload[length] != '\n' {
			return 0, 0, false
		}
		length++
	} else if !ended {
		return 0, 0, false
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
		if isPublication, err := s.publication(message); isPublication {
			return err
		}
	}
	v, err := s.fleet.wire.control(s.index, message)
	if err != nil {
		return err
	}
	if v.subscribed {
		s.live = true
		s.base, s.session, s.node = v.offset, v.session, v.node
		s.fleet.live++
	}
	switch {
	case v.reply == nil:
		return nil
	case s.fleet.emulation != nil:
		return s.fleet.emulation.send(s.session, s.node, v.reply)
	}
	return s.send(s.opcode(), v.reply)
}

func (s *subscriber) publication(message []byte) (isPublication bool, err error) {
	if s.fleet.patches != nil {
		return s.patched(message)
	}
	at := bytes.Index(message, marker)
	if at < 0 || len(message) < at+len(marker)+digits {
		return false, nil
	}
	s.fleet.layout = layout{length: len(message), number: at + len(marker)}
	return true, s.deliver(parseSequence(message[at+len(marker):]))
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

// opcode is that of the frames which hold messages, in both directions.
func (s *subscriber) opcode() byte {
	if s.fleet.carriage.binary {
		return opBinary
	}
	return opText
}

func (s *subscriber) send(opcode byte, payload []byte) error {
	return writeSmall(s.fd, maskedFrame(opcode, payload))
}
