package process

// dumpSize is how much of a dump is kept at its head, and as much again at its tail.
const dumpSize = 16 << 10

// dump keeps both ends of what is written to it: the head of a stack dump has the
// goroutine that runs, its tail what was said last.
type dump struct {
	head []byte
	tail tail
}

// newDump returns an empty dump.
func newDump() *dump { return &dump{tail: tail{max: dumpSize}} }

// write adds b.
func (d *dump) write(b []byte) {
	room := min(dumpSize-len(d.head), len(b))
	d.head = append(d.head, b[:room]...)
	d.tail.write(b[room:])
}

// report returns what is kept.
func (d *dump) report() *Dump {
	return &Dump{Head: d.head, Tail: d.tail.bytes(), Cut: d.tail.cut()}
}
