//go:build unix

package guard

import (
	"reflect"
	"testing"
	"time"
)

func TestRecords(t *testing.T) {
	for _, r := range []record{
		{kind: announce, start: 1}, {kind: withdraw, start: 1<<64 - 1},
		{kind: hold, group: 4194304, start: 7}, {kind: release, group: 2}, {kind: hold, group: -1},
	} {
		b := r.append(nil)
		if len(b) != recordSize || parse(b) != r {
			t.Errorf("%v is %x, which is %v", r, b, parse(b))
		}
	}
	if len(greeting(1)) != recordSize || string(greeting(1)) == string(greeting(2)) {
		t.Error("a greeting is not what it should be")
	}
}

func TestLedger(t *testing.T) {
	l := newLedger()
	for _, r := range []record{
		{kind: announce, start: 1}, {kind: announce, start: 2}, {kind: announce, start: 3},
		{kind: hold, start: 1, group: 100},
		{kind: withdraw, start: 2},
		{kind: announce, start: 4}, {kind: hold, start: 4, group: 104}, {kind: release, group: 104},
		{kind: 99, start: 3, group: 100}, // of a later version
		{kind: release, group: 7}, {kind: withdraw, start: 7},
	} {
		l.enter(r)
	}
	want := ledger{starts: map[uint64]bool{3: true}, groups: map[int]bool{100: true}}
	if !reflect.DeepEqual(l, want) {
		t.Errorf("%v, want %v", l, want)
	}
	again := newLedger()
	for b := l.append(nil); len(b) > 0; b = b[recordSize:] {
		again.enter(parse(b))
	}
	if !reflect.DeepEqual(again, want) {
		t.Errorf("a new guardian is told %v, want %v", again, want)
	}
}

func TestMarks(t *testing.T) {
	for _, c := range []struct {
		environ string
		want    uint64
	}{
		{"A=1\x00KINWIRE_GUARD=2a.17\x00B=2\x00", 17},
		{"KINWIRE_GUARD=2a.17", 17},
		{mark(0x2a, 99) + "\x00", 99},
		{mark(0x2b, 99) + "\x00", 0},
		{"KINWIRE_GUARD=2a.\x00", 0},
		{"KINWIRE_GUARD=2a.x\x00", 0},
		{"XKINWIRE_GUARD=2a.17\x00", 0},
		{"X=KINWIRE_GUARD=2a.17\x00", 0},
		{"", 0},
	} {
		if got := startOf([]byte(c.environ), 0x2a); got != c.want {
			t.Errorf("%q: start %d, want %d", c.environ, got, c.want)
		}
	}
}

func TestPauses(t *testing.T) {
	for failures, want := range map[int]time.Duration{
		1: 0, 3: 0, 4: 500 * time.Millisecond, 5: time.Second, 10: 32 * time.Second, 11: time.Minute, 1000: time.Minute,
	} {
		if got := pauseAfter(failures); got != want {
			t.Errorf("after %d failures %v, want %v", failures, got, want)
		}
	}
}
