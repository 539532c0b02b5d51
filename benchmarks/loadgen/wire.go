package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
)

// wire is one protocol on top of WebSocket text frames.
type wire interface {
	// opening is what the client says as soon as the handshake is done, nil to let the server speak first; index tells
	// the subscribers apart.
	opening(index int) []byte
	// joined: several messages may share a frame, separated by a newline.
	joined() bool
	// control answers a message that is no publication: what to send back (nil for nothing), and whether it confirmed
	// the subscription.
	control(index int, message []byte) (reply []byte, subscribed bool, err error)
}

func newWire(options connectRequest) (wire, error) {
	channel := channelName{options.Channel, options.Spread}
	switch options.Wire {
	case "centrifugo-json":
		return centrifugoJSON{channel: channel, tokenKey: options.TokenKey}, nil
	case "socket.io":
		return socketIO{channel: channel}, nil
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

// centrifugoJSON speaks Centrifugo's client protocol: commands and replies as JSON lines.
type centrifugoJSON struct {
	channel  channelName
	tokenKey string
}

func (c centrifugoJSON) opening(index int) []byte {
	return fmt.Appendf(nil, `{"id":1,"connect":{"token":%q,"name":"loadgen"}}`+"\n"+`{"id":2,"subscribe":{"channel":%q}}`,
		connectionToken(c.tokenKey, fmt.Sprintf("user-%d", index)), c.channel.of(index))
}

func (centrifugoJSON) joined() bool { return true }

func (centrifugoJSON) control(_ int, message []byte) ([]byte, bool, error) {
	if string(message) == "{}" {
		return []byte("{}"), false, nil
	}
	var reply struct {
		ID        int
		Error     json.RawMessage
		Subscribe json.RawMessage
		Connect   json.RawMessage
	}
	if err := json.Unmarshal(message, &reply); err != nil {
		return nil, false, fmt.Errorf("unreadable message %.200q", message)
	}
	switch {
	case reply.Error == nil && reply.ID == 1 && reply.Connect != nil:
		return nil, false, nil
	case reply.Error == nil && reply.ID == 2 && reply.Subscribe != nil:
		return nil, true, nil
	}
	return nil, false, fmt.Errorf("unexpected message %.200q", message)
}

// connectionToken is a JWT (HS256) without expiry.
func connectionToken(key, user string) string {
	encode := base64.RawURLEncoding.EncodeToString
	claims, _ := json.Marshal(map[string]string{"sub": user})
	signed := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(claims)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(signed))
	return signed + "." + encode(mac.Sum(nil))
}

// socketIO speaks Engine.IO 4 and Socket.IO 5 in text packets. The subscription is an event with an acknowledgement.
type socketIO struct {
	channel channelName
}

func (socketIO) opening(int) []byte { return nil }

func (socketIO) joined() bool { return false }

func (s socketIO) control(index int, message []byte) ([]byte, bool, error) {
	switch {
	case bytes.HasPrefix(message, []byte("0{")): // Engine.IO is open: connect to the default namespace
		return []byte("40"), false, nil
	case string(message) == "2": // ping
		return []byte("3"), false, nil
	case bytes.HasPrefix(message, []byte("40{")): // connected
		return fmt.Appendf(nil, `420["subscribe",%q]`, s.channel.of(index)), false, nil
	case bytes.HasPrefix(message, []byte("430[")): // the acknowledgement of event 0
		return nil, true, nil
	case bytes.HasPrefix(message, []byte("44")):
		return nil, false, errors.New("the server refused the connection")
	}
	return nil, false, fmt.Errorf("unexpected message %.200q", message)
}
