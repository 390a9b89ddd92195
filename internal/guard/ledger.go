//go:build unix

package guard

// ledger is what there is to guard. The host keeps one, to tell a new guardian, and the
// guardian keeps another.
type ledger struct {
	starts map[uint64]bool // announced, and not known to have become a group
	groups map[int]bool    // held
}

func newLedger() ledger {
	return ledger{starts: make(map[uint64]bool), groups: make(map[int]bool)}
}

// enter makes a record part of the ledger. What it does not know changes nothing.
func (l ledger) enter(r record) {
	switch r.kind {
	case announce:
		l.starts[r.start] = true
	case withdraw:
		delete(l.starts, r.start)
	case hold:
		delete(l.starts, r.start)
		l.groups[r.group] = true
	case release:
		delete(l.groups, r.group)
	}
}

// append encodes records that make an empty ledger this one.
func (l ledger) append(b []byte) []byte {
	for start := range l.starts {
		b = record{kind: announce, start: start}.append(b)
	}
	for group := range l.groups {
		b = record{kind: hold, group: group}.append(b)
	}
	return b
}
