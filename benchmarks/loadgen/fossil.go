package main

import (
	"errors"
	"strings"
)

// The digits of numbers in a Fossil delta, in base 64.
const fossilDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~"

var errPatch = errors.New("a patch that does not fit")

// applyPatch makes the new text from the old one: "<size>\n", then copies "<count>@<offset>,", insertions
// "<count>:<text>", and the checksum "<sum>;".
func applyPatch(old, patch []byte) ([]byte, error) {
	size, sign, patch := fossilNumber(patch)
	if sign != '\n' {
		return nil, errPatch
	}
	var out []byte
	for {
		var count int
		count, sign, patch = fossilNumber(patch)
		switch sign {
		case '@':
			var offset int
			offset, sign, patch = fossilNumber(patch)
			if sign != ',' || count > len(old)-offset {
				return nil, errPatch
			}
			out = append(out, old[offset:offset+count]...)
		case ':':
			if count > len(patch) {
				return nil, errPatch
			}
			out, patch = append(out, patch[:count]...), patch[count:]
		case ';':
			if len(out) != size || fossilSum(out) != uint32(count) || len(patch) > 0 {
				return nil, errPatch
			}
			return out, nil
		default:
			return nil, errPatch
		}
	}
}

// fossilNumber reads a number and the sign after it, which is 0 when there is none.
func fossilNumber(text []byte) (number int, sign byte, rest []byte) {
	for i, c := range text {
		digit := strings.IndexByte(fossilDigits, c)
		if digit < 0 {
			return number, c, text[i+1:]
		}
		// Checksums have 32 bits; more is bounded, since it fits nothing.
		number = min(number<<6|digit, 1<<40)
	}
	return 0, 0, nil
}

// fossilSum adds the text up as big-endian words of four bytes.
func fossilSum(text []byte) (sum uint32) {
	for i, b := range text {
		sum += uint32(b) << (24 - 8*(i&3))
	}
	return sum
}
