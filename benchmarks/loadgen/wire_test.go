package main

import (
	"bytes"
	"compress/flate"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func wireOf(t *testing.T, options connectRequest) wire {
	t.Helper()
	w, err := newWire(options)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// receiveInPieces gives the subscriber one byte at a time.
func receiveInPieces(t *testing.T, s *subscriber, peer int, all []byte) {
	t.Helper()
	for _, b := range all {
		if err := receive(t, s, peer, []byte{b}); err != nil {
			t.Fatal(err)
		}
	}
}

func expectDeliveries(t *testing.T, s *subscriber, expected uint64) {
	t.Helper()
	if s.fleet.deliveries != expected {
		t.Fatalf("counted %d of %d deliveries", s.fleet.deliveries, expected)
	}
}

func expectError(t *testing.T, err error, reason string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), reason) {
		t.Fatalf("got %v, expected an error with %q", err, reason)
	}
}

func TestPlainTextSubscribesAndListens(t *testing.T) {
	w := wireOf(t, connectRequest{Wire: "text", Channel: "u", Spread: true})
	if opening := w.opening(7); string(opening) != "subscribe u000007" {
		t.Fatalf("opens with %q", opening)
	}
	s, peer := pair(t, w, 2)
	s.live = false
	publication := func(number int) []byte { return serverFrame(fmt.Sprintf(`{"seq":%d}`, firstSequence+number)) }
	err := receive(t, s, peer, slices.Concat(serverFrame("subscribed"), publication(0), publication(1)))
	if err != nil || !s.live {
		t.Fatalf("live: %v, %v", s.live, err)
	}
	expectDeliveries(t, s, 2)
	expectError(t, receive(t, s, peer, serverFrame("nonsense")), "unexpected message")
}

func TestProtobufTakesFramesOfSeveralMessages(t *testing.T) {
	s, peer := pair(t, wireOf(t, connectRequest{Wire: "centrifugo-protobuf"}), 3)
	push := func(number int) []byte {
		data := fmt.Sprintf(`{"seq":%d,"text":%q}`, firstSequence+number, strings.Repeat("x", 150))
		return appendPrefixed(nil, appendField(nil, 4, string(appendField(nil, 4, string(appendField(nil, 4, data))))))
	}
	binary := func(payload []byte) []byte {
		frame := serverFrame(string(payload))
		frame[0] = 0x80 | opBinary
		return frame
	}
	receiveInPieces(t, s, peer, slices.Concat(binary(push(0)), binary(slices.Concat(push(1), []byte{0}, push(2)))))
	expectDeliveries(t, s, 3)
	buffer := make([]byte, 100)
	if n, err := readSocket(peer, buffer); err != nil || !bytes.Equal(buffer[:n], maskedFrame(opBinary, []byte{0})) {
		t.Fatalf("the ping was answered with % x, %v", buffer[:n], err)
	}
	expectError(t, receive(t, s, peer, binary([]byte{5, 1})), "ends too early")
}

func TestDeflateInflatesWhatTheServerCompressed(t *testing.T) {
	s, peer := pair(t, wireOf(t, connectRequest{Wire: "centrifugo-deflate"}), 4)
	compressed := func(text string) []byte {
		var out bytes.Buffer
		w, _ := flate.NewWriter(&out, flate.BestSpeed)
		_, _ = w.Write([]byte(text))
		_ = w.Flush()
		frame := serverFrame(string(bytes.TrimSuffix(out.Bytes(), []byte{0, 0, 0xff, 0xff})))
		frame[0] |= 0x40
		return frame
	}
	first := compressed(push(0, "a") + "\n" + push(1, "a"))
	if err := receive(t, s, peer, slices.Concat(first, serverFrame(push(2, "a")), compressed(push(3, "a")))); err != nil {
		t.Fatal(err)
	}
	expectDeliveries(t, s, 4)
	plain, other := pair(t, wireOf(t, connectRequest{Wire: "centrifugo-json"}), 4)
	expectError(t, receive(t, plain, other, first), "not agreed")
}

func TestHandshakesThatAreRefused(t *testing.T) {
	const agreed = "Sec-WebSocket-Accept: key\r\n"
	for _, test := range []struct{ wire, head, reason string }{
		{"text", "HTTP/1.1 101 Switching Protocols\r\n" + agreed, ""},
		{"text", "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: other\r\n", "was refused"},
		{"text", "HTTP/1.1 403 Forbidden\r\n" + agreed, "was refused"},
		{"centrifugo-deflate", "HTTP/1.1 101 Switching Protocols\r\n" + agreed, "did not agree to compress"},
		{"centrifugo-deflate", "HTTP/1.1 101 Switching Protocols\r\n" + agreed +
			"Sec-WebSocket-Extensions: permessage-deflate\r\n", "did not agree to compress"},
		{"centrifugo-deflate", "HTTP/1.1 101 Switching Protocols\r\n" + agreed +
			"Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n", ""},
		{"centrifugo-sse", "HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n", "expected a response in chunks"},
		{"centrifugo-sse", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", "expected a response in chunks"},
		{"centrifugo-sse", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n", ""},
	} {
		s, peer := pair(t, wireOf(t, connectRequest{Wire: test.wire}), 0)
		s.opened, s.accept = false, "key"
		err := receive(t, s, peer, []byte(test.head+"\r\n"))
		if test.reason != "" {
			expectError(t, err, test.reason)
		} else if err != nil || !s.opened {
			t.Errorf("%s: opened %v, %v", test.head, s.opened, err)
		}
	}
}

func TestInflaterRemembersWhatItInflated(t *testing.T) {
	compressed := []byte{0x4a, 0x4c, 0x04, 0x00} // "aa"
	i := newInflater()
	for range 2 {
		if plain, err := i.inflate(compressed); err != nil || string(plain) != "aa" {
			t.Fatalf("got %q, %v", plain, err)
		}
		i.stream = nil
	}
}

func chunk(text string) string { return fmt.Sprintf("%X\r\n%s\r\n", len(text), text) }

func TestStreamsPutMessagesTogether(t *testing.T) {
	head := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	connected := `{"id":1,"connect":{"client":"c","session":"s","node":"n","subs":{"c":{}}}}`
	line := func(text string) string { return text + "\n" }
	event := func(text string) string { return "data: " + text + "\n\n" }
	for _, test := range []struct {
		wire, before string
		message      func(string) string
	}{
		{"centrifugo-http-stream", "", line},
		{"centrifugo-sse", "\r\n", event},
	} {
		s, peer := pair(t, wireOf(t, connectRequest{Wire: test.wire, Channel: "c"}), 6)
		s.live, s.opened = false, false
		two := test.message(push(3, "a")) + test.message(push(4, "a"))
		half := len(two)/2 + 3
		all := head + chunk(test.before+test.message(connected)) + chunk(test.message(push(0, "a"))) +
			chunk(test.message(push(1, "a"))+test.message(push(2, "another length"))) +
			chunk(two[:half]) + chunk(two[half:]) + chunk(test.message(push(5, "a")))
		receiveInPieces(t, s, peer, []byte(all))
		expectDeliveries(t, s, 6)
		if !s.live || s.session != "s" || s.node != "n" {
			t.Fatalf("%s: live %v, session %q, node %q", test.wire, s.live, s.session, s.node)
		}
		expectError(t, receive(t, s, peer, []byte("0\r\n\r\n")), "closed the connection")

		s, peer = pair(t, wireOf(t, connectRequest{Wire: test.wire, Channel: "c"}), 6)
		s.live, s.opened = false, false
		if err := receive(t, s, peer, []byte(all)); err != nil {
			t.Fatal(err)
		}
		expectDeliveries(t, s, 6)

		s, peer = pair(t, wireOf(t, connectRequest{Wire: test.wire, Channel: "other"}), 0)
		s.live, s.opened = false, false
		expectError(t, receive(t, s, peer, []byte(all)), "did not subscribe the connection")
	}
}

func deltaPush(offset int, data string, isPatch bool) []byte {
	tail := ""
	if isPatch {
		tail = `,"delta":true`
	}
	return serverFrame(fmt.Sprintf(`{"push":{"channel":"c","pub":{"data":%q,"offset":%d%s}}}`, data, offset, tail))
}

func TestDeltaNumbersPublicationsByTheirOffset(t *testing.T) {
	s, peer := pair(t, wireOf(t, connectRequest{Wire: "centrifugo-delta", Channel: "c"}), 3)
	s.live = false
	subscribed := serverFrame(`{"id":2,"subscribe":{"offset":41,"delta":true}}`)
	first := deltaPush(42, `{"seq":10000000}`, false)
	if err := receive(t, s, peer, slices.Concat(subscribed, first)); err != nil {
		t.Fatal(err)
	}
	// The patch keeps all but the last digit and the brace.
	if err := receive(t, s, peer, deltaPush(43, patchOf(`{"seq":10000001}`, "E@0,2:1}"), true)); err != nil {
		t.Fatal(err)
	}
	expectDeliveries(t, s, 2)
	wrong := deltaPush(44, patchOf(`{"seq":10000009}`, "E@0,2:9}"), true)
	expectError(t, receive(t, s, peer, wrong), "by its offset this is publication 10000002")
	expectError(t, receive(t, s, peer, deltaPush(41, "", false)), "offset 41 after subscribing at 41")
	// Others than the first only count.
	s.index, s.position = 1, 2
	if err := receive(t, s, peer, wrong); err != nil {
		t.Fatal(err)
	}
}

func TestDeltaMustBeAgreed(t *testing.T) {
	s, peer := pair(t, wireOf(t, connectRequest{Wire: "centrifugo-delta"}), 0)
	s.live = false
	expectError(t, receive(t, s, peer, serverFrame(`{"id":2,"subscribe":{"offset":41}}`)), "did not agree to delta")
}

// patchOf completes commands with the size and the checksum of what they make.
func patchOf(text, commands string) string {
	number := func(n uint32) (out string) {
		for ; n > 0 || out == ""; n >>= 6 {
			out = string(fossilDigits[n&63]) + out
		}
		return out
	}
	return number(uint32(len(text))) + "\n" + commands + number(fossilSum([]byte(text))) + ";"
}

func TestApplyPatch(t *testing.T) {
	old := []byte("The quick brown fox")
	good := patchOf("The slow brown fox", "4@0,4:slowA@9,")
	if text, err := applyPatch(old, []byte(good)); err != nil || string(text) != "The slow brown fox" {
		t.Fatalf("%q: got %q, %v", good, text, err)
	}
	// The checksum of an example made by another implementation.
	made := "20\nF:{\"seq\":100000011m@F,3v1aDX;"
	rest := `,"text":"The quick brown fox jumps over the lazy dog. The quick brown fox jumps over the lazy dog. The quick br"}`
	if text, err := applyPatch([]byte(`{"seq":10000000`+rest), []byte(made)); err != nil || string(text) != `{"seq":10000001`+rest {
		t.Fatalf("%q: got %q, %v", made, text, err)
	}
	for _, bad := range []string{"", "I", "I\n", "I\n4@", "I\n4@0", "I\nZZ@0,", "I\n4@ZZ,", "I\nZZ:slow", "I\n4~0,", "I\n3;",
		good + "x", strings.Replace(good, "slow", "slew", 1), "J" + good[1:], "zzzzzzzzzzzzzzzzzz@0,"} {
		if text, err := applyPatch(old, []byte(bad)); err == nil {
			t.Errorf("%q made %q", bad, text)
		}
	}
}

func TestRecoveredPublicationsAreCounted(t *testing.T) {
	for _, test := range []struct{ result, reason string }{
		{`{"recovered":true,"publications":[{"data":{"seq":10000000},"offset":8},{"offset":9}]}`, ""},
		{`{"recovered":true,"publications":[{"offset":8}]}`, "recovered 1 publications, expected 2"},
		{`{"recovered":true,"publications":[{"offset":8},{"offset":10}]}`, "recovered offset 10, expected 9"},
		{`{"publications":[]}`, "did not recover"},
	} {
		w := wireOf(t, connectRequest{Wire: "centrifugo-json", Channel: "c",
			Recover: &recoverRequest{Epoch: "e", Offset: 7, Publications: 2}})
		if opening := w.opening(0); !bytes.HasSuffix(opening,
			[]byte(`"subscribe":{"channel":"c","recover":true,"epoch":"e","offset":7}}`)) {
			t.Fatalf("opens with %q", opening)
		}
		for range 2 { // the second reply is known
			s, peer := pair(t, w, 0)
			s.live = false
			err := receive(t, s, peer, serverFrame(fmt.Sprintf(`{"id":2,"subscribe":%s}`, test.result)))
			if test.reason != "" {
				expectError(t, err, test.reason)
			} else if err != nil || !s.live {
				t.Fatalf("live: %v, %v", s.live, err)
			}
		}
	}
	if _, err := newWire(connectRequest{Wire: "text", Recover: &recoverRequest{}}); err == nil {
		t.Fatal("a wire without recovery took a position")
	}
}
