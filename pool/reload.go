package pool

import (
	"context"
	"fmt"
	"slices"

	"github.com/kinwire/kinwire/parent"
)

// Reload replaces all workers, one place after the other as far as [Spec.Starting] allows,
// by those of another command or configuration. Each goes on until its successor is ready,
// and then finishes what it has, so that no call is dropped or waits for a start.
//
// The first worker of the new kind is started before anything is changed: if it does not
// start, that is the error, and all stays as it was. Else Reload returns once no worker of
// the old kind has new calls. It fails when a place can't get one of the new kind, or ctx
// ends; the old ones that are left go on then, and are still replaced when that succeeds.
// One Reload runs at a time, and a further one waits for it.
func (p *Pool) Reload(ctx context.Context, worker parent.Spec) error {
	select {
	case p.reloading <- struct{}{}:
		defer func() { <-p.reloading }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	first, err := p.tryWorker(ctx, worker)
	if err != nil {
		return err
	}
	defer p.dismiss(first)
	return p.awaitReload(ctx)
}

// enter makes its caller a task of the pool that starts a worker, unless the pool ends.
func (p *Pool) enter() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closing {
		return errShuttingDown()
	}
	p.tasks.Add(1)
	p.stats.Starts++
	p.stats.Starting++
	return nil
}

// tryWorker starts a worker of a new kind. If that succeeds, it is a spare, and all later
// ones are of its kind.
func (p *Pool) tryWorker(ctx context.Context, worker parent.Spec) (*member, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.tasks.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(p.starting, cancel)()
	_, generation := p.nextWorker()
	generation++
	worker = measured(worker, p.spec.Recycle.Memory)
	w, err := parent.Start(ctx, worker)
	if err != nil {
		return nil, p.tryFailed(ctx, err)
	}
	m := p.newMember(w, generation)
	if !p.renew(m, worker) {
		return nil, errShuttingDown()
	}
	return m, nil
}

// tryFailed counts a first worker of a new kind that has not started, and returns why.
func (p *Pool) tryFailed(ctx context.Context, err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.Starting--
	switch {
	case p.closing:
		p.stats.StartsGivenUp++
		return errShuttingDown()
	case ctx.Err() != nil:
		p.stats.StartsGivenUp++
	default:
		p.stats.StartsFailed++
	}
	return err
}

// renew makes the first worker of a new kind a spare, and all places look for such. It
// reports whether the pool goes on.
func (p *Pool) renew(m *member, worker parent.Spec) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.Starting--
	p.tasks.Add(1)
	go m.live()
	if p.closing {
		m.leaveLocked(CauseShutdown)
		return false
	}
	p.worker, p.generation = worker, m.generation
	p.spares = append(p.spares, m)
	for _, s := range p.slots {
		s.recoverLocked()
		s.poke()
	}
	return true
}

// dismiss ends the first worker of a new kind if no place has taken it.
func (p *Pool) dismiss(m *member) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if m.slot == nil {
		m.leaveLocked(CauseUnneeded)
	}
}

// awaitReload waits until all workers are of the newest generation.
func (p *Pool) awaitReload(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		if p.closing {
			return errShuttingDown()
		}
		done := true
		for _, s := range p.slots {
			isNew := s.generation == p.generation // its worker may have come and gone
			if !isNew && s.barren >= hopeless {
				return fmt.Errorf("place %d has no worker of the new kind: %w", s.number, s.lastErr)
			}
			done = done && (isNew || s.isSpare)
		}
		if done && !slices.ContainsFunc(p.members, func(m *member) bool { return m.generation != p.generation }) {
			return nil
		}
		if err := p.awaitLocked(ctx); err != nil {
			return err
		}
	}
}
