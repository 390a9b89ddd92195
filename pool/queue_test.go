//go:build unix

package pool

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/kinwire/kinwire/wire"
)

// wantCode fails unless err has a code which promises that nothing was sent.
func wantCode(t *testing.T, err error, code wire.Code) {
	t.Helper()
	var said *wire.Error
	if !errors.As(err, &said) || said.Code != code || !errors.Is(err, wire.ErrNotSent) {
		t.Errorf("the error is %v; want %s, and that nothing was sent", err, code)
	}
}

func TestLine(t *testing.T) {
	var l line
	all := make([]*waiter, 6)
	for i := range all {
		all[i] = &waiter{seq: uint64(i)}
	}
	for _, i := range []int{3, 0, 5, 1, 4, 2} { // those that come back stand where they stood
		l.put(all[i])
	}
	order := func() (seqs []uint64) {
		var last *waiter
		for w := l.first; w != nil; last, w = w, w.next {
			seqs = append(seqs, w.seq)
			if w.prev != last {
				t.Errorf("behind %v is %v", last, w.prev)
			}
		}
		if l.last != last {
			t.Error("the last one is another one")
		}
		return seqs
	}
	if got := order(); !slices.Equal(got, []uint64{0, 1, 2, 3, 4, 5}) {
		t.Errorf("%v", got)
	}
	for _, i := range []int{0, 3, 5, 5} {
		all[i].take()
	}
	if got := order(); !slices.Equal(got, []uint64{1, 2, 4}) {
		t.Errorf("%v", got)
	}
	if earlier(nil, nil) != nil || earlier(all[1], nil) != all[1] || earlier(nil, all[1]) != all[1] || earlier(all[4], all[2]) != all[2] {
		t.Error("earlier")
	}
	for _, w := range all {
		w.take()
	}
	if l.first != nil || l.last != nil {
		t.Error("the line is not empty")
	}
}

// busy is a pool of one worker that is, and what ends that.
func busy(t *testing.T, q Queue) (*Pool, func()) {
	p := start(t, Spec{Worker: program("worker", "1"), Size: Size{Min: 1}, Queue: q})
	return p, hold(t, p)
}

func TestQueueIsBounded(t *testing.T) {
	p, release := busy(t, Queue{Max: 2})
	results := make(chan error)
	for range 2 {
		go func() { results <- p.Call(t.Context(), "", 1, nil) }()
	}
	eventually(t, "two wait", func() bool { return p.Stats().Waiting == 2 })
	wantCode(t, p.Call(t.Context(), "", 1, nil), wire.CodeOverloaded)
	_, err := p.Open(t.Context(), "", 1)
	wantCode(t, err, wire.CodeOverloaded)
	if got := p.Stats().Refused; got != 2 {
		t.Errorf("%d were refused", got)
	}
	release()
	for range 2 {
		if err := received(t, "a call that has waited", results); err != nil {
			t.Error(err)
		}
	}
}

func TestNobodyMayWait(t *testing.T) {
	p, _ := busy(t, Queue{Max: -1})
	wantCode(t, p.Call(t.Context(), "", 1, nil), wire.CodeOverloaded)
}

func TestAcquireTimeout(t *testing.T) {
	p, release := busy(t, Queue{Timeout: 50 * time.Millisecond})
	wantCode(t, p.Call(t.Context(), "", 1, nil), wire.CodeOverloaded)
	release()
	eventually(t, "the worker is free", func() bool { return p.Call(t.Context(), "", 1, nil) == nil })
}

func TestWaitersLeaveAtOnce(t *testing.T) {
	p, release := busy(t, Queue{Timeout: -1})
	ctx, cancel := context.WithCancel(t.Context())
	gone, stays := make(chan error), make(chan error)
	go func() { gone <- p.Call(ctx, "", 1, nil) }()
	go func() { stays <- p.Call(t.Context(), "", 1, nil) }()
	eventually(t, "two wait", func() bool { return p.Stats().Waiting == 2 })
	cancel()
	if err := received(t, "the one that is cancelled", gone); !errors.Is(err, context.Canceled) || !errors.Is(err, wire.ErrNotSent) {
		t.Error(err)
	}
	if got := p.Stats().Waiting; got != 1 {
		t.Errorf("%d wait", got)
	}
	release()
	if err := received(t, "the other", stays); err != nil {
		t.Error(err)
	}
}

func TestQueueIsInOrder(t *testing.T) {
	p, release := busy(t, Queue{})
	file := filepath.Join(t.TempDir(), "begun")
	results := make(chan error)
	for i := range 10 {
		go func() { results <- p.Call(t.Context(), "work", job{ID: i, File: file}, nil) }()
		eventually(t, "it waits", func() bool { return p.Stats().Waiting == i+1 })
	}
	release()
	for range 10 {
		if err := received(t, "a call", results); err != nil {
			t.Error(err)
		}
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n" {
		t.Errorf("they were begun in the order %q, %v", got, err)
	}
}

// TestReady waits for room, and takes none.
func TestReady(t *testing.T) {
	p, release := busy(t, Queue{Timeout: -1})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := p.Ready(ctx); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, wire.ErrNotSent) {
		t.Error(err)
	}
	release()
	before := p.Stats().Calls
	for range 3 {
		if err := p.Ready(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if s := p.Stats(); s.InFlight != 0 || s.Calls != before {
		t.Errorf("%+v", s)
	}
	if err := p.Call(t.Context(), "", 1, nil); err != nil {
		t.Error(err)
	}
}
