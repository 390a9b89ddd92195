package jobs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"
)

// Both streams are in the order in which they were printed, byte for byte.
func TestOutputIsWhole(t *testing.T) {
	s := newStore(t)
	r := run(t, s, sh(`for i in 1 2 3; do echo out; echo err >&2; done; printf '\377\000x'`))
	const want = "out\nerr\nout\nerr\nout\nerr\n\xff\x00x"
	var raw bytes.Buffer
	if next, err := s.CopyOutput(&raw, r.ID, 0); raw.String() != want || next != int64(len(want)) || err != nil {
		t.Errorf("%q, %d, %v", raw.String(), next, err)
	}
	raw.Reset()
	if _, err := s.CopyOutput(&raw, r.ID, 4); raw.String() != want[4:] || err != nil {
		t.Errorf("%q, %v", raw.String(), err)
	}
	if o := must(s.Output(r.ID, 0, 0))(t); o.String() != strings.ToValidUTF8(want, "\uFFFD") || o.End != r.OutputBytes {
		t.Errorf("%+v", o)
	}
}

func TestOutputHeadAndTail(t *testing.T) {
	s := newStore(t)
	r := run(t, s, sh(`printf 'äöü0123456789éèê'`))
	for _, c := range []struct {
		from  int64
		limit int
		want  string
	}{
		{0, 0, "äöü0123456789éèê"},
		{0, 16, "äöü0123456789éèê"},
		{0, -1, "äöü0123456789éèê"},
		{0, math.MaxInt, "äöü0123456789éèê"},
		{0, 4, "äö" + leftOut(14) + "èê"},
		{0, 5, "äö" + leftOut(12) + "éèê"},
		{0, 1, leftOut(20) + "ê"},
		{6, 4, "01" + leftOut(10) + "èê"},
		{18, -1, "èê"},
		{22, 5, ""},
		{100, 5, ""},
	} {
		if o := must(s.Output(r.ID, c.from, c.limit))(t); o.String() != c.want {
			t.Errorf("from %d, at most %d: %q, want %q", c.from, c.limit, o.String(), c.want)
		}
	}
}

// Of too much output the head and the tail are kept, and the disk is not filled.
func TestOutputIsBounded(t *testing.T) {
	s := newStore(t)
	const kept = 64 << 10
	r := run(t, s, Spec{Args: []string{"seq", "1", "100000"}, OutputKept: kept})
	wantState(t, r, Succeeded)
	var all strings.Builder
	for i := range 100000 {
		fmt.Fprintln(&all, i+1)
	}
	whole := all.String()
	if r.OutputBytes != int64(len(whole)) {
		t.Errorf("%d bytes, want %d", r.OutputBytes, len(whole))
	}
	var size int64
	pieces := must(s.job(r.ID).pieces())(t)
	for _, p := range pieces {
		size += p.end - p.start
		if got := read(p.path); got != whole[p.start:p.end] {
			t.Errorf("from %d: %.20q, want %.20q", p.start, got, whole[p.start:p.end])
		}
	}
	if size > kept || size < kept/2 || pieces[0].start != 0 || endOf(pieces) != int64(len(whole)) {
		t.Errorf("%d bytes are kept", size)
	}
	o := must(s.Output(r.ID, 0, -1))(t)
	if !strings.HasPrefix(whole, o.Head) || !strings.HasSuffix(whole, o.Tail) || int64(len(o.Head)+len(o.Tail)) != size || o.Omitted != int64(len(whole))-size {
		t.Errorf("%d + %d, without %d", len(o.Head), len(o.Tail), o.Omitted)
	}
	if o := must(s.Output(r.ID, 0, 20))(t); o.String() != whole[:10]+leftOut(int64(len(whole)-20))+whole[len(whole)-10:] {
		t.Errorf("%q", o)
	}
	// An offset in what is kept no more goes on where something is.
	var raw strings.Builder
	next, err := s.CopyOutput(&raw, r.ID, 20000)
	if tail := whole[pieces[4].start:]; raw.String() != leftOut(pieces[4].start-20000)+tail || next != int64(len(whole)) || err != nil {
		t.Errorf("%.100q, %d, %v", raw.String(), next, err)
	}
}

func TestAllOutputIsKept(t *testing.T) {
	s := newStore(t)
	r := run(t, s, Spec{Args: []string{"head", "-c", "20000000", "/dev/zero"}, OutputKept: -1})
	if got := len(must(s.Output(r.ID, 0, -1))(t).Head); got != 20000000 {
		t.Error(got)
	}
}

// Any number may follow, and each gets all there is until the end.
func TestFollow(t *testing.T) {
	s := newStore(t)
	r := start(t, s, sh("for i in 1 2 3 4 5 6 7 8 9; do echo $i; sleep 0.05; done; printf end"))
	const want = "1\n2\n3\n4\n5\n6\n7\n8\n9\nend"
	results := make(chan string, 3)
	for range cap(results) {
		go func() {
			var b strings.Builder
			next, err := s.Follow(within(t), &b, r.ID, 2)
			if err != nil || next != int64(len(want)) {
				t.Error(next, err)
			}
			results <- b.String()
		}()
	}
	for range cap(results) {
		if got := <-results; got != want[2:] {
			t.Errorf("%q", got)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	r = start(t, s, sh("echo begun; sleep 1000"))
	eventually(t, "it has printed", func() bool { return printed(t, s, r.ID) != "" })
	var b strings.Builder
	if next, err := s.Follow(ctx, &b, r.ID, 0); !errors.Is(err, context.DeadlineExceeded) || next != 6 || b.String() != "begun\n" {
		t.Errorf("%q, %d, %v", b.String(), next, err)
	}
}

// A disk that is full for a while costs what was printed meanwhile, and offsets stay right.
func TestOutputAfterFullDisk(t *testing.T) {
	d := jobDir(t.TempDir())
	o := must(newOutputFile(d, 0))(t)
	o.write([]byte("before "))
	o.file.Close() // so that writing fails
	o.write([]byte("lost "))
	o.write([]byte("lost too "))
	o.retry = time.Time{}
	o.write([]byte("after"))
	if err := o.close(); !errors.Is(err, os.ErrClosed) || o.lost != 14 || o.size != 26 {
		t.Errorf("%v, lost %d of %d", err, o.lost, o.size)
	}
	var b strings.Builder
	next, err := d.copyOutput(&b, 0, func(n int64) error { fmt.Fprintf(&b, "[%d] ", n); return nil })
	if b.String() != "before [14] after" || next != 26 || err != nil {
		t.Errorf("%q, %d, %v", b.String(), next, err)
	}
}

// Output files that are none do not count, and bad ones are told.
func TestDamagedOutput(t *testing.T) {
	s := newStore(t)
	r := run(t, s, sh("echo good"))
	d := s.job(r.ID)
	write(t, d.file(outputPrefix+"x"), "bad")
	write(t, d.file(outputPrefix+"-5"), "bad")
	if got := printed(t, s, r.ID); got != "good\n" {
		t.Errorf("%q", got)
	}
	path := d.file(outputName(5))
	if err := os.Symlink("/etc/passwd", path); err != nil {
		t.Fatal(err)
	}
	var damaged *DamageError
	if _, err := s.Output(r.ID, 0, 0); !errors.As(err, &damaged) || damaged.Path != path {
		t.Error(err)
	}
	wantState(t, get(t, s, r.ID), Succeeded)
}
