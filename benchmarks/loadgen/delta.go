package main

import (
	"bytes"
	"encoding/json"
	"fmt"
)

var offsetMarker = []byte(`"offset":`)

// patches reads the stream of the first subscriber in full, as a client has to.
type patches struct {
	data []byte // of the last publication
}

// patched handles a publication on a channel of patches. Their length differs from one to the next and the sequence
// number is seldom in them, but nobody else publishes to the stream, so that the offset says which publication it is. It
// stands near the message's end, and cannot be mistaken: a quotation mark within the data is escaped.
func (s *subscriber) patched(message []byte) (isPublication bool, err error) {
	at := bytes.LastIndex(message, offsetMarker)
	if at < 0 {
		return false, nil
	}
	offset := uint64(0)
	for _, c := range message[at+len(offsetMarker):] {
		if c < '0' || c > '9' {
			break
		}
		offset = offset*10 + uint64(c-'0')
	}
	number := offset - s.base - 1 // with an offset below the base, more than any that was sent
	if number > lastSequence-firstSequence {
		return true, fmt.Errorf("offset %d after subscribing at %d", offset, s.base)
	}
	sequence := uint32(firstSequence + number)
	if s.index == 0 {
		if err := s.fleet.patches.check(message, sequence); err != nil {
			return true, err
		}
	}
	return true, s.deliver(sequence)
}

func (p *patches) check(message []byte, sequence uint32) error {
	var push struct {
		Push struct {
			Pub struct {
				Data  string
				Delta bool
			}
		}
	}
	if err := json.Unmarshal(message, &push); err != nil {
		return fmt.Errorf("unreadable publication %.200q: %w", message, err)
	}
	data := []byte(push.Push.Pub.Data)
	if push.Push.Pub.Delta {
		var err error
		if data, err = applyPatch(p.data, data); err != nil {
			return fmt.Errorf("%w: %.300q", err, message)
		}
	}
	p.data = data
	at := bytes.Index(data, marker)
	if at < 0 || len(data) < at+len(marker)+digits || parseSequence(data[at+len(marker):]) != sequence {
		return fmt.Errorf("by its offset this is publication %d, its data is %.200q", sequence, data)
	}
	return nil
}
