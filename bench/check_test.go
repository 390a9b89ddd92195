package main

import (
	"bytes"
	"slices"
	"testing"
)

// big is a payload that is not compared whole on every call.
var big = Workload{Name: "big", Size: miB, InFlight: 1}

func TestCheckAcceptsCopies(t *testing.T) {
	for _, w := range append([]Workload{{Size: wordLen}, {Size: alwaysCompare + 1}}, ofKind(echoes)...) {
		c := newEchoCheck(w, 3)
		for call := range 2 * compareEvery {
			if err := c.check(bytes.Clone(c.next())); err != nil {
				t.Fatalf("%d bytes, call %d: %v", w.Size, call, err)
			}
		}
	}
}

func TestCheckFindsAnyWrongByte(t *testing.T) {
	for _, at := range []int{0, 1, miB/2 + 77, miB - 9, miB - 1} {
		c := newEchoCheck(big, 0)
		calls := 0
		for ; calls < compareEvery; calls++ {
			echo := bytes.Clone(c.next())
			echo[at]++
			if c.check(echo) != nil {
				break
			}
		}
		if calls == compareEvery {
			t.Errorf("a wrong byte at %d was not found in %d calls", at, calls)
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	small := Workload{Size: 64}
	for name, echo := range map[string]func(payload, last []byte) []byte{
		"an empty echo":        func(_, _ []byte) []byte { return nil },
		"a short echo":         func(p, _ []byte) []byte { return bytes.Clone(p[:len(p)-1]) },
		"a long echo":          func(p, _ []byte) []byte { return append(bytes.Clone(p), 0) },
		"the payload itself":   func(p, _ []byte) []byte { return p },
		"the previous echo":    func(_, last []byte) []byte { return last },
		"another one's answer": func(_, _ []byte) []byte { return bytes.Clone(newEchoCheck(small, 1).next()) },
	} {
		for _, w := range []Workload{small, big} {
			c := newEchoCheck(w, 0)
			last := bytes.Clone(c.next())
			if err := c.check(last); err != nil {
				t.Fatal(err)
			}
			if c.check(echo(c.next(), last)) == nil {
				t.Errorf("%s of %d bytes was accepted", name, w.Size)
			}
		}
	}
}

func TestCheckWantsFreshBuffers(t *testing.T) {
	same := make([]byte, 64)
	c := newEchoCheck(Workload{Size: 64, Result: fresh}, 0)
	copy(same, c.next())
	if err := c.check(same); err != nil {
		t.Fatal(err)
	}
	copy(same, c.next())
	if c.check(same) == nil {
		t.Error("the same buffer twice was accepted")
	}
}

func TestChunksCheckThemselves(t *testing.T) {
	sent, want := newChunks(64*kiB), newChunks(64*kiB)
	for range 2 * compareEvery {
		want.next()
		if err := want.check(bytes.Clone(sent.next())); err != nil {
			t.Fatal(err)
		}
	}
	sent.next()
	want.next()
	if want.check(sent.next()) == nil {
		t.Error("a stream in which a chunk is missing was accepted")
	}
}

func ofKind(k kind) []Workload {
	return slices.DeleteFunc(slices.Clone(workloads), func(w Workload) bool { return w.Kind != k })
}
