package main

import (
	"encoding/binary"
	"errors"
)

const (
	opText  = 1
	opClose = 8
	opPing  = 9
	opPong  = 10
)

// A client has nothing longer to say than a channel's name.
const maxClientFrame = 4096

var errFrame = errors.New("not a frame of a client")

// appendFrame adds an unmasked, unfragmented frame.
func appendFrame(out []byte, opcode byte, payload []byte) []byte {
	return append(appendHeader(out, opcode, len(payload)), payload...)
}

func appendHeader(out []byte, opcode byte, length int) []byte {
	switch {
	case length < 126:
		return append(out, 0x80|opcode, byte(length))
	case length < 1<<16:
		return binary.BigEndian.AppendUint16(append(out, 0x80|opcode, 126), uint16(length))
	}
	return binary.BigEndian.AppendUint64(append(out, 0x80|opcode, 127), uint64(length))
}

// clientFrame reads the frame at the start of buffer and unmasks it there. size is 0 while it is not whole.
func clientFrame(buffer []byte) (opcode byte, payload []byte, size int, err error) {
	if len(buffer) < 2 {
		return 0, nil, 0, nil
	}
	if buffer[0]&0xf0 != 0x80 || buffer[1]&0x80 == 0 {
		return 0, nil, 0, errFrame
	}
	header, length := 2, int(buffer[1]&0x7f)
	switch length {
	case 126:
		if header = 4; len(buffer) < header {
			return 0, nil, 0, nil
		}
		length = int(binary.BigEndian.Uint16(buffer[2:]))
	case 127:
		return 0, nil, 0, errFrame
	}
	if length > maxClientFrame {
		return 0, nil, 0, errFrame
	}
	size = header + 4 + length
	if len(buffer) < size {
		return 0, nil, 0, nil
	}
	mask := buffer[header : header+4]
	payload = buffer[header+4 : size]
	for i := range payload {
		payload[i] ^= mask[i&3]
	}
	return buffer[0] & 0x0f, payload, size, nil
}
