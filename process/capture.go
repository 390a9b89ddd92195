package process

import (
	"errors"
	"os"
	"sync"
	"time"
)

// readSize is how much is read at a time.
const readSize = 32 << 10

// buffers are borrowed while there is something to read, so that an idle stream has none.
var buffers = sync.Pool{New: func() any { return new([readSize]byte) }}

// capture reads one stream of the command's output to its end. It never pauses, unless its
// queue does.
type capture struct {
	stream Stream
	pipe   *os.File
	sink   sink          // nil if nobody wants the output as it comes
	meter  *meter        // nil if there are no limits
	ended  chan struct{} // closed when the stream is read to its end

	mu   sync.Mutex
	tail tail
	dump *dump // nil until startDump
}

// newCapture returns a capture of what can be read from pipe, which it owns.
func newCapture(s Stream, pipe *os.File) *capture {
	return &capture{stream: s, pipe: pipe, ended: make(chan struct{}), tail: tail{max: tailSize}}
}

// read reads the pipe until its end, or until interrupt and what the pipe holds then.
func (c *capture) read() {
	defer close(c.ended)
	defer c.pipe.Close()
	err := readAll(c.pipe, c.take)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		sweep(c.pipe, c.take)
	}
	if c.sink != nil {
		c.sink.end()
	}
}

// interrupt makes read end soon, although somebody may still hold the pipe's other end.
func (c *capture) interrupt() {
	if err := c.pipe.SetReadDeadline(time.Unix(1, 0)); err != nil {
		c.pipe.Close() // no deadlines on this system's pipes
	}
}

// take keeps what was read, and hands it on.
func (c *capture) take(b []byte) {
	c.mu.Lock()
	c.tail.write(b)
	if c.dump != nil {
		c.dump.write(b)
	}
	c.mu.Unlock()
	b = b[:c.meter.count(len(b))]
	if c.sink != nil && len(b) > 0 {
		c.sink.write(b)
	}
}

// startDump keeps what is read from now on as a dump as well.
func (c *capture) startDump() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dump == nil {
		c.dump = newDump()
	}
}

// report returns what was kept.
func (c *capture) report() (Output, *Dump) {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := Output{Tail: c.tail.bytes(), Cut: c.tail.cut()}
	if c.sink != nil {
		out.Missed = c.sink.missed()
	}
	if c.dump == nil {
		return out, nil
	}
	return out, c.dump.report()
}
