//go:build unix

package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os/exec"
	"sync"
)

const muxAhead = 8 // chunks of a stream that are read before they are asked for

// A muxCall is the place of a call in flight, used again and again.
type muxCall struct {
	id      uint32
	waiting bool
	into    []byte
	echo    []byte
	err     error
	done    chan struct{} // has room for one
}

// A muxLink is the parent's side of raw-mux.
type muxLink struct {
	cmd   *exec.Cmd
	conn  net.Conn
	out   *muxWriter
	ended chan struct{} // closed once nothing is read or written any more

	mu    sync.Mutex
	calls []*muxCall // by id
	free  []*muxCall
	err   error // set when the link has ended

	chunks chan []byte // of the stream, closed when the link has ended
	spare  chan []byte // chunks that were taken
}

func newMuxLink(cmd *exec.Cmd, conn net.Conn) *muxLink {
	l := &muxLink{
		cmd: cmd, conn: conn, out: newMuxWriter(conn), ended: make(chan struct{}),
		chunks: make(chan []byte, muxAhead), spare: make(chan []byte, muxAhead),
	}
	go l.run()
	return l
}

func (l *muxLink) Call(payload, into []byte) ([]byte, error) {
	c, err := l.open(into)
	if err != nil {
		return nil, err
	}
	_ = l.out.send(muxFrame{id: c.id, body: payload}) // if it fails, so does the call
	<-c.done
	echo, err := c.echo, c.err
	l.release(c)
	return echo, err
}

func (l *muxLink) open(into []byte) (*muxCall, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return nil, l.err
	}
	var c *muxCall
	if n := len(l.free); n > 0 {
		c, l.free = l.free[n-1], l.free[:n-1]
	} else {
		c = &muxCall{id: uint32(len(l.calls)), done: make(chan struct{}, 1)}
		l.calls = append(l.calls, c)
	}
	c.waiting, c.into = true, into
	return c, nil
}

func (l *muxLink) release(c *muxCall) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c.into, c.echo = nil, nil
	l.free = append(l.free, c)
}

// answered returns the call that has the id, which waits for nothing else from now on.
func (l *muxLink) answered(id uint32) (*muxCall, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if int64(id) >= int64(len(l.calls)) || !l.calls[id].waiting {
		return nil, fmt.Errorf("frame with the id %d, which no call has", id)
	}
	c := l.calls[id]
	c.waiting = false
	return c, nil
}

// run reads and writes until either fails. Only then it fails the calls in flight, since
// their memory is in use until then.
func (l *muxLink) run() {
	var writing sync.WaitGroup
	writing.Go(func() {
		if l.out.run() != nil {
			l.conn.Close() // ends the reader
		}
	})
	err := fmt.Errorf("the link has ended: %w", l.read())
	l.out.stop(err)
	l.conn.Close()
	writing.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
	for _, c := range l.calls {
		if c.waiting {
			c.waiting, c.err = false, err
			c.done <- struct{}{}
		}
	}
	close(l.chunks)
	close(l.ended)
}

// read hands echoes and chunks to whoever waits for them.
func (l *muxLink) read() error {
	in := bufio.NewReaderSize(l.conn, muxReadBuffer)
	for {
		n, id, err := readMuxHeader(in)
		if err != nil {
			return err
		}
		if id == muxStreamID {
			if err := l.readChunk(in, n); err != nil {
				return err
			}
			continue
		}
		c, err := l.answered(id)
		if err != nil {
			return err
		}
		if c.into != nil && cap(c.into) >= n {
			c.echo = c.into[:n]
		} else {
			c.echo = make([]byte, n)
		}
		_, c.err = io.ReadFull(in, c.echo)
		err = c.err
		c.done <- struct{}{} // c is the caller's again
		if err != nil {
			return err
		}
	}
}

// readChunk does not return before there is room for the chunk: the socket then fills up,
// and the child waits as well.
func (l *muxLink) readChunk(in io.Reader, n int) error {
	var chunk []byte
	select {
	case chunk = <-l.spare:
	default:
	}
	if cap(chunk) < n {
		chunk = make([]byte, n)
	}
	if _, err := io.ReadFull(in, chunk[:n]); err != nil {
		return err
	}
	l.chunks <- chunk[:n]
	return nil
}

func (l *muxLink) Close() error {
	l.conn.Close()
	for range l.chunks { // the reader may wait for room
	}
	<-l.ended
	return reap(l.cmd)
}

// A muxStream is a link whose child sends chunks.
type muxStream struct {
	*muxLink
	last []byte
}

func (s *muxStream) Next() ([]byte, error) {
	if s.last != nil {
		select {
		case s.spare <- s.last:
		default:
		}
	}
	chunk, ok := <-s.chunks
	if !ok {
		<-s.ended
		return nil, s.err
	}
	s.last = chunk
	return chunk, nil
}
