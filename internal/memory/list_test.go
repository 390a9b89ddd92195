package memory

import (
	"slices"
	"testing"
)

func TestTrees(t *testing.T) {
	p := func(pid, parent, group int) process { return process{pid: pid, parent: parent, group: group} }
	l := list{all: []process{
		p(1, 0, 1),
		p(2, 0, 0),    // a thread of the kernel
		p(10, 1, 10),  // a leader
		p(11, 10, 10), // its child
		p(12, 11, 12), // a grandchild that has left the group
		p(13, 12, 12),
		p(14, 1, 10),  // an orphan in the group
		p(15, 14, 99), // which has a child
		p(20, 10, 20), // a leader below a leader
		p(21, 20, 20),
		p(30, 1, 77), // a leader that has moved to another group
		p(31, 30, 77),
		p(40, 41, 5), // a circle, which a list can have that is not of one moment
		p(41, 40, 5),
		p(50, 10_000, 5), // its parent has not been listed
		p(60, 60, 60),    // its own parent
	}}
	trees := l.trees(map[int]struct{}{10: {}, 20: {}, 30: {}, 999: {}})
	for leader, want := range map[int][]int{10: {10, 11, 12, 13, 14, 15}, 20: {20, 21}, 30: {30, 31}, 999: nil} {
		var got []int
		for _, p := range trees[leader] {
			got = append(got, p.pid)
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("the tree of %d is %v; want %v", leader, got, want)
		}
	}
	if len(trees) != 3 {
		t.Errorf("%d trees", len(trees))
	}
}
