package main

import "fmt"

// A Workload is what is echoed, and by how many callers at once.
type Workload struct {
	Name     string
	Size     int        // bytes of payload, one way
	InFlight int        // callers, each with one call at a time
	Result   resultMode // where the echo goes
}

// resultMode says whether a caller offers the memory for the echo.
type resultMode int

const (
	reused resultMode = iota // each caller offers one buffer again and again
	fresh                    // the peer allocates each echo, which is then the caller's
)

const (
	kiB = 1 << 10
	miB = 1 << 20
)

var workloads = []Workload{
	{Name: "rtt-64B", Size: 64, InFlight: 1},
	{Name: "pipe64-64B", Size: 64, InFlight: 64},
	{Name: "pipe64-1KiB", Size: kiB, InFlight: 64},
	{Name: "rtt-1MiB", Size: miB, InFlight: 1, Result: fresh},
	{Name: "pipe4-1MiB", Size: miB, InFlight: 4},
}

func workloadName(w Workload) string { return w.Name }

// about is the workload's line in -h.
func (w Workload) about() string {
	s := fmt.Sprintf("%d bytes, %d in flight", w.Size, w.InFlight)
	if w.Result == fresh {
		s += ", each result in a fresh buffer"
	}
	return s
}
