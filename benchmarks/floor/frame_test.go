package main

import (
	"bytes"
	"testing"
)

func masked(opcode byte, payload string) []byte {
	mask := [4]byte{1, 2, 3, 4}
	out := appendHeader(nil, opcode, len(payload))
	out[1] |= 0x80
	out = append(out, mask[:]...)
	for i := range len(payload) {
		out = append(out, payload[i]^mask[i&3])
	}
	return out
}

func TestFramesHaveTheShortestHeader(t *testing.T) {
	for length, header := range map[int][]byte{
		0:       {0x81, 0},
		125:     {0x81, 125},
		126:     {0x81, 126, 0, 126},
		65535:   {0x81, 126, 0xff, 0xff},
		65536:   {0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0},
		1 << 20: {0x81, 127, 0, 0, 0, 0, 0, 16, 0, 0},
	} {
		payload := bytes.Repeat([]byte("x"), length)
		if got := appendFrame([]byte("before"), opText, payload); !bytes.Equal(got, append(append([]byte("before"), header...), payload...)) {
			t.Errorf("%d bytes: got % x", length, got[:16])
		}
	}
}

func TestClientFramesAreUnmasked(t *testing.T) {
	for _, text := range []string{"", "subscribe news", string(bytes.Repeat([]byte("n"), 126)), string(bytes.Repeat([]byte("n"), 4096))} {
		frame := masked(opText, text)
		for end := range frame {
			if _, _, size, err := clientFrame(bytes.Clone(frame[:end])); size != 0 || err != nil {
				t.Fatalf("the first %d of %d bytes: size %d, %v", end, len(frame), size, err)
			}
		}
		opcode, payload, size, err := clientFrame(append(bytes.Clone(frame), "next"...))
		if opcode != opText || string(payload) != text || size != len(frame) || err != nil {
			t.Fatalf("got %d %q, size %d, %v", opcode, payload, size, err)
		}
	}
}

func TestClientFramesThatAreRefused(t *testing.T) {
	for name, frame := range map[string][]byte{
		"unmasked":   appendFrame(nil, opText, []byte("subscribe news")),
		"compressed": {0xc1, 0x80},
		"fragment":   {0x01, 0x80},
		"too long":   masked(opText, string(bytes.Repeat([]byte("n"), 4097))),
		"very long":  {0x81, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff},
	} {
		if _, _, _, err := clientFrame(frame); err == nil {
			t.Errorf("took a frame that is %s", name)
		}
	}
}
