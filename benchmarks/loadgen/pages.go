package main

import (
	"bytes"
	"fmt"
	"slices"
	"time"
)

const maxPageConnections = 64

// pagesRequest asks for a page at fixed times, whatever comes back, beside the publishing.
type pagesRequest struct {
	Path string
	// Rate is requests per second.
	Rate float64
}

// pagesResult has latencies in microseconds, from when a request was due.
type pagesResult struct {
	Requests int     `json:"requests"`
	P50      float64 `json:"p50"`
	P99      float64 `json:"p99"`
}

// pages is the visitors of a site. A request that is due takes a connection that is free, or a new one.
type pages struct {
	loop     *loop
	address  string
	request  []byte
	interval time.Duration

	sending    bool
	due        time.Time // of the next request
	late       []time.Time
	idle       []*pageConnection
	open       int
	unanswered int
	latencies  []time.Duration
}

type pageConnection struct {
	*exchange
	pages *pages
	busy  bool
	used  bool // has been answered before
	due   time.Time
}

func newPages(l *loop, address string, r pagesRequest) (*pages, error) {
	if r.Rate <= 0 {
		return nil, fmt.Errorf("pages: %v requests per second", r.Rate)
	}
	return &pages{
		loop:     l,
		address:  address,
		request:  fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nAccept: */*\r\n\r\n", r.Path, address),
		interval: time.Duration(float64(time.Second) / r.Rate),
	}, nil
}

func (p *pages) start(now time.Time) { p.sending, p.due = true, now }

func (p *pages) stop() { p.sending = false }

func (p *pages) done() bool { return p.unanswered == 0 && len(p.late) == 0 }

// send asks for what is due, and gives how long to wait for the next: at most as long as it is told.
func (p *pages) send(wait time.Duration) (time.Duration, error) {
	if !p.sending {
		return wait, nil
	}
	for ; !time.Now().Before(p.due); p.due = p.due.Add(p.interval) {
		if err := p.ask(p.due); err != nil {
			return 0, err
		}
	}
	return max(min(wait, time.Until(p.due)), 0), nil
}

func (p *pages) ask(due time.Time) error {
	var c *pageConnection
	switch last := len(p.idle) - 1; {
	case last >= 0:
		c, p.idle = p.idle[last], p.idle[:last]
	case p.open < maxPageConnections:
		var err error
		if c, err = p.connect(); err != nil {
			return err
		}
	default:
		p.late = append(p.late, due)
		return nil
	}
	return c.ask(due)
}

func (p *pages) connect() (*pageConnection, error) {
	e, err := openExchange(p.loop, p.address)
	if err != nil {
		return nil, err
	}
	c := &pageConnection{exchange: e, pages: p}
	e.answered, e.lost = c.answer, c.end
	p.open++
	return c, nil
}

func (c *pageConnection) ask(due time.Time) error {
	c.busy, c.due = true, due
	c.pages.unanswered++
	return c.send(c.pages.request)
}

func (c *pageConnection) answer(r response) error {
	if r.status != "200" {
		return fmt.Errorf("a page was answered with %q: %.200q", r.status, r.body)
	}
	p := c.pages
	p.latencies = append(p.latencies, time.Since(c.due))
	p.unanswered--
	c.busy, c.used = false, true
	if bytes.Contains(r.head, []byte("\r\nconnection: close\r\n")) {
		c.drop()
	} else {
		p.idle = append(p.idle, c)
	}
	if len(p.late) == 0 {
		return nil
	}
	due := p.late[0]
	p.late = p.late[1:]
	return p.ask(due)
}

// end: a server may close a connection that it has answered on, and a request can be on its way just then.
func (c *pageConnection) end(err error) error {
	p := c.pages
	c.drop()
	if !c.busy {
		p.idle = slices.DeleteFunc(p.idle, func(other *pageConnection) bool { return other == c })
		return nil
	}
	if !c.used || len(c.received) > 0 {
		return fmt.Errorf("page: %w", err)
	}
	p.unanswered--
	return p.ask(c.due)
}

func (c *pageConnection) drop() {
	c.close()
	c.pages.open--
}

func (p *pages) close() {
	for _, c := range p.idle {
		c.drop()
	}
}

func (p *pages) result() *pagesResult {
	slices.Sort(p.latencies)
	return &pagesResult{Requests: len(p.latencies), P50: percentile(p.latencies, 0.5), P99: percentile(p.latencies, 0.99)}
}
