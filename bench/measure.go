package main

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

const (
	warmUpShare  = 5                // the warm-up lasts this part of a measurement
	defaultStall = 30 * time.Second // a measurement that is late by more than this has hung
	closedStall  = 10 * time.Second // and so long its calls have to fail once the link is closed

	maxLatency     = int64(time.Minute) // ns; slower calls count as this
	latencyDigits  = 3                  // significant decimal digits of p50 and p99
	medianQuantile = 50
	tailQuantile   = 99
)

// A plan is what one run measures.
type plan struct {
	peers     []Peer
	workloads []Workload
	duration  time.Duration // of one measurement
	rounds    int
	stall     time.Duration
}

// A round is one measurement of one peer on one workload.
type round struct {
	nsPerCall, p50, p99 float64
}

func (p plan) peersFor(w Workload) []Peer {
	var able []Peer
	for _, peer := range p.peers {
		if limit := peer.Info().MaxInFlight; limit == 0 || w.InFlight <= limit {
			able = append(able, peer)
		}
	}
	return able
}

func (p plan) measurements() int {
	n := 0
	for _, w := range p.workloads {
		n += len(p.peersFor(w))
	}
	return n * p.rounds
}

func (p plan) estimate() time.Duration {
	return time.Duration(p.measurements()) * (p.duration + p.duration/warmUpShare)
}

// measure returns one result for each peer on each workload that it applies to. A
// peer that fails on a workload has no result there, and the others go on; the error
// joins all failures.
func (p plan) measure() ([]Result, error) {
	var results []Result
	var errs []error
	for _, w := range p.workloads {
		peers := p.peersFor(w)
		rounds := make([][]round, len(peers))
		failed := make([]bool, len(peers))
		for range p.rounds {
			for i, peer := range peers {
				if failed[i] {
					continue
				}
				r, err := measureOnce(peer, w, p.duration, p.stall)
				if err != nil {
					failed[i] = true
					errs = append(errs, fmt.Errorf("%s on %s: %w", peerName(peer), w.Name, err))
				}
				rounds[i] = append(rounds[i], r)
			}
		}
		for i, peer := range peers {
			if !failed[i] {
				results = append(results, summarize(peerName(peer), w, rounds[i]))
			}
		}
	}
	return results, errors.Join(errs...)
}

// measureOnce starts a child, warms it up, loads it for d, and ends it.
func measureOnce(p Peer, w Workload, d, stall time.Duration) (round, error) {
	link, err := p.Start()
	if err != nil {
		return round{}, fmt.Errorf("start: %w", err)
	}
	end := sync.OnceValue(link.Close)
	_, err = load(link, w, d/warmUpShare, stall, end)
	var r round
	if err == nil {
		runtime.GC() // no peer pays for another's garbage
		r, err = load(link, w, d, stall, end)
	}
	if cerr := end(); cerr != nil {
		err = errors.Join(err, fmt.Errorf("close: %w", cerr))
	}
	return r, err
}

// load has w.InFlight callers call for d, at least once each. If they do not come
// back, it ends the link, and does not wait for ever even then.
func load(link Link, w Workload, d, stall time.Duration, end func() error) (round, error) {
	callers := make([]*caller, w.InFlight)
	for i := range callers {
		callers[i] = newCaller(w, i)
	}
	start := time.Now()
	var wg sync.WaitGroup
	for _, c := range callers {
		wg.Go(func() { c.err = c.loop(link, start.Add(d)) })
	}
	done := make(chan time.Duration, 1)
	go func() {
		wg.Wait()
		done <- time.Since(start)
	}()
	select {
	case wall := <-done:
		return gather(callers, wall)
	case <-time.After(d + stall):
	}
	hung := fmt.Errorf("a call did not return within %v", d+stall)
	_ = end() // its error comes again where the link is closed for good
	select {
	case <-done:
		_, err := gather(callers, d)
		return round{}, errors.Join(hung, err)
	case <-time.After(closedStall):
		return round{}, fmt.Errorf("%w, nor after its link was closed", hung)
	}
}

// gather makes one round of what the callers saw in the wall time.
func gather(callers []*caller, wall time.Duration) (round, error) {
	all := newLatencies()
	for _, c := range callers {
		if c.err != nil {
			return round{}, c.err
		}
		all.Merge(c.latencies)
	}
	return round{
		nsPerCall: float64(wall.Nanoseconds()) / float64(all.TotalCount()),
		p50:       float64(all.ValueAtQuantile(medianQuantile)),
		p99:       float64(all.ValueAtQuantile(tailQuantile)),
	}, nil
}

// A caller is one goroutine that has one call in flight at a time.
type caller struct {
	check     *echoCheck
	into      []byte
	latencies *hdrhistogram.Histogram // ns
	err       error
}

func newCaller(w Workload, number int) *caller {
	c := &caller{check: newEchoCheck(w, number), latencies: newLatencies()}
	if w.Result == reused {
		c.into = make([]byte, w.Size)
	}
	return c
}

func newLatencies() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, maxLatency, latencyDigits)
}

// loop calls until the deadline, at least once. A latency is the call alone; the wall
// time has the checking too, which is the same for every peer.
func (c *caller) loop(link Link, deadline time.Time) error {
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
		if err := c.latencies.RecordValue(min(int64(ended.Sub(began)), maxLatency)); err != nil {
			return err
		}
		if ended.After(deadline) {
			return nil
		}
	}
}
