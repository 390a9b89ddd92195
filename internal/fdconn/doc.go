// Package fdconn makes a transport.Conn of descriptors: a socket, two pipes, or anything
// else that can be read and written. It is empty where the system is no Unix.
//
// There are two. The one in fdconn.go keeps its descriptors in Go's poller, and works
// everywhere. The one in direct_linux.go is a transport.Direct over sockets and pipes: it
// has the system calls to itself, and Go's poller only for a wait that may be long.
package fdconn
