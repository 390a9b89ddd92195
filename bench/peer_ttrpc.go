//go:build unix

package main

import (
	"context"
	"errors"
	"io"
	"net"
	"os/exec"
	"sync"

	"github.com/containerd/log"
	"github.com/containerd/ttrpc"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

const (
	ttrpcService = "bench.Echo"
	ttrpcMax     = 4*miB - kiB // its limit for a message, less the frame of one
)

func init() {
	log.L.Logger.SetOutput(io.Discard) // it logs the end of each link
	register(ttRPC{})
}

// ttRPC is containerd's ttrpc, with protobuf's own message for bytes.
type ttRPC struct{}

func (ttRPC) Info() Info {
	return Info{Name: "ttrpc", About: "github.com/containerd/ttrpc (protobuf) on a socketpair", MaxSize: ttrpcMax}
}

func (p ttRPC) Start() (Link, error) { return p.start() }

func (p ttRPC) StartStream(size int) (Stream, error) {
	l, err := p.start()
	if err != nil {
		return nil, err
	}
	chunks, err := l.client.NewStream(context.Background(), &ttrpc.StreamDesc{StreamingServer: true},
		ttrpcService, "Stream", wrapperspb.Int64(int64(size)))
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return ttrpcStream{l, chunks}, nil
}

func (p ttRPC) start() (*ttrpcLink, error) {
	cmd, f, err := startOnSocketpair(p)
	if err != nil {
		return nil, err
	}
	conn, err := asConn(f)
	if err != nil {
		return nil, errors.Join(err, reap(cmd))
	}
	return &ttrpcLink{cmd: cmd, client: ttrpc.NewClient(conn)}, nil
}

func (ttRPC) Serve() error {
	server, err := ttrpc.NewServer()
	if err != nil {
		return err
	}
	server.RegisterService(ttrpcService, &ttrpc.ServiceDesc{
		Methods: map[string]ttrpc.Method{"Echo": ttrpcEcho},
		Streams: map[string]ttrpc.Stream{"Stream": {Handler: ttrpcChunks, StreamingServer: true}},
	})
	conn, err := asConn(childEnd())
	if err != nil {
		return err
	}
	err = server.Serve(context.Background(), newOneConn(conn))
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func ttrpcEcho(_ context.Context, unmarshal func(any) error) (any, error) {
	var in wrapperspb.BytesValue
	err := unmarshal(&in)
	return &in, err
}

func ttrpcChunks(_ context.Context, s ttrpc.StreamServer) (any, error) {
	var size wrapperspb.Int64Value
	if err := s.RecvMsg(&size); err != nil {
		return nil, err
	}
	for chunks := newChunks(int(size.Value)); ; {
		if err := s.SendMsg(wrapperspb.Bytes(chunks.next())); err != nil { // encodes it before it returns
			return nil, err
		}
	}
}

type ttrpcLink struct {
	cmd    *exec.Cmd
	client *ttrpc.Client
}

func (l *ttrpcLink) Call(payload, _ []byte) ([]byte, error) {
	var echo wrapperspb.BytesValue
	err := l.client.Call(context.Background(), ttrpcService, "Echo", wrapperspb.Bytes(payload), &echo)
	return echo.Value, err
}

func (l *ttrpcLink) Close() error {
	return errors.Join(l.client.Close(), reap(l.cmd))
}

type ttrpcStream struct {
	*ttrpcLink
	chunks ttrpc.ClientStream
}

func (s ttrpcStream) Next() ([]byte, error) {
	var chunk wrapperspb.BytesValue
	err := s.chunks.RecvMsg(&chunk)
	return chunk.Value, err
}

// oneConn is a listener for a server that wants one: it accepts conn, and then waits until
// that is closed.
type oneConn struct {
	conn   net.Conn
	accept sync.Once
	closed chan struct{}
}

func newOneConn(conn net.Conn) *oneConn {
	return &oneConn{conn: conn, closed: make(chan struct{})}
}

func (l *oneConn) Accept() (net.Conn, error) {
	var conn net.Conn
	l.accept.Do(func() {
		conn = &closeTold{Conn: l.conn, told: l.closed}
	})
	if conn != nil {
		return conn, nil
	}
	<-l.closed
	return nil, io.EOF
}

func (l *oneConn) Close() error   { return nil }
func (l *oneConn) Addr() net.Addr { return l.conn.LocalAddr() }

// closeTold is a conn that tells that it has been closed.
type closeTold struct {
	net.Conn
	once sync.Once
	told chan struct{}
}

func (c *closeTold) Close() error {
	defer c.once.Do(func() { close(c.told) })
	return c.Conn.Close()
}
