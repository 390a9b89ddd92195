package pool

import (
	"context"

	"github.com/kinwire/kinwire/exchange"
)

// Call implements [exchange.Caller]: it calls the least busy worker, or waits for one. A
// worker's death is a *process.ExitError. A call of which nothing was sent when its worker
// died or asked to be replaced goes to another one; one of which anything was never does.
//
// While all workers have as many calls as they take, it waits its turn, as [Queue] bounds
// it. A call that has found no worker fails with the code overloaded, or shutting_down after
// Shutdown, or the error of its context; errors.Is(err, wire.ErrNotSent) holds for all.
func (p *Pool) Call(ctx context.Context, method string, in, out any) error {
	return p.call(ctx, want{}, method, in, out)
}

// Open implements [exchange.Caller]: it opens an exchange with the least busy worker, as
// Call does. The exchange counts as a call of its worker until the worker has ended it,
// whether anybody receives that or not.
func (p *Pool) Open(ctx context.Context, method string, in any) (exchange.Exchange, error) {
	return p.open(ctx, want{}, method, in)
}

func (p *Pool) call(ctx context.Context, want want, method string, in, out any) error {
	for try := 1; ; try++ {
		m, err := p.acquire(ctx, want)
		if err != nil {
			return err
		}
		err = m.w.Call(ctx, method, in, out)
		if again := p.release(m, err); !again || try == tries || ctx.Err() != nil {
			return err
		}
	}
}

func (p *Pool) open(ctx context.Context, want want, method string, in any) (exchange.Exchange, error) {
	for try := 1; ; try++ {
		m, err := p.acquire(ctx, want)
		if err != nil {
			return nil, err
		}
		x, err := m.w.Open(ctx, method, in)
		if err == nil {
			p.opened(m)
			return x, nil
		}
		if again := p.release(m, err); !again || try == tries || ctx.Err() != nil {
			return nil, err
		}
	}
}

// Ready waits, as a call does, until a worker has room, and fails as a call does that finds
// none. It takes nothing: whoever makes one call after another knows that the next one need
// not wait, unless others are quicker.
func (p *Pool) Ready(ctx context.Context) error {
	m, err := p.acquire(ctx, want{})
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.returnLocked(m, want{})
	return nil
}

// opened hands the place of an exchange over to [member.linger], which counts it as well.
func (p *Pool) opened(m *member) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.doneLocked(m, neutral)
}
