package transport

import (
	"io"
	"os"
	"sync"
)

// bufferSize is how many bytes one direction of a link in memory holds.
const bufferSize = 64 << 10

// pipe is one direction of a link in memory: a bounded buffer between one writer and one
// reader.
//
// The reader calls read and closeRead, the writer tryWrite, waitWritable and closeWrite;
// the two closing methods may be called by anyone. Waiting is on channels alone, so a
// testing/synctest bubble sees it as durable.
type pipe struct {
	// Each holds a token when its side should look at the state again. One place is
	// enough, since there is one waiter a side and the state, not the token, decides.
	readable, writable chan struct{}

	mu          sync.Mutex
	ring        []byte // made by the first write
	start, held int    // the bytes written and not yet read
	ended       bool   // the writer writes no more
	refused     error  // why nothing is taken any more; nil while the reader reads
}

func newPipe() *pipe {
	return &pipe{readable: make(chan struct{}, 1), writable: make(chan struct{}, 1)}
}

// read waits for bytes. It returns io.EOF once the writer has ended and all is read, and
// os.ErrClosed after closeRead.
func (p *pipe) read(b []byte) (int, error) {
	for {
		n, err := p.tryRead(b)
		if n > 0 || err != nil || len(b) == 0 {
			return n, err
		}
		<-p.readable
	}
}

func (p *pipe) tryRead(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.refused != nil:
		return 0, os.ErrClosed
	case p.held == 0 && p.ended:
		return 0, io.EOF
	case p.held == 0:
		return 0, nil
	}
	n := copy(b, p.ring[p.start:min(p.start+p.held, bufferSize)])
	if rest := p.held - n; rest > 0 && n < len(b) {
		n += copy(b[n:], p.ring[:rest])
	}
	p.start = (p.start + n) % bufferSize
	p.held -= n
	wake(p.writable)
	return n, nil
}

// tryWrite copies what there is room for. It fails with os.ErrClosed after closeWrite,
// and with the reader's reason after closeRead.
func (p *pipe) tryWrite(bufs [][]byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.ended:
		return 0, os.ErrClosed
	case p.refused != nil:
		return 0, p.refused
	case p.ring == nil:
		p.ring = make([]byte, bufferSize)
	}
	n := 0
	for _, b := range bufs {
		for len(b) > 0 && p.held < bufferSize {
			end := (p.start + p.held) % bufferSize
			m := copy(p.ring[end:min(end+bufferSize-p.held, bufferSize)], b)
			b = b[m:]
			p.held += m
			n += m
		}
	}
	if n > 0 {
		wake(p.readable)
	}
	return n, nil
}

// waitWritable waits until tryWrite has room or a reason to fail; after closeWrite it
// returns os.ErrClosed.
func (p *pipe) waitWritable() error {
	for {
		p.mu.Lock()
		ended, ready := p.ended, p.refused != nil || p.held < bufferSize
		p.mu.Unlock()
		switch {
		case ended:
			return os.ErrClosed
		case ready:
			return nil
		}
		<-p.writable
	}
}

// closeWrite ends the stream; the reader still gets what was written.
func (p *pipe) closeWrite() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	wake(p.readable)
	wake(p.writable)
}

// closeRead drops what was not read and makes writes fail with why. The first reason
// stays.
func (p *pipe) closeRead(why error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refused != nil {
		return
	}
	p.refused = why
	p.ring, p.start, p.held = nil, 0, 0
	wake(p.readable)
	wake(p.writable)
}

// wake puts a token into c unless one is there already.
func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
