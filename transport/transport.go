// Package transport says how the bytes between a host and its worker travel.
//
// A [Conn] is one end of a byte stream. The packages below this one make them:
//
//   - transport/socketpair: a Unix socket pair, one end of which the worker inherits
//   - transport/stdio: the worker's standard input and output
//   - [Pair]: both ends in one process, for tests and for workers that need no process
//   - [Stream]: anything that has a Read, a Write that waits, and a Close
//
// Those of the first two are a [Direct] on Linux as well, which is faster to wait for.
//
// A [Transport] makes the link for a worker that is about to be started, and tells
// what the new process must be given so that it finds its end.
package transport

import "os"

// EnvVar is the environment variable that tells a worker where its end of the link is:
// "fd:N" for a stream socket, "stdio" for standard input and output.
const EnvVar = "KINWIRE_TRANSPORT"

// Conn is one end of a reliable, ordered stream of bytes in both directions.
//
// At most one goroutine may be in Read, and at most one in TryWrite or WaitWritable;
// the two sides are independent of each other, and Close may be called at any time by
// anyone.
type Conn interface {
	// Read waits for at least one byte. It returns io.EOF once the other side has
	// closed its end and all that it had sent is read, and os.ErrClosed after Close. Any
	// other error comes after what the other side had sent as well, and is as final: a
	// socket may end with a reset if the other side left without reading everything.
	Read(p []byte) (n int, err error)

	// TryWrite writes as much of bufs, in order, as the link takes at once. It never
	// waits: less than all of it with a nil error means that the link is full. It neither
	// changes bufs nor keeps a reference to it.
	//
	// An error means that no further byte can be sent: os.ErrClosed after Close, another
	// one once the other side has gone. What the other side sent before can still be read.
	TryWrite(bufs [][]byte) (n int, err error)

	// WaitWritable waits until TryWrite is worth another call: until there is room, or
	// the link has broken, or Close was called, in which case it returns os.ErrClosed.
	WaitWritable() error

	// Close ends both directions and makes Read and WaitWritable return. Bytes that the
	// link has taken are still delivered, as long as the other side reads; a link that
	// keeps them itself (see Stream) may take up to a second for that, and all others
	// close at once. Every call after the first returns nil.
	Close() error
}

// Transport makes links for workers that are to be started as processes of their own.
// Its methods may be called by several goroutines at a time.
type Transport interface {
	// Connect makes one link: the host's end of it, and what the worker's process must
	// be started with to have the other. The caller closes both; ChildEnd as soon as
	// the process has started, or has failed to.
	Connect() (Conn, *ChildEnd, error)
}

// ChildEnd is what a worker's process must be started with to find its end of a link. Its
// files are blocking and close-on-exec, as os/exec wants them.
type ChildEnd struct {
	// Env is the value of [EnvVar] in the worker's environment.
	Env string
	// Stdin and Stdout are the worker's standard files if the link needs them, else nil.
	Stdin, Stdout *os.File
	// Extra are the files that the worker inherits as descriptors 3 and up.
	Extra []*os.File
}

// Close closes the host's copies of the worker's files.
func (c *ChildEnd) Close() {
	for _, f := range append([]*os.File{c.Stdin, c.Stdout}, c.Extra...) {
		if f != nil {
			f.Close()
		}
	}
}
