//go:build unix

package guard

import "encoding/binary"

// record is one line of what the host tells its guardian.
type record struct {
	kind  kind
	group int    // of hold and release
	start uint64 // of announce, withdraw and hold
}

// kind is what a record says.
type kind byte

const (
	announce kind = iota + 1 // a start is going to be made
	withdraw                 // the start has failed
	hold                     // the start has become a group
	release                  // the group is dead, and its id is about to become anyone's
)

// recordSize is what a record takes in the pipe. A write of so little is never torn.
const recordSize = 16

// append encodes r: the kind, 3 zeros, the group and the start.
func (r record) append(b []byte) []byte {
	b = append(b, byte(r.kind), 0, 0, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(r.group))
	return binary.BigEndian.AppendUint64(b, r.start)
}

// parse decodes the recordSize bytes of a record.
func parse(b []byte) record {
	return record{
		kind:  kind(b[0]),
		group: int(int32(binary.BigEndian.Uint32(b[4:]))),
		start: binary.BigEndian.Uint64(b[8:]),
	}
}

// greeting is what the pipe begins with: proof that it is one.
func greeting(host uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte("kinwire\n"), host)
}
