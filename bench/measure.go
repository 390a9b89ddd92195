package main

import (
	"errors"
	"fmt"
	"time"
)

const warmUpShare = 5 // the warm-up lasts this part of a measurement

// A plan is what one run measures.
type plan struct {
	peers     []Peer
	workloads []Workload
	duration  time.Duration // of one measurement
	rounds    int
	stall     time.Duration
}

// A series is the rounds of one peer on one workload.
type series struct {
	peer     string
	workload Workload
	rounds   []round
}

func (p plan) peersFor(w Workload) []Peer {
	var able []Peer
	for _, peer := range p.peers {
		if w.takes(peer) {
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

// measure returns one series for each peer on each workload that it applies to. A peer
// that fails on a workload has none there, and the others go on; the error joins all
// failures.
func (p plan) measure() ([]series, error) {
	var all []series
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
				all = append(all, series{peerName(peer), w, rounds[i]})
			}
		}
	}
	return all, errors.Join(errs...)
}

// measureOnce starts a child, warms it up, loads it for d, and ends it; on a workload of
// starts it does so again and again.
func measureOnce(p Peer, w Workload, d, stall time.Duration) (round, error) {
	switch w.Kind {
	case stream:
		return measureStream(p.(Streamer), w, d, stall)
	case starts:
		return measureStarts(p, w.InFlight, d, stall)
	}
	if p, ok := p.(SelfMeasurer); ok {
		return p.Measure(w, d, stall)
	}
	return measureEchoes(p, w, d, stall)
}

// closed ends a child and adds the error of that, if any, to err.
func closed(end func() error, err error) error {
	if cerr := end(); cerr != nil {
		return errors.Join(err, fmt.Errorf("close: %w", cerr))
	}
	return err
}
