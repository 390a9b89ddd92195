package main

import (
	"fmt"
	"slices"
	"testing"
)

func TestByteSize(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0B", "0KiB": "0B", "64": "64B", "64B": "64B", "1023": "1023B", "1024": "1KiB", "1KiB": "1KiB",
		"1536": "1536B", "1MiB": "1MiB", "3072KiB": "3MiB", "1GiB": "1GiB",
	} {
		s := byteSize(7)
		if err := s.Set(text); err != nil || s.String() != want {
			t.Errorf("%q is %v, %v, want %s", text, s, err, want)
		}
	}
	for _, text := range []string{"", "B", "KiB", "-1", "1.5KiB", "1kB", "1 KiB", "x", "1KiBB", "2GiB", "1073741825", "99999999999"} {
		s := byteSize(7)
		if err := s.Set(text); err == nil || s != 7 {
			t.Errorf("%q is taken as %v", text, s)
		}
	}
}

func TestBytes(t *testing.T) {
	if b := byteSize(1 << 10).bytes(); len(b) != 1<<10 || len(slices.Compact(b)) != len(b) {
		t.Errorf("the bytes are %d, and not all different from the one before", len(b))
	}
}

func TestLadder(t *testing.T) {
	for _, c := range []struct {
		asked []int
		most  int
		want  string
	}{
		{[]int{1, 4, 16}, 0, "[1 4 16]"},
		{[]int{16, 1, 16}, 0, "[16 1]"},
		{[]int{1, 4, 16, 64}, 8, "[1 4 8]"},
		{[]int{4, 16}, 1, "[1]"},
	} {
		o := benchOptions{concurrency: c.asked}
		if got := fmt.Sprint(o.ladder(c.most)); got != c.want {
			t.Errorf("of %v with %d at most: %s, want %s", c.asked, c.most, got, c.want)
		}
	}
}
