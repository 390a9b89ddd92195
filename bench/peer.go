package main

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// The peers that the others' ratios refer to: the least that a call can take, what one
// would write by hand for many calls at once, and the least over pipes.
const (
	baseline    = "raw-blocking"
	muxByHand   = "raw-mux"
	pipesByHand = "raw-pipes"
)

// A Peer is one way to call a child process. To add one, write a file that implements
// Peer and Link and says register in its init.
type Peer interface {
	// Info describes the peer; it always returns the same.
	Info() Info
	// Start starts a child process that runs Serve (see command) and returns once
	// the link can be called.
	Start() (Link, error)
	// Serve is the child's side: it echoes until the parent is gone (end of file),
	// then returns.
	Serve() error
}

// Info describes a peer.
type Info struct {
	Name        string // as -peer and the report have it
	About       string // a line for -h
	MaxInFlight int    // workloads with more calls at once are left out; 0 means any number
	MaxSize     int    // workloads with larger payloads are left out; 0 means any size
	SaysReady   bool   // Start returns because the child said that it is ready, so it can be timed
}

// A Link is a running child and the way to it.
type Link interface {
	// Call sends payload to the child and returns its echo. Up to MaxInFlight calls
	// run at once, each from its own goroutine and with its own into.
	//
	// If into is nil, the echo is in a fresh buffer, which is the caller's from then
	// on. Else it may be in into, which has room for it, or anywhere but in payload,
	// and is valid until the same goroutine calls again. Both payload and into are
	// the caller's again when Call returns.
	Call(payload, into []byte) ([]byte, error)
	// Close ends the child and returns once it has been reaped, with an error if it
	// had to be killed or failed. It is called once, and makes calls that still run
	// fail.
	Close() error
}

// A Streamer is a Peer whose child can also send a stream.
type Streamer interface {
	Peer
	// StartStream starts a child that sends the chunks of newChunks(size), one after the
	// other and for ever, no faster than they are taken.
	StartStream(size int) (Stream, error)
}

// A ManyStarter is a Peer with a way of its own to start many children.
type ManyStarter interface {
	Peer
	// StartMany starts n children at once, and returns when all can be called.
	StartMany(n int) (Link, error)
}

// A Foreigner is a Peer whose interpreter may be missing.
type Foreigner interface {
	Peer
	// Missing returns what is missing and what brings it, or nil.
	Missing() error
}

// A SelfMeasurer is a Peer of which neither end is this program. It has workloads of echoes
// alone, and none of the methods that start anything.
type SelfMeasurer interface {
	Peer
	// Measure is what measureEchoes does with the other peers.
	Measure(w Workload, d, stall time.Duration) (round, error)
}

// A Stream is a running child that sends chunks.
type Stream interface {
	// Next waits for the next chunk, which is valid until Next is called again.
	Next() ([]byte, error)
	// Close is Link's, and makes a Next that still runs fail.
	Close() error
}

var peers []Peer

// register adds a peer; it is for init functions.
func register(p Peer) { peers = append(peers, p) }

// registered returns all peers by name, the baseline first.
func registered() []Peer {
	return slices.SortedFunc(slices.Values(peers), func(a, b Peer) int {
		if a, b := peerName(a) == baseline, peerName(b) == baseline; a != b {
			if a {
				return -1
			}
			return 1
		}
		return cmp.Compare(peerName(a), peerName(b))
	})
}

// present returns those of all that can be measured here, and why the others can't.
func present(all []Peer) (here []Peer, missing []error) {
	for _, p := range all {
		if f, ok := p.(Foreigner); ok {
			if err := f.Missing(); err != nil {
				missing = append(missing, fmt.Errorf("%s is left out: %w", peerName(p), err))
				continue
			}
		}
		here = append(here, p)
	}
	return here, missing
}

func peerName(p Peer) string { return p.Info().Name }
