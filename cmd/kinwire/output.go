package main

import (
	"context"
	"errors"
	"io"

	"github.com/kinwire/kinwire/cmd/kinwire/internal/jsonvalue"
	"github.com/kinwire/kinwire/wire"
)

// print prints the answers, in order.
func (p *pipeline) print() {
	defer close(p.answered)
	for c := range p.calls {
		err := p.printAnswer(c)
		c.release()
		p.progress.count(err)
		if err != nil {
			p.failed.Store(true)
			// Why it can't be printed, the end of the session tells.
			_ = p.stdout.print(appendFailure(nil, err))
		}
	}
}

// printAnswer prints all that a call is answered with, and returns why it failed.
func (p *pipeline) printAnswer(c *call) error {
	if c.err != nil {
		return p.inWords(c.err)
	}
	for {
		value, err := c.answer.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return p.inWords(err)
		}
		if err := p.printValue(value); err != nil {
			c.answer.Close()
			return err
		}
	}
}

// printValue prints one value.
func (p *pipeline) printValue(value wire.Payload) error {
	if len(value) == 0 {
		value = wire.Payload{0xc0} // nil
	}
	line, err := jsonvalue.AppendJSON(make([]byte, 0, 2*len(value)), value)
	if err != nil {
		return wire.Errorf(wire.CodeFailed, "the answer can't be said in JSON: %v", err)
	}
	return p.stdout.print(append(line, '\n'))
}

// inWords makes an error of the context say what the user has asked for. Without a timeout it is
// the worker that says so, of something else.
func (p *pipeline) inWords(err error) error {
	if p.timeout > 0 && errors.Is(err, context.DeadlineExceeded) {
		return wire.Errorf(wire.CodeDeadlineExceeded, "there was no complete answer within %v", p.timeout)
	}
	return err
}
