package main

import "testing"

func TestCheckResponse(t *testing.T) {
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
		{"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{\"error\":{}}", false, true},
		{"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", false, true},
		{"HTTP/1.1 200 OK\r\n\r\n", false, true},
	} {
		whole, err := checkResponse([]byte(test.response))
		if whole != test.whole || (err != nil) != test.fails {
			t.Errorf("%q: whole %v, error %v", test.response, whole, err)
		}
	}
}
