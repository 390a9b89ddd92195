//go:build unix

package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
)

const (
	muxReadBuffer = 64 * kiB
	muxStreamID   = 1 << 31 // the one stream: asked for with its chunk size, answered with chunks
)

func init() { register(rawMux{}) }

// rawMux is what one would write by hand to have many calls in flight: frames with an id
// on a socketpair, a reader and a coalescing writer on either side.
type rawMux struct{}

func (rawMux) Info() Info {
	return Info{Name: muxByHand, About: "frames with an id on a socketpair, a reader and a coalescing writer per side"}
}

func (p rawMux) Start() (Link, error) { return p.start() }

func (p rawMux) start() (*muxLink, error) {
	cmd, f, err := startOnSocketpair(p)
	if err != nil {
		return nil, err
	}
	conn, err := asConn(f)
	if err != nil {
		return nil, errors.Join(err, reap(cmd))
	}
	return newMuxLink(cmd, conn), nil
}

func (p rawMux) StartStream(size int) (Stream, error) {
	l, err := p.start()
	if err != nil {
		return nil, err
	}
	request := binary.BigEndian.AppendUint32(nil, uint32(size))
	if err := l.out.send(muxFrame{id: muxStreamID, body: request}); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return &muxStream{muxLink: l}, nil
}

// Serve has a goroutine for each request, as a server has whose handlers may block.
func (rawMux) Serve() error {
	conn, err := asConn(childEnd())
	if err != nil {
		return err
	}
	out := newMuxWriter(conn)
	var running sync.WaitGroup
	running.Go(func() { _ = out.run() }) // a failed write ends the reader as well
	err = serveMux(conn, out, &running)
	out.stop(io.EOF)
	conn.Close()
	running.Wait()
	if hungUp(err) {
		return nil
	}
	return err
}

// serveMux starts what the requests ask for. A body is the handler's, which in general may
// keep it, so each has its own memory.
func serveMux(conn net.Conn, out *muxWriter, running *sync.WaitGroup) error {
	in := bufio.NewReaderSize(conn, muxReadBuffer)
	for {
		n, id, err := readMuxHeader(in)
		if err != nil {
			return err
		}
		body := make([]byte, n)
		if _, err := io.ReadFull(in, body); err != nil {
			return err
		}
		if id == muxStreamID {
			running.Go(func() { streamMux(out, int(binary.BigEndian.Uint32(body))) })
			continue
		}
		running.Go(func() { _ = out.send(muxFrame{id: id, body: body}) })
	}
}

// streamMux sends chunks until the link ends.
func streamMux(out *muxWriter, size int) {
	var written sync.Pool
	recycle := func(chunk []byte) { written.Put(&chunk) }
	for chunks := newChunks(size); ; {
		var chunk []byte
		if b, _ := written.Get().(*[]byte); b != nil {
			chunk = *b
		}
		chunk = append(chunk[:0], chunks.next()...)
		if out.send(muxFrame{muxStreamID, chunk, recycle}) != nil {
			return
		}
	}
}

func readMuxHeader(r *bufio.Reader) (n int, id uint32, err error) {
	header, err := r.Peek(muxHeader)
	if err != nil {
		return 0, 0, err
	}
	n, id = int(binary.BigEndian.Uint32(header)), binary.BigEndian.Uint32(header[4:])
	if n > maxRaw {
		return 0, 0, fmt.Errorf("frame of %d bytes, more than %d", n, maxRaw)
	}
	_, err = r.Discard(muxHeader)
	return n, id, err
}
