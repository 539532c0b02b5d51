package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// serveForTest runs a server until the test ends, and gives its address.
func serveForTest(t *testing.T) string {
	t.Helper()
	input, end, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	before := os.Stdin
	os.Stdin = input
	s, port, err := listen()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.watch(int(input.Fd())); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- s.serve() }()
	t.Cleanup(func() {
		_ = end.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
		os.Stdin = before
		_ = input.Close()
	})
	return fmt.Sprintf("127.0.0.1:%d", port)
}

func subscribe(t *testing.T, address, channel string) (net.Conn, *bufio.Reader) {
	t.Helper()
	socket, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	_ = socket.SetDeadline(time.Now().Add(20 * time.Second))
	// The handshake and the first frame come in two pieces that are cut inside both.
	all := append([]byte("GET / HTTP/1.1\r\nSec-WebSocket-Key: a\r\n\r\n"), masked(opText, "subscribe "+channel)...)
	for _, part := range [][]byte{all[:10], all[10:50], all[50:]} {
		if _, err := socket.Write(part); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
	}
	reader := bufio.NewReader(socket)
	if response, err := http.ReadResponse(reader, nil); err != nil || response.StatusCode != 101 {
		t.Fatalf("got %v, %v", response, err)
	}
	expect(t, reader, appendFrame(nil, opText, []byte("subscribed")))
	return socket, reader
}

func expect(t *testing.T, reader io.Reader, expected []byte) {
	t.Helper()
	got := make([]byte, len(expected))
	if _, err := io.ReadFull(reader, got); err != nil || !bytes.Equal(got, expected) {
		t.Fatalf("got %.100q, %v, expected %.100q", got, err, expected)
	}
}

func post(t *testing.T, address, path, body string, status int) {
	t.Helper()
	response, err := http.Post("http://"+address+path, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	if response.StatusCode != status || status == 200 && string(text) != `{"result":{}}` {
		t.Fatalf("%s was answered with %d %s", path, response.StatusCode, text)
	}
}

func TestPublicationsReachTheSubscribersOfTheirChannel(t *testing.T) {
	address := serveForTest(t)
	socket, first := subscribe(t, address, "news")
	_, second := subscribe(t, address, "news")
	_, other := subscribe(t, address, "other")
	post(t, address, "/api/publish", `{"channel":"nobody","data":0}`, 200)
	post(t, address, "/api/publish", `{"channel":"news","data":{"seq":10000000}}`, 200)
	post(t, address, "/bench/burst", `{"channel":"news","first":10000001,"count":2,"bytes":26}`, 200)
	post(t, address, "/api/publish", `{"channel":"other","data":{"seq":1}}`, 200)
	post(t, address, "/api/publish", `{}`, 400)
	post(t, address, "/unknown", `{}`, 404)
	for _, reader := range []io.Reader{first, second} {
		for number := range 3 {
			frame := fmt.Appendf(nil, `{"seq":1000000%d,"text":""}`, number)
			if number == 0 {
				frame = []byte(`{"seq":10000000}`)
			}
			expect(t, reader, appendFrame(nil, opText, frame))
		}
	}
	expect(t, other, appendFrame(nil, opText, []byte(`{"seq":1}`)))

	if _, err := socket.Write(masked(opPing, "are you there")); err != nil {
		t.Fatal(err)
	}
	expect(t, first, appendFrame(nil, opPong, []byte("are you there")))
	// A connection that speaks nonsense is closed, and missed by nobody.
	if _, err := socket.Write(masked(opText, "nonsense")); err != nil {
		t.Fatal(err)
	}
	if _, err := first.ReadByte(); err == nil {
		t.Fatal("a connection that speaks nonsense is still open")
	}
	post(t, address, "/api/publish", `{"channel":"news","data":1}`, 200)
	expect(t, second, appendFrame(nil, opText, []byte("1")))
}

func TestASlowSubscriberGetsEverythingLater(t *testing.T) {
	address := serveForTest(t)
	_, reader := subscribe(t, address, "news")
	text := strings.Repeat("x", 500_000)
	const publications = 40 // more than the sockets' buffers hold
	for number := range publications {
		post(t, address, "/api/publish", fmt.Sprintf(`{"channel":"news","data":"%d%s"}`, number, text), 200)
	}
	for number := range publications {
		expect(t, reader, appendFrame(nil, opText, fmt.Appendf(nil, `"%d%s"`, number, text)))
	}
	post(t, address, "/api/publish", `{"channel":"news","data":1}`, 200)
	expect(t, reader, appendFrame(nil, opText, []byte("1")))
}
