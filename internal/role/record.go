//go:build unix

package role

// Record is one line of what a host tells its guardian.
type Record struct {
	Kind  Kind
	Group int    // of Hold and Release
	Start uint64 // of Announce, Withdraw and Hold
}

// Kind is what a record says.
type Kind byte

// The kinds of records.
const (
	Announce Kind = iota + 1 // a start is going to be made
	Withdraw                 // the start has failed
	Hold                     // the start has become a group
	Release                  // the group is dead, and its id is about to become anyone's
)

// RecordSize is what a record takes in the pipe. A write of so little is never torn.
const RecordSize = 16

// Append encodes r: the kind, the group and the start, with the most significant byte first.
func (r Record) Append(b []byte) []byte {
	b = appendUint(b, uint64(r.Kind), 1)
	b = appendUint(b, uint64(uint32(r.Group)), 7)
	return appendUint(b, r.Start, 8)
}

// Parse decodes the RecordSize bytes of a record.
func Parse(b []byte) Record {
	return Record{
		Kind:  Kind(b[0]),
		Group: int(int32(parseUint(b[1:8]))),
		Start: parseUint(b[8:16]),
	}
}

// Greeting is what the pipe begins with: proof that it is one.
func Greeting(host uint64) []byte {
	return appendUint([]byte("kinwire\n"), host, 8)
}

func appendUint(b []byte, n uint64, size int) []byte {
	for i := size - 1; i >= 0; i-- {
		b = append(b, byte(n>>(8*i)))
	}
	return b
}

func parseUint(b []byte) (n uint64) {
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return n
}
