package process

import (
	"bytes"
	"math/rand"
	"testing"
)

func TestTailKeepsTheEnd(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	for range 500 {
		tail := tail{max: 1 + random.Intn(50)}
		var all []byte
		for range random.Intn(20) {
			block := make([]byte, random.Intn(70))
			random.Read(block)
			tail.write(block)
			all = append(all, block...)
			want := all[max(0, len(all)-tail.max):]
			if !bytes.Equal(tail.bytes(), want) || tail.cut() != int64(len(all)-len(want)) {
				t.Fatalf("max %d, %d bytes: tail %x, want %x, cut %d", tail.max, len(all), tail.bytes(), want, tail.cut())
			}
		}
	}
}

func TestDumpKeepsBothEnds(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	d := newDump()
	var all []byte
	for range 200 {
		block := make([]byte, random.Intn(1000))
		random.Read(block)
		d.write(block)
		all = append(all, block...)
		r := d.report()
		whole := len(r.Head) + int(r.Cut) + len(r.Tail)
		if !bytes.HasPrefix(all, r.Head) || !bytes.HasSuffix(all, r.Tail) || whole != len(all) {
			t.Fatalf("%d bytes: head %d, cut %d, tail %d", len(all), len(r.Head), r.Cut, len(r.Tail))
		}
	}
}
