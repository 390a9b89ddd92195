package main

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// measureStarts starts n children after n others for d, the first as a warm-up. Only the
// starts are timed: neither the call that shows that a child was ready, nor their end.
func measureStarts(p Peer, n int, d, stall time.Duration) (round, error) {
	if _, err := startOnce(p, n, stall); err != nil {
		return round{}, err
	}
	all := newLatencies()
	var sum time.Duration
	for began := time.Now(); ; {
		took, err := startOnce(p, n, stall)
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

// startOnce starts n children, has one echo, ends them, and returns how long the start took.
func startOnce(p Peer, n int, stall time.Duration) (time.Duration, error) {
	began := time.Now()
	link, err := startMany(p, n)
	took := time.Since(began)
	if err != nil {
		return 0, fmt.Errorf("start: %w", err)
	}
	end := sync.OnceValue(link.Close)
	_, err = load(link, newCallers(Workload{Size: wordLen, InFlight: 1}), 0, stall, end)
	return took, closed(end, err)
}

// startMany returns once n children are ready, which all start at once.
func startMany(p Peer, n int) (Link, error) {
	if many, ok := p.(ManyStarter); ok {
		return many.StartMany(n)
	}
	all := make(crowd, n)
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { all[i], errs[i] = p.Start() })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, errors.Join(err, all.Close())
	}
	return all, nil
}

// A crowd is the links to several children, of which the first is called.
type crowd []Link

func (c crowd) Call(payload, into []byte) ([]byte, error) { return c[0].Call(payload, into) }

// Close ends all of them at once.
func (c crowd) Close() error {
	errs := make([]error, len(c))
	var wg sync.WaitGroup
	for i, link := range c {
		if link != nil {
			wg.Go(func() { errs[i] = link.Close() })
		}
	}
	wg.Wait()
	return errors.Join(errs...)
}
