package main

import (
	"bytes"
	"errors"
	"fmt"
)

// wire is one protocol between a server and its subscribers.
type wire interface {
	carriage() carriage
	// opening is what the client says as soon as the handshake is done, nil to let the server speak first; index tells
	// the subscribers apart.
	opening(index int) []byte
	// control answers a message that is no publication.
	control(index int, message []byte) (verdict, error)
}

// streamWire comes in the body of one HTTP response; other wires come in WebSocket frames.
type streamWire interface {
	wire
	// request is the whole HTTP request.
	request(address, path string, index int) []byte
}

// carriage is how messages are put into frames.
type carriage struct {
	separation separation
	binary     bool
	// deflate: frames are compressed, each by itself.
	deflate bool
	// delta: publications are patches, which their offset tells apart.
	delta bool
}

// separation is where a message ends.
type separation int

const (
	byFrame separation = iota
	byLine
	byLength // each message stands after its length, a varint
)

// verdict is what a message means that is no publication.
type verdict struct {
	reply      []byte // to be sent; nil for nothing
	subscribed bool
	offset     uint64 // the stream's position at the subscription
	// session and node tell a streamWire's connection when it answers.
	session, node string
}

func newWire(options connectRequest) (wire, error) {
	channel := channelName{options.Channel, options.Spread}
	centrifugo := centrifugoJSON{channel: channel, tokenKey: options.TokenKey}
	switch options.Wire {
	case "centrifugo-json", "centrifugo-deflate":
		centrifugo.deflate = options.Wire == "centrifugo-deflate"
		if options.Recover != nil {
			centrifugo.recovery = &recovery{recoverRequest: *options.Recover}
		}
		return centrifugo, nil
	}
	if options.Recover != nil {
		return nil, fmt.Errorf("wire %q: recover needs centrifugo-json or centrifugo-deflate", options.Wire)
	}
	switch options.Wire {
	case "centrifugo-delta":
		if options.Spread {
			return nil, errors.New("centrifugo-delta: one stream's offsets can't number the publications of many channels")
		}
		centrifugo.delta = true
		return centrifugo, nil
	case "centrifugo-protobuf":
		return centrifugoProtobuf{channel: channel, tokenKey: options.TokenKey}, nil
	case "centrifugo-http-stream":
		return httpStream{centrifugo}, nil
	case "centrifugo-sse":
		return serverSentEvents{centrifugo}, nil
	case "socket.io":
		return socketIO{channel: channel}, nil
	case "text":
		return plainText{channel: channel}, nil
	}
	return nil, fmt.Errorf("unknown wire %q", options.Wire)
}

// channelName is one for all subscribers, or the start of a personal one for each.
type channelName struct {
	name   string
	spread bool
}

func (c channelName) of(index int) string {
	if c.spread {
		return fmt.Sprintf("%s%06d", c.name, index)
	}
	return c.name
}

// plainText is the least there can be: a text frame to subscribe, one to confirm it, and one for each publication.
type plainText struct {
	channel channelName
}

func (plainText) carriage() carriage { return carriage{} }

func (p plainText) opening(index int) []byte {
	return []byte("subscribe " + p.channel.of(index))
}

func (plainText) control(_ int, message []byte) (verdict, error) {
	if string(message) != "subscribed" {
		return verdict{}, unexpected(message)
	}
	return verdict{subscribed: true}, nil
}

// socketIO speaks Engine.IO 4 and Socket.IO 5 in text packets. The subscription is an event with an acknowledgement.
type socketIO struct {
	channel channelName
}

func (socketIO) carriage() carriage { return carriage{} }

func (socketIO) opening(int) []byte { return nil }

func (s socketIO) control(index int, message []byte) (verdict, error) {
	switch {
	case bytes.HasPrefix(message, []byte("0{")): // Engine.IO is open: connect to the default namespace
		return verdict{reply: []byte("40")}, nil
	case string(message) == "2": // ping
		return verdict{reply: []byte("3")}, nil
	case bytes.HasPrefix(message, []byte("40{")): // connected
		return verdict{reply: fmt.Appendf(nil, `420["subscribe",%q]`, s.channel.of(index))}, nil
	case bytes.HasPrefix(message, []byte("430[")): // the acknowledgement of event 0
		return verdict{subscribed: true}, nil
	case bytes.HasPrefix(message, []byte("44")):
		return verdict{}, errors.New("the server refused the connection")
	}
	return verdict{}, unexpected(message)
}

func unexpected(message []byte) error {
	return fmt.Errorf("unexpected message %.200q", message)
}
