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
