package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
)

// httpStream is the client protocol in the body of a response to a POST, a line for each message. The server subscribes
// the connection to what its token names; what the client has to say, pongs alone, goes by requests of their own.
type httpStream struct{ centrifugoJSON }

func (h httpStream) request(address, path string, index int) []byte {
	body := h.connectCommand(index, h.channel.of(index))
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		path, address, len(body), body)
}

func (h httpStream) control(index int, message []byte) (verdict, error) {
	if string(message) == "{}" {
		return verdict{reply: message}, nil
	}
	reply, err := readReply(message)
	if err != nil {
		return verdict{}, err
	}
	if reply.ID != 1 || reply.Connect == nil {
		return verdict{}, unexpected(message)
	}
	if _, ok := reply.Connect.Subs[h.channel.of(index)]; !ok {
		return verdict{}, fmt.Errorf("the server did not subscribe the connection: %.200q", message)
	}
	return verdict{subscribed: true, session: reply.Connect.Session, node: reply.Connect.Node}, nil
}

// serverSentEvents is the same as events: each message stands behind "data: " and before an empty line.
type serverSentEvents struct{ centrifugoJSON }

func (e serverSentEvents) request(address, path string, index int) []byte {
	return fmt.Appendf(nil, "GET %s?cf_connect=%s HTTP/1.1\r\nHost: %s\r\nAccept: text/event-stream\r\n\r\n",
		path, url.QueryEscape(string(e.connectCommand(index, e.channel.of(index)))), address)
}

func (e serverSentEvents) control(index int, message []byte) (verdict, error) {
	if len(message) == 0 || string(message) == "\r" {
		return verdict{}, nil
	}
	data, found := bytes.CutPrefix(message, []byte("data: "))
	if !found {
		return verdict{}, unexpected(message)
	}
	return httpStream(e).control(index, data)
}

// dechunker takes the chunks of an HTTP response apart, wherever a read cut them.
type dechunker struct {
	state chunkState
	left  int // of the chunk
}

type chunkState int

const (
	inSize chunkState = iota
	inData
	afterData
)

const maxChunk = 1 << 24

var errChunk = errors.New("a response with a broken chunk")

// decode moves the chunks' contents to the front, and gives their length.
func (d *dechunker) decode(raw []byte) (length int, err error) {
	for at := 0; at < len(raw); {
		if d.state == inData {
			n := copy(raw[length:], raw[at:min(at+d.left, len(raw))])
			length, at, d.left = length+n, at+n, d.left-n
			if d.left == 0 {
				d.state = afterData
			}
			continue
		}
		c := raw[at]
		at++
		switch {
		case c == '\r':
		case d.state == afterData && c == '\n':
			d.state = inSize
		case d.state == afterData:
			return 0, errChunk
		case c == '\n' && d.left == 0:
			return 0, errClosed
		case c == '\n':
			d.state = inData
		default:
			digit := bytes.IndexByte([]byte("0123456789abcdef"), c|0x20)
			if digit < 0 || d.left > maxChunk {
				return 0, errChunk
			}
			d.left = d.left<<4 | digit
		}
	}
	return length, nil
}

// emulation sends what the clients of streams have to say, one after the other on one connection.
type emulation struct {
	loop     *loop
	address  string
	exchange *exchange // nil until it is needed
	waiting  [][]byte
	busy     bool
}

func (e *emulation) send(session, node string, data []byte) error {
	body := fmt.Appendf(nil, `{"session":%q,"node":%q,"data":%q}`, session, node, data)
	e.waiting = append(e.waiting, fmt.Appendf(nil,
		"POST /emulation HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		e.address, len(body), body))
	return e.next()
}

func (e *emulation) next() error {
	if e.busy || len(e.waiting) == 0 {
		return nil
	}
	if e.exchange == nil {
		var err error
		if e.exchange, err = openExchange(e.loop, e.address); err != nil {
			return err
		}
		e.exchange.answered = e.answered
		e.exchange.lost = e.lost
	}
	request := e.waiting[0]
	e.waiting, e.busy = e.waiting[1:], true
	return e.exchange.send(request)
}

func (e *emulation) answered(r response) error {
	if r.status != "204" && r.status != "200" {
		return fmt.Errorf("/emulation was answered with %q", r.status)
	}
	e.busy = false
	return e.next()
}

// lost: a server may close a connection that nothing is asked on.
func (e *emulation) lost(err error) error {
	if e.busy {
		return fmt.Errorf("/emulation: %w", err)
	}
	e.close()
	return nil
}

func (e *emulation) close() {
	if e.exchange != nil {
		e.exchange.close()
		e.exchange = nil
	}
}
