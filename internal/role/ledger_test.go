//go:build unix

package role

import (
	"reflect"
	"testing"
)

func TestRecords(t *testing.T) {
	for _, r := range []Record{
		{Kind: Announce, Start: 1}, {Kind: Withdraw, Start: 1<<64 - 1},
		{Kind: Hold, Group: 4194304, Start: 7}, {Kind: Release, Group: 2}, {Kind: Hold, Group: -1},
	} {
		b := r.Append(nil)
		if len(b) != RecordSize || Parse(b) != r {
			t.Errorf("%v is %x, which is %v", r, b, Parse(b))
		}
	}
	if len(Greeting(1)) != RecordSize || string(Greeting(1)) == string(Greeting(2)) {
		t.Error("a greeting is not what it should be")
	}
}

func TestLedger(t *testing.T) {
	l := NewLedger()
	for _, r := range []Record{
		{Kind: Announce, Start: 1}, {Kind: Announce, Start: 2}, {Kind: Announce, Start: 3},
		{Kind: Hold, Start: 1, Group: 100},
		{Kind: Withdraw, Start: 2},
		{Kind: Announce, Start: 4}, {Kind: Hold, Start: 4, Group: 104}, {Kind: Release, Group: 104},
		{Kind: 99, Start: 3, Group: 100}, // of a later version
		{Kind: Release, Group: 7}, {Kind: Withdraw, Start: 7},
	} {
		l.Enter(r)
	}
	want := Ledger{Starts: map[uint64]bool{3: true}, Groups: map[int]bool{100: true}}
	if !reflect.DeepEqual(l, want) {
		t.Errorf("%v, want %v", l, want)
	}
	again := NewLedger()
	for b := l.Append(nil); len(b) > 0; b = b[RecordSize:] {
		again.Enter(Parse(b))
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
		{Mark(0x2a, 99) + "\x00", 99},
		{Mark(0x2b, 99) + "\x00", 0},
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
