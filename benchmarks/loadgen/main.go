// Loadgen holds the subscribers of one server under test and publishes to it. It is driven by JSON lines: requests on
// standard input, one answer each on standard output, and it ends with its standard input. Any fault (a lost, repeated
// or reordered publication, a refused command, a closed connection) is reported as {"error": …} and ends it.
package main

import (
	"bytes"
	"encoding/json"
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
}

type request struct {
	Connect *connectRequest
	Run     *runRequest
}

// How many handshakes are under way at once: below every server's accept backlog.
const handshakes = 64

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
	loop    *loop
	fleet   *fleet
	address string
}

func (s *session) handle(r request) error {
	switch {
	case r.Connect != nil:
		if err := s.connect(*r.Connect); err != nil {
			return err
		}
		answer(map[string]int{"subscribers": s.fleet.live})
	case r.Run != nil && s.fleet != nil:
		result, err := s.fleet.run(s.address, *r.Run)
		if err != nil {
			return err
		}
		answer(result)
	default:
		return fmt.Errorf("expected connect, then run")
	}
	return nil
}

func (s *session) connect(options connectRequest) error {
	w, err := newWire(options)
	if err != nil {
		return err
	}
	s.address = options.Address
	s.fleet = &fleet{
		loop:   s.loop,
		wire:   w,
		ledger: &ledger{subscribers: uint32(options.Subscribers)},
		buffer: make([]byte, 512<<10),
	}
	limit := time.Now().Add(connectLimit)
	for opened := 0; s.fleet.live < options.Subscribers; {
		for ; opened < options.Subscribers && opened-s.fleet.live < handshakes; opened++ {
			if err := s.fleet.open(opened, options.Address, options.Path); err != nil {
				return err
			}
		}
		if time.Now().After(limit) {
			return fmt.Errorf("after %v only %d of %d subscribers are connected", connectLimit, s.fleet.live, options.Subscribers)
		}
		if err := s.loop.poll(time.Second); err != nil {
			return err
		}
	}
	return nil
}
