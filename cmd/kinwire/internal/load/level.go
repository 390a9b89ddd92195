package load

import "time"

// Level is what was measured with so many calls in flight.
type Level struct {
	InFlight int
	Elapsed  time.Duration // from the first call to the last answer
	Calls    int64         // that succeeded
	Latency  Latency       // of those
	Buckets  []Bucket      // those calls by their latency, without a gap
	Failures []Failure     // the calls that failed, by code
}

// Latency sums up how long calls took. Without any calls it is zero.
type Latency struct {
	Min, Mean, P50, P90, P99, P999, Max time.Duration
}

// Failure is calls that failed with the same code.
type Failure struct {
	Code  string
	First error // of them
	Calls int64
}

// Failed is how many calls failed.
func (l Level) Failed() (calls int64) {
	for _, f := range l.Failures {
		calls += f.Calls
	}
	return calls
}

// Rate is how many calls succeeded in a second.
func (l Level) Rate() float64 {
	if l.Elapsed <= 0 {
		return 0
	}
	return float64(l.Calls) / l.Elapsed.Seconds()
}
