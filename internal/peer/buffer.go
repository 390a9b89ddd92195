package peer

import (
	"math/bits"
	"sync"
)

// buffer is memory for the large input of a handler, which is used again once the handler
// has returned.
type buffer struct{ bytes []byte }

// keptBuffer is how large a buffer may be that a link keeps for itself. The others are left
// to the collector, unless somebody needs one soon.
const keptBuffer = 2 << 20

// buffers are those at hand, by the power of two that is their size.
var buffers [bits.UintSize]sync.Pool

// newBufferLocked returns a buffer for n bytes, whatever is in it.
func (p *Peer) newBufferLocked(n int) *buffer {
	if b := p.buffer; b != nil && n <= len(b.bytes) {
		p.buffer = nil
		return b
	}
	class := bits.Len(uint(n - 1))
	if b, ok := buffers[class].Get().(*buffer); ok {
		return b
	}
	return &buffer{make([]byte, 1<<class)}
}

// releaseLocked gives a buffer back, if there is one. Nobody may refer to its bytes any more.
func (p *Peer) releaseLocked(b *buffer) {
	switch {
	case b == nil:
	case p.buffer == nil && len(b.bytes) <= keptBuffer && p.err == nil:
		p.buffer = b
	default:
		buffers[bits.Len(uint(len(b.bytes)-1))].Put(b)
	}
}
