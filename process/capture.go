package process

import (
	"errors"
	"os"
	"sync"
	"time"
)

// capture reads one stream of the command's output to its end, without ever pausing.
type capture struct {
	stream Stream
	pipe   *os.File
	lines  *lineQueue    // nil if nobody wants lines
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
	buf := make([]byte, 32<<10)
	for {
		n, err := c.pipe.Read(buf)
		c.take(buf[:n])
		if errors.Is(err, os.ErrDeadlineExceeded) {
			sweep(c.pipe, buf, c.take)
		}
		if err != nil {
			c.lines.end()
			return
		}
	}
}

// interrupt makes read end soon, although somebody may still hold the pipe's other end.
func (c *capture) interrupt() {
	if err := c.pipe.SetReadDeadline(time.Unix(1, 0)); err != nil {
		c.pipe.Close() // no deadlines on this system's pipes
	}
}

// take keeps what was read.
func (c *capture) take(b []byte) {
	c.mu.Lock()
	c.tail.write(b)
	if c.dump != nil {
		c.dump.write(b)
	}
	c.mu.Unlock()
	c.lines.write(b)
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
	out := Output{Tail: c.tail.bytes(), Cut: c.tail.cut(), Missed: c.lines.missedLines()}
	if c.dump == nil {
		return out, nil
	}
	return out, c.dump.report()
}
