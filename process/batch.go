package process

import "unsafe"

const (
	keepBytes = 64 << 10 // of a batch's memory that is worth keeping for the next one
	idleBytes = 4 << 10  // of it that is worth keeping while nothing comes
)

// item is what a queue carries: a line, a piece of one, or a chunk.
type item struct {
	stream    Stream
	text      []byte // valid until the next item is taken
	continues bool
	missed    int // dropped just before
}

// batch is items behind each other in one buffer.
type batch struct {
	text   []byte
	pieces []piece
	next   int // of pieces
	missed int // dropped before the first
	full   bool
}

// piece is where an item of a batch ends.
type piece struct {
	end       int
	stream    Stream
	continues bool
}

// pop returns the next item, and remembers it as handed out.
func (b *batch) pop() item {
	begin, p := b.begin(b.next), b.pieces[b.next]
	i := item{stream: p.stream, text: b.text[begin:p.end:p.end], continues: p.continues}
	if b.next == 0 {
		i.missed = b.missed
	}
	b.next++
	return i
}

// begin returns where a piece begins.
func (b *batch) begin(i int) int {
	if i == 0 {
		return 0
	}
	return b.pieces[i-1].end
}

// forget drops what was not handed out, and tells of each how long it was.
func (b *batch) forget(dropped func(s Stream, size int)) {
	for ; b.next < len(b.pieces); b.next++ {
		p := b.pieces[b.next]
		dropped(p.stream, p.end-b.begin(b.next))
	}
}

// isEmpty reports whether all was handed out.
func (b *batch) isEmpty() bool { return b.next == len(b.pieces) }

// rest returns b, which is empty and has become idle, without memory that it may not need
// for long.
func (b *batch) rest() batch {
	if b.memory() > idleBytes {
		return batch{missed: b.missed}
	}
	return *b
}

// memory returns about how much of it b holds.
func (b *batch) memory() int { return cap(b.text) + cap(b.pieces)*int(unsafe.Sizeof(piece{})) }

// reset returns an empty batch that comes after what is missing. It reuses the memory of b,
// unless that was a rare flood's.
func (b *batch) reset(missed int) batch {
	if b.memory() > keepBytes {
		return batch{missed: missed}
	}
	return batch{text: b.text[:0], pieces: b.pieces[:0], missed: missed}
}
