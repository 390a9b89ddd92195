package load

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// levelOf is a level with calls that took so long.
func levelOf(took ...time.Duration) Level {
	r := newRecorder()
	for _, d := range took {
		r.succeeded(d)
	}
	return r.level(1, time.Second)
}

func TestBounds(t *testing.T) {
	if !slices.IsSorted(bounds) || bounds[len(bounds)-1] < maxLatency {
		t.Errorf("the bounds are %v", bounds)
	}
	for i, b := range bounds[1:] {
		if step := float64(b) / float64(bounds[i]); step < 1.24 || step > 1.29 {
			t.Errorf("from %v to %v is a step of %v", bounds[i], b, step)
		}
	}
}

func TestBuckets(t *testing.T) {
	const us = time.Microsecond
	for _, c := range []struct {
		took []time.Duration
		want string
	}{
		{nil, "[]"},
		{[]time.Duration{0, 99}, "[{0s 100ns 2}]"},
		{[]time.Duration{100, 124, 125}, "[{100ns 125ns 2} {125ns 160ns 1}]"},
		{[]time.Duration{10 * us, 11 * us, 17 * us}, "[{10µs 12.5µs 2} {12.5µs 16µs 0} {16µs 20µs 1}]"},
		{[]time.Duration{time.Hour, 100 * time.Hour}, "[{52m30s 1h6m40s 2}]"},
	} {
		l := levelOf(c.took...)
		if got := fmt.Sprint(l.Buckets); got != c.want {
			t.Errorf("%v: got %s, want %s", c.took, got, c.want)
		}
		if len(c.took) == 0 && l.Latency != (Latency{}) {
			t.Errorf("without calls the latency is %+v", l.Latency)
		}
	}
}

func TestAlign(t *testing.T) {
	const ms = time.Millisecond
	levels := []Level{levelOf(ms, 3*ms, 3*ms), levelOf(), levelOf(30*ms, 90*ms)}
	for _, c := range []struct {
		most         int
		bounds, want string
	}{
		{20, "[1ms 1.25ms 1.6ms 2ms 2.5ms 3.15ms 4ms 5ms 6.3ms 8ms 10ms 12.5ms 16ms 20ms 25ms 31.5ms 40ms 50ms 63ms 80ms 100ms]",
			"[[1 0 0 0 2 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0] [0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0] [0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 0 0 0 1]]"},
		{19, "[1ms 1.6ms 2.5ms 4ms 6.3ms 10ms 16ms 25ms 40ms 63ms 100ms]",
			"[[1 0 2 0 0 0 0 0 0 0] [0 0 0 0 0 0 0 0 0 0] [0 0 0 0 0 0 0 1 0 1]]"},
		{9, "[1ms 2ms 5ms 10ms 20ms 50ms 100ms]", "[[1 2 0 0 0 0] [0 0 0 0 0 0] [0 0 0 0 1 1]]"},
		{1, "[1ms 10ms 100ms]", "[[3 0] [0 0] [0 2]]"},
	} {
		bounds, counts := Align(levels, c.most)
		if got := fmt.Sprint(bounds); got != c.bounds {
			t.Errorf("%d at most: the bounds are %s, want %s", c.most, got, c.bounds)
		}
		if got := fmt.Sprint(counts); got != c.want {
			t.Errorf("%d at most: the counts are %s, want %s", c.most, got, c.want)
		}
	}
	if bounds, counts := Align(levels[1:2], 20); len(bounds) > 0 || len(counts[0]) > 0 {
		t.Errorf("without calls there is %v, %v", bounds, counts)
	}
	if bounds, counts := Align([]Level{levelOf(0, 3000)}, 1); fmt.Sprint(bounds, counts) != "[0s 100ns 1µs 10µs] [[1 0 1]]" {
		t.Errorf("from 0 there is %v, %v", bounds, counts)
	}
}
