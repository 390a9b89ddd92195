package process

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// Registry lists what is running. The zero Registry is empty and ready; a command is in it
// by Command.Registry, from its start to its Done. All methods may be called at any time, by
// several goroutines.
type Registry struct {
	mu     sync.Mutex
	all    []*Process // oldest first
	closed bool
}

// ErrRegistryClosed is why nothing can be started with a Registry after Close.
var ErrRegistryClosed = errors.New("the registry is closed")

// Running is an entry of a Registry.
type Running struct {
	Name    string
	Args    []string
	PID     int
	Started time.Time
	Process *Process
}

// List returns what is running, the oldest first.
func (r *Registry) List() []Running {
	all := r.processes()
	list := make([]Running, len(all))
	for i, p := range all {
		list[i] = Running{Name: p.name, Args: slices.Clone(p.args), PID: p.PID(), Started: p.started, Process: p}
	}
	return list
}

// Stop stops those that are running under a name, with the ladder of each, and returns how
// many there were. The error is that of [Process.Stop].
func (r *Registry) Stop(ctx context.Context, name, reason string) (int, error) {
	named := slices.DeleteFunc(r.processes(), func(p *Process) bool { return p.name != name })
	return len(named), stopAll(ctx, named, reason)
}

// StopAll stops all that are running, each with its ladder and at the same time, and
// returns when all have ended or are stuck. What is started meanwhile is not stopped: see
// Close. The error is that of [Process.Stop], for each that is stuck.
func (r *Registry) StopAll(ctx context.Context, reason string) error {
	return stopAll(ctx, r.processes(), reason)
}

// Close is StopAll for good: from now on every start with this Registry fails, with an error
// that is ErrRegistryClosed, also one that has begun.
func (r *Registry) Close(ctx context.Context, reason string) error {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	return r.StopAll(ctx, reason)
}

// Wait waits until nothing is running, or until ctx ends, whose error it then returns.
func (r *Registry) Wait(ctx context.Context) error {
	for all := r.processes(); len(all) > 0; all = r.processes() {
		select {
		case <-all[0].done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// processes returns what is running.
func (r *Registry) processes() []*Process {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(r.all), func(p *Process) bool { return p.Exit() != nil })
}

// stopAll stops them all at the same time.
func stopAll(ctx context.Context, all []*Process, reason string) error {
	errs := make([]error, len(all))
	var stops sync.WaitGroup
	for i, p := range all {
		stops.Go(func() { errs[i] = p.Stop(ctx, Ladder{}, reason) })
	}
	stops.Wait()
	return errors.Join(errs...)
}

// add lists p, unless the Registry is closed. A nil one lists nothing.
func (r *Registry) add(p *Process) error {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return ErrRegistryClosed
	}
	r.all = append(r.all, p)
	return nil
}

// remove takes p, which has ended, off the list.
func (r *Registry) remove(p *Process) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = slices.DeleteFunc(r.all, func(each *Process) bool { return each == p })
}
