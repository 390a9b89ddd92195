package main

import (
	"context"
	"sync"

	"github.com/kinwire/kinwire/exchange"
	"github.com/kinwire/kinwire/wire"
)

// pipeline carries inputs to workers and brings the answers into their order. One goroutine
// reads the inputs, one sends them, and one prints the answers.
type pipeline struct {
	*session
	worker   caller
	ctx      context.Context    // of all calls
	cancel   context.CancelFunc // gives up all calls
	waits    context.Context    // ends with ctx, and when no more inputs are to be sent
	slots    chan struct{}      // holds one for each input that is sent and not yet printed
	inputs   chan input
	calls    chan *call    // in the order of their inputs
	stopping chan struct{} // closed when no more inputs are to be sent
	stop     func()        // closes it
	answered chan struct{} // closed when all is printed
}

// call is an input that has its place in the output.
type call struct {
	answer  exchange.Exchange // nil if there is none because of err
	err     error
	release func() // to be called when the answer is printed
}

// startPipeline starts to send inputs, so many at a time at most. It ends with the inputs, or
// soon after stop.
func (s *session) startPipeline(worker caller, inFlight int) *pipeline {
	p := &pipeline{
		session:  s,
		worker:   worker,
		slots:    make(chan struct{}, inFlight),
		inputs:   make(chan input),
		calls:    make(chan *call, inFlight),
		stopping: make(chan struct{}),
		answered: make(chan struct{}),
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	waits, stopWaiting := context.WithCancel(p.ctx)
	p.waits = waits
	p.stop = sync.OnceFunc(func() {
		close(p.stopping)
		stopWaiting()
	})
	go p.read()  // until the end of the inputs; a read that waits when p stops is abandoned
	go p.send()  // until stop or the last input
	go p.print() // until send is done; then it closes answered
	return p
}

// send sends one input after the other, and queues the calls.
func (p *pipeline) send() {
	defer close(p.calls)
	for {
		select {
		case <-p.stopping:
			return
		case in, ok := <-p.inputs:
			if !ok {
				return
			}
			p.calls <- p.begin(in)
		}
	}
}

// begin sends an input once it may.
func (p *pipeline) begin(in input) *call {
	select {
	case <-p.stopping:
		return p.refuse()
	case p.slots <- struct{}{}:
	}
	select {
	case <-p.stopping: // which may have come at the same moment
		<-p.slots
		return p.refuse()
	default:
	}
	if in.err != nil {
		return p.unsent(in.err)
	}
	if err := p.worker.Ready(p.waits); err != nil {
		if p.waits.Err() != nil {
			<-p.slots
			return p.refuse()
		}
		return p.unsent(err)
	}
	ctx, cancel := p.ctx, context.CancelFunc(func() {})
	if p.timeout > 0 {
		ctx, cancel = context.WithTimeout(ctx, p.timeout)
	}
	c := &call{release: func() { cancel(); <-p.slots }}
	c.answer, c.err = p.worker.Open(ctx, p.method, exchange.Last{Value: in.value})
	return c
}

// unsent is the call for an input that was not sent, and has taken its slot.
func (p *pipeline) unsent(err error) *call {
	return &call{err: err, release: func() { <-p.slots }}
}

// refuse is the call for an input that comes too late.
func (p *pipeline) refuse() *call {
	return &call{
		err:     wire.Errorf(wire.CodeShuttingDown, "kinwire was told to stop before it had sent this input"),
		release: func() {},
	}
}
