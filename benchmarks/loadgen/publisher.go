package main

import (
	"bytes"
	"fmt"
	"strconv"
	"time"
)

// In a request's body, placeholder stands where a sequence number goes, and recipient where the number of the subscriber
// goes whom the publication is for: publication n is for subscriber n modulo their count.
var (
	placeholder = []byte("########")
	recipient   = []byte("@@@@@@")
)

// call is an HTTP request that publishes. With several placeholders they get consecutive numbers; a body with one
// placeholder and several publications gives the first number, and the server counts on. The same holds for recipients,
// of which there may be none.
type call struct {
	Path         string
	Headers      map[string]string
	Body         string
	Publications int
}

// publisher sends the same request again and again, with other numbers.
type publisher struct {
	*exchange
	ledger     *ledger
	request    []byte
	numbers    []int // where the placeholders stand
	recipients []int
	count      int

	asked     time.Time
	replied   bool
	unheard   int // publications that somebody has not heard yet
	onReplied func()
}

func openPublisher(l *loop, book *ledger, address string, c call) (*publisher, error) {
	request := fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n",
		c.Path, address, len(c.Body))
	for name, value := range c.Headers {
		request = fmt.Appendf(request, "%s: %s\r\n", name, value)
	}
	request = append(append(request, "\r\n"...), c.Body...)
	p := &publisher{ledger: book, request: request, count: c.Publications, replied: true,
		numbers: places(request, placeholder), recipients: places(request, recipient)}
	if len(p.numbers) != 1 && len(p.numbers) != p.count {
		return nil, fmt.Errorf("%d placeholders for %d publications", len(p.numbers), p.count)
	}
	if len(p.recipients) > 1 && len(p.recipients) != p.count {
		return nil, fmt.Errorf("%d recipients for %d publications", len(p.recipients), p.count)
	}
	if len(p.recipients) > 0 && book.subscribers == 0 {
		return nil, fmt.Errorf("%q in a request, but there are no subscribers", recipient)
	}
	var err error
	if p.exchange, err = openExchange(l, address); err != nil {
		return nil, err
	}
	p.answered = p.reply
	p.lost = func(err error) error { return fmt.Errorf("publish: %w", err) }
	return p, nil
}

func places(request, sign []byte) (at []int) {
	for from := 0; ; from += len(sign) {
		next := bytes.Index(request[from:], sign)
		if next < 0 {
			return at
		}
		from += next
		at = append(at, from)
	}
}

// free: nothing of the last request is outstanding, neither its answer nor a delivery.
func (p *publisher) free() bool { return p.replied && p.unheard == 0 }

// publish sends the request for publications that were due at the given time.
func (p *publisher) publish(due time.Time) error {
	for i := range p.count {
		sequence, err := p.ledger.next(p, due)
		if err != nil {
			return err
		}
		if i < len(p.numbers) {
			writeDigits(p.request[p.numbers[i]:][:digits], sequence)
		}
		if i < len(p.recipients) {
			writeDigits(p.request[p.recipients[i]:][:len(recipient)], (sequence-firstSequence)%p.ledger.subscribers)
		}
	}
	p.asked, p.replied = due, false
	p.unheard += p.count
	return p.send(p.request)
}

func writeDigits(into []byte, number uint32) {
	for i := len(into) - 1; i >= 0; i-- {
		into[i] = byte('0' + number%10)
		number /= 10
	}
}

func (p *publisher) reply(r response) error {
	if err := checkPublished(r); err != nil {
		return err
	}
	p.replied = true
	if p.ledger.subscribers == 0 {
		p.ledger.answered(p.count)
		p.unheard = 0
	}
	p.onReplied()
	return nil
}

// checkPublished fails unless the response is a success.
func checkPublished(r response) error {
	if r.status != "200" || bytes.Contains(r.body, []byte(`"error"`)) {
		return fmt.Errorf("publish: the server answered %s: %.300q", strconv.Quote(r.status), r.body)
	}
	return nil
}
