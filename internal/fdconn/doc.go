// Package fdconn is the transport.Conn over non-blocking descriptors in Go's netpoller. It
// is empty where the system is no Unix.
package fdconn
