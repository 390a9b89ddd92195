//go:build unix

package main

import (
	"errors"
	"net/rpc"
	"os/exec"
)

func init() { register(netRPC{}) }

// netRPC is the standard library's net/rpc with its own gob codec, used as its
// documentation says.
type netRPC struct{}

func (netRPC) Info() Info {
	return Info{Name: "net-rpc", About: "the standard library's net/rpc (gob) on a socketpair"}
}

func (p netRPC) Start() (Link, error) {
	cmd, f, err := startOnSocketpair(p)
	if err != nil {
		return nil, err
	}
	conn, err := asConn(f)
	if err != nil {
		return nil, errors.Join(err, reap(cmd))
	}
	return &rpcLink{cmd: cmd, client: rpc.NewClient(conn)}, nil
}

func (netRPC) Serve() error {
	server := rpc.NewServer()
	if err := server.Register(Echo{}); err != nil {
		return err
	}
	conn, err := asConn(childEnd())
	if err != nil {
		return err
	}
	server.ServeConn(conn) // until end of file
	return nil
}

// Echo is the service that the child offers; net/rpc wants it exported.
type Echo struct{}

// Echo replies with in, uncopied: net/rpc makes a new slice for each request.
func (Echo) Echo(in []byte, out *[]byte) error {
	*out = in
	return nil
}

type rpcLink struct {
	cmd    *exec.Cmd
	client *rpc.Client
}

// Call offers into to gob, which decodes a slice into the room that it has.
func (l *rpcLink) Call(payload, into []byte) ([]byte, error) {
	echo := into[:0]
	err := l.client.Call("Echo.Echo", payload, &echo)
	return echo, err
}

func (l *rpcLink) Close() error {
	return errors.Join(l.client.Close(), reap(l.cmd))
}
