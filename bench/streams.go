package main

import (
	"fmt"
	"runtime"
	"sync"
	"time"
)

// measureStream takes what one child sends for d, after a warm-up.
func measureStream(p Streamer, w Workload, d, stall time.Duration) (round, error) {
	s, err := p.StartStream(w.Size)
	if err != nil {
		return round{}, fmt.Errorf("start: %w", err)
	}
	end := sync.OnceValue(s.Close)
	warmUp := d / warmUpShare
	var r round
	err = within(warmUp+d+stall, end, func() error {
		chunks := newChunks(w.Size)
		if _, err := receive(s, chunks, warmUp); err != nil {
			return err
		}
		runtime.GC() // no peer pays for another's garbage
		var err error
		r, err = receive(s, chunks, d)
		return err
	})
	if err = closed(end, err); err != nil {
		return round{}, err
	}
	return r, nil
}

// receive takes chunks for d, at least one. The latency of a chunk is the time since the
// one before it.
func receive(s Stream, chunks *echoCheck, d time.Duration) (round, error) {
	all := newLatencies()
	began := time.Now()
	for last := began; ; {
		chunk, err := s.Next()
		if err != nil {
			return round{}, fmt.Errorf("stream: %w", err)
		}
		chunks.next()
		if err := chunks.check(chunk); err != nil {
			return round{}, err
		}
		now := time.Now()
		if err := all.add(now.Sub(last)); err != nil {
			return round{}, err
		}
		if last = now; now.Sub(began) > d {
			return all.over(now.Sub(began)), nil
		}
	}
}
