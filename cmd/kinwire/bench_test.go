package main

import (
	"fmt"
	"slices"
	"testing"
)

func TestPayloadOf(t *testing.T) {
	if b := payloadOf(1 << 10); len(b) != 1<<10 || len(slices.Compact(b)) != len(b) {
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
