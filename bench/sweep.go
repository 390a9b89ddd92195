package main

import "fmt"

// The points that a sweep measures: every size with one call in flight, and every number
// of calls in flight at the least size.
const (
	leastSwept   = 64
	mostSwept    = 4 * miB
	sizeStep     = 4
	mostInFlight = 512
	inFlightStep = 2
)

// sweepPeers are the peers of a sweep if no others are chosen: as many as a plot can show.
const sweepPeers = baseline + "," + muxByHand + "," + overSocketpair + "," + overStdio + ",net-rpc,ttrpc,go-plugin-grpc"

func sweepWorkloads() []Workload {
	var points []Workload
	add := func(size, inFlight int) {
		name := fmt.Sprintf("%s-x%d", sizeName(size), inFlight)
		points = append(points, Workload{Name: name, Size: size, InFlight: inFlight})
	}
	for size := leastSwept; size <= mostSwept; size *= sizeStep {
		add(size, 1)
	}
	for n := inFlightStep; n <= mostInFlight; n *= inFlightStep {
		add(leastSwept, n)
	}
	return points
}

func sizeName(n int) string {
	switch {
	case n >= miB:
		return fmt.Sprintf("%dMiB", n/miB)
	case n >= kiB:
		return fmt.Sprintf("%dKiB", n/kiB)
	}
	return fmt.Sprintf("%dB", n)
}
