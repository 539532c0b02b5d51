package main

import (
	"bytes"
	"compress/flate"
	"fmt"
	"hash/maphash"
	"io"
)

// deflateOffer asks that every message be compressed by itself, so that all subscribers get the same bytes.
const deflateOffer = "permessage-deflate; client_no_context_takeover; server_no_context_takeover"

// A sender leaves out the last four bytes (RFC 7692, 7.2.1); an empty last block after them ends the stream.
var deflateTail = []byte{0, 0, 0xff, 0xff, 1, 0, 0, 0xff, 0xff}

const maxInflated = 1 << 20

// inflater keeps what it inflated last: a publication is inflated once, not once for each subscriber. A slot is taken by
// whatever hashes to it.
type inflater struct {
	seed   maphash.Seed
	slots  [256]struct{ compressed, plain []byte }
	source bytes.Reader
	stream io.ReadCloser
	whole  []byte
}

func newInflater() *inflater {
	i := &inflater{seed: maphash.MakeSeed()}
	i.stream = flate.NewReader(&i.source)
	return i
}

// inflate gives what a compressed message stands for, to be used before the next call.
func (i *inflater) inflate(compressed []byte) ([]byte, error) {
	slot := &i.slots[maphash.Bytes(i.seed, compressed)%uint64(len(i.slots))]
	if len(slot.plain) > 0 && bytes.Equal(slot.compressed, compressed) {
		return slot.plain, nil
	}
	i.whole = append(append(i.whole[:0], compressed...), deflateTail...)
	i.source.Reset(i.whole)
	if err := i.stream.(flate.Resetter).Reset(&i.source, nil); err != nil {
		return nil, fmt.Errorf("inflate: %w", err)
	}
	plain := bytes.NewBuffer(slot.plain[:0])
	if _, err := io.Copy(plain, io.LimitReader(i.stream, maxInflated+1)); err != nil {
		return nil, fmt.Errorf("inflate: %w", err)
	}
	if plain.Len() > maxInflated {
		return nil, fmt.Errorf("a message of more than %d bytes when inflated", maxInflated)
	}
	slot.compressed, slot.plain = append(slot.compressed[:0], compressed...), plain.Bytes()
	return slot.plain, nil
}
