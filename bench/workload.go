package main

import "fmt"

// A Workload is what is measured: of echoes, how large they are and by how many callers at
// once they are asked for.
type Workload struct {
	Name     string
	Kind     kind
	Size     int        // bytes of a payload, one way, or of a chunk
	InFlight int        // callers, each with one call at a time
	Result   resultMode // where the echo goes
}

// A kind is what a workload does with a peer.
type kind int

const (
	echoes kind = iota // payloads to the child and back
	stream             // chunks from the child, as fast as they are taken
	starts             // starts of InFlight children at a time, until all are ready
)

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
	{Name: "rtt-1MiB-reused", Size: miB, InFlight: 1},
	{Name: "pipe4-1MiB", Size: miB, InFlight: 4},
	{Name: "stream-64KiB", Kind: stream, Size: 64 * kiB, InFlight: 1},
	{Name: "start", Kind: starts, InFlight: 1},
	{Name: "start-16", Kind: starts, InFlight: 16},
}

func workloadName(w Workload) string { return w.Name }

// about is the workload's line in -h.
func (w Workload) about() string {
	switch w.Kind {
	case stream:
		return fmt.Sprintf("chunks of %d bytes, from the child alone; a call is a chunk", w.Size)
	case starts:
		if w.InFlight > 1 {
			return fmt.Sprintf("the same of %d children at once", w.InFlight)
		}
		return "from starting the child until it is ready; a call is a start"
	}
	s := fmt.Sprintf("%d bytes, %d in flight", w.Size, w.InFlight)
	if w.Result == fresh {
		s += ", each result in a fresh buffer"
	}
	return s
}

// takes reports whether p has the workload.
func (w Workload) takes(p Peer) bool {
	info := p.Info()
	switch w.Kind {
	case stream:
		_, ok := p.(Streamer)
		return ok
	case starts:
		return info.SaysReady
	}
	return (info.MaxInFlight == 0 || w.InFlight <= info.MaxInFlight) &&
		(info.MaxSize == 0 || w.Size <= info.MaxSize)
}
