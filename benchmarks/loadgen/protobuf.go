package main

import (
	"encoding/binary"
	"fmt"
)

const (
	varintField = 0
	bytesField  = 2
)

func appendField(out []byte, number int, value string) []byte {
	out = binary.AppendUvarint(out, uint64(number)<<3|bytesField)
	out = binary.AppendUvarint(out, uint64(len(value)))
	return append(out, value...)
}

func appendPrefixed(out, message []byte) []byte {
	return append(binary.AppendUvarint(out, uint64(len(message))), message...)
}

// takePrefixed cuts a varint-prefixed message off the front.
func takePrefixed(bytes []byte) (message, rest []byte, err error) {
	length, size := binary.Uvarint(bytes)
	if size <= 0 || length > uint64(len(bytes)-size) {
		return nil, nil, errShort
	}
	end := size + int(length)
	return bytes[size:end], bytes[end:], nil
}

// readFields says which fields a message has.
func readFields(message []byte) (map[uint64]bool, error) {
	fields := map[uint64]bool{}
	for len(message) > 0 {
		key, size := binary.Uvarint(message)
		if size <= 0 {
			return nil, errShort
		}
		message = message[size:]
		switch key & 7 {
		case varintField:
			if _, size = binary.Uvarint(message); size <= 0 {
				return nil, errShort
			}
			message = message[size:]
		case bytesField:
			var err error
			if _, message, err = takePrefixed(message); err != nil {
				return nil, err
			}
		default:
			return nil, fmt.Errorf("field %d has type %d", key>>3, key&7)
		}
		fields[key>>3] = true
	}
	return fields, nil
}
