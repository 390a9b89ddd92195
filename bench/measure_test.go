package main

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
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
	return plan{peers: peers, workloads: ofKind(echoes), duration: 2 * time.Millisecond, rounds: 2, stall: defaultStall}
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
	all, err := shortPlan(corrupting, fakePeer{name: "good", call: goodEcho}).measure()
	if err == nil {
		t.Fatal("no error")
	}
	for _, w := range ofKind(echoes) {
		if !strings.Contains(err.Error(), "corrupting on "+w.Name+": wrong echo") {
			t.Errorf("no error for %s in: %v", w.Name, err)
		}
	}
	if len(all) != len(ofKind(echoes)) {
		t.Fatalf("%d series, want those of the good peer: %v", len(all), all)
	}
	for _, s := range all {
		if s.peer != "good" {
			t.Errorf("figures of %s are reported", s.peer)
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

// A fakeStreamer has a stream, and says when it is ready.
type fakeStreamer struct {
	fakePeer
	next func() ([]byte, error)
}

func (f fakeStreamer) Info() Info {
	info := f.fakePeer.Info()
	info.SaysReady = true
	return info
}

func (f fakeStreamer) StartStream(int) (Stream, error) { return f, nil }
func (f fakeStreamer) Next() ([]byte, error)           { return f.next() }

func TestWorkloadsThatAPeerTakes(t *testing.T) {
	for _, w := range workloads {
		if w.takes(fakePeer{}) != (w.Kind == echoes) {
			t.Errorf("a peer of calls alone and %s: %v", w.Name, w.takes(fakePeer{}))
		}
		if !w.takes(fakeStreamer{}) {
			t.Errorf("a peer of everything does not take %s", w.Name)
		}
	}
	if (Workload{InFlight: 3}).takes(fakePeer{limit: 2}) || !(Workload{InFlight: 2}).takes(fakePeer{limit: 2}) {
		t.Error("the limit of calls in flight does not hold")
	}
}

func TestStreamIsTimed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const pause = time.Millisecond
		w := ofKind(stream)[0]
		sent := newChunks(w.Size)
		r, err := measureOnce(fakeStreamer{next: func() ([]byte, error) {
			time.Sleep(pause)
			return sent.next(), nil
		}}, w, 10*pause, defaultStall)
		if err != nil {
			t.Fatal(err)
		}
		if r.calls != 11 || r.nsPerCall != float64(pause) || !near(r.p50, pause) || !near(r.p99, pause) {
			t.Errorf("%+v, with %v between the chunks", r, pause)
		}
	})
}

func TestStreamIsChecked(t *testing.T) {
	w := ofKind(stream)[0]
	sent, calls := newChunks(w.Size), 0
	_, err := measureOnce(fakeStreamer{next: func() ([]byte, error) {
		if calls++; calls == 3 {
			sent.next()
		}
		return sent.next(), nil
	}}, w, time.Second, defaultStall)
	if err == nil || !strings.Contains(err.Error(), "wrong echo") {
		t.Errorf("a stream with a chunk left out: %v", err)
	}
}

func TestHungStreamIsCaught(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := make(chan struct{})
		_, err := measureOnce(fakeStreamer{
			fakePeer: fakePeer{onClose: func() { close(gone) }},
			next: func() ([]byte, error) {
				<-gone
				return nil, errors.New("closed")
			},
		}, ofKind(stream)[0], time.Second, defaultStall)
		if err == nil || !strings.Contains(err.Error(), "did not return within") {
			t.Errorf("error %v", err)
		}
	})
}

func TestStartsAreTimedAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const start, call = time.Millisecond, 9 * time.Millisecond
		running, most := 0, 0
		r, err := measureStarts(fakePeer{
			started: func() {
				running++
				most = max(most, running)
				time.Sleep(start)
			},
			call: func(payload, _ []byte) ([]byte, error) {
				time.Sleep(call)
				return bytes.Clone(payload), nil
			},
			onClose: func() { running-- },
		}, 1, 45*time.Millisecond, defaultStall)
		if err != nil {
			t.Fatal(err)
		}
		if r.calls != 5 || r.nsPerCall != float64(start) || !near(r.p50, start) {
			t.Errorf("%+v, with %v for a start and %v for a call", r, start, call)
		}
		if running != 0 || most != 1 {
			t.Errorf("%d children are left, %d ran at once", running, most)
		}
	})
}

// near allows for the digits that a latency is kept with.
func near(ns float64, want time.Duration) bool {
	return ns > 0.999*float64(want) && ns < 1.001*float64(want)
}
