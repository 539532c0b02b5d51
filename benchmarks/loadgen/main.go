// Loadgen holds the subscribers of one server under test and publishes to it. It is driven by JSON lines: requests on
// standard input, one answer each on standard output, and it ends with its standard input. Any fault (a lost, repeated
// or reordered publication, a refused command, a closed connection) is reported as {"error": …} and ends it.
package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"
)

// Fields are read in any case: the benchmark writes them in camelCase.
type connectRequest struct {
	Address     string
	Path        string
	Wire        string
	Channel     string
	TokenKey    string
	Subscribers int
	// Spread: subscriber i subscribes to Channel followed by i in six digits, and each publication is for one of them.
	Spread bool
	// Handshakes is how many are under way at once; 0 takes 64, which is below every server's accept backlog.
	Handshakes int
	Pids       []int
	// Recover has every subscriber come back from a position instead of starting anew.
	Recover *recoverRequest
}

// connectResult is what it cost to connect and subscribe; times in seconds.
type connectResult struct {
	Subscribers int     `json:"subscribers"`
	Seconds     float64 `json:"seconds"`
	ServerCPU   float64 `json:"serverCpu"`
	LoadgenCPU  float64 `json:"loadgenCpu"`
}

type request struct {
	Connect    *connectRequest
	Run        *runRequest
	Disconnect *struct{}
}

const usualHandshakes = 64

const connectLimit = 60 * time.Second

func main() {
	debug.SetGCPercent(400)
	if err := serve(); err != nil {
		answer(map[string]string{"error": err.Error()})
		os.Exit(1)
	}
}

func answer(value any) {
	line, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%s\n", line)
}

// input collects requests; it stands on the loop like any socket.
type input struct {
	lines [][]byte
	rest  []byte
}

func (i *input) ready(uint32) error {
	var buffer [64 << 10]byte
	n, err := os.Stdin.Read(buffer[:])
	if n == 0 || err != nil {
		os.Exit(0)
	}
	i.rest = append(i.rest, buffer[:n]...)
	for {
		line, rest, found := bytes.Cut(i.rest, []byte("\n"))
		if !found {
			return nil
		}
		i.lines = append(i.lines, bytes.Clone(line))
		i.rest = rest
	}
}

func serve() error {
	l, err := newLoop()
	if err != nil {
		return err
	}
	in := &input{}
	if err := l.add(int(os.Stdin.Fd()), in); err != nil {
		return err
	}
	s := &session{loop: l}
	for {
		if len(in.lines) == 0 {
			// Between the runs the subscribers still answer pings.
			if err := l.poll(-1); err != nil {
				return err
			}
			continue
		}
		line := in.lines[0]
		in.lines = in.lines[1:]
		var r request
		if err := json.Unmarshal(line, &r); err != nil {
			return fmt.Errorf("request %.200q: %w", line, err)
		}
		if err := s.handle(r); err != nil {
			return err
		}
	}
}

type session struct {
	loop *loop
	// fleet is nil while there are no subscribers.
	fleet   *fleet
	address string
}

func (s *session) handle(r request) error {
	switch {
	case r.Connect != nil:
		result, err := s.connect(*r.Connect)
		if err != nil {
			return err
		}
		answer(result)
	case r.Run != nil:
		result, err := s.run(*r.Run)
		if err != nil {
			return err
		}
		answer(result)
	case r.Disconnect != nil:
		s.disconnect()
		answer(map[string]int{"subscribers": 0})
	default:
		return errors.New("expected connect, run or disconnect")
	}
	return nil
}

func (s *session) run(request runRequest) (runResult, error) {
	address := cmp.Or(request.Address, s.address)
	if address == "" {
		return runResult{}, errors.New("run: expected an address, or subscribers before it")
	}
	f := s.fleet
	if f == nil {
		f = &fleet{loop: s.loop, ledger: &ledger{}}
	}
	return f.run(address, request)
}

func (s *session) connect(options connectRequest) (result connectResult, err error) {
	if s.fleet != nil {
		return result, errors.New("connect: there are subscribers; disconnect them first")
	}
	w, err := newWire(options)
	if err != nil {
		return result, err
	}
	s.address = options.Address
	s.fleet = newFleet(s.loop, w, options)
	spent, err := startWatch(options.Pids)
	if err != nil {
		return result, err
	}
	if err := s.fleet.connect(options); err != nil {
		return result, err
	}
	result.Subscribers = s.fleet.live
	result.Seconds, result.ServerCPU, result.LoadgenCPU, err = spent.read()
	return result, err
}

func (s *session) disconnect() {
	if s.fleet != nil {
		s.fleet.close()
	}
	s.fleet, s.address = nil, ""
}

func (f *fleet) connect(options connectRequest) error {
	limit := time.Now().Add(connectLimit)
	handshakes := cmp.Or(options.Handshakes, usualHandshakes)
	for opened := 0; f.live < options.Subscribers; {
		for ; opened < options.Subscribers && opened-f.live < handshakes; opened++ {
			if err := f.open(opened, options.Address, options.Path); err != nil {
				return err
			}
		}
		if time.Now().After(limit) {
			return fmt.Errorf("after %v only %d of %d subscribers are connected", connectLimit, f.live, options.Subscribers)
		}
		if err := f.loop.poll(time.Second); err != nil {
			return err
		}
	}
	return nil
}
