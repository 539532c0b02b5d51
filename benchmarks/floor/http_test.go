package main

import (
	"fmt"
	"strings"
	"testing"
)

func TestRequests(t *testing.T) {
	whole := "POST /api/publish HTTP/1.1\r\nHost: a\r\ncontent-length: 5\r\n\r\n{...}"
	for end := range len(whole) {
		if r, err := readRequest([]byte(whole[:end])); r.size != 0 || err != nil {
			t.Fatalf("%q: size %d, %v", whole[:end], r.size, err)
		}
	}
	r, err := readRequest([]byte(whole + "GET"))
	if string(r.path) != "/api/publish" || string(r.body) != "{...}" || r.size != len(whole) || len(r.key) > 0 || err != nil {
		t.Fatalf("got %+v, %v", r, err)
	}
	for _, bad := range []string{
		"\r\n\r\n", "GET / HTTP/1.0\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n",
		strings.Repeat("x", maxRequest+1),
	} {
		if _, err := readRequest([]byte(bad)); err == nil {
			t.Errorf("took %.40q", bad)
		}
	}
}

func TestUpgradeAnswersTheKeyOfTheStandard(t *testing.T) {
	r, err := readRequest([]byte("GET /any HTTP/1.1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"))
	if err != nil || !strings.Contains(string(appendUpgrade(nil, r.key)), "\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n") {
		t.Fatalf("got %q, %v", appendUpgrade(nil, r.key), err)
	}
}

func TestPublicationIsCutOutOfTheBody(t *testing.T) {
	channel, data, ok := publication([]byte(`{"channel":"bench:news","data":{"seq":10000000,"text":"a"}}`))
	if !ok || string(channel) != "bench:news" || string(data) != `{"seq":10000000,"text":"a"}` {
		t.Fatalf("got %q %q %v", channel, data, ok)
	}
	for _, bad := range []string{"", "{}", `{"channel":"c"}`, `{"channel":"c","data":`, `{"data":1}`, `{"channel":"c`} {
		if _, _, ok := publication([]byte(bad)); ok {
			t.Errorf("took %q", bad)
		}
	}
}

func TestBurstHasPayloadsOfTheLengthThatWasAskedFor(t *testing.T) {
	for _, bytes := range []int{26, 27, 71, 128, 1024, 70_000} {
		b, ok := readBurst(fmt.Appendf(nil, `{"channel":"c","first":10000007,"count":3,"bytes":%d}`, bytes))
		if !ok {
			t.Fatalf("refused %d bytes", bytes)
		}
		text := strings.Repeat("The quick brown fox jumps over the lazy dog. ", 2000)[:bytes-26]
		var expected []byte
		for number := 10_000_007; number < 10_000_010; number++ {
			expected = appendFrame(expected, opText, fmt.Appendf(nil, `{"seq":%d,"text":"%s"}`, number, text))
		}
		if string(appendBurst(nil, b)) != string(expected) {
			t.Fatalf("%d bytes: got %.200q", bytes, appendBurst(nil, b))
		}
	}
	for _, bad := range []string{"", `{"channel":"c","first":10000000,"count":1}`,
		`{"channel":"c","first":10000000,"count":1,"bytes":25}`,
		`{"channel":"c","first":10000000,"count":99999999,"bytes":128}`,
		`{"channel":"c","first":99999999,"count":2,"bytes":128}`,
		`{"channel":"c","first":1,"count":2,"bytes":128}`,
		`{"channel":"c","first":10000000,"count":0,"bytes":128}`,
		`{"channel":"c","first":10000000,"count":99999999999999999999,"bytes":128}`} {
		if _, ok := readBurst([]byte(bad)); ok {
			t.Errorf("took %q", bad)
		}
	}
}
