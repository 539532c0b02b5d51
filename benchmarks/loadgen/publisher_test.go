package main

import (
	"net"
	"strings"
	"testing"
	"time"
)

func TestResponses(t *testing.T) {
	for _, test := range []struct {
		response string
		whole    bool
		fails    bool
	}{
		{"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n", false, false},
		{"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"result\":{}", false, false},
		{"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"result\":{}}", true, false},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nd\r\n{\"result\":{}}\r\n", false, false},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nd\r\n{\"result\":{}}\r\n0\r\n\r\n", true, false},
		{"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{\"error\":{}}", true, true},
		{"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", true, true},
		{"HTTP/1.1 204 No Content\r\n\r\n", true, true},
		{"HTTP/1.1 200 OK\r\n\r\n", false, true},
		{"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", false, true},
	} {
		r, whole, err := readResponse([]byte(test.response))
		if err == nil && whole {
			err = checkPublished(r)
		}
		if whole != test.whole || (err != nil) != test.fails {
			t.Errorf("%q: whole %v, error %v", test.response, whole, err)
		}
	}
}

func TestPublisherWritesNumbersAndRecipients(t *testing.T) {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	loop, err := newLoop()
	if err != nil {
		t.Fatal(err)
	}
	book := &ledger{subscribers: 3, sent: 4, heard: 4, finished: 4}
	body := `[{"to":"u@@@@@@","seq":########},{"to":"u@@@@@@","seq":########}]`
	p, err := openPublisher(loop, book, server.Addr().String(), call{Path: "/", Body: body, Publications: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	if err := p.publish(time.Now()); err != nil {
		t.Fatal(err)
	}
	expected := `[{"to":"u000001","seq":10000004},{"to":"u000002","seq":10000005}]`
	if !strings.HasSuffix(string(p.request), expected) {
		t.Fatalf("sent %q", p.request)
	}
	if _, err := openPublisher(loop, book, server.Addr().String(), call{Body: body, Publications: 3}); err == nil {
		t.Fatal("took two placeholders for three publications")
	}
}
