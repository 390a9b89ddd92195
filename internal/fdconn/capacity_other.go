//go:build unix && !linux

package fdconn

// EnlargeSendBuffer does nothing.
func EnlargeSendBuffer(socket int) {}
