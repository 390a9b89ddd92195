package memory

// process is one that was there when the list was read.
type process struct {
	pid, parent, group int
	rss                int64 // of systems that tell with the list
}

// list is all processes of the system that this one may see.
type list struct {
	all    []process
	byPID  map[int]int // index in all
	owners []int       // the leader of whose tree it is, for each of all
}

const (
	unknown = -1 // nobody has looked yet
	nobody  = 0
)

// read reads the list anew.
func (l *list) read() {
	l.all = appendProcesses(l.all[:0])
}

// trees returns the trees of these leaders: their groups, and what descends from those.
func (l *list) trees(leaders map[int]struct{}) map[int][]process {
	l.byPID = make(map[int]int, len(l.all))
	l.owners = l.owners[:0]
	for i, p := range l.all {
		l.byPID[p.pid] = i
		l.owners = append(l.owners, unknown)
	}
	trees := make(map[int][]process, len(leaders))
	for i, p := range l.all {
		if owner := l.owner(i, leaders); owner != nobody {
			trees[owner] = append(trees[owner], p)
		}
	}
	return trees
}

// owner returns the leader of whose tree a process is.
func (l *list) owner(i int, leaders map[int]struct{}) int {
	if l.owners[i] != unknown {
		return l.owners[i]
	}
	l.owners[i] = nobody // also ends a circle, since the list is not of one moment
	p := l.all[i]
	if _, ok := leaders[p.group]; ok {
		l.owners[i] = p.group
	} else if _, ok := leaders[p.pid]; ok {
		l.owners[i] = p.pid // it has left its group
	} else if parent, ok := l.byPID[p.parent]; ok {
		l.owners[i] = l.owner(parent, leaders)
	}
	return l.owners[i]
}
