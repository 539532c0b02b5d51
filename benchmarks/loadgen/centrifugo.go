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

// centrifugoJSON speaks Centrifugo's client protocol: commands and replies as JSON lines.
type centrifugoJSON struct {
	channel  channelName
	tokenKey string
	deflate  bool
	delta    bool
	recovery *recovery
}

// recoverRequest is a position that subscribers come back from, and how many publications each must then be given.
type recoverRequest struct {
	Epoch        string
	Offset       uint64
	Publications int
}

type recovery struct {
	recoverRequest
	// seen is the last reply that was right: all subscribers get the same one, so that most need not be read.
	seen []byte
}

type subscribeResult struct {
	Delta        bool
	Recovered    bool
	Offset       uint64
	Publications []struct{ Offset uint64 }
}

type centrifugoReply struct {
	ID      int
	Error   json.RawMessage
	Connect *struct {
		Session string
		Node    string
		Subs    map[string]json.RawMessage
	}
	Subscribe *subscribeResult
}

func (c centrifugoJSON) carriage() carriage {
	return carriage{separation: byLine, deflate: c.deflate, delta: c.delta}
}

func (c centrifugoJSON) opening(index int) []byte {
	out := append(c.connectCommand(index), '\n')
	out = fmt.Appendf(out, `{"id":2,"subscribe":{"channel":%q`, c.channel.of(index))
	if c.delta {
		out = append(out, `,"delta":"fossil"`...)
	}
	if c.recovery != nil {
		out = fmt.Appendf(out, `,"recover":true,"epoch":%q,"offset":%d`, c.recovery.Epoch, c.recovery.Offset)
	}
	return append(out, "}}"...)
}

func (c centrifugoJSON) connectCommand(index int, channels ...string) []byte {
	return fmt.Appendf(nil, `{"id":1,"connect":{"token":%q,"name":"loadgen"}}`,
		connectionToken(c.tokenKey, userName(index), channels...))
}

func (c centrifugoJSON) control(_ int, message []byte) (verdict, error) {
	if string(message) == "{}" {
		return verdict{reply: []byte("{}")}, nil
	}
	if c.recovery != nil && len(c.recovery.seen) > 0 && bytes.Equal(message, c.recovery.seen) {
		return verdict{subscribed: true}, nil
	}
	reply, err := readReply(message)
	if err != nil {
		return verdict{}, err
	}
	switch {
	case reply.ID == 1 && reply.Connect != nil:
		return verdict{}, nil
	case reply.ID == 2 && reply.Subscribe != nil:
		return verdict{subscribed: true, offset: reply.Subscribe.Offset}, c.check(reply.Subscribe, message)
	}
	return verdict{}, unexpected(message)
}

func readReply(message []byte) (reply centrifugoReply, err error) {
	if err := json.Unmarshal(message, &reply); err != nil {
		return reply, fmt.Errorf("unreadable message %.200q", message)
	}
	if reply.Error != nil {
		return reply, unexpected(message)
	}
	return reply, nil
}

func (c centrifugoJSON) check(result *subscribeResult, message []byte) error {
	if c.delta && !result.Delta {
		return fmt.Errorf("the server did not agree to delta: %.200q", message)
	}
	if c.recovery == nil {
		return nil
	}
	if !result.Recovered {
		return fmt.Errorf("the server did not recover the subscription: %.200q", message)
	}
	if len(result.Publications) != c.recovery.Publications {
		return fmt.Errorf("recovered %d publications, expected %d", len(result.Publications), c.recovery.Publications)
	}
	for i, publication := range result.Publications {
		if expected := c.recovery.Offset + uint64(i) + 1; publication.Offset != expected {
			return fmt.Errorf("recovered offset %d, expected %d", publication.Offset, expected)
		}
	}
	c.recovery.seen = bytes.Clone(message)
	return nil
}

func userName(index int) string { return fmt.Sprintf("user-%d", index) }

// connectionToken is a JWT (HS256) without expiry. The server subscribes its connection to the channels.
func connectionToken(key, user string, channels ...string) string {
	encode := base64.RawURLEncoding.EncodeToString
	claims, _ := json.Marshal(struct {
		User     string   `json:"sub"`
		Channels []string `json:"channels,omitempty"`
	}{user, channels})
	signed := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(claims)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(signed))
	return signed + "." + encode(mac.Sum(nil))
}

var errShort = errors.New("a message that ends too early")

// centrifugoProtobuf speaks the same in Protobuf: varint-prefixed messages in binary frames.
type centrifugoProtobuf struct {
	channel  channelName
	tokenKey string
}

func (centrifugoProtobuf) carriage() carriage { return carriage{separation: byLength, binary: true} }

func (c centrifugoProtobuf) opening(index int) []byte {
	connect := appendField(nil, 1, connectionToken(c.tokenKey, userName(index)))
	connect = appendField(connect, 4, "loadgen")
	subscribe := appendField(nil, 1, c.channel.of(index))
	const idField = 1 << 3
	out := appendPrefixed(nil, appendField([]byte{idField, 1}, 4, string(connect)))
	return appendPrefixed(out, appendField([]byte{idField, 2}, 5, string(subscribe)))
}

func (centrifugoProtobuf) control(_ int, message []byte) (verdict, error) {
	if len(message) == 0 {
		return verdict{reply: []byte{0}}, nil // a ping's answer is an empty message too
	}
	fields, err := readFields(message)
	switch {
	case err != nil:
		return verdict{}, fmt.Errorf("unreadable message %.200q: %w", message, err)
	case fields[5]: // connect
		return verdict{}, nil
	case fields[6]: // subscribe
		return verdict{subscribed: true}, nil
	}
	return verdict{}, unexpected(message)
}
