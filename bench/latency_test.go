package main

import (
	"testing"
	"time"
)

func TestMergedLatenciesAreThoseOfAll(t *testing.T) {
	var all []latencies
	for caller := range 4 {
		l := newLatencies()
		for call := range 25 {
			if err := l.add(time.Duration(25*caller+call+1) * time.Microsecond); err != nil {
				t.Fatal(err)
			}
		}
		all = append(all, l)
	}
	r := merged(all).over(time.Millisecond)
	if r.calls != 100 || r.nsPerCall != 1e4 || !near(r.p50, 50*time.Microsecond) || !near(r.p99, 99*time.Microsecond) {
		t.Errorf("%+v of calls of 1 to 100 µs in 1 ms", r)
	}
}

func TestSlowestLatencyIsNoError(t *testing.T) {
	l := newLatencies()
	if err := l.add(2 * time.Duration(maxLatency)); err != nil {
		t.Error(err)
	}
}
