package main

import (
	"errors"
	"fmt"
	"time"
)

// The ledger's window: no more publications than this may be on their way at once.
const ledgerSize = 1 << 14

// Sequence numbers have eight digits, so that a message's length never changes.
const (
	firstSequence = 10_000_000
	lastSequence  = 99_999_999
)

// ledger checks that every subscriber hears every publication once, and all of them in one order. The first subscriber
// that hears the k-th publication says which one it is; every other one must agree. Nothing is looked up: a delivery
// costs two array accesses. Without subscribers, a publication is finished when it is answered.
type ledger struct {
	subscribers uint32
	// spread: publication n is for subscriber n modulo their count, and nobody else may hear it.
	spread bool
	// strict: publications must be heard in the order in which they were sent. Not so while several HTTP requests are
	// under way at once: then the server decides, and every subscriber must hear the same.
	strict bool

	sent     uint64 // publications sent so far; the next one has sequence number firstSequence + sent
	heard    uint64 // publications that somebody has heard
	finished uint64 // publications that everybody has heard

	order     [ledgerSize]uint32 // by position: sequence number
	count     [ledgerSize]uint32 // by position: how many subscribers have heard it
	sentAt    [ledgerSize]time.Time
	owner     [ledgerSize]*publisher // by sequence number
	announced [ledgerSize]bool       // by sequence number: somebody has heard it

	onFinished func(owner *publisher)
}

// next takes a sequence number for a publication that was due at the given time.
func (l *ledger) next(owner *publisher, due time.Time) (uint32, error) {
	if l.sent-l.finished >= ledgerSize {
		return 0, fmt.Errorf("%d publications are on their way: the server does not keep up", ledgerSize)
	}
	if l.sent > lastSequence-firstSequence {
		return 0, errors.New("the sequence numbers are used up")
	}
	at := l.sent % ledgerSize
	l.sentAt[at], l.owner[at], l.announced[at] = due, owner, false
	l.sent++
	return uint32(firstSequence + l.sent - 1), nil
}

// hear records that a subscriber, whose deliveries so far are given by position, heard a publication.
func (l *ledger) hear(position uint64, sequence uint32) error {
	at := position % ledgerSize
	if position == l.heard {
		if err := l.announce(position, sequence); err != nil {
			return err
		}
	} else if l.order[at] != sequence {
		return fmt.Errorf("delivery %d: got publication %d, another subscriber got %d", position, sequence, l.order[at])
	}
	l.count[at]++
	if l.count[at] == l.subscribers {
		l.finished++
		l.onFinished(l.owner[uint64(sequence-firstSequence)%ledgerSize])
	}
	return nil
}

// hearAlone records that a subscriber heard a publication for itself alone. position is the number of the next one that it
// should hear, as long as publications come in order.
func (l *ledger) hearAlone(index uint32, position *uint64, sequence uint32) error {
	number := uint64(sequence) - firstSequence
	switch {
	case !l.known(number):
		return fmt.Errorf("publication %d was never sent, or long ago", sequence)
	case number%uint64(l.subscribers) != uint64(index):
		return fmt.Errorf("got publication %d, which is for subscriber %d", sequence, number%uint64(l.subscribers))
	case l.announced[number%ledgerSize]:
		return fmt.Errorf("publication %d came twice", sequence)
	case l.strict && number != *position:
		return fmt.Errorf("got publication %d, expected %d", sequence, firstSequence+*position)
	}
	l.announced[number%ledgerSize] = true
	*position = number + uint64(l.subscribers)
	l.heard++
	l.finished++
	l.onFinished(l.owner[number%ledgerSize])
	return nil
}

// answered finishes publications that nobody subscribes to.
func (l *ledger) answered(publications int) {
	l.heard += uint64(publications)
	l.finished += uint64(publications)
}

// start is the first position of a subscriber in a run.
func (l *ledger) start(index uint32) uint64 {
	if !l.spread {
		return l.heard
	}
	subscribers := uint64(l.subscribers)
	return l.sent + (uint64(index)+subscribers-l.sent%subscribers)%subscribers
}

func (l *ledger) known(number uint64) bool { return number < l.sent && number+ledgerSize >= l.sent }

func (l *ledger) announce(position uint64, sequence uint32) error {
	number := uint64(sequence) - firstSequence
	if !l.known(number) {
		return fmt.Errorf("delivery %d: publication %d was never sent, or long ago", position, sequence)
	}
	if l.strict && number != position {
		return fmt.Errorf("delivery %d: got publication %d, expected %d", position, sequence, firstSequence+position)
	}
	if l.announced[number%ledgerSize] {
		return fmt.Errorf("delivery %d: publication %d came twice", position, sequence)
	}
	l.announced[number%ledgerSize] = true
	l.order[position%ledgerSize], l.count[position%ledgerSize] = sequence, 0
	l.heard++
	return nil
}

// age is how long ago a publication was due.
func (l *ledger) age(sequence uint32, now time.Time) time.Duration {
	return now.Sub(l.sentAt[uint64(sequence-firstSequence)%ledgerSize])
}

func (l *ledger) idle() bool { return l.finished == l.sent }
