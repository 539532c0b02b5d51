package main

import (
	"encoding/binary"
	"errors"
	"fmt"
)

const (
	opText   = 1
	opBinary = 2
	opClose  = 8
	opPing   = 9
	opPong   = 10
)

// frame is one unfragmented WebSocket frame; payload points into the buffer it was read from.
type frame struct {
	opcode     byte
	compressed bool
	payload    []byte
	size       int // whole frame, header included
}

// nextFrame reads the frame at the start of buffer. ok is false while it is not whole yet.
func nextFrame(buffer []byte) (f frame, ok bool, err error) {
	if len(buffer) < 2 {
		return f, false, nil
	}
	if buffer[0]&0xb0 != 0x80 {
		return f, false, errors.New("a fragmented frame: no server under test should send one")
	}
	if buffer[1]&0x80 != 0 {
		return f, false, errors.New("a masked frame from a server")
	}
	header, length := 2, int(buffer[1])
	switch length {
	case 126:
		if header = 4; len(buffer) < header {
			return f, false, nil
		}
		length = int(binary.BigEndian.Uint16(buffer[2:]))
	case 127:
		if header = 10; len(buffer) < header {
			return f, false, nil
		}
		wide := binary.BigEndian.Uint64(buffer[2:])
		if wide > 1<<30 {
			return f, false, fmt.Errorf("a frame of %d bytes", wide)
		}
		length = int(wide)
	}
	if len(buffer) < header+length {
		return f, false, nil
	}
	f = frame{opcode: buffer[0] & 0x0f, compressed: buffer[0]&0x40 != 0, size: header + length}
	f.payload = buffer[header:f.size]
	return f, true, nil
}

// maskKey is fixed: masking protects proxies from browsers, and there is neither here.
var maskKey = [4]byte{0x37, 0xfa, 0x21, 0x3d}

// maskedFrame is a client's frame of a short payload.
func maskedFrame(opcode byte, payload []byte) []byte {
	out := []byte{0x80 | opcode}
	if len(payload) < 126 {
		out = append(out, 0x80|byte(len(payload)))
	} else {
		out = append(out, 0x80|126)
		out = binary.BigEndian.AppendUint16(out, uint16(len(payload)))
	}
	out = append(out, maskKey[:]...)
	for i, b := range payload {
		out = append(out, b^maskKey[i&3])
	}
	return out
}
