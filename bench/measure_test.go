package main

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"
)

// A fakePeer answers in this process.
type fakePeer struct {
	name    string
	limit   int
	call    func(payload, into []byte) ([]byte, error)
	started func()
	onClose func()
}

func (f fakePeer) Info() Info { return Info{Name: f.name, MaxInFlight: f.limit} }

func (f fakePeer) Start() (Link, error) {
	if f.started != nil {
		f.started()
	}
	return f, nil
}

func (f fakePeer) Serve() error                              { return errors.ErrUnsupported }
func (f fakePeer) Call(payload, into []byte) ([]byte, error) { return f.call(payload, into) }

func (f fakePeer) Close() error {
	if f.onClose != nil {
		f.onClose()
	}
	return nil
}

func goodEcho(payload, into []byte) ([]byte, error) {
	time.Sleep(100 * time.Microsecond)
	return append(into[:0], payload...), nil
}

func shortPlan(peers ...Peer) plan {
	return plan{peers: peers, workloads: workloads, duration: 2 * time.Millisecond, rounds: 2, stall: defaultStall}
}

func TestCorruptingPeerIsCaughtAndOthersGoOn(t *testing.T) {
	var mu sync.Mutex
	calls := 0
	corrupting := fakePeer{name: "corrupting", call: func(payload, into []byte) ([]byte, error) {
		echo, err := goodEcho(payload, into)
		mu.Lock()
		defer mu.Unlock()
		if calls++; calls > 1 {
			echo[len(echo)-1] ^= 1
		}
		return echo, err
	}}
	results, err := shortPlan(corrupting, fakePeer{name: "good", call: goodEcho}).measure()
	if err == nil {
		t.Fatal("no error")
	}
	for _, w := range workloads {
		if !strings.Contains(err.Error(), "corrupting on "+w.Name+": wrong echo") {
			t.Errorf("no error for %s in: %v", w.Name, err)
		}
	}
	if len(results) != len(workloads) {
		t.Fatalf("%d results, want those of the good peer: %v", len(results), results)
	}
	for _, r := range results {
		if r.Peer != "good" {
			t.Errorf("figures of %s are reported", r.Peer)
		}
	}
}

func TestHungPeerIsCaught(t *testing.T) {
	closed := make(chan struct{})
	hung := fakePeer{
		name: "hung",
		call: func(_, _ []byte) ([]byte, error) {
			<-closed
			return nil, errors.New("closed")
		},
		onClose: func() { close(closed) },
	}
	p := shortPlan(hung)
	p.workloads, p.stall = workloads[:1], 20*time.Millisecond
	if _, err := p.measure(); err == nil || !strings.Contains(err.Error(), "did not return within") {
		t.Fatalf("error %v", err)
	}
}

func TestRoundsAreInterleaved(t *testing.T) {
	var order []string
	peer := func(name string) Peer {
		return fakePeer{name: name, call: goodEcho, started: func() { order = append(order, name) }}
	}
	p := shortPlan(peer("a"), peer("b"))
	p.workloads, p.rounds = workloads[:1], 3
	if _, err := p.measure(); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(order, ""); got != "ababab" {
		t.Errorf("order %s, want ababab", got)
	}
}

func TestEachCallIsCountedAndTimed(t *testing.T) {
	const pause = 5 * time.Millisecond
	sleepy := fakePeer{call: func(payload, _ []byte) ([]byte, error) {
		time.Sleep(pause)
		return bytes.Clone(payload), nil
	}}
	w := Workload{Size: 64, InFlight: 4}
	r, err := measureOnce(sleepy, w, 40*time.Millisecond, defaultStall)
	if err != nil {
		t.Fatal(err)
	}
	if ns := float64(pause.Nanoseconds()); r.p50 < ns || r.p99 < r.p50 || r.nsPerCall < ns/float64(w.InFlight) {
		t.Errorf("p50 %v, p99 %v, %v a call; each of %d callers slept %v", r.p50, r.p99, r.nsPerCall, w.InFlight, pause)
	} else if r.nsPerCall > r.p99 {
		t.Errorf("%v ns a call: the calls in flight were not counted together", r.nsPerCall)
	}
}
