package main

import (
	"strings"
	"testing"
	"time"
)

// newLedger is a ledger of two subscribers, after so many publications.
func newLedger(t *testing.T, sent int) (*ledger, *int) {
	t.Helper()
	finished := 0
	l := &ledger{subscribers: 2, strict: true, onFinished: func(*publisher) { finished++ }}
	for range sent {
		if _, err := l.next(nil, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	return l, &finished
}

func hear(t *testing.T, l *ledger, position uint64, number uint32) {
	t.Helper()
	if err := l.hear(position, firstSequence+number); err != nil {
		t.Fatal(err)
	}
}

func refuse(t *testing.T, l *ledger, position uint64, number uint32, reason string) {
	t.Helper()
	if err := l.hear(position, firstSequence+number); err == nil || !strings.Contains(err.Error(), reason) {
		t.Fatalf("got %v, expected an error with %q", err, reason)
	}
}

func TestLedgerFinishesWhatEverybodyHeard(t *testing.T) {
	l, finished := newLedger(t, 2)
	hear(t, l, 0, 0)
	hear(t, l, 1, 1)
	if *finished != 0 || l.idle() {
		t.Fatal("finished although one subscriber heard nothing")
	}
	hear(t, l, 0, 0)
	hear(t, l, 1, 1)
	if *finished != 2 || !l.idle() {
		t.Fatalf("%d of 2 publications finished", *finished)
	}
}

func TestLedgerRefusesALostPublication(t *testing.T) {
	l, _ := newLedger(t, 2)
	refuse(t, l, 0, 1, "expected 10000000")
}

func TestLedgerRefusesARepeatedPublication(t *testing.T) {
	l, _ := newLedger(t, 2)
	l.strict = false
	hear(t, l, 0, 0)
	refuse(t, l, 1, 0, "came twice")
}

func TestLedgerRefusesAnUnsentPublication(t *testing.T) {
	l, _ := newLedger(t, 1)
	l.strict = false
	refuse(t, l, 0, 1, "never sent")
}

func TestLedgerRefusesTwoOrders(t *testing.T) {
	l, _ := newLedger(t, 2)
	l.strict = false
	hear(t, l, 0, 1)
	refuse(t, l, 0, 0, "another subscriber got 10000001")
}

func TestLedgerLetsConcurrentPublishesComeInAnyOneOrder(t *testing.T) {
	l, finished := newLedger(t, 2)
	l.strict = false
	for range 2 {
		hear(t, l, 0, 1)
		hear(t, l, 1, 0)
	}
	if *finished != 2 {
		t.Fatalf("%d of 2 publications finished", *finished)
	}
}

func TestLedgerIsBounded(t *testing.T) {
	l, _ := newLedger(t, ledgerSize)
	if _, err := l.next(nil, time.Now()); err == nil {
		t.Fatal("took more publications than it can hold")
	}
}

func hearAlone(t *testing.T, l *ledger, index uint32, position *uint64, number uint32, reason string) {
	t.Helper()
	err := l.hearAlone(index, position, firstSequence+number)
	if reason == "" && err != nil || reason != "" && (err == nil || !strings.Contains(err.Error(), reason)) {
		t.Fatalf("got %v, expected %q", err, reason)
	}
}

func TestLedgerOfPersonalChannelsFinishesWhatOneHeard(t *testing.T) {
	l, finished := newLedger(t, 0)
	l.subscribers, l.spread, l.sent, l.heard, l.finished = 3, true, 4, 4, 4 // after a run of four
	positions := []uint64{l.start(0), l.start(1), l.start(2)}
	for range 5 {
		if _, err := l.next(nil, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	hearAlone(t, l, 1, &positions[1], 7, "expected 10000004")
	for _, number := range []uint32{5, 8, 6, 4, 7} {
		hearAlone(t, l, number%3, &positions[number%3], number, "")
	}
	if *finished != 5 || !l.idle() {
		t.Fatalf("%d of 5 publications finished", *finished)
	}
	if positions[1] != 10 || positions[2] != 11 || positions[0] != 9 {
		t.Fatalf("the next positions are %v", positions)
	}
}

func TestLedgerOfPersonalChannelsRefusesWhatIsWrong(t *testing.T) {
	l, _ := newLedger(t, 6)
	l.spread = true
	position := l.start(0)
	hearAlone(t, l, 0, &position, 1, "is for subscriber 1")
	hearAlone(t, l, 0, &position, 8, "never sent")
	l.strict = false
	hearAlone(t, l, 0, &position, 2, "")
	hearAlone(t, l, 0, &position, 2, "came twice")
	hearAlone(t, l, 0, &position, 0, "") // published at once with number 2, which the server took first
}

func TestLedgerWithoutSubscribersFinishesWhatIsAnswered(t *testing.T) {
	l, _ := newLedger(t, 3)
	l.subscribers = 0
	l.answered(2)
	if l.idle() {
		t.Fatal("idle before everything was answered")
	}
	l.answered(1)
	if !l.idle() {
		t.Fatal("not idle")
	}
}
