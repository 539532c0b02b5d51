package main

import (
	"fmt"
	"slices"
	"time"
)

// A run that makes no end for so long has lost deliveries.
const drainLimit = 15 * time.Second

type runRequest struct {
	Call call
	// Address is where to publish; without it, where the subscribers are connected.
	Address string
	// Window is how many requests are outstanding at once: sent, and not yet both answered and heard by everybody.
	Window int
	// Rate is requests per second at fixed times, whatever comes back (an open loop); 0 keeps the window full instead.
	Rate float64
	// WarmUp and Seconds are how long requests are sent; each ends when everything has been heard.
	WarmUp  float64
	Seconds float64
	Pids    []int
	// Everyone: in a fleet of personal channels, each publication goes to all of them.
	Everyone bool
	// Pages are asked for meanwhile.
	Pages *pagesRequest
}

type runResult struct {
	Publications uint64  `json:"publications"`
	Deliveries   uint64  `json:"deliveries"`
	Seconds      float64 `json:"seconds"`
	ServerCPU    float64 `json:"serverCpu"`
	LoadgenCPU   float64 `json:"loadgenCpu"`
	// Latency of a delivery in microseconds, from when its publication was due. Open loop only.
	P50 float64 `json:"p50,omitempty"`
	P99 float64 `json:"p99,omitempty"`
	// From a request to its answer, in microseconds. Closed loop without subscribers only.
	RequestP50 float64 `json:"requestP50,omitempty"`
	RequestP99 float64 `json:"requestP99,omitempty"`

	Pages *pagesResult `json:"pages,omitempty"`
}

// run is one measurement: every publication of it has been answered, and heard by every subscriber, when it returns.
type run struct {
	runRequest
	fleet      *fleet
	ledger     *ledger
	publishers []*publisher
	// requests is how long each request took; nil while nobody asks.
	requests *[]time.Duration
	pages    *pages // nil when there are none
	sending  bool
	failure  error
}

func (f *fleet) run(address string, request runRequest) (result runResult, err error) {
	r := &run{runRequest: request, fleet: f, ledger: f.ledger}
	f.ledger.strict = request.Window == 1
	f.ledger.spread = f.spread && !request.Everyone
	for _, s := range f.subscribers {
		s.position = f.ledger.start(uint32(s.index))
	}
	f.ledger.onFinished = func(owner *publisher) {
		owner.unheard--
		r.refill(owner)
	}
	for range request.Window {
		p, err := openPublisher(f.loop, f.ledger, address, request.Call)
		if err != nil {
			return result, err
		}
		defer p.close()
		p.onReplied = func() { r.replied(p) }
		r.publishers = append(r.publishers, p)
	}
	if request.Pages != nil {
		if r.pages, err = newPages(f.loop, address, *request.Pages); err != nil {
			return result, err
		}
		defer r.pages.close()
	}
	if err := r.phase(request.WarmUp); err != nil {
		return result, err
	}
	return r.measure()
}

func (r *run) measure() (result runResult, err error) {
	var latencies, requests []time.Duration
	switch {
	case r.Rate > 0:
		r.fleet.latencies = &latencies
		defer func() { r.fleet.latencies = nil }()
	case r.ledger.subscribers == 0:
		r.requests = &requests
	}
	deliveries, publications := r.fleet.deliveries, r.ledger.sent
	if r.pages != nil {
		r.pages.latencies = nil
	}
	spent, err := startWatch(r.Pids)
	if err != nil {
		return result, err
	}
	if err := r.phase(r.Seconds); err != nil {
		return result, err
	}
	seconds, server, own, err := spent.read()
	if err != nil {
		return result, err
	}
	slices.Sort(latencies)
	slices.Sort(requests)
	result = runResult{
		Publications: r.ledger.sent - publications,
		Deliveries:   r.fleet.deliveries - deliveries,
		Seconds:      seconds,
		ServerCPU:    server,
		LoadgenCPU:   own,
		P50:          percentile(latencies, 0.5),
		P99:          percentile(latencies, 0.99),
		RequestP50:   percentile(requests, 0.5),
		RequestP99:   percentile(requests, 0.99),
	}
	if r.pages != nil {
		result.Pages = r.pages.result()
	}
	return result, nil
}

func (r *run) replied(p *publisher) {
	if r.requests != nil {
		*r.requests = append(*r.requests, time.Since(p.asked))
	}
	r.refill(p)
}

// refill keeps the window of a closed loop full.
func (r *run) refill(p *publisher) {
	if r.Rate == 0 && r.sending && p.free() && r.failure == nil {
		r.failure = p.publish(time.Now())
	}
}

// phase sends for so long, then waits until everything has been answered and heard.
func (r *run) phase(seconds float64) error {
	end := time.Now().Add(time.Duration(seconds * float64(time.Second)))
	r.sending = true
	if r.pages != nil {
		r.pages.start(time.Now())
	}
	send := r.sendClosed
	if r.Rate > 0 {
		send = r.sendOpen
	}
	if err := send(end); err != nil {
		return err
	}
	r.sending = false
	if r.pages != nil {
		r.pages.stop()
	}
	return r.drain()
}

func (r *run) sendClosed(end time.Time) error {
	for _, p := range r.publishers {
		r.refill(p)
	}
	for time.Now().Before(end) {
		if err := r.poll(time.Until(end)); err != nil {
			return err
		}
	}
	return nil
}

// sendOpen publishes at fixed times. Latency counts from the time that was due, so a server that answers late cannot
// hide it by slowing the load generator down.
func (r *run) sendOpen(end time.Time) error {
	interval := time.Duration(float64(time.Second) / r.Rate)
	p := r.publishers[0]
	for due := time.Now(); due.Before(end); {
		if p.replied && !time.Now().Before(due) {
			if err := p.publish(due); err != nil {
				return err
			}
			due = due.Add(interval)
		}
		wait := time.Until(due)
		if !p.replied {
			wait = max(wait, time.Millisecond)
		}
		if err := r.poll(max(wait, 0)); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) drain() error {
	limit := time.Now().Add(drainLimit)
	for !r.done() {
		if time.Now().After(limit) {
			return fmt.Errorf("after %v: %d publications are not heard by all %d subscribers, or something is not answered",
				drainLimit, r.ledger.sent-r.ledger.finished, r.ledger.subscribers)
		}
		if err := r.poll(100 * time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) done() bool {
	return r.ledger.idle() && (r.pages == nil || r.pages.done()) &&
		!slices.ContainsFunc(r.publishers, func(p *publisher) bool { return !p.replied })
}

func (r *run) poll(wait time.Duration) (err error) {
	if r.pages != nil {
		if wait, err = r.pages.send(wait); err != nil {
			return err
		}
	}
	if err := r.fleet.loop.poll(wait); err != nil {
		return err
	}
	return r.failure
}

func percentile(sorted []time.Duration, share float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return float64(sorted[int(share*float64(len(sorted)-1))].Microseconds())
}
