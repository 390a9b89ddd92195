//go:build unix

package role

// Ledger is what there is to guard. The host keeps one, to tell a new guardian, and the
// guardian keeps another.
type Ledger struct {
	Starts map[uint64]bool // announced, and not known to have become a group
	Groups map[int]bool    // held
}

// NewLedger returns an empty one.
func NewLedger() Ledger {
	return Ledger{Starts: make(map[uint64]bool), Groups: make(map[int]bool)}
}

// Enter makes a record part of the ledger. What it does not know changes nothing.
func (l Ledger) Enter(r Record) {
	switch r.Kind {
	case Announce:
		l.Starts[r.Start] = true
	case Withdraw:
		delete(l.Starts, r.Start)
	case Hold:
		delete(l.Starts, r.Start)
		l.Groups[r.Group] = true
	case Release:
		delete(l.Groups, r.Group)
	}
}

// Append encodes records that make an empty ledger this one.
func (l Ledger) Append(b []byte) []byte {
	for start := range l.Starts {
		b = Record{Kind: Announce, Start: start}.Append(b)
	}
	for group := range l.Groups {
		b = Record{Kind: Hold, Group: group}.Append(b)
	}
	return b
}
