package main

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// pair is a live subscriber on one end of a socket; the test holds the other.
func pair(t *testing.T, w wire, sent int) (*subscriber, int) {
	t.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Close(fds[0])
		_ = syscall.Close(fds[1])
	})
	l, _ := newLedger(t, sent)
	l.subscribers = 1
	f := newFleet(nil, w, connectRequest{})
	f.ledger = l
	return &subscriber{fleet: f, fd: fds[0], opened: true, live: true}, fds[1]
}

func serverFrame(payload string) []byte {
	if len(payload) < 126 {
		return append([]byte{0x81, byte(len(payload))}, payload...)
	}
	return append([]byte{0x81, 126, byte(len(payload) >> 8), byte(len(payload))}, payload...)
}

func push(number int, text string) string {
	return fmt.Sprintf(`{"push":{"channel":"c","pub":{"data":{"seq":%d,"text":%q}}}}`, firstSequence+number, text)
}

func receive(t *testing.T, s *subscriber, peer int, bytes []byte) error {
	t.Helper()
	if _, err := syscall.Write(peer, bytes); err != nil {
		t.Fatal(err)
	}
	return s.ready(syscall.EPOLLIN)
}

func TestSubscriberCountsJoinedMessages(t *testing.T) {
	s, peer := pair(t, centrifugoJSON{}, 5)
	frames := slices.Concat(
		serverFrame(push(0, "a")+"\n"+push(1, "a")+"\n"+push(2, "a")),
		serverFrame(push(3, "another length, which the layout doesn't fit")),
		serverFrame(push(4, "a")),
	)
	if err := receive(t, s, peer, frames); err != nil {
		t.Fatal(err)
	}
	if s.fleet.deliveries != 5 || !s.fleet.ledger.idle() {
		t.Fatalf("counted %d of 5 deliveries", s.fleet.deliveries)
	}
}

func TestSubscriberPutsSplitFramesTogether(t *testing.T) {
	s, peer := pair(t, centrifugoJSON{}, 3)
	text := strings.Repeat("x", 200)
	for _, b := range slices.Concat(serverFrame(push(0, text)), serverFrame(push(1, text)+"\n"+push(2, text))) {
		if err := receive(t, s, peer, []byte{b}); err != nil {
			t.Fatal(err)
		}
	}
	if s.fleet.deliveries != 3 {
		t.Fatalf("counted %d of 3 deliveries", s.fleet.deliveries)
	}
}

func TestSubscriberSeesALossInsideAFrame(t *testing.T) {
	s, peer := pair(t, centrifugoJSON{}, 3)
	err := receive(t, s, peer, serverFrame(push(0, "a")+"\n"+push(2, "a")))
	if err == nil || !strings.Contains(err.Error(), "expected 10000001") {
		t.Fatalf("got %v", err)
	}
}

func TestSubscriberAnswersPings(t *testing.T) {
	for _, test := range []struct {
		wire       wire
		ping, pong string
	}{{centrifugoJSON{}, "{}", "{}"}, {socketIO{}, "2", "3"}} {
		s, peer := pair(t, test.wire, 0)
		if err := receive(t, s, peer, serverFrame(test.ping)); err != nil {
			t.Fatal(err)
		}
		buffer := make([]byte, 100)
		n, err := syscall.Read(peer, buffer)
		if err != nil || !slices.Equal(buffer[:n], maskedFrame(opText, []byte(test.pong))) {
			t.Fatalf("%T: got % x, %v", test.wire, buffer[:max(n, 0)], err)
		}
	}
}

func TestSubscriberRefusesAClose(t *testing.T) {
	s, peer := pair(t, centrifugoJSON{}, 0)
	if err := receive(t, s, peer, []byte{0x88, 2, 0x0b, 0xc0}); err == nil {
		t.Fatal("took a Close frame for nothing")
	}
}

func TestLatencyCountsFromWhenThePublicationWasDue(t *testing.T) {
	s, peer := pair(t, socketIO{}, 0)
	s.fleet.latencies = &[]time.Duration{}
	if _, err := s.fleet.ledger.next(nil, time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := receive(t, s, peer, serverFrame(fmt.Sprintf(`42["publication",{"seq":%d}]`, firstSequence))); err != nil {
		t.Fatal(err)
	}
	if latencies := *s.fleet.latencies; len(latencies) != 1 || latencies[0] < time.Second {
		t.Fatalf("got %v", latencies)
	}
}
