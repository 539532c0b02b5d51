package main

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// plainServer speaks the wire "text". It publishes to "channel" or "channels" of a request.
type plainServer struct {
	mutex       sync.Mutex
	subscribers map[string][]net.Conn
	pongs       []string
	// wrong turns a channel's name into the one that is published to instead.
	wrong func(string) string
}

func (s *plainServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/emulation" {
		body, _ := io.ReadAll(r.Body)
		time.Sleep(5 * time.Millisecond) // so that one who does not wait for the answer is found out
		s.mutex.Lock()
		s.pongs = append(s.pongs, string(body))
		s.mutex.Unlock()
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if key := r.Header.Get("Sec-WebSocket-Key"); key != "" {
		sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
		socket, buffered, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = fmt.Fprintf(socket, "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: %s\r\n\r\n",
			base64.StdEncoding.EncodeToString(sum[:]))
		s.listen(socket, buffered.Reader)
		return
	}
	var body struct {
		Channel  string
		Channels []string
		Data     json.RawMessage
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, channel := range append(body.Channels, body.Channel) {
		if s.wrong != nil {
			channel = s.wrong(channel)
		}
		for _, socket := range s.subscribers[channel] {
			_, _ = socket.Write(serverFrame(string(body.Data)))
		}
	}
	_, _ = io.WriteString(w, `{"result":{}}`)
}

func (s *plainServer) listen(socket net.Conn, reader *bufio.Reader) {
	frame := make([]byte, 6)
	if _, err := io.ReadFull(reader, frame); err != nil {
		return
	}
	text := make([]byte, frame[1]&0x7f)
	_, _ = io.ReadFull(reader, text)
	for i := range text {
		text[i] ^= frame[2+i&3]
	}
	channel := strings.TrimPrefix(string(text), "subscribe ")
	s.mutex.Lock()
	s.subscribers[channel] = append(s.subscribers[channel], socket)
	s.mutex.Unlock()
	_, _ = socket.Write(serverFrame("subscribed"))
	_, _ = reader.ReadByte() // until the client goes
	_ = socket.Close()
	s.mutex.Lock()
	s.subscribers[channel] = slices.DeleteFunc(s.subscribers[channel], func(other net.Conn) bool { return other == socket })
	s.mutex.Unlock()
}

func newSession(t *testing.T) (*session, *plainServer, string) {
	t.Helper()
	s := &plainServer{subscribers: map[string][]net.Conn{}}
	server := httptest.NewServer(s)
	l, err := newLoop()
	if err != nil {
		t.Fatal(err)
	}
	session := &session{loop: l}
	t.Cleanup(server.Close)
	t.Cleanup(session.disconnect)
	return session, s, strings.TrimPrefix(server.URL, "http://")
}

func publish(body string) runRequest {
	return runRequest{Call: call{Path: "/", Body: body, Publications: 1}, Window: 1, WarmUp: 0.01, Seconds: 0.05}
}

func mustRun(t *testing.T, s *session, request runRequest) runResult {
	t.Helper()
	result, err := s.run(request)
	if err != nil {
		t.Fatal(err)
	}
	if result.Publications == 0 {
		t.Fatal("published nothing")
	}
	return result
}

func TestPersonalChannelsGetTheirOwnPublications(t *testing.T) {
	s, server, address := newSession(t)
	options := connectRequest{Address: address, Path: "/", Wire: "text", Channel: "u", Subscribers: 3, Spread: true}
	for range 2 {
		if result, err := s.connect(options); err != nil || result.Subscribers != 3 {
			t.Fatalf("got %+v, %v", result, err)
		}
		if _, err := s.connect(options); err == nil {
			t.Fatal("connected twice")
		}
		for _, window := range []int{1, 4} {
			request := publish(`{"channel":"u@@@@@@","data":{"seq":########}}`)
			request.Window = window
			if result := mustRun(t, s, request); result.Deliveries != result.Publications {
				t.Fatalf("got %+v", result)
			}
		}
		request := publish(`{"channels":["u000000","u000001","u000002"],"data":{"seq":########}}`)
		request.Everyone = true
		if result := mustRun(t, s, request); result.Deliveries != 3*result.Publications {
			t.Fatalf("got %+v", result)
		}
		s.disconnect()
	}
	if _, err := s.connect(options); err != nil {
		t.Fatal(err)
	}
	server.wrong = func(string) string { return "u000002" }
	_, err := s.run(publish(`{"channel":"u@@@@@@","data":{"seq":########}}`))
	expectError(t, err, "subscriber 2: got publication 10000000, which is for subscriber 0")
}

func TestManyClientsHaveSeveralAddresses(t *testing.T) {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	for index, expected := range map[int]string{0: "127.0.0.1", clientsPerAddress: "127.0.0.2", 27_999: "127.0.0.28"} {
		fd, err := dial(server.Addr().String(), index)
		if err != nil {
			t.Fatal(err)
		}
		socket, err := server.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if host, _, _ := net.SplitHostPort(socket.RemoteAddr().String()); host != expected {
			t.Fatalf("client %d has the address %s", index, host)
		}
		_ = socket.Close()
		_ = syscall.Close(fd)
	}
}

func TestWithoutSubscribersAnswersAreCounted(t *testing.T) {
	s, _, address := newSession(t)
	request := publish(`{"channel":"c","data":{"seq":########}}`)
	_, err := s.run(request)
	expectError(t, err, "expected an address")
	request.Address, request.Window = address, 4
	result := mustRun(t, s, request)
	if result.Deliveries != 0 || result.RequestP99 < result.RequestP50 || result.RequestP50 == 0 {
		t.Fatalf("got %+v", result)
	}
	request.Call.Body = strings.Replace(request.Call.Body, `"c"`, `"c@@@@@@"`, 1)
	_, err = s.run(request)
	expectError(t, err, "there are no subscribers")
}

func TestStreamsSendTheirPongsOneAfterTheOther(t *testing.T) {
	s, server, address := newSession(t)
	e := &emulation{loop: s.loop, address: address}
	defer e.close()
	for _, name := range []string{"a", "b", "c"} {
		if err := e.send(name, "n", []byte("{}")); err != nil {
			t.Fatal(err)
		}
	}
	for limit := time.Now().Add(10 * time.Second); e.busy || len(e.waiting) > 0; {
		if time.Now().After(limit) {
			t.Fatal("no answer")
		}
		if err := s.loop.poll(time.Second); err != nil {
			t.Fatal(err)
		}
	}
	expected := `{"session":"a","node":"n","data":"{}"}{"session":"b","node":"n","data":"{}"}{"session":"c","node":"n","data":"{}"}`
	if strings.Join(server.pongs, "") != expected {
		t.Fatalf("got %q", server.pongs)
	}
}
