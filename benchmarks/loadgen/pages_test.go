package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// visit asks for so many pages, and waits for them.
func visit(t *testing.T, handler http.HandlerFunc, count int) (*pages, error) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	l, err := newLoop()
	if err != nil {
		t.Fatal(err)
	}
	p, err := newPages(l, strings.TrimPrefix(server.URL, "http://"), pagesRequest{Path: "/page?a=b", Rate: 1000})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	// Due long since, so that all of them are sent at once.
	p.start(time.Now().Add(-time.Duration(count) * time.Millisecond))
	if _, err := p.send(time.Second); err != nil {
		return p, err
	}
	p.stop()
	for limit := time.Now().Add(10 * time.Second); !p.done(); {
		if time.Now().After(limit) {
			t.Fatalf("%d pages are not answered", p.unanswered)
		}
		if err := l.poll(time.Second); err != nil {
			return p, err
		}
	}
	return p, nil
}

func TestPagesOpenConnectionsAsNeededAndKeepThem(t *testing.T) {
	var visitors, atOnce atomic.Int32
	release := make(chan struct{})
	p, err := visit(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.String() != "/page?a=b" {
			http.Error(w, r.URL.String(), http.StatusNotFound)
		}
		// Nobody is answered before every connection is busy.
		if visitors.Add(1); atOnce.Add(1) == maxPageConnections {
			close(release)
		}
		<-release
		_, _ = w.Write([]byte(strings.Repeat("<p>", 50_000)))
	}, 200)
	if err != nil {
		t.Fatal(err)
	}
	if p.open != maxPageConnections || len(p.idle) != maxPageConnections {
		t.Fatalf("%d connections are open, %d idle", p.open, len(p.idle))
	}
	if result := p.result(); result.Requests < 200 || result.Requests != int(visitors.Load()) || result.P99 < result.P50 ||
		p.latencies[len(p.latencies)-1] < 200*time.Millisecond {
		t.Fatalf("got %+v of %d requests, the longest %v", result, visitors.Load(), p.latencies[len(p.latencies)-1])
	}
}

func TestPagesSurviveAServerThatClosesConnections(t *testing.T) {
	p, err := visit(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "close") }, 100)
	if err != nil {
		t.Fatal(err)
	}
	if p.open != 0 || len(p.idle) != 0 || len(p.latencies) < 100 {
		t.Fatalf("%d connections are open after %d requests", p.open, len(p.latencies))
	}
}

func TestPagesRefuseAnyStatusBut200(t *testing.T) {
	_, err := visit(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusFound) }, 1)
	if err == nil || !strings.Contains(err.Error(), `answered with "302"`) {
		t.Fatalf("got %v", err)
	}
}
