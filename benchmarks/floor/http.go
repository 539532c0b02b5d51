package main

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
)

// A request longer than this ends its connection.
const maxRequest = 1 << 20

var (
	answerDone    = httpAnswer("200 OK", `{"result":{}}`)
	answerUnknown = httpAnswer("404 Not Found", `{"error":"there is /api/publish and /bench/burst"}`)
	answerBad     = httpAnswer("400 Bad Request", `{"error":"the body is not what the benchmark sends"}`)

	errRequest = errors.New("not a request")
)

func httpAnswer(status, body string) []byte {
	return fmt.Appendf(nil, "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		status, len(body), body)
}

// request points into the buffer that it was read from.
type request struct {
	path   []byte
	key    []byte // of a WebSocket handshake; empty when it is none
	body   []byte
	size   int // 0 while the request is not whole
	length int
}

func readRequest(buffer []byte) (r request, err error) {
	end := bytes.Index(buffer, []byte("\r\n\r\n"))
	if end < 0 {
		if len(buffer) > maxRequest {
			err = errRequest
		}
		return r, err
	}
	line, headers, _ := bytes.Cut(buffer[:end], []byte("\r\n"))
	_, rest, _ := bytes.Cut(line, []byte(" "))
	path, version, _ := bytes.Cut(rest, []byte(" "))
	if string(version) != "HTTP/1.1" {
		return r, errRequest
	}
	r.path = path
	for len(headers) > 0 {
		line, headers, _ = bytes.Cut(headers, []byte("\r\n"))
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch {
		case bytes.EqualFold(name, []byte("sec-websocket-key")):
			r.key = bytes.TrimSpace(value)
		case bytes.EqualFold(name, []byte("content-length")):
			r.length, err = strconv.Atoi(string(bytes.TrimSpace(value)))
			if err != nil || r.length < 0 || r.length > maxRequest {
				return r, errRequest
			}
		}
	}
	if size := end + 4 + r.length; len(buffer) >= size {
		r.size, r.body = size, buffer[end+4:size]
	}
	return r, nil
}

// appendUpgrade adds the answer to a WebSocket handshake.
func appendUpgrade(out, key []byte) []byte {
	hash := sha1.New()
	hash.Write(key)
	hash.Write([]byte("258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	var sum [sha1.Size]byte
	out = append(out, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: "...)
	return append(base64.StdEncoding.AppendEncode(out, hash.Sum(sum[:0])), "\r\n\r\n"...)
}

// publication takes {"channel":"…","data":…} apart. It is no JSON parser: data comes last.
func publication(body []byte) (channel, data []byte, ok bool) {
	channel, ok = stringAfter(body, `"channel":"`)
	at := bytes.Index(body, []byte(`"data":`))
	if !ok || at < 0 || body[len(body)-1] != '}' {
		return nil, nil, false
	}
	return channel, body[at+len(`"data":`) : len(body)-1], true
}

// burst asks for count publications with consecutive numbers, each of so many bytes.
type burst struct {
	channel             []byte
	first, count, bytes int
}

func readBurst(body []byte) (b burst, ok bool) {
	channel, ok := stringAfter(body, `"channel":"`)
	b = burst{channel, numberAfter(body, `"first":`), numberAfter(body, `"count":`), numberAfter(body, `"bytes":`)}
	const most = 1 << 24
	if !ok || b.bytes < emptyPayload || b.bytes > most || b.count < 1 || b.count > most/b.bytes {
		return b, false
	}
	// All numbers have eight digits, so that all payloads have one length.
	return b, b.first >= 10_000_000 && b.first <= 100_000_000-b.count
}

func stringAfter(body []byte, name string) ([]byte, bool) {
	at := bytes.Index(body, []byte(name))
	if at < 0 {
		return nil, false
	}
	value, _, found := bytes.Cut(body[at+len(name):], []byte(`"`))
	return value, found
}

// numberAfter is -1 when there is no number, or a very long one.
func numberAfter(body []byte, name string) int {
	at := bytes.Index(body, []byte(name))
	if at < 0 {
		return -1
	}
	digits := body[at+len(name):]
	end := 0
	for end < len(digits) && digits[end] >= '0' && digits[end] <= '9' {
		end++
	}
	number, err := strconv.Atoi(string(digits[:end]))
	if err != nil {
		return -1
	}
	return number
}

const (
	pangram      = "The quick brown fox jumps over the lazy dog. "
	emptyPayload = len(`{"seq":12345678,"text":""}`)
)

// appendBurst adds the frames of a burst.
func appendBurst(out []byte, b burst) []byte {
	for i := range b.count {
		out = append(appendHeader(out, opText, b.bytes), `{"seq":`...)
		out = append(strconv.AppendInt(out, int64(b.first+i), 10), `,"text":"`...)
		for left := b.bytes - emptyPayload; left > 0; left -= len(pangram) {
			out = append(out, pangram[:min(left, len(pangram))]...)
		}
		out = append(out, `"}`...)
	}
	return out
}
