package main

import (
	"fmt"
	"sync"
	"time"
)

// measureStarts starts one child after the other for d, the first as a warm-up. Only the
// starts are timed: neither the call that shows that the child was ready, nor its end.
func measureStarts(p Peer, d, stall time.Duration) (round, error) {
	if _, err := startOnce(p, stall); err != nil {
		return round{}, err
	}
	all := newLatencies()
	var sum time.Duration
	for began := time.Now(); ; {
		took, err := startOnce(p, stall)
		if err != nil {
			return round{}, err
		}
		if err := all.add(took); err != nil {
			return round{}, err
		}
		if sum += took; time.Since(began) > d {
			return all.over(sum), nil
		}
	}
}

// startOnce starts a child, has it echo, ends it, and returns how long the start took.
func startOnce(p Peer, stall time.Duration) (time.Duration, error) {
	began := time.Now()
	link, err := p.Start()
	took := time.Since(began)
	if err != nil {
		return 0, fmt.Errorf("start: %w", err)
	}
	end := sync.OnceValue(link.Close)
	_, err = load(link, newCallers(Workload{Size: wordLen, InFlight: 1}), 0, stall, end)
	return took, closed(end, err)
}
