package load

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

const (
	maxLatency = time.Hour // longer calls count as this
	digits     = 3         // that latencies are kept to
)

// recorder gathers what becomes of calls. Its methods may be called by any number of
// goroutines at a time, but for level, which comes last.
type recorder struct {
	mu        sync.Mutex
	latencies *hdrhistogram.Histogram // of the calls that succeeded, in ns
	failures  map[string]*Failure     // by code
	lost      error                   // the end of the worker
}

func newRecorder() *recorder {
	return &recorder{
		latencies: hdrhistogram.New(1, int64(maxLatency), digits),
		failures:  make(map[string]*Failure),
	}
}

// succeeded adds a call that took so long.
func (r *recorder) succeeded(took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = r.latencies.RecordValue(int64(min(took, maxLatency))) // which is within its range
}

// failed adds a call that failed.
func (r *recorder) failed(code string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := r.failures[code]
	if f == nil {
		f = &Failure{Code: code, First: err}
		r.failures[code] = f
	}
	f.Calls++
	if r.lost == nil && isExit(err) {
		r.lost = err
	}
}

// level sums up.
func (r *recorder) level(inFlight int, elapsed time.Duration) Level {
	l := Level{
		InFlight: inFlight,
		Elapsed:  elapsed,
		Calls:    r.latencies.TotalCount(),
		Buckets:  bucketsOf(r.latencies.Distribution()),
	}
	if l.Calls > 0 {
		l.Latency = latencyOf(r.latencies)
	}
	for _, code := range slices.Sorted(maps.Keys(r.failures)) {
		l.Failures = append(l.Failures, *r.failures[code])
	}
	return l
}

func latencyOf(h *hdrhistogram.Histogram) Latency {
	at := func(quantile float64) time.Duration { return time.Duration(h.ValueAtQuantile(quantile)) }
	return Latency{
		Min:  time.Duration(h.Min()),
		Mean: time.Duration(h.Mean()),
		P50:  at(50),
		P90:  at(90),
		P99:  at(99),
		P999: at(99.9),
		Max:  time.Duration(h.Max()),
	}
}
