package main

import (
	"fmt"
	"runtime"
	"sync"
	"time"
)

// measureEchoes has w.InFlight callers call one child for d, after a warm-up.
func measureEchoes(p Peer, w Workload, d, stall time.Duration) (round, error) {
	link, err := p.Start()
	if err != nil {
		return round{}, fmt.Errorf("start: %w", err)
	}
	end := sync.OnceValue(link.Close)
	callers := newCallers(w)
	var r round
	if _, err = load(link, callers, d/warmUpShare, stall, end); err == nil {
		runtime.GC() // no peer pays for another's garbage
		r, err = load(link, callers, d, stall, end)
	}
	return r, closed(end, err)
}

// load has the callers call for d, at least once each.
func load(link Link, callers []*caller, d, stall time.Duration, end func() error) (round, error) {
	var wall time.Duration
	err := within(d+stall, end, func() error {
		start := time.Now()
		var wg sync.WaitGroup
		for _, c := range callers {
			wg.Go(func() { c.err = c.loop(link, start.Add(d)) })
		}
		wg.Wait()
		wall = time.Since(start)
		for _, c := range callers {
			if c.err != nil {
				return c.err
			}
		}
		return nil
	})
	if err != nil {
		return round{}, err
	}
	var all []latencies
	for _, c := range callers {
		all = append(all, c.latencies)
	}
	return merged(all).over(wall), nil
}

// A caller is one goroutine that has one call in flight at a time.
type caller struct {
	check     *echoCheck
	into      []byte
	latencies latencies
	err       error
}

func newCallers(w Workload) []*caller {
	var callers []*caller
	for i := range w.InFlight {
		callers = append(callers, newCaller(w, i))
	}
	return callers
}

func newCaller(w Workload, number int) *caller {
	c := &caller{check: newEchoCheck(w, number), latencies: newLatencies()}
	if w.Result == reused {
		c.into = make([]byte, w.Size)
	}
	return c
}

// loop calls until the deadline, at least once. A latency is the call alone; the wall
// time has the checking too, which is the same for every peer.
func (c *caller) loop(link Link, deadline time.Time) error {
	c.latencies.ns.Reset()
	for {
		payload := c.check.next()
		began := time.Now()
		echo, err := link.Call(payload, c.into)
		ended := time.Now()
		if err != nil {
			return fmt.Errorf("call: %w", err)
		}
		if err := c.check.check(echo); err != nil {
			return err
		}
		if err := c.latencies.add(ended.Sub(began)); err != nil {
			return err
		}
		if ended.After(deadline) {
			return nil
		}
	}
}
